# SPDX-License-Identifier: GPL-2.0-or-later
#
# The core: one archive of position independent objects. Symbols are hidden, so
# that a plugin which links parts of it adds no name to slurmd.

noinst_LIBRARIES += lib/libcore.a
lib_libcore_a_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS) $(INIH_CFLAGS)
lib_libcore_a_CFLAGS = $(AM_CFLAGS) -fPIC -fvisibility=hidden
lib_libcore_a_SOURCES = \
	lib/bridge.c \
	lib/child.c \
	lib/clock.c \
	lib/compare.c \
	lib/conf.c \
	lib/conf_dirs.c \
	lib/conf_impl.h \
	lib/conf_keys.c \
	lib/conf_parse.c \
	lib/conf_values.c \
	lib/coproc.c \
	lib/err.c \
	lib/expo.c \
	lib/file.c \
	lib/gate.c \
	lib/gaterec.c \
	lib/hardware.c \
	lib/hostlist.c \
	lib/ledger.c \
	lib/ledger_codec.c \
	lib/ledger_reader.c \
	lib/listen.c \
	lib/log.c \
	lib/process.c \
	lib/rate.c \
	lib/rate_file.c \
	lib/rate_impl.h \
	lib/samples.c \
	lib/scontrol_parse.c \
	lib/series.c \
	lib/series_impl.h \
	lib/series_reader.c \
	lib/series_writer.c \
	lib/seal.c \
	lib/secret.c \
	lib/share.c \
	lib/statefile.c \
	lib/suspend.c \
	lib/totals.c \
	lib/utf8.c \
	lib/when.c \
	lib/word.c \
	lib/bridge.h \
	lib/child.h \
	lib/clock.h \
	lib/compare.h \
	lib/conf.h \
	lib/conf_values.h \
	lib/coproc.h \
	lib/err.h \
	lib/expo.h \
	lib/file.h \
	lib/gate.h \
	lib/gaterec.h \
	lib/hardware.h \
	lib/hostlist.h \
	lib/ledger.h \
	lib/ledger_codec.h \
	lib/ledger_fields.h \
	lib/ledger_wall.h \
	lib/listen.h \
	lib/log.h \
	lib/process.h \
	lib/rate.h \
	lib/oar_schema.h \
	lib/samples.h \
	lib/scontrol_parse.h \
	lib/seal.h \
	lib/secret.h \
	lib/statefile.h \
	lib/series.h \
	lib/share.h \
	lib/site_words.h \
	lib/suspend.h \
	lib/totals.h \
	lib/utf8.h \
	lib/when.h \
	lib/word.h
