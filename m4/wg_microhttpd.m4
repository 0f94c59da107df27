# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_MICROHTTPD: GNU libmicrohttpd and GnuTLS, for the simulated BMC in
# tests/bmcsim only. Optional: without them the simulator, and the tests that
# need it, are left out. 0.9.71 is the first with enum MHD_Result.

AC_DEFUN([WG_MICROHTTPD], [
	PKG_CHECK_MODULES([MICROHTTPD], [libmicrohttpd >= 0.9.71 gnutls >= 3.6],
		[wg_have_microhttpd=yes], [wg_have_microhttpd=no])
	AM_CONDITIONAL([HAVE_MICROHTTPD], [test "x$wg_have_microhttpd" = xyes])
])
