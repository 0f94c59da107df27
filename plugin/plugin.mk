# SPDX-License-Identifier: GPL-2.0-or-later
#
# What Slurm loads. Each module is a "program" to automake, so that it is one
# plain file, plugin/NAME.so, and is linked by PLUGIN_LINK:
#
#   -shared, and only the names in NAME.map are exported
#   -z lazy, last: the loader binds lazily (RTLD_LAZY), since some symbols are
#            in one daemon only; distributions' hardening adds -z now
#   -z undefs: symbols come from the daemon; nothing links -lslurm
#
# To add one, with its version script beside it:
#
#   slurmplugin_PROGRAMS += plugin/NAME.so
#   plugin_NAME_so_SOURCES = plugin/NAME.c ...
#   plugin_NAME_so_CPPFLAGS = $(PLUGIN_CPPFLAGS)
#   plugin_NAME_so_CFLAGS = $(PLUGIN_CFLAGS)
#   plugin_NAME_so_LDADD = $(PLUGIN_LIBS)
#   plugin_NAME_so_LINK = $(PLUGIN_LINK) -Wl,--version-script=$(srcdir)/plugin/NAME.map
#   EXTRA_plugin_NAME_so_DEPENDENCIES = plugin/NAME.map
#   EXTRA_DIST += plugin/NAME.map

PLUGIN_CPPFLAGS = $(AM_CPPFLAGS) $(SLURM_CPPFLAGS)
PLUGIN_CFLAGS = $(AM_CFLAGS) -fPIC
PLUGIN_LIBS = lib/libcore.a $(ZLIB_LIBS) -lm
PLUGIN_LINK = $(CC) $(AM_CFLAGS) $(CFLAGS) -shared $(AM_LDFLAGS) $(LDFLAGS) \
	-Wl,-z,lazy -Wl,-z,undefs -o $@

if HAVE_SLURM
slurmplugin_PROGRAMS =
endif
