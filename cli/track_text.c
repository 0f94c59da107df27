/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a project's runs drew, in words that a paper can have. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/groups.h"
#include "cli/latex.h"
#include "cli/mem.h"
#include "cli/text.h"
#include "cli/track_out.h"
#include "lib/clock.h"

#define NAME_WIDTH 60
#define SOURCE_WIDTH 300

/* Without control characters. */
static void say_text(FILE *f, const char *raw, int width_max)
{
	int width;
	char *text = text_terminal(raw, width_max, true, &width);

	fputs(text, f);
	free(text);
}

/* A name within a sentence: short, and quoted. */
static void say_name(FILE *f, const char *name)
{
	putc('"', f);
	say_text(f, name, NAME_WIDTH);
	putc('"', f);
}

static void say_figure(FILE *f, double v, enum column_unit unit)
{
	char text[ROWS_NUMBER_SIZE];

	rows_figure(v, unit, text, sizeof(text));
	fputs(text, f);
}

static const char *runs_of(int64_t n)
{
	return n == 1 ? "run" : "runs";
}

static void say_runs(FILE *f, const struct track_out *out)
{
	const struct track_sum *s = out->sum;
	char from[64], to[64];

	fprintf(f, "From %s to %s, %lld %s of ",
		clock_iso8601(out->report->from_ns, from, sizeof(from)),
		clock_iso8601(out->report->to_ns, to, sizeof(to)),
		(long long)s->runs, runs_of(s->runs));
	say_name(f, out->title);
	fprintf(f, " under %s, %lld of them failed,", out->scheduler,
		(long long)s->failed);
	if (isnan(s->energy_kwh)) {
		fputs(" drew an energy that is not known.", f);
		return;
	}
	fputs(" drew ", f);
	say_figure(f, s->energy_kwh, UNIT_KWH);
	if (s->failed > 0 && isfinite(s->failed_kwh)) {
		fputs(", ", f);
		say_figure(f, s->failed_kwh, UNIT_KWH);
		fputs(" of it in failed runs", f);
	}
	fputs(".", f);
}

static void say_unit(FILE *f, enum track_unit unit)
{
	static const char *const words[] = {
		[TRACK_JOB] = "A run is a job with all the times that it ran.",
		[TRACK_INSTANCE] = "A run is one time that a job ran.",
		[TRACK_ARRAY] = "A run is a job, or all tasks of an array, with all the times that they ran.",
	};

	fprintf(f, " %s", words[unit]);
}

static void say_method(FILE *f, const struct track_out *out)
{
	const struct track_sum *s = out->sum;

	if (isnan(s->energy_kwh))
		return;
	fputs(" Energy is gated BMC: the power of whole nodes as their own meters measured it, times the part of the node that a run held, while it held it; nothing is added for time that was not measured, nor for cooling.", f);
	if (*s->sources) {
		fputs(" It was read from ", f);
		say_text(f, s->sources, SOURCE_WIDTH);
		fputs(".", f);
	}
}

static void say_coverage(FILE *f, const struct track_sum *s)
{
	if (isfinite(s->coverage)) {
		fputs(" Coverage: ", f);
		say_figure(f, s->coverage, UNIT_RATIO);
		fputs(" of the runs' time on nodes was measured.", f);
	}
	if (s->uncovered > 0)
		fprintf(f, " The coverage of %lld %s is not known.",
			(long long)s->uncovered, runs_of(s->uncovered));
	if (s->unknown > 0)
		fprintf(f, " Of %lld %s the energy is not known, or not of all, and is not counted.",
			(long long)s->unknown, runs_of(s->unknown));
	if (s->running > 0)
		fprintf(f, " Of the runs %lld had not ended.",
			(long long)s->running);
}

static void say_best(FILE *f, const struct track_sum *s)
{
	char factor[64];

	if (!s->has_best)
		return;
	fprintf(f, " The best training run was job %lld",
		(long long)s->best_id);
	if (s->best_name) {
		fputs(", ", f);
		say_name(f, s->best_name);
	}
	if (isnan(s->best_kwh)) {
		fputs("; its energy is not known.", f);
		return;
	}
	fputs("; it drew ", f);
	say_figure(f, s->best_kwh, UNIT_KWH);
	if (isfinite(s->best_coverage)) {
		fputs(" (coverage ", f);
		say_figure(f, s->best_coverage, UNIT_RATIO);
		fputs(")", f);
	} else {
		fputs(" (coverage not known)", f);
	}
	fputs(".", f);
	track_factor_text(s, factor, sizeof(factor));
	if (*factor)
		fprintf(f, " The development factor, energy of all runs by energy of the best run, is %s.",
			factor);
}

static void say_co2e(FILE *f, const struct track_out *out)
{
	const struct rates *rates = &out->report->rates;
	const struct cell *co2e = &out->all[GROUP_CO2E];

	if (!co2e->known || !rates->pue || !rates->intensity)
		return;
	fputs(" That is ", f);
	say_figure(f, co2e->number, UNIT_GRAMS);
	fputs(" CO2e, with a PUE of ", f);
	say_text(f, rate_origin(rates->pue), SOURCE_WIDTH);
	fputs(" and a carbon intensity (g/kWh) of ", f);
	say_text(f, rate_origin(rates->intensity), SOURCE_WIDTH);
	fputs(".", f);
}

static char *words_of(const struct track_out *out)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		mem_failed();
	say_runs(f, out);
	say_unit(f, out->unit);
	say_method(f, out);
	say_coverage(f, out->sum);
	say_best(f, out->sum);
	if (out->all)
		say_co2e(f, out);
	if (fclose(f) != 0)
		mem_failed();
	return text;
}

void track_print_text(FILE *f, const struct track_out *out)
{
	char *words = words_of(out);

	fprintf(f, "%s Figures by wattgate %s.\n", words, PACKAGE_VERSION);
	free(words);
}

/* ---- BibTeX ---------------------------------------------------------------- */

/* Letters and digits of the title; a key takes nothing else for sure. */
static void print_key(FILE *f, const char *title, const struct tm *made)
{
	int n = 0;

	fputs("wattgate", f);
	for (const char *c = title; *c && n < 40; c++) {
		if (!isascii((unsigned char)*c) || !isalnum((unsigned char)*c))
			continue;
		putc(*c, f);
		n++;
	}
	fprintf(f, "%04d%02d%02d", made->tm_year + 1900, made->tm_mon + 1,
		made->tm_mday);
}

static void print_field(FILE *f, const char *name, const char *text)
{
	fprintf(f, "  %s = {", name);
	latex_print(f, text);
	fputs("},\n", f);
}

void track_print_bibtex(FILE *f, const struct track_out *out)
{
	static const char *const months[] = {
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
		"oct", "nov", "dec",
	};
	const time_t now = (time_t)(out->report->now_ns / NS_PER_S);
	char *words = words_of(out), *title;
	struct tm tm = { 0 };
	int width;

	gmtime_r(&now, &tm);
	title = text_terminal(out->title, NAME_WIDTH, true, &width);
	fputs("@misc{", f);
	print_key(f, out->title, &tm);
	fputs(",\n  title = {{Energy of developing ", f);
	latex_print(f, title);
	fputs("}},\n", f);
	print_field(f, "key", "wattgate");	/* it is sorted by */
	print_field(f, "howpublished", "Measured with wattgate " PACKAGE_VERSION);
	fprintf(f, "  year = {%d},\n  month = %s,\n", tm.tm_year + 1900,
		months[tm.tm_mon]);
	print_field(f, "note", words);
	fputs("}\n", f);
	free(title);
	free(words);
}
