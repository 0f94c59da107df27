# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_CURL: libcurl speaks to BMCs, in the collector and the CLI, never in a
# plugin. 7.87.0 is the first with CURLOPT_QUICK_EXIT, without which a timeout
# waits for the thread that asks a dead name server; CURLOPT_PROTOCOLS_STR, by
# which nothing but http and https is ever spoken, is older.

AC_DEFUN([WG_CURL], [
	PKG_CHECK_MODULES([CURL], [libcurl >= 7.87.0], [],
		[AC_MSG_ERROR([libcurl 7.87.0 or newer is missing (Debian: libcurl4-openssl-dev): $CURL_PKG_ERRORS])])
])
