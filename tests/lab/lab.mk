# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the private clusters need beside their scripts.

noinst_PROGRAMS += tests/lab/oar-enter tests/lab/private-mounts tests/lab/cut-proxy
tests_lab_oar_enter_LDADD =
tests_lab_private_mounts_LDADD =
tests_lab_cut_proxy_LDADD =

# Series as they would be, for tests without a BMC.
noinst_PROGRAMS += tests/lab/series-write
tests_lab_series_write_LDADD = $(CORE_LIBS)

# Filling the past of OAR's nodes from samples in files.
noinst_PROGRAMS += tests/lab/oar-backfill
tests_lab_oar_backfill_LDADD = $(OAR_LIBS) $(CORE_LIBS)
