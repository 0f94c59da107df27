# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_OAR: --with-oar-libdir, where OAR's set-user-id programs look for modules
# first (OARDIR; /usr/lib/oar in Debian). The module that makes oarstat show
# energy goes there. The default is /usr/lib/oar where OAR is installed in it;
# "no" installs no module.

AC_DEFUN([WG_OAR], [
	AC_ARG_WITH([oar-libdir],
		[AS_HELP_STRING([--with-oar-libdir=DIR],
			[OAR's own directory, for oarstat; "no" for none @<:@/usr/lib/oar if there@:>@])],
		[], [with_oar_libdir=auto])
	AS_CASE(["x$with_oar_libdir"],
		[xauto], [
			oarlibdir=
			AS_IF([test -f /usr/lib/oar/oarstat], [oarlibdir=/usr/lib/oar])],
		[xno], [oarlibdir=],
		[xyes], [AC_MSG_ERROR([--with-oar-libdir takes a path or "no"])],
		[oarlibdir=$with_oar_libdir])
	wg_oar_summary=${oarlibdir:-not installed}
	AC_SUBST([oarlibdir])
	AM_CONDITIONAL([HAVE_OARLIBDIR], [test -n "$oarlibdir"])
])
