# SPDX-License-Identifier: GPL-2.0-or-later
#
# What OAR runs, and the program that enters it in oar.conf.

pkglibexec_PROGRAMS = oar-hooks/wattgate-oar-hook
# it links nothing
oar_hooks_wattgate_oar_hook_LDADD =

sbin_SCRIPTS += oar-hooks/wattgate-oar-setup
EXTRA_DIST += oar-hooks/wattgate-oar-setup.in
CLEANFILES += oar-hooks/wattgate-oar-setup
oar-hooks/wattgate-oar-setup: oar-hooks/wattgate-oar-setup.in Makefile
	$(AM_V_GEN)$(MKDIR_P) oar-hooks && \
	sed -e 's,@pkglibexecdir@,$(pkglibexecdir),g' \
		-e 's,@VERSION@,$(VERSION),g' \
		$(srcdir)/oar-hooks/wattgate-oar-setup.in >$@.tmp && \
	chmod +x $@.tmp && mv $@.tmp $@
