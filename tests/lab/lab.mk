# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the private clusters need beside their scripts.

noinst_PROGRAMS += tests/lab/oar-enter
tests_lab_oar_enter_LDADD =
