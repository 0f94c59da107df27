# SPDX-License-Identifier: GPL-2.0-or-later
#
# Discovery, searched through the real client: see tests/trees/check.

dist_check_SCRIPTS += tests/trees/check tests/trees/check-corpus

if HAVE_MICROHTTPD
TESTS += tests/trees/check tests/trees/check-corpus
endif
