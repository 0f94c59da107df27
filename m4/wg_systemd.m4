# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_SYSTEMD: --with-systemdsystemunitdir, where the unit of wattgated goes.
# The default asks systemd.pc; "no", or no systemd, installs no unit.

AC_DEFUN([WG_SYSTEMD], [
	AC_ARG_WITH([systemdsystemunitdir],
		[AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
			[systemd units; "no" for none @<:@from systemd.pc@:>@])],
		[], [with_systemdsystemunitdir=auto])
	AS_CASE(["x$with_systemdsystemunitdir"],
		[xauto|xyes], [
			systemdsystemunitdir=`$PKG_CONFIG --variable=systemdsystemunitdir systemd 2>/dev/null`
			AS_IF([test -z "$systemdsystemunitdir" &&
			       test "x$with_systemdsystemunitdir" = xyes],
				[AC_MSG_ERROR([systemd.pc is missing: give --with-systemdsystemunitdir=DIR])])],
		[xno], [systemdsystemunitdir=],
		[systemdsystemunitdir=$with_systemdsystemunitdir])
	AS_IF([test -n "$systemdsystemunitdir"],
		[wg_systemd_summary=$systemdsystemunitdir],
		[wg_systemd_summary="not installed"])
	AC_SUBST([systemdsystemunitdir])
	AM_CONDITIONAL([HAVE_SYSTEMD], [test -n "$systemdsystemunitdir"])
])
