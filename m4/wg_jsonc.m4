# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_JSONC: json-c parses what BMCs answer and prints --json. 0.16 (Debian 12)
# is the oldest that was tried.

AC_DEFUN([WG_JSONC], [
	PKG_CHECK_MODULES([JSONC], [json-c >= 0.16], [],
		[AC_MSG_ERROR([json-c 0.16 or newer is missing (Debian: libjson-c-dev): $JSONC_PKG_ERRORS])])
])
