/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/probe_watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/text.h"
#include "lib/clock.h"
#include "source/backoff.h"

/* Two numbers that only differ by how they were written. */
#define SAME_W 1e-9

/* ---- numbers ---- */

static void latency_add(struct watch_stats *s, int64_t latency_ns)
{
	double delta = (double)latency_ns - s->mean_latency_ns;

	s->mean_latency_ns += delta / s->good;
	s->square_latency += delta * ((double)latency_ns - s->mean_latency_ns);
	if (s->good == 1 || latency_ns < s->min_latency_ns)
		s->min_latency_ns = latency_ns;
	if (latency_ns > s->max_latency_ns)
		s->max_latency_ns = latency_ns;
}

static void change_add(struct watch_stats *s, const struct watch_sample *sample)
{
	double step = fabs(sample->watts - s->last.watts);
	int64_t since = sample->boot_ns - s->last_change_ns;

	if (step < SAME_W)
		return;
	if (s->step_w == 0 || step < s->step_w)
		s->step_w = step;
	if (s->changes++ == 0)
		s->first_change_ns = sample->boot_ns;
	else if (s->shortest_ns == 0 || since < s->shortest_ns)
		s->shortest_ns = since;
	s->last_change_ns = sample->boot_ns;
}

static void follow_add(struct watch_stats *s, const struct watch_sample *sample)
{
	if (!s->apart) {
		s->period_ns = sample->boot_ns - s->last.boot_ns;
		s->periods_ns += s->period_ns;
		s->periods++;
	}
	change_add(s, sample);
}

void watch_stats_add(struct watch_stats *s, const struct watch_sample *sample)
{
	s->asked++;
	if (!sample) {
		s->apart = true;
		return;
	}
	if (s->good++ > 0) {
		follow_add(s, sample);
	} else {
		s->first = *sample;
		s->min_w = s->max_w = sample->watts;
	}
	latency_add(s, sample->latency_ns);
	s->min_w = fmin(s->min_w, sample->watts);
	s->max_w = fmax(s->max_w, sample->watts);
	s->sum_w += sample->watts;
	s->last = *sample;
	s->apart = false;
}

double watch_period_s(const struct watch_stats *s)
{
	return s->periods ? ns_to_s(s->periods_ns) / s->periods : NAN;
}

double watch_jitter_s(const struct watch_stats *s)
{
	return s->good > 1 ? sqrt(s->square_latency / (s->good - 1)) / 1e9 :
			     NAN;
}

/* Between the first change and the last, since each end of the time is cut. */
double watch_refresh_s(const struct watch_stats *s)
{
	return s->changes > 1 ?
	       ns_to_s(s->last_change_ns - s->first_change_ns) /
	       (s->changes - 1) : NAN;
}

/* ---- the summary ---- */

static void print_sensor(FILE *f, const struct watch_stats *s,
			 const char *prefix)
{
	double refresh = watch_refresh_s(s);

	if (s->changes == 0) {
		fprintf(f, "%ssensor    the value did not change in %.4g s\n",
			prefix, ns_to_s(s->last.boot_ns - s->first.boot_ns));
		return;
	}
	fprintf(f, "%ssensor    smallest step %.4g W; ", prefix, s->step_w);
	if (isnan(refresh))
		fputs("changed once\n", f);
	else if (refresh < 1.5 * watch_period_s(s))
		fprintf(f, "changes as often as it is read, each %.3g s or faster\n",
			refresh);
	else
		fprintf(f, "changes each %.3g s (%.3g s at least)\n", refresh,
			ns_to_s(s->shortest_ns));
}

void watch_print_summary(FILE *f, const struct watch_stats *s,
			 int64_t period_ns, const char *prefix)
{
	fprintf(f, "%ssamples   %u, %u of them with power\n", prefix, s->asked,
		s->good);
	if (s->good == 0)
		return;
	fprintf(f, "%spower     %.6g W mean, %.6g to %.6g W\n", prefix,
		s->sum_w / s->good, s->min_w, s->max_w);
	fprintf(f, "%slatency   %.3g ms mean, %.3g to %.3g ms", prefix,
		s->mean_latency_ns / 1e6, (double)s->min_latency_ns / 1e6,
		(double)s->max_latency_ns / 1e6);
	if (s->good > 1)
		fprintf(f, ", jitter %.3g ms", watch_jitter_s(s) * 1e3);
	putc('\n', f);
	if (s->periods)
		fprintf(f, "%speriod    %.4g s mean, %.4g s wanted\n", prefix,
			watch_period_s(s), ns_to_s(period_ns));
	if (s->good > 1)
		print_sensor(f, s, prefix);
}

