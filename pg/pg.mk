# SPDX-License-Identifier: GPL-2.0-or-later
#
# Connections to PostgreSQL, for the rooms that have files pg_*.c. Without libpq
# there is nothing in here.

pg_sources = \
	pg/array.c \
	pg/array.h \
	pg/db.c \
	pg/db.h
EXTRA_DIST += $(pg_sources)
PG_LIBS =
if HAVE_LIBPQ
noinst_LIBRARIES += pg/libpgroom.a
pg_libpgroom_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBPQ_CFLAGS)
pg_libpgroom_a_SOURCES = $(pg_sources)
PG_LIBS += pg/libpgroom.a $(LIBPQ_LIBS)
endif

# what the programs that install schemas share
EXTRA_DIST += pg/schema-lib.sh
