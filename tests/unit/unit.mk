# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests. To add one, add its line to unit_tests: the program is made of
# tests/unit/NAME.c and links the core. One that needs more sets
# tests_unit_NAME_LDADD, _SOURCES or _CPPFLAGS below.

unit_tests =
unit_tests += tests/unit/test_base
unit_tests += tests/unit/test_conf
unit_tests += tests/unit/test_rate
unit_tests += tests/unit/test_secret
unit_tests += tests/unit/test_share
unit_tests += tests/unit/test_ledger
unit_tests += tests/unit/test_series
unit_tests += tests/unit/test_bridge
unit_tests += tests/unit/test_series_file
unit_tests += tests/unit/test_suspend
unit_tests += tests/unit/test_gaterec
unit_tests += tests/unit/test_gate
unit_tests += tests/unit/test_holder
unit_tests += tests/unit/test_account
unit_tests += tests/unit/test_account_random
unit_tests += tests/unit/test_account_restart
unit_tests += tests/unit/test_counter
unit_tests += tests/unit/test_backoff
unit_tests += tests/unit/test_http
unit_tests += tests/unit/test_watch
unit_tests += tests/unit/test_ipmi
unit_tests += tests/unit/test_ipmi_source
unit_tests += tests/unit/test_json
unit_tests += tests/unit/test_redfish
unit_tests += tests/unit/test_redfish_find
unit_tests += tests/unit/test_archive
unit_tests += tests/unit/test_meter_file
unit_tests += tests/unit/test_exec
unit_tests += tests/unit/test_poller
unit_tests += tests/unit/test_source_example
unit_tests += tests/unit/test_second
unit_tests += tests/unit/test_oar_share
unit_tests += tests/unit/test_oar_settle
unit_tests += tests/unit/test_oar_fold
unit_tests += tests/unit/test_sampler
unit_tests += tests/unit/test_site
unit_tests += tests/unit/test_site_members
unit_tests += tests/unit/test_site_node
unit_tests += tests/unit/test_scontrol
unit_tests += tests/unit/test_metrics
unit_tests += tests/unit/test_cli
unit_tests += tests/unit/test_cli_ledger
unit_tests += tests/unit/test_backfill
unit_tests += tests/unit/test_cli_doctor
unit_tests += tests/unit/test_oar_hook
unit_tests += tests/unit/test_cli_probe

AM_CPPFLAGS += $(CHECK_CFLAGS)
UNIT_LIBS = $(CORE_LIBS) $(CHECK_LIBS)
LDADD = $(UNIT_LIBS)

# These link the command too. Those with -rdynamic read symbols out of themselves.
UNIT_CLI_LIBS = cli/libcli.a $(STORE_LIBS) $(SOURCE_LIBS) $(CHECK_LIBS)
tests_unit_test_cli_LDADD = $(UNIT_CLI_LIBS)
unit_tests += tests/unit/test_annotation
tests_unit_test_annotation_LDADD = $(UNIT_CLI_LIBS)
unit_tests += tests/unit/test_groups
unit_tests += tests/unit/test_export
tests_unit_test_export_LDADD = $(UNIT_CLI_LIBS)
tests_unit_test_groups_LDADD = $(UNIT_CLI_LIBS)
unit_tests += tests/unit/test_track
tests_unit_test_track_LDADD = $(UNIT_CLI_LIBS)
tests_unit_test_cli_LDFLAGS = $(AM_LDFLAGS) -rdynamic
tests_unit_test_cli_ledger_LDADD = $(UNIT_CLI_LIBS)
tests_unit_test_backfill_LDADD = $(UNIT_CLI_LIBS)
tests_unit_test_cli_doctor_LDADD = $(UNIT_CLI_LIBS)
tests_unit_test_cli_doctor_LDFLAGS = $(AM_LDFLAGS) -rdynamic
tests_unit_test_cli_probe_SOURCES = tests/unit/test_cli_probe.c \
	$(fakebmc_sources)
tests_unit_test_cli_probe_LDADD = cli/libcli.a $(SOURCE_LIBS) $(CHECK_LIBS)

# What the store is tried on: SQLite, and PostgreSQL where its server is.
unit_tests += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c \
	tests/unit/pgserver.h tests/unit/scratch.h
