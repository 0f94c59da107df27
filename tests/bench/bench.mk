# SPDX-License-Identifier: GPL-2.0-or-later
#
# Benchmarks: built by `make bench-programs`, run by tests/run bench.

bench_programs = tests/bench/slurmstepd-poll tests/bench/curl_loop \
	tests/bench/curl_multi tests/bench/usage tests/bench/store_fill
if HAVE_SITE_SERVER
bench_programs += tests/bench/bare_https
endif
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)

# its name tells the plugin that this is slurmstepd
tests_bench_slurmstepd_poll_SOURCES = tests/bench/poll.c
tests_bench_slurmstepd_poll_CPPFLAGS = $(AM_CPPFLAGS) $(SLURM_CPPFLAGS)
tests_bench_slurmstepd_poll_LDADD = $(CORE_LIBS) -ldl
tests_bench_slurmstepd_poll_LDFLAGS = -rdynamic

tests_bench_curl_loop_SOURCES = tests/bench/curl_loop.c
tests_bench_curl_loop_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS)
tests_bench_curl_loop_LDADD = $(CURL_LIBS)

tests_bench_curl_multi_SOURCES = tests/bench/curl_multi.c
tests_bench_curl_multi_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS)
tests_bench_curl_multi_LDADD = $(CURL_LIBS)

tests_bench_bare_https_CPPFLAGS = $(AM_CPPFLAGS) $(SITE_SERVER_CFLAGS)
tests_bench_bare_https_LDADD = $(SITE_SERVER_LIBS)

tests_bench_usage_LDADD =

tests_bench_store_fill_LDADD = $(STORE_LIBS) $(CORE_LIBS)

bench-programs: $(bench_programs)
.PHONY: bench-programs
