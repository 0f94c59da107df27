# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_FREEIPMI: FreeIPMI's library speaks IPMI to BMCs, in ipmi/bmc_freeipmi.c
# only, which is part of one program of its own, wattgate-ipmi. Optional:
# without it a `source = ipmi` says that the program is missing. 1.6.0 is the
# first with IPv6; it is under version 3 or later of the GPL, and so is the
# program that links it.

AC_DEFUN([WG_FREEIPMI], [
	PKG_CHECK_MODULES([FREEIPMI], [libfreeipmi >= 1.6.0],
		[wg_have_freeipmi=yes], [wg_have_freeipmi=no])
	AM_CONDITIONAL([HAVE_FREEIPMI], [test "x$wg_have_freeipmi" = xyes])
	AS_IF([test "x$wg_have_freeipmi" = xyes],
		[wg_freeipmi_summary="yes (libfreeipmi)"],
		[wg_freeipmi_summary="no: libfreeipmi 1.6.0 or newer is missing (Debian: libfreeipmi-dev)"])
])
