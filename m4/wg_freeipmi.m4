# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_FREEIPMI: FreeIPMI's library speaks IPMI to BMCs, in ipmi/bmc_freeipmi.c
# only, which is part of one program of its own, wattgate-ipmi. Optional:
# without it a `source = ipmi` says that the program is missing. 1.6.0 is the
# first with IPv6; it is under version 3 or later of the GPL, and so is the
# program that links it (--without-freeipmi: not built).

AC_DEFUN([WG_FREEIPMI], [
	AC_ARG_WITH([freeipmi],
		[AS_HELP_STRING([--without-freeipmi],
			[do not build wattgate-ipmi, which reads power by IPMI])],
		[], [with_freeipmi=check])
	wg_have_freeipmi=no
	AS_IF([test "x$with_freeipmi" = xno],
		[wg_freeipmi_summary="no: --without-freeipmi"],
		[PKG_CHECK_MODULES([FREEIPMI], [libfreeipmi >= 1.6.0],
			[wg_have_freeipmi=yes
			 wg_freeipmi_summary="yes (libfreeipmi)"],
			[wg_freeipmi_summary="no: libfreeipmi 1.6.0 or newer is missing (Debian: libfreeipmi-dev)"])])
	AS_IF([test "x$with_freeipmi" = xyes && test "x$wg_have_freeipmi" = xno],
		[AC_MSG_ERROR([--with-freeipmi: libfreeipmi 1.6.0 or newer is missing (Debian: libfreeipmi-dev): $FREEIPMI_PKG_ERRORS])])
	AM_CONDITIONAL([HAVE_FREEIPMI], [test "x$wg_have_freeipmi" = xyes])
])