tests_unit_test_store_LDADD = $(STORE_LIBS) $(UNIT_LIBS)
tests_unit_test_store_CPPFLAGS = $(AM_CPPFLAGS) $(STORE_HAVE) \
	-DSCHEMA_DIR='"$(abs_srcdir)/store/schema"'

unit_tests += tests/unit/test_cli_store
tests_unit_test_cli_store_SOURCES = tests/unit/test_cli_store.c \
	tests/unit/pgserver.h tests/unit/scratch.h
tests_unit_test_cli_store_LDADD = $(UNIT_CLI_LIBS)
tests_unit_test_cli_store_CPPFLAGS = $(AM_CPPFLAGS) $(STORE_HAVE) \
	-DSCHEMA_DIR='"$(abs_srcdir)/store/schema"'

# This one wants PostgreSQL's server, too, and tries little without it.
if HAVE_LIBPQ
unit_tests += tests/unit/test_cli_oar
tests_unit_test_cli_oar_LDADD = $(UNIT_CLI_LIBS)
tests_unit_test_cli_oar_CPPFLAGS = $(AM_CPPFLAGS) \
	-DSCHEMA_DIR='"$(abs_srcdir)/oar-hooks/schema"'
endif

# This one wants Slurm's headers.
if HAVE_SLURM
unit_tests += tests/unit/test_slurmdb
tests_unit_test_slurmdb_CPPFLAGS = $(AM_CPPFLAGS) $(SLURM_CPPFLAGS)
tests_unit_test_slurmdb_LDADD = slurmdb/libmap.a $(UNIT_LIBS)
endif

# These link the collector too.
UNIT_COLLECTOR_LIBS = $(COLLECTOR_LIBS) $(CHECK_LIBS)
fakebmc_sources = tests/unit/fakebmc.c tests/unit/fakebmc.h
rig_sources = tests/unit/rig.c tests/unit/rig.h tests/unit/scratch.h
tests_unit_test_account_SOURCES = tests/unit/test_account.c $(rig_sources)
tests_unit_test_account_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_account_random_SOURCES = tests/unit/test_account_random.c \
	tests/unit/plan.c tests/unit/plan.h $(rig_sources)
tests_unit_test_account_random_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_account_restart_SOURCES = \
	tests/unit/test_account_restart.c $(rig_sources)
tests_unit_test_account_restart_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_counter_SOURCES = tests/unit/test_counter.c $(rig_sources)
tests_unit_test_counter_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_archive_SOURCES = tests/unit/test_archive.c $(fakebmc_sources)
tests_unit_test_archive_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_backoff_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_http_SOURCES = tests/unit/test_http.c $(fakebmc_sources)
tests_unit_test_http_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_watch_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_metrics_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_holder_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_ipmi_LDADD = $(IPMI_LIBS) $(CHECK_LIBS)
tests_unit_test_ipmi_source_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_json_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_meter_file_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_exec_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_poller_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_source_example_SOURCES = tests/unit/test_source_example.c \
	tests/unit/source_example.c tests/unit/scratch.h
tests_unit_test_source_example_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_second_LDADD = cli/libcli.a $(STORE_LIBS) $(UNIT_COLLECTOR_LIBS)
tests_unit_test_redfish_SOURCES = tests/unit/test_redfish.c $(fakebmc_sources)
tests_unit_test_redfish_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_redfish_find_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_sampler_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_site_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_site_members_LDADD = $(UNIT_COLLECTOR_LIBS)
tests_unit_test_site_node_SOURCES = tests/unit/test_site_node.c $(rig_sources)
tests_unit_test_site_node_LDADD = $(SITE_LIBS) $(UNIT_COLLECTOR_LIBS)
tests_unit_test_scontrol_LDADD = $(UNIT_COLLECTOR_LIBS)

# These link the follower of OAR.
UNIT_OAR_LIBS = $(OAR_LIBS) $(UNIT_LIBS)
tests_unit_test_oar_share_LDADD = $(UNIT_OAR_LIBS)
tests_unit_test_oar_settle_LDADD = $(UNIT_OAR_LIBS)
tests_unit_test_oar_fold_LDADD = $(UNIT_OAR_LIBS)
if HAVE_LIBPQ
unit_tests += tests/unit/test_pg_array
tests_unit_test_pg_array_LDADD = $(PG_LIBS) $(UNIT_LIBS)
endif

