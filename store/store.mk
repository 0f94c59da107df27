# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ledgers of a site's nodes in one database. sqlite_*.c are the only users
# of SQLite, pg_*.c of libpq; each is left out where its library is missing.

noinst_LIBRARIES += store/libstore.a
store_libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(LIBPQ_CFLAGS)
store_libstore_a_SOURCES = \
	store/store.c \
	store/store.h \
	store/store_impl.h \
	store/store_record.c

store_sqlite = \
	store/sqlite_db.c \
	store/sqlite_impl.h \
	store/sqlite_read.c \
	store/sqlite_schema.c \
	store/sqlite_write.c
if HAVE_SQLITE
store_libstore_a_SOURCES += $(store_sqlite)
else
store_libstore_a_SOURCES += store/sqlite_none.c
endif
EXTRA_DIST += $(store_sqlite) store/sqlite_none.c

store_pg = \
	store/pg_db.c \
	store/pg_impl.h \
	store/pg_read.c \
	store/pg_write.c
if HAVE_LIBPQ
store_libstore_a_SOURCES += $(store_pg)
else
store_libstore_a_SOURCES += store/pg_none.c
endif
EXTRA_DIST += $(store_pg) store/pg_none.c

# What a program links to use it; before the core.
STORE_LIBS = store/libstore.a $(SQLITE_LIBS) $(PG_LIBS)

# What was built, for the tests.
STORE_HAVE =
if HAVE_SQLITE
STORE_HAVE += -DHAVE_SQLITE=1
else
STORE_HAVE += -DHAVE_SQLITE=0
endif
if HAVE_LIBPQ
STORE_HAVE += -DHAVE_LIBPQ=1
else
STORE_HAVE += -DHAVE_LIBPQ=0
endif
