# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_INIH: inih reads wattgate.conf. 55 (Debian 12) is the oldest that was
# tried. lib/conf.c reads lines itself and hands them to ini_parse_stream();
# the handler must not be built with line numbers, which changes its prototype.

AC_DEFUN([WG_INIH], [
	PKG_CHECK_MODULES([INIH], [inih >= 55], [],
		[AC_MSG_ERROR([inih 55 or newer is missing (Debian: libinih-dev): $INIH_PKG_ERRORS])])
	wg_save_CPPFLAGS=$CPPFLAGS
	wg_save_LIBS=$LIBS
	CPPFLAGS="$CPPFLAGS $INIH_CFLAGS"
	LIBS="$LIBS $INIH_LIBS"
	AC_MSG_CHECKING([for ini_parse_stream with the usual handler])
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[
		#include <ini.h>
		#if INI_HANDLER_LINENO
		#error "handler takes a line number"
		#endif
		static char *get(char *s, int n, void *f) { (void)s; (void)n; (void)f; return 0; }
		static int on(void *u, const char *s, const char *k, const char *v)
		{ (void)u; (void)s; (void)k; (void)v; return 1; }]],
		[[return ini_parse_stream(get, 0, on, 0);]])],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		 AC_MSG_ERROR([inih does not link, or was built with INI_HANDLER_LINENO; see config.log])])
	CPPFLAGS=$wg_save_CPPFLAGS
	LIBS=$wg_save_LIBS
])
