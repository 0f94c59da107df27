# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_SITE_SERVER: GNU libmicrohttpd and GnuTLS answer a site's nodes, in site/
# only. Optional: without them `wattgated --serve` says that it was not built.
# libmicrohttpd 0.9.71 is the first with enum MHD_Result, GnuTLS 3.6 the first
# with TLS 1.3.

AC_DEFUN([WG_SITE_SERVER], [
	AC_ARG_ENABLE([site-server],
		[AS_HELP_STRING([--disable-site-server],
			[leave out what answers a site's nodes])],
		[], [enable_site_server=auto])
	wg_have_site_server=no
	wg_site_server_summary="no"
	AS_IF([test "x$enable_site_server" != xno], [
		PKG_CHECK_MODULES([SITE_SERVER],
			[libmicrohttpd >= 0.9.71 gnutls >= 3.6],
			[wg_have_site_server=yes
			 wg_site_server_summary="yes (libmicrohttpd)"],
			[wg_site_server_summary="no: libmicrohttpd 0.9.71 or GnuTLS 3.6 is missing (Debian: libmicrohttpd-dev libgnutls28-dev)"])
	])
	AS_IF([test "x$enable_site_server$wg_have_site_server" = xyesno],
		[AC_MSG_ERROR([--enable-site-server: $wg_site_server_summary])])
	AM_CONDITIONAL([HAVE_SITE_SERVER],
		[test "x$wg_have_site_server" = xyes])
])
