# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzzers of every parser of data from outside. A target is tests/fuzz/
# fuzz_NAME.c with libFuzzer's entry point, its seeds (and what was found once)
# are in tests/fuzz/seeds/NAME. To add one, add its line to fuzz_targets and
# its LDADD.
#
# dicts/NAME has words for libFuzzer.
#
#   make check        seeds, and changed ones for a moment, by driver.c
#   tests/run fuzz    libFuzzer (clang), by FUZZ_ENGINE= AM_LDFLAGS=-fsanitize=fuzzer

fuzz_targets =
fuzz_targets += tests/fuzz/fuzz_conf
fuzz_targets += tests/fuzz/fuzz_gaterec
fuzz_targets += tests/fuzz/fuzz_ledger_file
fuzz_targets += tests/fuzz/fuzz_ledger_line
fuzz_targets += tests/fuzz/fuzz_secret
fuzz_targets += tests/fuzz/fuzz_series
fuzz_targets += tests/fuzz/fuzz_suspend
fuzz_targets += tests/fuzz/fuzz_values
fuzz_targets += tests/fuzz/fuzz_account
fuzz_targets += tests/fuzz/fuzz_cgroup
fuzz_targets += tests/fuzz/fuzz_http
fuzz_targets += tests/fuzz/fuzz_ipmi
fuzz_targets += tests/fuzz/fuzz_ipmi_answer
fuzz_targets += tests/fuzz/fuzz_json
fuzz_targets += tests/fuzz/fuzz_kwollect
fuzz_targets += tests/fuzz/fuzz_prometheus
fuzz_targets += tests/fuzz/fuzz_location
fuzz_targets += tests/fuzz/fuzz_meter_text
fuzz_targets += tests/fuzz/fuzz_meters_line
fuzz_targets += tests/fuzz/fuzz_tally
fuzz_targets += tests/fuzz/fuzz_redfish
fuzz_targets += tests/fuzz/fuzz_redfish_find
fuzz_targets += tests/fuzz/fuzz_scontrol
fuzz_targets += tests/fuzz/fuzz_scrape
fuzz_targets += tests/fuzz/fuzz_export
fuzz_targets += tests/fuzz/fuzz_site_answer
fuzz_targets += tests/fuzz/fuzz_site_ask
fuzz_targets += tests/fuzz/fuzz_site_lines
fuzz_targets += tests/fuzz/fuzz_site_munge
fuzz_targets += tests/fuzz/fuzz_statefile
fuzz_targets += tests/fuzz/fuzz_annotation
fuzz_targets += tests/fuzz/fuzz_audit
fuzz_targets += tests/fuzz/fuzz_elf
fuzz_targets += tests/fuzz/fuzz_hostlist
fuzz_targets += tests/fuzz/fuzz_sacct
fuzz_targets += tests/fuzz/fuzz_slurm_text
fuzz_targets += tests/fuzz/fuzz_text
fuzz_targets += tests/fuzz/fuzz_when
if HAVE_SLURM
fuzz_targets += tests/fuzz/fuzz_spank_list
endif

FUZZ_ENGINE = tests/fuzz/libdriver.a
FUZZ_LIBS = tests/fuzz/libfuzz.a $(FUZZ_ENGINE) $(CORE_LIBS)
FUZZ_COLLECTOR_LIBS = tests/fuzz/libfuzz.a $(FUZZ_ENGINE) $(COLLECTOR_LIBS)
FUZZ_SITE_LIBS = tests/fuzz/libfuzz.a $(FUZZ_ENGINE) site/libsite.a $(STORE_LIBS) \
	$(COLLECTOR_LIBS)
FUZZ_CLI_LIBS = tests/fuzz/libfuzz.a $(FUZZ_ENGINE) cli/libcli.a \
	$(STORE_LIBS) \
	$(COLLECTOR_LIBS)

check_LIBRARIES += tests/fuzz/libdriver.a tests/fuzz/libfuzz.a
tests_fuzz_libdriver_a_SOURCES = tests/fuzz/driver.c
tests_fuzz_libfuzz_a_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h \
	tests/fuzz/ledger_check.c tests/fuzz/ledger_check.h
# the library that takes the place of connect() is not for all targets
check_LIBRARIES += tests/fuzz/libwire.a
tests_fuzz_libwire_a_SOURCES = tests/fuzz/wire.c tests/fuzz/wire.h

tests_fuzz_fuzz_conf_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_gaterec_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_ledger_file_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_ledger_line_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_secret_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_series_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_suspend_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_values_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_account_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_cgroup_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_http_LDADD = tests/fuzz/libwire.a $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_ipmi_LDADD = tests/fuzz/libfuzz.a $(FUZZ_ENGINE) $(IPMI_LIBS)
tests_fuzz_fuzz_ipmi_answer_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_json_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_kwollect_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_prometheus_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_meter_text_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_meters_line_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_tally_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_redfish_LDADD = tests/fuzz/libwire.a $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_redfish_find_SOURCES = tests/fuzz/fuzz_redfish_find.c \
	tests/fuzz/tree_gen.c tests/fuzz/tree_gen.h
tests_fuzz_fuzz_redfish_find_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_scontrol_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_site_answer_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_site_ask_LDADD = $(FUZZ_SITE_LIBS)
tests_fuzz_fuzz_site_lines_LDADD = $(FUZZ_SITE_LIBS)
tests_fuzz_fuzz_site_munge_LDADD = $(FUZZ_SITE_LIBS)
tests_fuzz_fuzz_scrape_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_export_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_statefile_LDADD = $(FUZZ_COLLECTOR_LIBS)
tests_fuzz_fuzz_audit_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_elf_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_hostlist_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_sacct_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_slurm_text_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_text_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_annotation_LDADD = $(FUZZ_CLI_LIBS)
tests_fuzz_fuzz_when_LDADD = $(FUZZ_CLI_LIBS)

# it includes http.c
tests_fuzz_fuzz_location_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS)
tests_fuzz_fuzz_location_LDADD = $(FUZZ_COLLECTOR_LIBS)

tests_fuzz_fuzz_spank_list_SOURCES = tests/fuzz/fuzz_spank_list.c \
	plugin/spank_holding.c plugin/spank_holding.h
tests_fuzz_fuzz_spank_list_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_fuzz_fuzz_spank_list_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
CLEANFILES += *.failed

fuzz-programs: $(fuzz_targets)
.PHONY: fuzz-programs
