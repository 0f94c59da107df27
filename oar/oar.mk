# SPDX-License-Identifier: GPL-2.0-or-later
#
# What follows OAR's database: `wattgated --follow-oar`. The core of it (share,
# settle, window) needs no database and is always built; the rest needs libpq.

noinst_LIBRARIES += oar/liboar.a
oar_liboar_a_SOURCES = \
	oar/settle.c \
	oar/share.c \
	oar/window.c \
	oar/settle.h \
	oar/share.h \
	oar/window.h

OAR_LIBS = oar/liboar.a
