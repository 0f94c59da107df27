# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_CHECK: Check runs the unit tests. Optional: without it everything builds,
# and `make check` fails and says what is missing. 0.15.2 (Debian 12) is the
# oldest that was tried.

AC_DEFUN([WG_CHECK], [
	PKG_CHECK_MODULES([CHECK], [check >= 0.15.2],
		[wg_have_check=yes], [wg_have_check=no])
	AM_CONDITIONAL([HAVE_CHECK], [test "x$wg_have_check" = xyes])
	AC_CHECK_PROG([VALGRIND], [valgrind], [valgrind])
])
