/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare loop that wattgated's CPU time is compared with: one libcurl handle,
 * keep-alive, the same GET at the same pace, nothing done with the answer.
 *
 *   curl_loop URL USER:PASSWORD CA SAMPLES PERIOD_MS
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static size_t swallow(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec next;
	CURL *curl;
	long samples, period_ms, i, failed = 0;
	double start;

	if (argc != 6)
		return 2;
	samples = atol(argv[4]);
	period_ms = atol(argv[5]);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
	curl_easy_setopt(curl, CURLOPT_USERPWD, argv[2]);
	curl_easy_setopt(curl, CURLOPT_CAINFO, argv[3]);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
	curl_easy_perform(curl);	/* the handshake is not a sample */
	start = cpu_s();
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (i = 0; i < samples; i++) {
		next.tv_nsec += period_ms * 1000000;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		failed += curl_easy_perform(curl) != CURLE_OK;
	}
	printf("%.1f %ld\n", (cpu_s() - start) * 1e6 / (double)samples, failed);
	curl_easy_cleanup(curl);
	return failed > 0;
}
