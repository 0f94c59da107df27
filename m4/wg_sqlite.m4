# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_SQLITE: SQLite keeps the ledgers of a site's nodes, in store/sqlite_*.c
# only. Optional: without it a site needs PostgreSQL. 3.24 is the first with
# ON CONFLICT DO NOTHING.

AC_DEFUN([WG_SQLITE], [
	PKG_CHECK_MODULES([SQLITE], [sqlite3 >= 3.24], [wg_have_sqlite=yes],
		[wg_have_sqlite=no])
	AM_CONDITIONAL([HAVE_SQLITE], [test "x$wg_have_sqlite" = xyes])
	AS_IF([test "x$wg_have_sqlite" = xyes],
		[wg_sqlite_summary="SQLite"],
		[wg_sqlite_summary="no SQLite: 3.24 or newer is missing (Debian: libsqlite3-dev)"])
])
