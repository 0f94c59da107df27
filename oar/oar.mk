# SPDX-License-Identifier: GPL-2.0-or-later
#
# What follows OAR's database: `wattgated --follow-oar`. The core of it (share,
# settle, window) needs no database and is always built; the rest needs libpq.

noinst_LIBRARIES += oar/liboar.a
oar_liboar_a_SOURCES = \
	oar/fold.c \
	oar/gaps.c \
	oar/settle.c \
	oar/share.c \
	oar/window.c \
	oar/backfill.h \
	oar/fold.h \
	oar/follow.h \
	oar/gaps.h \
	oar/settle.h \
	oar/share.h \
	oar/window.h

oar_follower = \
	oar/backfill.c \
	oar/batch.c \
	oar/fleet.c \
	oar/follow.c \
	oar/holds.c \
	oar/nodes_file.c \
	oar/notes.c \
	oar/pg_busy.c \
	oar/pg_db.c \
	oar/pg_read.c \
	oar/pg_refill.c \
	oar/pg_store.c \
	oar/refill.c \
	oar/batch.h \
	oar/fleet.h \
	oar/holds.h \
	oar/nodes_file.h \
	oar/notes.h \
	oar/pg.h \
	oar/pg_impl.h \
	oar/refill.h

oar_liboar_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBPQ_CFLAGS)
if HAVE_LIBPQ
oar_liboar_a_SOURCES += $(oar_follower)
else
oar_liboar_a_SOURCES += oar/backfill_none.c oar/follow_none.c
endif
EXTRA_DIST += $(oar_follower) oar/backfill_none.c oar/follow_none.c

# What a program links to follow OAR; before the core.
OAR_LIBS = oar/liboar.a $(PG_LIBS)
