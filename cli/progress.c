/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/progress.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

#define FIRST_NS NS_PER_S
#define EACH_NS (NS_PER_S / 4)

static struct {
	bool active, shown;
	int64_t from_ns, to_ns, next_ns;
	size_t jobs;
} work;

void progress_begin(int64_t from_ns, int64_t to_ns)
{
	work.active = isatty(STDERR_FILENO) == 1;
	work.shown = false;
	work.from_ns = from_ns;
	work.to_ns = to_ns;
	work.jobs = 0;
	work.next_ns = clock_boot_ns() + FIRST_NS;
}

static void show(int64_t end_ns)
{
	const double part = ((double)end_ns - (double)work.from_ns) /
			    ((double)work.to_ns - (double)work.from_ns);
	time_t t = (time_t)(end_ns / NS_PER_S);
	char text[32];
	struct tm tm;

	fprintf(stderr, "\r\033[Kreading jobs: %zu", work.jobs);
	if (end_ns > 0 && part >= 0 && localtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) > 0)
		fprintf(stderr, ", up to %s (%.0f %%)", text,
			floor(fmin(part, 1) * 100));
	fflush(stderr);
	work.shown = true;
}

void progress_jobs(size_t more, int64_t end_ns)
{
	int64_t now_ns;

	work.jobs += more;
	if (!work.active)
		return;
	now_ns = clock_boot_ns();
	if (now_ns < work.next_ns)
		return;
	work.next_ns = now_ns + EACH_NS;
	show(end_ns);
}

void progress_clear(void)
{
	if (work.shown)
		fputs("\r\033[K", stderr);
	work.shown = false;
}

void progress_end(void)
{
	progress_clear();
	work.active = false;
}
