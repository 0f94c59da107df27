# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_DIRS: --with-rundir and --with-confdir.
#
# Both are absolute and independent of --prefix: the plugins, which read no
# configuration, and wattgated must agree on the run directory, and admins look
# for the configuration in /etc.

AC_DEFUN([WG_DIRS], [
	AC_ARG_WITH([rundir],
		[AS_HELP_STRING([--with-rundir=DIR],
			[series and gate records @<:@/run/wattgate@:>@])],
		[rundir=$withval], [rundir=/run/wattgate])
	AC_ARG_WITH([confdir],
		[AS_HELP_STRING([--with-confdir=DIR],
			[where wattgate.conf is @<:@/etc/wattgate@:>@])],
		[confdir=$withval], [confdir=/etc/wattgate])
	for wg_dir in "$rundir" "$confdir"; do
		AS_CASE(["$wg_dir"], [/*], [],
			[AC_MSG_ERROR([--with-rundir and --with-confdir take an absolute path, not '$wg_dir'])])
	done
	AC_SUBST([rundir])
	AC_SUBST([confdir])
])
