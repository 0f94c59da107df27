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

# What goes into PostgreSQL, and the program that puts it there.
siteschemadir = $(pkgdatadir)/site-schema
dist_siteschema_DATA = store/schema/001-store.sql \
	store/schema/rights.sql \
	store/schema/missing.sql \
	store/schema/remove.sql \
	store/schema/hypertables.sql

sbin_SCRIPTS += store/wattgate-site-schema
EXTRA_DIST += store/wattgate-site-schema.in
CLEANFILES += store/wattgate-site-schema
store/wattgate-site-schema: store/wattgate-site-schema.in pg/schema-lib.sh Makefile
	$(AM_V_GEN)$(MKDIR_P) store && \
	sed -e '/^\. @schema_lib@$$/r $(srcdir)/pg/schema-lib.sh' -e '/^\. @schema_lib@$$/d' \
		$(srcdir)/store/wattgate-site-schema.in | \
	sed -e 's,[@]siteschemadir[@],$(siteschemadir),g' -e 's,[@]confdir[@],$(confdir),g' \
		>$@.tmp && \
	chmod +x $@.tmp && mv $@.tmp $@
