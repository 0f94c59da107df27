# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_COVERAGE: --enable-coverage instruments the code for gcov; `make coverage`
# runs the tests and prints each source file's share of executed lines.

AC_DEFUN([WG_COVERAGE], [
	AC_ARG_ENABLE([coverage],
		[AS_HELP_STRING([--enable-coverage],
			[build with gcov's counters (development)])],
		[], [enable_coverage=no])
	COVERAGE_CFLAGS=
	AS_IF([test "x$enable_coverage" = xyes], [
		AC_CHECK_PROG([GCOV], [gcov], [gcov])
		AS_IF([test -z "$GCOV"],
			[AC_MSG_ERROR([--enable-coverage needs gcov])])
		COVERAGE_CFLAGS="--coverage -O0"
		AC_MSG_CHECKING([whether $CC links with $COVERAGE_CFLAGS])
		wg_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $COVERAGE_CFLAGS"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])
			 AC_MSG_ERROR([--enable-coverage needs the compiler's libgcov])])
		CFLAGS=$wg_save_CFLAGS
	])
	AC_SUBST([COVERAGE_CFLAGS])
	AC_SUBST([GCOV])
	AM_CONDITIONAL([ENABLE_COVERAGE], [test "x$enable_coverage" = xyes])
])
