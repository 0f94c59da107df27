# SPDX-License-Identifier: GPL-2.0-or-later
#
# wattgated. Sources go into collector/libcollector.a, which unit tests link
# too; only main.c stays outside.

noinst_LIBRARIES += collector/libcollector.a
collector_libcollector_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(JSONC_CFLAGS)
collector_libcollector_a_SOURCES = \
	collector/account.c \
	collector/account_follow.c \
	collector/account_interval.c \
	collector/account_settle.c \
	collector/account_store.c \
	collector/backoff.c \
	collector/child.c \
	collector/hardware.c \
	collector/holder.c \
	collector/http.c \
	collector/jobword.c \
	collector/json_doc.c \
	collector/json_power.c \
	collector/json_scan.c \
	collector/node.c \
	collector/redfish.c \
	collector/redfish_find.c \
	collector/redfish_session.c \
	collector/sampler.c \
	collector/scontrol.c \
	collector/scontrol_parse.c \
	collector/session_file.c \
	collector/source.c \
	collector/statefile.c \
	collector/suspension.c \
	collector/account.h \
	collector/account_impl.h \
	collector/backoff.h \
	collector/child.h \
	collector/hardware.h \
	collector/holder.h \
	collector/http.h \
	collector/jobword.h \
	collector/json_doc.h \
	collector/json_power.h \
	collector/json_scan.h \
	collector/node.h \
	collector/redfish.h \
	collector/redfish_find.h \
	collector/redfish_session.h \
	collector/sampler.h \
	collector/scontrol.h \
	collector/scontrol_parse.h \
	collector/session_file.h \
	collector/source.h \
	collector/statefile.h \
	collector/suspension.h

COLLECTOR_LIBS = collector/libcollector.a $(CORE_LIBS) $(CURL_LIBS) $(JSONC_LIBS)

# Scripts rely on its place: build/collector/wattgated.
sbin_PROGRAMS += collector/wattgated
collector_wattgated_SOURCES = collector/main.c
collector_wattgated_LDADD = $(COLLECTOR_LIBS)

dist_man_MANS += docs/man/wattgated.8 docs/man/wattgate.conf.5

# ---- systemd ----

EXTRA_DIST += collector/wattgated.service.in collector/wattgate.tmpfiles.in \
	collector/wattgate.sysusers
systemd_made = collector/wattgated.service collector/tmpfiles.d/wattgate.conf \
	collector/sysusers.d/wattgate.conf
CLEANFILES += $(systemd_made)

collector_subst = $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@rundir[@]|$(rundir)|g' -e 's|@confdir[@]|$(confdir)|g'

collector/wattgated.service: collector/wattgated.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) collector && \
	$(collector_subst) $(srcdir)/collector/wattgated.service.in >$@
collector/tmpfiles.d/wattgate.conf: collector/wattgate.tmpfiles.in Makefile
	$(AM_V_GEN)$(MKDIR_P) collector/tmpfiles.d && \
	$(collector_subst) $(srcdir)/collector/wattgate.tmpfiles.in >$@
collector/sysusers.d/wattgate.conf: collector/wattgate.sysusers
	$(AM_V_GEN)$(MKDIR_P) collector/sysusers.d && \
	cp $(srcdir)/collector/wattgate.sysusers $@

if HAVE_SYSTEMD
nodist_systemdsystemunit_DATA = collector/wattgated.service
tmpfilesdir = $(prefix)/lib/tmpfiles.d
sysusersdir = $(prefix)/lib/sysusers.d
nodist_tmpfiles_DATA = collector/tmpfiles.d/wattgate.conf
nodist_sysusers_DATA = collector/sysusers.d/wattgate.conf
endif
