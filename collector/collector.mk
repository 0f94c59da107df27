# SPDX-License-Identifier: GPL-2.0-or-later
#
# wattgated. Sources go into collector/libcollector.a, which unit tests link
# too; only main.c stays outside.

noinst_LIBRARIES += collector/libcollector.a
collector_libcollector_a_SOURCES = \
	collector/account.c \
	collector/account_bridge.c \
	collector/account_follow.c \
	collector/account_interval.c \
	collector/account_settle.c \
	collector/account_store.c \
	collector/counter.c \
	collector/dirs.c \
	collector/holder.c \
	collector/jobword.c \
	collector/meters.c \
	collector/metrics.c \
	collector/metrics_nodes.c \
	collector/node.c \
	collector/nodelist.c \
	collector/poller.c \
	collector/sampler.c \
	collector/scontrol.c \
	collector/scrape.c \
	collector/second.c \
	collector/ship.c \
	collector/site.c \
	collector/suspension.c \
	collector/trim.c \
	collector/worker.c \
	collector/account.h \
	collector/account_impl.h \
	collector/counter.h \
	collector/dirs.h \
	collector/holder.h \
	collector/jobword.h \
	collector/meters.h \
	collector/metrics.h \
	collector/metrics_nodes.h \
	collector/node.h \
	collector/nodelist.h \
	collector/poller.h \
	collector/sampler.h \
	collector/scontrol.h \
	collector/scrape.h \
	collector/second.h \
	collector/ship.h \
	collector/site.h \
	collector/suspension.h \
	collector/trim.h \
	collector/worker.h

COLLECTOR_LIBS = collector/libcollector.a $(SOURCE_LIBS)

# Scripts rely on its place: build/collector/wattgated.
sbin_PROGRAMS += collector/wattgated
collector_wattgated_SOURCES = collector/main.c
collector_wattgated_LDADD = $(OAR_LIBS) $(SITE_LIBS) $(COLLECTOR_LIBS)

dist_man_MANS += docs/man/wattgated.8 docs/man/wattgate.conf.5

# ---- systemd ----

EXTRA_DIST += collector/wattgated.service.in collector/wattgated-site.service.in \
	collector/wattgate.tmpfiles.in \
	collector/wattgate.sysusers
systemd_made = collector/wattgated.service collector/wattgated-site.service \
	collector/tmpfiles.d/wattgate.conf \
	collector/sysusers.d/wattgate.conf
CLEANFILES += $(systemd_made)

collector_subst = $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@rundir[@]|$(rundir)|g' -e 's|@confdir[@]|$(confdir)|g'

collector/wattgated.service: collector/wattgated.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) collector && \
	$(collector_subst) $(srcdir)/collector/wattgated.service.in >$@
collector/wattgated-site.service: collector/wattgated-site.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) collector && \
	$(collector_subst) $(srcdir)/collector/wattgated-site.service.in >$@
collector/tmpfiles.d/wattgate.conf: collector/wattgate.tmpfiles.in Makefile
	$(AM_V_GEN)$(MKDIR_P) collector/tmpfiles.d && \
	$(collector_subst) $(srcdir)/collector/wattgate.tmpfiles.in >$@
collector/sysusers.d/wattgate.conf: collector/wattgate.sysusers
	$(AM_V_GEN)$(MKDIR_P) collector/sysusers.d && \
	cp $(srcdir)/collector/wattgate.sysusers $@

if HAVE_SYSTEMD
nodist_systemdsystemunit_DATA = collector/wattgated.service \
	collector/wattgated-site.service
tmpfilesdir = $(prefix)/lib/tmpfiles.d
sysusersdir = $(prefix)/lib/sysusers.d
nodist_tmpfiles_DATA = collector/tmpfiles.d/wattgate.conf
nodist_sysusers_DATA = collector/sysusers.d/wattgate.conf
endif
