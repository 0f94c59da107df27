# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_LIBPQ: PostgreSQL's client library follows OAR's database, in oar/pg_*.c
# only. Optional: without it `wattgated --follow-oar` says that it was not
# built. 12 is the first with all the connection words that are used
# (tcp_user_timeout).

AC_DEFUN([WG_LIBPQ], [
	PKG_CHECK_MODULES([LIBPQ], [libpq >= 12], [wg_have_libpq=yes],
		[wg_have_libpq=no])
	AM_CONDITIONAL([HAVE_LIBPQ], [test "x$wg_have_libpq" = xyes])
	AS_IF([test "x$wg_have_libpq" = xyes],
		[wg_libpq_summary="yes (libpq)"],
		[wg_libpq_summary="no: libpq 12 or newer is missing (Debian: libpq-dev)"])
])
