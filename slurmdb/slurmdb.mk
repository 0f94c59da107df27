# SPDX-License-Identifier: GPL-2.0-or-later
#
# slurmdb.so: jobs from slurmdbd by Slurm's public API, loaded by `wattgate
# report` and `wattgate annotate`. Linked like a plugin (see plugin/plugin.mk), but to libslurm,
# whose release is in its name: with another Slurm it does not load. What needs
# no libslurm is an archive, always built where there are Slurm's headers, for
# unit tests.

slurmdb_map = slurmdb/slurmdb.map
EXTRA_DIST += $(slurmdb_map)

if HAVE_SLURM
check_LIBRARIES += slurmdb/libmap.a
slurmdb_libmap_a_SOURCES = slurmdb/map.c slurmdb/map.h slurmdb/module.h \
	slurmdb/slurm_compat.h slurmdb/windows.c slurmdb/windows.h
slurmdb_libmap_a_CPPFLAGS = $(AM_CPPFLAGS) $(SLURM_CPPFLAGS)
endif

modulesdir = $(libdir)/wattgate

if HAVE_LIBSLURM
modules_PROGRAMS = slurmdb/slurmdb.so
slurmdb_slurmdb_so_SOURCES = \
	slurmdb/ask.c slurmdb/ask.h \
	slurmdb/map.c slurmdb/map.h \
	slurmdb/modify.c slurmdb/modify.h \
	slurmdb/module.c slurmdb/module.h \
	slurmdb/slurm_compat.h \
	slurmdb/socket.c slurmdb/socket.h \
	slurmdb/users.c slurmdb/users.h \
	slurmdb/windows.c slurmdb/windows.h
slurmdb_slurmdb_so_CPPFLAGS = $(AM_CPPFLAGS) $(SLURM_CPPFLAGS)
slurmdb_slurmdb_so_CFLAGS = $(AM_CFLAGS) -fPIC
slurmdb_slurmdb_so_LDADD = lib/libcore.a $(LIBSLURM_LIBS) -lm
slurmdb_slurmdb_so_LINK = $(CC) $(AM_CFLAGS) $(CFLAGS) -shared $(AM_LDFLAGS) \
	$(LDFLAGS) -Wl,--version-script=$(srcdir)/$(slurmdb_map) -o $@
EXTRA_slurmdb_slurmdb_so_DEPENDENCIES = $(slurmdb_map)
endif
