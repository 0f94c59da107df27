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
slurmplugin_PROGRAMS = plugin/acct_gather_energy_wattgate.so plugin/spank_wattgate.so

plugin_acct_gather_energy_wattgate_so_SOURCES = \
	plugin/daemon.c plugin/daemon.h \
	plugin/energy.c \
	plugin/energy_node.c plugin/energy_node.h \
	plugin/energy_step.c plugin/energy_step.h \
	plugin/slurm_compat.h
plugin_acct_gather_energy_wattgate_so_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugin_acct_gather_energy_wattgate_so_CFLAGS = $(PLUGIN_CFLAGS)
plugin_acct_gather_energy_wattgate_so_LDADD = $(PLUGIN_LIBS)
plugin_acct_gather_energy_wattgate_so_LINK = $(PLUGIN_LINK) \
	-Wl,--version-script=$(srcdir)/plugin/acct_gather_energy_wattgate.map
EXTRA_plugin_acct_gather_energy_wattgate_so_DEPENDENCIES = \
	plugin/acct_gather_energy_wattgate.map

plugin_spank_wattgate_so_SOURCES = \
	plugin/daemon.c plugin/daemon.h \
	plugin/slurm_compat.h \
	plugin/spank.c \
	plugin/spank_holding.c plugin/spank_holding.h \
	plugin/spank_script.c plugin/spank_script.h \
	plugin/spank_site.c plugin/spank_site.h \
	plugin/spank_stepd.c plugin/spank_stepd.h
plugin_spank_wattgate_so_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugin_spank_wattgate_so_CFLAGS = $(PLUGIN_CFLAGS)
plugin_spank_wattgate_so_LDADD = $(PLUGIN_LIBS)
plugin_spank_wattgate_so_LINK = $(PLUGIN_LINK) \
	-Wl,--version-script=$(srcdir)/plugin/spank_wattgate.map
EXTRA_plugin_spank_wattgate_so_DEPENDENCIES = plugin/spank_wattgate.map
endif

EXTRA_DIST += plugin/acct_gather_energy_wattgate.map plugin/spank_wattgate.map
