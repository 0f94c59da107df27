/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "knots.h"

#define PI_L 3.141592653589793238462643383279502884L

enum shape { HOLD, LINEAR, SINE };

struct program {
	enum shape shape;
	char *spec;
	struct knots knots;	/* HOLD, LINEAR */
	double mean_w, amp_w, period_s, phase_rad;	/* SINE */
};

void program_destroy(program_t *program)
{
	if (!program)
		return;
	knots_clear(&program->knots);
	free(program->spec);
	free(program);
}

const char *program_spec(const program_t *program)
{
	return program->spec;
}

int program_varies(const program_t *program)
{
	return program->shape == SINE ? program->amp_w > 0 :
					program->knots.n > 1;
}

/* ---- parsing ---- */

static int const_parse(program_t *program, char *text, struct fail *fail)
{
	double w;

	program->shape = HOLD;
	if (knots_number(text, &w) < 0)
		return fail_set(fail, "const: \"%.40s\" is no number of watts",
				text);
	return knots_add(&program->knots, 0, w, "const", fail);
}

static int step_parse(program_t *program, char *text, struct fail *fail)
{
	program->shape = HOLD;
	return knots_parse_steps(&program->knots, text, fail);
}

static double *sine_field(program_t *program, const char *name)
{
	if (strcmp(name, "mean") == 0)
		return &program->mean_w;
	if (strcmp(name, "amp") == 0)
		return &program->amp_w;
	if (strcmp(name, "period") == 0)
		return &program->period_s;
	if (strcmp(name, "phase") == 0)
		return &program->phase_rad;
	return NULL;
}

static int sine_parse(program_t *program, char *text, struct fail *fail)
{
	char *piece, *value, *next = text;
	double *field;

	program->shape = SINE;
	program->mean_w = program->amp_w = program->period_s = -1;
	while ((piece = strsep(&next, ",")) != NULL) {
		value = strchr(piece, '=');
		if (value)
			*value++ = '\0';
		field = sine_field(program, piece);
		if (!value || !field || knots_number(value, field) < 0)
			return fail_set(fail, "sine: takes mean=W,amp=W,"
					"period=S[,phase=RAD], not \"%.40s\"",
					piece);
	}
	if (program->mean_w < 0 || program->mean_w > KNOT_WATTS_MAX ||
	    program->amp_w < 0 || program->amp_w > program->mean_w)
		return fail_set(fail, "sine: needs mean and amp, with "
				"0 <= amp <= mean <= %g", KNOT_WATTS_MAX);
	if (program->period_s < 1e-3 || program->period_s > KNOT_TIME_MAX ||
	    fabs(program->phase_rad) > 1e3)
		return fail_set(fail, "sine: needs period >= 0.001 and a "
				"phase within 1000 rad");
	return 0;
}

/* The spec must stand alone, whatever directory its reader is in. */
static int csv_parse(program_t *program, const char *kind, const char *path,
		     struct fail *fail)
{
	char *full = realpath(path, NULL);
	int rc = -1;

	if (!full)
		return fail_set(fail, "%s:%s: %s", kind, path, strerror(errno));
	free(program->spec);
	program->spec = NULL;
	if (strlen(full) + 16 > PROGRAM_SPEC_MAX || strpbrk(full, " \t\n"))
		fail_set(fail, "%s: the path is too long or has blanks", full);
	else if (asprintf(&program->spec, "%s:%s", kind, full) > 0)
		rc = knots_read_csv(&program->knots, full, fail);
	else
		fail_set(fail, "out of memory");
	free(full);
	return rc;
}

static int csv_hold_parse(program_t *program, char *text, struct fail *fail)
{
	program->shape = HOLD;
	return csv_parse(program, "csv-hold", text, fail);
}

static int csv_linear_parse(program_t *program, char *text, struct fail *fail)
{
	program->shape = LINEAR;
	return csv_parse(program, "csv-linear", text, fail);
}

static const struct kind {
	const char *prefix;
	int (*parse)(program_t *program, char *text, struct fail *fail);
} kinds[] = {
	{ "const:", const_parse },
	{ "step:", step_parse },
	{ "sine:", sine_parse },
	{ "csv-hold:", csv_hold_parse },
	{ "csv-linear:", csv_linear_parse },
};

static const struct kind *kind_find(const char *spec)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(spec, kinds[i].prefix,
			    strlen(kinds[i].prefix)) == 0)
			return &kinds[i];
	return NULL;
}

static program_t *program_build(const struct kind *kind, const char *spec,
				struct fail *fail)
{
	program_t *program = calloc(1, sizeof(*program));
	char *text = strdup(spec + strlen(kind->prefix));
	int rc = -1;

	if (program)
		program->spec = strdup(spec);
	if (!text || !program || !program->spec)
		fail_set(fail, "out of memory");
	else
		rc = kind->parse(program, text, fail);
	free(text);
	if (rc < 0) {
		program_destroy(program);
		return NULL;
	}
	return program;
}

