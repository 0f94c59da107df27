# SPDX-License-Identifier: GPL-2.0-or-later
#
# wattgate, the command. All but main() is in an archive, for the tests.

# Tables for intensity = TABLE/CODE.
intensitydir = $(pkgdatadir)/intensity
dist_intensity_DATA = data/intensity/codecarbon.csv \
	data/intensity/green-algorithms.csv

# The template of --format html.
pagedir = $(pkgdatadir)/page
dist_page_DATA = data/page/equivalents.json data/page/page.css \
	data/page/page.html data/page/page.js

noinst_LIBRARIES += cli/libcli.a
cli_libcli_a_CPPFLAGS = $(AM_CPPFLAGS) $(JSONC_CFLAGS) $(LIBPQ_CFLAGS) \
	-DWATTGATE_DATA_DIR='"$(pkgdatadir)"' \
	-DWATTGATE_CHART_JS='"$(chartjs)"' \
	-DWATTGATE_OAR_DIR='"$(or $(oarlibdir),/usr/lib/oar)"'
cli_libcli_a_SOURCES = \
	cli/annotate.c \
	cli/annotate.h \
	cli/annotate_state.c \
	cli/annotate_state.h \
	cli/annotation.c \
	cli/annotation.h \
	cli/audit.c \
	cli/audit.h \
	cli/audit_allocs.c \
	cli/audit_impl.h \
	cli/audit_intervals.c \
	cli/audit_meters.c \
	cli/audit_meters.h \
	cli/audit_oar.c \
	cli/audit_oar.h \
	cli/backfill.h \
	cli/backfill_file.c \
	cli/backfill_file.h \
	cli/backfill_jobs.c \
	cli/backfill_jobs.h \
	cli/backfill_node.c \
	cli/backfill_node.h \
	cli/backfill_oar.c \
	cli/backfill_slurm.c \
	cli/child.c \
	cli/child.h \
	cli/cmd.c \
	cli/cmd.h \
	cli/cmd_annotate.c \
	cli/cmd_audit.c \
	cli/cmd_backfill.c \
	cli/cmd_doctor.c \
	cli/cmd_export.c \
	cli/cmd_probe.c \
	cli/cmd_report.c \
	cli/cmd_track.c \
	cli/codecarbon.c \
	cli/codecarbon.h \
	cli/confs.c \
	cli/contest.c \
	cli/contest.h \
	cli/confs.h \
	cli/data_dir.c \
	cli/data_dir.h \
	cli/days.c \
	cli/days.h \
	cli/doctor.c \
	cli/doctor.h \
	cli/doctor_host.c \
	cli/doctor_oar.c \
	cli/doctor_oar_db.c \
	cli/doctor_site.c \
	cli/doctor_slurm.c \
	cli/elf_symbol.c \
	cli/elf_symbol.h \
	cli/export.c \
	cli/export.h \
	cli/export_cursor.c \
	cli/export_cursor.h \
	cli/export_out.c \
	cli/export_out.h \
	cli/intervals.c \
	cli/intervals.h \
	cli/job_rows.c \
	cli/job_rows.h \
	cli/few.c \
	cli/few.h \
	cli/groups.c \
	cli/groups.h \
	cli/jobs.c \
	cli/jobs.h \
	cli/jobs_ledger.c \
	cli/jobs_ledger.h \
	cli/jobs_parts.c \
	cli/jobs_parts.h \
	cli/json_probe.c \
	cli/json_probe.h \
	cli/json_report.c \
	cli/json_report.h \
	cli/json_trace.c \
	cli/json_trace.h \
	cli/latex.c \
	cli/latex.h \
	cli/ledgers.c \
	cli/ledgers.h \
	cli/ledgers_open.c \
	cli/mem.c \
	cli/mem.h \
	cli/node_rows.c \
	cli/node_rows.h \
	cli/oar_conf.c \
	cli/oar_conf.h \
	cli/oar_login.c \
	cli/oar_login.h \
	cli/openmetrics.c \
	cli/openmetrics.h \
	cli/out_file.c \
	cli/out_file.h \
	cli/page.c \
	cli/page.h \
	cli/past.c \
	cli/past.h \
	cli/periods.c \
	cli/periods.h \
	cli/pg_oar.h \
	cli/plugstack.c \
	cli/plugstack.h \
	cli/probe.c \
	cli/probe.h \
	cli/probe_ipmi.c \
	cli/probe_ipmi.h \
	cli/probe_redact.c \
	cli/probe_redact.h \
	cli/probe_text.c \
	cli/probe_text.h \
	cli/probe_trace.c \
	cli/probe_trace.h \
	cli/probe_watch.c \
	cli/probe_watch.h \
	cli/progress.c \
	cli/progress.h \
	cli/rates.c \
	cli/rates.h \
	cli/report.h \
	cli/report_days.c \
	cli/report_days.h \
	cli/report_jobs.c \
	cli/report_nodes.c \
	cli/report_oar.c \
	cli/report_page.c \
	cli/report_page.h \
	cli/report_part.c \
	cli/report_part.h \
	cli/report_sums.c \
	cli/report_sums.h \
	cli/rows.c \
	cli/rows.h \
	cli/rows_csv.c \
	cli/rows_table.c \
	cli/sacct.c \
	cli/sacct.h \
	cli/sacct_parse.c \
	cli/sacct_parse.h \
	cli/slurm_config.c \
	cli/slurm_config.h \
	cli/slurm_jobs.c \
	cli/slurm_jobs.h \
	cli/text.c \
	cli/text.h \
	cli/track.c \
	cli/track.h \
	cli/track_out.c \
	cli/track_out.h \
	cli/track_text.c \
	cli/whose.c \
	cli/whose.h

# OAR's database, where there is libpq
if HAVE_LIBPQ
cli_libcli_a_SOURCES += cli/pg_oar.c
else
cli_libcli_a_SOURCES += cli/pg_none.c
endif
EXTRA_DIST += cli/pg_oar.c cli/pg_none.c

bin_PROGRAMS += cli/wattgate
cli_wattgate_SOURCES = cli/main.c
cli_wattgate_LDADD = cli/libcli.a oar/liboar.a $(STORE_LIBS) $(SOURCE_LIBS)

dist_man_MANS += docs/man/wattgate.1
