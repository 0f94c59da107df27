# SPDX-License-Identifier: GPL-2.0-or-later
#
# The simulated BMC, which can also be a Kwollect server or a Prometheus
# exporter. It takes nothing from lib/, so that what it says the power
# was is independent of the code under test.

bmcsim_program = \
	tests/bmcsim/fail.c tests/bmcsim/fail.h \
	tests/bmcsim/knots.c tests/bmcsim/knots.h \
	tests/bmcsim/moment.c tests/bmcsim/moment.h \
	tests/bmcsim/program.c tests/bmcsim/program.h \
	tests/bmcsim/timeline.c tests/bmcsim/timeline.h

tests_bmcsim_bmcsim_CPPFLAGS = $(AM_CPPFLAGS) $(MICROHTTPD_CFLAGS) \
	$(JSONC_CFLAGS)
tests_bmcsim_bmcsim_LDADD = $(MICROHTTPD_LIBS) $(JSONC_LIBS) -lm
tests_bmcsim_bmcsim_SOURCES = $(bmcsim_program) \
	tests/bmcsim/answer.c tests/bmcsim/answer.h \
	tests/bmcsim/ask.c tests/bmcsim/ask.h \
	tests/bmcsim/auth.c tests/bmcsim/auth.h \
	tests/bmcsim/bmc.c tests/bmcsim/bmc.h \
	tests/bmcsim/conn.c \
	tests/bmcsim/control.c tests/bmcsim/control.h \
	tests/bmcsim/fault.c tests/bmcsim/fault.h \
	tests/bmcsim/files.c tests/bmcsim/files.h \
	tests/bmcsim/json_login.c tests/bmcsim/json_login.h \
	tests/bmcsim/listener.c tests/bmcsim/listener.h \
	tests/bmcsim/main.c \
	tests/bmcsim/options.c tests/bmcsim/options.h \
	tests/bmcsim/records.c tests/bmcsim/records.h \
	tests/bmcsim/redfish.c tests/bmcsim/redfish.h \
	tests/bmcsim/reqlog.c tests/bmcsim/reqlog.h \
	tests/bmcsim/server.c tests/bmcsim/server.h \
	tests/bmcsim/session.c tests/bmcsim/session.h \
	tests/bmcsim/spoil.c tests/bmcsim/spoil.h \
	tests/bmcsim/stream.c tests/bmcsim/stream.h \
	tests/bmcsim/tree.c tests/bmcsim/tree.h \
	tests/bmcsim/upload.c tests/bmcsim/upload.h

tests_bmcsim_test_program_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_bmcsim_test_program_LDADD = $(CHECK_LIBS) -lm
tests_bmcsim_test_program_SOURCES = $(bmcsim_program) \
	tests/bmcsim/test_program.c

dist_check_SCRIPTS += tests/bmcsim/mkcert tests/bmcsim/smoke.sh

# Not a check program: the labs and the demo run it too.
if HAVE_MICROHTTPD
noinst_PROGRAMS += tests/bmcsim/bmcsim
TESTS += tests/bmcsim/smoke.sh
endif

if HAVE_CHECK
check_PROGRAMS += tests/bmcsim/test_program
TESTS += tests/bmcsim/test_program
endif
