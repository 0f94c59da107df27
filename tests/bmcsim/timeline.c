/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moment.h"

#define SEGMENTS_MAX 100000
#define LINE_MAX_SIZE (PROGRAM_SPEC_MAX + 2 * MOMENT_TEXT_SIZE + 4)

struct segment {
	int64_t from_ns;	/* wall time; until the next one's */
	int64_t epoch_ns;
	program_t *program;
};

struct timeline {
	struct segment *at;
	size_t n;
};

void timeline_destroy(timeline_t *timeline)
{
	if (!timeline)
		return;
	for (size_t i = 0; i < timeline->n; i++)
		program_destroy(timeline->at[i].program);
	free(timeline->at);
	free(timeline);
}

static int segment_add(timeline_t *timeline, struct segment segment,
		       struct fail *fail)
{
	struct segment *at;

	if (timeline->n &&
	    segment.from_ns < timeline->at[timeline->n - 1].from_ns)
		return fail_set(fail, "goes back in time");
	if (timeline->n == SEGMENTS_MAX)
		return fail_set(fail, "more than %d programs", SEGMENTS_MAX);
	at = reallocarray(timeline->at, timeline->n + 1, sizeof(*at));
	if (!at)
		return fail_set(fail, "out of memory");
	timeline->at = at;
	at[timeline->n++] = segment;
	return 0;
}

timeline_t *timeline_always(program_t *program, int64_t epoch_ns)
{
	timeline_t *timeline = calloc(1, sizeof(*timeline));
	struct fail fail;

	if (!timeline ||
	    segment_add(timeline, (struct segment){ INT64_MIN, epoch_ns,
						    program }, &fail) < 0) {
		program_destroy(program);
		free(timeline);
		return NULL;
	}
	return timeline;
}

static int line_parse(timeline_t *timeline, char *line, struct fail *fail)
{
	char *wall, *spec, *epoch, *rest = line;
	struct segment segment;

	line[strcspn(line, "\n")] = '\0';
	wall = strsep(&rest, " ");
	spec = strsep(&rest, " ");
	epoch = strsep(&rest, " ");
	if (!epoch || rest || moment_parse(wall, &segment.from_ns) < 0 ||
	    moment_parse(epoch, &segment.epoch_ns) < 0)
		return fail_set(fail, "not a line of \"WALL SPEC EPOCH\"");
	segment.program = program_parse(spec, fail);
	if (!segment.program)
		return -1;
	if (segment_add(timeline, segment, fail) < 0) {
		program_destroy(segment.program);
		return -1;
	}
	return 0;
}

static int lines_read(timeline_t *timeline, FILE *file, const char *path,
		      struct fail *fail)
{
	char line[LINE_MAX_SIZE];
	unsigned int number = 0;
	struct fail why;

	while (fgets(line, sizeof(line), file)) {
		number++;
		if (!strchr(line, '\n'))
			fail_set(&why, "the line is cut or too long");
		else if (line_parse(timeline, line, &why) == 0)
			continue;
		return fail_set(fail, "%s:%u: %.300s", path, number, why.text);
	}
	if (timeline->n == 0)
		return fail_set(fail, "%s: empty or unreadable", path);
	return 0;
}

timeline_t *timeline_read(const char *path, struct fail *fail)
{
	timeline_t *timeline = calloc(1, sizeof(*timeline));
	FILE *file = fopen(path, "re");
	int rc = -1;

	if (!file)
		fail_set(fail, "%s: %s", path, strerror(errno));
	else if (!timeline)
		fail_set(fail, "out of memory");
	else
		rc = lines_read(timeline, file, path, fail);
	if (file)
		fclose(file);
	if (rc < 0) {
		timeline_destroy(timeline);
		return NULL;
	}
	return timeline;
}

/* Seconds since the segment's epoch; a long double keeps nanoseconds. */
static long double segment_time(const struct segment *segment, int64_t t_ns)
{
	return ((long double)t_ns - segment->epoch_ns) / MOMENT_NS_PER_S;
}

/*
 * The part of t0..t1 that lies in segment i, in seconds since its epoch.
 * Returns 0 where there is none.
 */
static int segment_clip(const timeline_t *timeline, size_t i, int64_t t0_ns,
			int64_t t1_ns, long double *a_s, long double *b_s)
{
	const struct segment *segment = &timeline->at[i];

	if (t0_ns < segment->from_ns)
		t0_ns = segment->from_ns;
	if (i + 1 < timeline->n && t1_ns > segment[1].from_ns)
		t1_ns = segment[1].from_ns;
	if (t0_ns > t1_ns)
		return 0;
	*a_s = segment_time(segment, t0_ns);
	*b_s = segment_time(segment, t1_ns);
	return 1;
}

static int window_check(const timeline_t *timeline, int64_t t0_ns,
			int64_t t1_ns, struct fail *fail)
{
	if (t0_ns > t1_ns)
		return fail_set(fail, "the window ends before it begins");
	if (t0_ns < timeline->at[0].from_ns)
		return fail_set(fail, "the window begins before the first "
				"program: nothing is known of then");
	return 0;
}

int timeline_joules(const timeline_t *timeline, int64_t t0_ns, int64_t t1_ns,
		    long double *joules, struct fail *fail)
{
	long double a_s, b_s;

	if (window_check(timeline, t0_ns, t1_ns, fail) < 0)
		return -1;
	*joules = 0;
	for (size_t i = 0; i < timeline->n; i++)
		if (segment_clip(timeline, i, t0_ns, t1_ns, &a_s, &b_s))
			*joules += program_joules(timeline->at[i].program, a_s,
						  b_s);
	return 0;
}

int timeline_max(const timeline_t *timeline, int64_t t0_ns, int64_t t1_ns,
		 long double *watts, struct fail *fail)
{
	long double a_s, b_s;

	if (window_check(timeline, t0_ns, t1_ns, fail) < 0)
		return -1;
	*watts = 0;
	for (size_t i = 0; i < timeline->n; i++)
		if (segment_clip(timeline, i, t0_ns, t1_ns, &a_s, &b_s))
			*watts = fmaxl(*watts,
				       program_max(timeline->at[i].program,
						   a_s, b_s));
	return 0;
}

int timeline_watts(const timeline_t *timeline, int64_t t_ns,
		   long double *watts, struct fail *fail)
{
	size_t i = timeline->n - 1;

	if (window_check(timeline, t_ns, t_ns, fail) < 0)
		return -1;
	while (timeline->at[i].from_ns > t_ns)
		i--;
	*watts = program_watts(timeline->at[i].program,
			       segment_time(&timeline->at[i], t_ns));
	return 0;
}

int truth_append(const char *path, int64_t wall_ns, const program_t *program,
		 int64_t epoch_ns, struct fail *fail)
{
	char wall[MOMENT_TEXT_SIZE], epoch[MOMENT_TEXT_SIZE];
	char line[LINE_MAX_SIZE];
	int fd, n, ok;

	n = snprintf(line, sizeof(line), "%s %s %s\n",
		     moment_format(wall_ns, wall), program_spec(program),
		     moment_format(epoch_ns, epoch));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail_set(fail, "%s: %s", path, strerror(errno));
	ok = write(fd, line, (size_t)n) == n;
	if (close(fd) < 0 || !ok)
		return fail_set(fail, "%s: cannot be written", path);
	return 0;
}