/* ---- lines ---- */

static int terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
		return size.ws_col - 1;
	return 79;
}

static void sample_text(char *buf, size_t size, const struct probe_result *r,
			const struct watch_stats *s)
{
	size_t n;

	if (r->end != PROBE_POWER) {
		snprintf(buf, size, "-  %s", r->reason.text);
		return;
	}
	snprintf(buf, size, "%.6g W", r->reading.watts);
	n = strlen(buf);
	if (s->periods && s->good > 1)
		snprintf(buf + n, size - n, "  period %.3f s",
			 ns_to_s(s->period_ns));
	n = strlen(buf);
	snprintf(buf + n, size - n, "  latency %.3g ms",
		 (double)r->latency_ns / 1e6);
}

/* What only a line that is written over has the room to say each time. */
static void live_text(char *buf, size_t size, const struct watch_stats *s)
{
	double refresh = watch_refresh_s(s);
	size_t n = strlen(buf);

	if (s->good > 1)
		snprintf(buf + n, size - n, "  jitter %.3g ms",
			 watch_jitter_s(s) * 1e3);
	n = strlen(buf);
	if (s->changes)
		snprintf(buf + n, size - n, "  step %.4g W", s->step_w);
	n = strlen(buf);
	if (!isnan(refresh))
		snprintf(buf + n, size - n, "  changes each %.3g s", refresh);
}

static void print_sample(const struct watch_params *w,
			 const struct probe_result *r,
			 const struct watch_stats *s)
{
	char line[1024], when[32];
	int columns;
	char *text;

	sample_text(line, sizeof(line), r, s);
	if (w->live && r->end == PROBE_POWER)
		live_text(line, sizeof(line), s);
	text = text_terminal(line, w->live ? terminal_columns() : 1000,
			     w->utf8, &columns);
	if (w->live)
		printf("\r%s\033[K", text);
	else
		printf("%s  %s\n", clock_iso8601(clock_wall_ns(), when,
						 sizeof(when)), text);
	fflush(stdout);
	free(text);
}

/* ---- watching ---- */

static void take(const struct watch_params *w, const struct probe_result *r,
		 struct watch_stats *stats)
{
	struct watch_sample sample = {
		r->reading.boot_ns, r->latency_ns, r->reading.watts,
	};

	watch_stats_add(stats, r->end == PROBE_POWER ? &sample : NULL);
	print_sample(w, r, stats);
}

/*
 * The next one on the grid; later after a failure, as wattgated does it, and
 * after a sample that took longer than a period.
 */
static int64_t next_ns(const struct watch_params *w,
		       const struct probe_result *r, backoff_t *backoff,
		       int64_t began_ns)
{
	int64_t now_ns = clock_boot_ns(), delay_ns = w->period_ns;

	if (r->end == PROBE_POWER || r->reading.backoff == BACKOFF_NONE)
		backoff_reset(backoff);
	else
		delay_ns = backoff_delay_ns(backoff, r->reading.backoff,
					    r->reading.retry_after_ns);
	if (began_ns + delay_ns > now_ns)
		return began_ns + delay_ns;
	return began_ns + ((now_ns - began_ns) / w->period_ns + 1) *
	       w->period_ns;
}

enum probe_end probe_watch(probe_t *p, const struct probe_result *r,
			   const struct watch_params *w,
			   struct watch_stats *stats)
{
	int64_t began_ns = clock_boot_ns();
	enum probe_end end = r->end;
	backoff_t backoff;

	backoff_init(&backoff, w->period_ns, (uint64_t)clock_wall_ns());
	/* its search took its time: the grid begins with the request */
	if (r->end == PROBE_POWER)
		began_ns = r->reading.boot_ns - r->latency_ns / 2;
	take(w, r, stats);
	while ((w->count == 0 || stats->asked < w->count) && !ferror(stdout)) {
		began_ns = next_ns(w, r, &backoff, began_ns);
		if (probe_wait(p, began_ns) < 0) {
			end = PROBE_INTERRUPTED;
			break;
		}
		r = probe_sample(p);
		end = r->end;
		if (end == PROBE_INTERRUPTED)
			break;
		take(w, r, stats);
	}
	if (w->live)
		putchar('\n');
	return end;
}
