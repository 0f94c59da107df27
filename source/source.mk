# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where power comes from: an archive that wattgated and `wattgate probe` link.
# http.c is the only user of curl, json_*.c are the only users of json-c.

noinst_LIBRARIES += source/libsource.a
source_libsource_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(JSONC_CFLAGS)
source_libsource_a_SOURCES = \
	source/archive.c \
	source/archive_live.c \
	source/backoff.c \
	source/exec.c \
	source/exec_words.c \
	source/history.c \
	source/http.c \
	source/ipmi.c \
	source/ipmi_answer.c \
	source/json_doc.c \
	source/json_kwollect.c \
	source/json_power.c \
	source/json_prometheus.c \
	source/json_scan.c \
	source/json_site.c \
	source/kwollect.c \
	source/meter_file.c \
	source/meter_find.c \
	source/meter_text.c \
	source/prometheus.c \
	source/redfish.c \
	source/redfish_chassis.c \
	source/redfish_find.c \
	source/redfish_methods.c \
	source/redfish_rules.c \
	source/redfish_search.c \
	source/redfish_place.c \
	source/redfish_session.c \
	source/rowset.c \
	source/session_file.c \
	source/site.c \
	source/site_client.c \
	source/site_track.c \
	source/source.c \
	source/tally.c \
	source/watch.c \
	source/archive.h \
	source/archive_live.h \
	source/backoff.h \
	source/exec.h \
	source/exec_words.h \
	source/history.h \
	source/http.h \
	source/ipmi.h \
	source/ipmi_answer.h \
	source/json_doc.h \
	source/json_kwollect.h \
	source/json_power.h \
	source/json_prometheus.h \
	source/json_scan.h \
	source/json_site.h \
	source/kwollect.h \
	source/meter_file.h \
	source/meter_find.h \
	source/meter_text.h \
	source/prometheus.h \
	source/redfish.h \
	source/redfish_find.h \
	source/redfish_find_impl.h \
	source/redfish_rules.h \
	source/redfish_place.h \
	source/redfish_session.h \
	source/rowset.h \
	source/session_file.h \
	source/site.h \
	source/site_client.h \
	source/site_track.h \
	source/source.h \
	source/tally.h \
	source/watch.h

# What a program links to use it.
SOURCE_LIBS = source/libsource.a $(CORE_LIBS) $(CURL_LIBS) $(JSONC_LIBS)
