# SPDX-License-Identifier: GPL-2.0-or-later
#
# wattgate-ipmi, the only user of FreeIPMI: wattgated starts one for each BMC
# that it reads by IPMI. What needs no FreeIPMI is an archive, always built,
# which unit tests and fuzzers link.

noinst_LIBRARIES += ipmi/libipmi.a
ipmi_libipmi_a_SOURCES = \
	ipmi/dcmi.c \
	ipmi/power.c \
	ipmi/sdr.c \
	ipmi/search.c \
	ipmi/bmc.h \
	ipmi/dcmi.h \
	ipmi/power.h \
	ipmi/sdr.h \
	ipmi/search.h

IPMI_LIBS = ipmi/libipmi.a $(CORE_LIBS)

ipmi_program = ipmi/main.c ipmi/bmc_freeipmi.c
EXTRA_DIST += $(ipmi_program)
if HAVE_FREEIPMI
libexec_PROGRAMS += ipmi/wattgate-ipmi
ipmi_wattgate_ipmi_SOURCES = $(ipmi_program)
ipmi_wattgate_ipmi_CPPFLAGS = $(AM_CPPFLAGS) $(FREEIPMI_CFLAGS)
ipmi_wattgate_ipmi_LDADD = $(IPMI_LIBS) $(FREEIPMI_LIBS)
endif