# This one brings its own SPANK.
if HAVE_SLURM
unit_tests += tests/unit/test_spank_holding
tests_unit_test_spank_holding_SOURCES = tests/unit/test_spank_holding.c \
	plugin/spank_holding.c
tests_unit_test_spank_holding_CPPFLAGS = $(PLUGIN_CPPFLAGS)
endif

tests_unit_test_rate_CPPFLAGS = $(AM_CPPFLAGS) \
	-DINTENSITY_DIR='"$(abs_srcdir)/data/intensity"'
tests_unit_test_ledger_CPPFLAGS = $(AM_CPPFLAGS) \
	-DGOLDEN_DIR='"$(abs_srcdir)/tests/unit/golden"'

if HAVE_CHECK
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
else
check-local:
	@echo 'make check needs the library Check (Debian: check)' >&2; exit 1
endif

# Preloaded in check-ipmi-inband: a plain shared object, made as plugins are.
if HAVE_FREEIPMI
check_PROGRAMS += tests/unit/fakeipmi.so
tests_unit_fakeipmi_so_SOURCES = tests/unit/fakeipmi.c
tests_unit_fakeipmi_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_unit_fakeipmi_so_LDADD =
tests_unit_fakeipmi_so_LINK = $(PLUGIN_LINK)
# ... and in an ipmi_sim, for check-ipmi
check_PROGRAMS += tests/lab/ipmi-dcmi.so
tests_lab_ipmi_dcmi_so_SOURCES = tests/lab/ipmi-dcmi.c
tests_lab_ipmi_dcmi_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_lab_ipmi_dcmi_so_LDADD =
tests_lab_ipmi_dcmi_so_LINK = $(PLUGIN_LINK)
endif

# For the scripts that read the past.
check_PROGRAMS += tests/unit/past_tool
tests_unit_past_tool_LDADD = $(STORE_LIBS) $(SOURCE_LIBS)

# What a compiler does not check. These run without Check.
unit_scripts = tests/unit/check-includes tests/unit/check-wattgated \
	tests/unit/check-ipmi \
	tests/unit/check-ipmi-inband \
	tests/unit/check-meters tests/unit/check-sources-doc \
	tests/unit/check-tls tests/unit/check-secrets \
	tests/unit/check-track tests/unit/check-wattgate tests/unit/check-oar-setup tests/unit/check-site-schema \
	tests/unit/check-oar-follow tests/unit/check-oar-backfill \
	tests/unit/check-backfill \
	tests/unit/check-kwollect tests/unit/check-prometheus \
	tests/unit/check-site tests/unit/check-site-hosts \
	tests/unit/check-metrics
EXTRA_DIST += tests/unit/site-ledger.py
EXTRA_DIST += tests/unit/daemon.sh tests/unit/past.sh tests/unit/oar-follower.sh
dist_check_SCRIPTS += $(unit_scripts) tests/unit/check-objects
TESTS += $(unit_scripts)
# instrumented objects have symbols of the instruments' own
if !ENABLE_SANITIZERS
if !ENABLE_COVERAGE
TESTS += tests/unit/check-objects
endif
endif

AM_TESTS_ENVIRONMENT = CC='$(CC)'; export CC; \
	INSTRUMENTED='$(if $(SANITIZER_CFLAGS)$(COVERAGE_CFLAGS),yes,no)'; \
	export INSTRUMENTED;

# The same programs under valgrind, in one process each.
VALGRIND_FLAGS = --quiet --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite,indirect,possible

if ENABLE_SANITIZERS
check-valgrind:
	@echo 'valgrind and --enable-sanitizers exclude each other' >&2; exit 1
else
check-valgrind: $(unit_tests)
	@test -n '$(VALGRIND)' || { echo 'valgrind is missing' >&2; exit 1; }
	@for t in $(unit_tests); do \
		echo "  VALGRIND $$t"; \
		CK_FORK=no CK_VERBOSITY=minimal CK_TIMEOUT_MULTIPLIER=20 \
		$(VALGRIND) $(VALGRIND_FLAGS) ./$$t || exit 1; \
	done
endif

.PHONY: check-valgrind
