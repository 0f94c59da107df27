# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_CHARTJS: --with-chartjs=FILE, which reports in HTML have inlined. It is
# read when a report is made; Debian's libjs-chart.js 3.9 was tried.

AC_DEFUN([WG_CHARTJS], [
	AC_ARG_WITH([chartjs],
		[AS_HELP_STRING([--with-chartjs=FILE],
			[Chart.js, minified @<:@/usr/share/javascript/chart.js/chart.min.js@:>@])],
		[chartjs=$withval],
		[chartjs=/usr/share/javascript/chart.js/chart.min.js])
	AS_CASE(["$chartjs"], [/*], [],
		[AC_MSG_ERROR([--with-chartjs takes an absolute path, not '$chartjs'])])
	AC_SUBST([chartjs])
])
