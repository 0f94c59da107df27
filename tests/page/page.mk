# SPDX-License-Identifier: GPL-2.0-or-later
#
# The page of a report, in a real browser.

check_PROGRAMS += tests/page/sample
tests_page_sample_SOURCES = tests/page/sample.c
tests_page_sample_LDADD = cli/libcli.a $(SOURCE_LIBS)
dist_check_SCRIPTS += tests/page/check
TESTS += tests/page/check
