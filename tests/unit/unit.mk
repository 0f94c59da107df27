# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests. To add one, add its line to unit_tests: the program is made of
# tests/unit/NAME.c and links the core. One that needs more sets
# tests_unit_NAME_LDADD (and _SOURCES) below.

unit_tests =

if HAVE_CHECK
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif

AM_CPPFLAGS += $(CHECK_CFLAGS)
UNIT_LIBS = $(CORE_LIBS) $(CHECK_LIBS)
LDADD = $(UNIT_LIBS)
