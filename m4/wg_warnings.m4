# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_WARNINGS: the warnings that the code is kept clean of. --enable-werror
# makes them errors; for CI only, since a newer compiler warns of more.

AC_DEFUN([WG_WARNINGS], [
	WARN_CFLAGS="-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2"
	AC_MSG_CHECKING([whether $CC takes our warning flags])
	wg_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS $WARN_CFLAGS -Werror"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([int main(void) { return 0; }])],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		 AC_MSG_ERROR([$CC must be gcc or clang (flags tried: $WARN_CFLAGS)])])
	CFLAGS=$wg_save_CFLAGS
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [make warnings errors (CI)])],
		[], [enable_werror=no])
	AS_IF([test "x$enable_werror" = xyes],
		[WARN_CFLAGS="$WARN_CFLAGS -Werror"])
	AC_SUBST([WARN_CFLAGS])
])
