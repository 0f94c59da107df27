/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare loop that a site's wattgated is compared with: curl's multi
 * interface, a handle for each URL, keep-alive, the same GETs at the same pace,
 * spread over the period, nothing done with the answers.
 *
 *   curl_multi USER:PASSWORD CA SECONDS PERIOD_MS <URLS
 *
 * Prints CPU microseconds per sample, samples, failures.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define HANDLES_MAX 10000

struct handle {
	CURL *easy;
	int64_t due_ms;
	bool busy;
};

static struct handle handles[HANDLES_MAX];
static int count;
static long samples, failed;

static size_t swallow(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void handles_open(const char *user, const char *ca)
{
	char url[512];

	while (count < HANDLES_MAX && fgets(url, sizeof(url), stdin)) {
		CURL *easy = curl_easy_init();

		url[strcspn(url, "\n")] = '\0';
		curl_easy_setopt(easy, CURLOPT_URL, url);
		curl_easy_setopt(easy, CURLOPT_USERPWD, user);
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
		curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
		curl_easy_setopt(easy, CURLOPT_PRIVATE, &handles[count]);
		handles[count++].easy = easy;
	}
}

static int64_t start_due(CURLM *multi, int64_t now, int64_t period_ms)
{
	int64_t next = now + 1000;

	for (int i = 0; i < count; i++) {
		struct handle *h = &handles[i];

		if (!h->busy && h->due_ms <= now) {
			h->busy = true;
			h->due_ms += period_ms;
			curl_multi_add_handle(multi, h->easy);
		}
		if (!h->busy && h->due_ms < next)
			next = h->due_ms;
	}
	return next;
}

static void take_done(CURLM *multi)
{
	struct handle *h;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left))) {
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &h);
		samples++;
		failed += msg->data.result != CURLE_OK;
		curl_multi_remove_handle(multi, h->easy);
		h->busy = false;
	}
}

static void run(CURLM *multi, int64_t end_ms, int64_t period_ms)
{
	int64_t now, next;
	int running;

	while ((now = now_ms()) < end_ms) {
		next = start_due(multi, now, period_ms);
		curl_multi_perform(multi, &running);
		take_done(multi);
		if (next > now)
			curl_multi_poll(multi, NULL, 0, (int)(next - now), NULL);
	}
}

int main(int argc, char **argv)
{
	int64_t period_ms, begin;
	CURLM *multi;
	double start;

	if (argc != 5)
		return 2;
	period_ms = atoll(argv[4]);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)HANDLES_MAX);
	handles_open(argv[1], argv[2]);
	begin = now_ms();
	for (int i = 0; i < count; i++)
		handles[i].due_ms = begin + period_ms * i / count;
	run(multi, begin + 2 * period_ms, period_ms);	/* handshakes are no samples */
	samples = failed = 0;
	start = cpu_s();
	run(multi, now_ms() + 1000 * atoll(argv[3]), period_ms);
	printf("%.1f %ld %ld\n", (cpu_s() - start) * 1e6 / (double)samples,
	       samples, failed);
	return failed > 0;
}