program_t *program_parse(const char *spec, struct fail *fail)
{
	const struct kind *kind = kind_find(spec);

	if (!kind) {
		fail_set(fail, "\"%.60s\" is no power program: const:, step:, "
			 "sine:, csv-hold: or csv-linear:", spec);
		return NULL;
	}
	if (strlen(spec) >= PROGRAM_SPEC_MAX || strpbrk(spec, " \t\r\n")) {
		fail_set(fail, "a power program has no blanks and at most %d "
			 "characters", PROGRAM_SPEC_MAX - 1);
		return NULL;
	}
	return program_build(kind, spec, fail);
}

program_t *program_load(const char *arg, struct fail *fail)
{
	char line[PROGRAM_SPEC_MAX];
	FILE *file;

	if (kind_find(arg))
		return program_parse(arg, fail);
	file = fopen(arg, "re");
	if (!file) {
		fail_set(fail, "\"%.200s\" is neither a power program nor a "
			 "file with one: %s", arg, strerror(errno));
		return NULL;
	}
	do {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
	} while (line[0] == '#' || line[0] == '\n');
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	return program_parse(line, fail);
}

/* ---- watts ---- */

/* The angle at t, reduced first so that a far epoch costs no precision. */
static long double sine_angle(const program_t *program, long double t_s)
{
	return 2 * PI_L * (fmodl(t_s, program->period_s) / program->period_s) +
	       program->phase_rad;
}

static long double linear_watts(const struct knots *knots, long double t_s)
{
	size_t i = knots_find(knots, t_s);
	const struct knot *a = &knots->at[i], *b = a + 1;

	if (i + 1 == knots->n || t_s <= a->t_s)
		return a->w;
	return a->w + (b->w - (long double)a->w) * (t_s - a->t_s) /
		      (b->t_s - (long double)a->t_s);
}

long double program_watts(const program_t *program, long double t_s)
{
	const struct knots *knots = &program->knots;

	switch (program->shape) {
	case SINE:
		return program->mean_w +
		       program->amp_w * sinl(sine_angle(program, t_s));
	case LINEAR:
		return linear_watts(knots, t_s);
	default:
		return knots->at[knots_find(knots, t_s)].w;
	}
}

/* ---- integral ---- */

/* The difference of cosines as a product: exact for short intervals too. */
static long double sine_joules(const program_t *program, long double t0_s,
			       long double t1_s)
{
	long double half = (t1_s - t0_s) / 2;
	long double omega = 2 * PI_L / program->period_s;
	long double swing;

	swing = sinl(sine_angle(program, t0_s + half)) *
		sinl(omega * fmodl(half, program->period_s));
	return program->mean_w * (t1_s - t0_s) +
	       2 * program->amp_w / omega * swing;
}

/* Over one piece on which the watts are constant or a straight line. */
static long double piece_joules(const program_t *program, size_t i,
				long double t0_s, long double t1_s)
{
	const struct knots *knots = &program->knots;

	if (program->shape == HOLD)
		return knots->at[i].w * (t1_s - t0_s);
	return (linear_watts(knots, t0_s) + linear_watts(knots, t1_s)) / 2 *
	       (t1_s - t0_s);
}

long double program_joules(const program_t *program, long double t0_s,
			   long double t1_s)
{
	const struct knots *knots = &program->knots;
	long double joules = 0, from = t0_s, to;
	size_t i;

	if (program->shape == SINE)
		return sine_joules(program, t0_s, t1_s);
	/* What lies before the first knot is a piece of its own. */
	if (from < knots->at[0].t_s) {
		to = fminl(t1_s, knots->at[0].t_s);
		joules += knots->at[0].w * (to - from);
		from = to;
	}
	for (i = knots_find(knots, from); from < t1_s; i++) {
		to = i + 1 < knots->n ? fminl(t1_s, knots->at[i + 1].t_s) :
					t1_s;
		joules += piece_joules(program, i, from, to);
		from = to;
	}
	return joules;
}

/* ---- maximum ---- */

static long double sine_max(const program_t *program, long double t0_s,
			    long double t1_s)
{
	long double turns, wait;

	/* How long after t0 the next crest comes. */
	turns = (PI_L / 2 - sine_angle(program, t0_s)) / (2 * PI_L);
	wait = (turns - floorl(turns)) * program->period_s;
	if (t0_s + wait <= t1_s)
		return (long double)program->mean_w + program->amp_w;
	return fmaxl(program_watts(program, t0_s),
		     program_watts(program, t1_s));
}

long double program_max(const program_t *program, long double t0_s,
			long double t1_s)
{
	const struct knots *knots = &program->knots;
	long double max;

	if (program->shape == SINE)
		return sine_max(program, t0_s, t1_s);
	max = fmaxl(program_watts(program, t0_s), program_watts(program, t1_s));
	for (size_t i = knots_find(knots, t0_s);
	     i < knots->n && knots->at[i].t_s <= t1_s; i++)
		if (knots->at[i].t_s >= t0_s)
			max = fmaxl(max, knots->at[i].w);
	return max;
}
