/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/sacct_parse.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { F_ID, F_ARRAY, F_STATE, F_START, F_END, F_SUSPENDED, F_ELAPSED, F_CPUS, F_TRES,
       F_ENERGY, F_NODES, F_USER, F_ACCOUNT, F_WCKEY,
       F_SUBMIT, F_CLUSTER, F_NAME, F_COMMENT, F_END_OF_ROW, F_COUNT };
#define F_PLAIN F_SUBMIT	/* so many without what names an instance */
#define F_IDENTITY F_NAME	/* and so many without texts */

_Static_assert(F_COUNT == SACCT_TEXTS_SEPARATORS + 1, "fields");

/* Above all that Slurm counts, which fits 64 bits. */
#define AMOUNT_MAX 1e20
#define SECONDS_MAX INT64_C(9000000000)	/* in the year 2255 */

/* ---- small texts ----------------------------------------------------------- */

/* Digits only; -1 where it is anything else or too large. */
static int64_t parse_count(const char *text)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	v = strtoll(text, &end, 10);
	return errno || *end ? -1 : v;
}

static double parse_amount(const char *text, const char **end)
{
	char *stop;
	double v;

	*end = text;
	if (!isdigit((unsigned char)*text))
		return NAN;
	v = strtod(text, &stop);
	*end = stop;
	return v <= AMOUNT_MAX ? v : NAN;
}

int64_t sacct_parse_duration(const char *text)
{
	int64_t parts[3] = { 0 }, days = 0;
	const char *at = text;
	int n = 0;

	for (;;) {
		char *end;

		if (n == 3 || !isdigit((unsigned char)*at))
			return -1;
		parts[n] = strtoll(at, &end, 10);
		if (parts[n] > 100000000)
			return -1;
		at = end;
		if (*at == '-' && n == 0 && days == 0 && at > text) {
			days = parts[0];
			at++;
			continue;
		}
		n++;
		if (*at != ':')
			break;
		at++;
	}
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	if (*at || n < 2)
		return -1;
	if (n == 2)
		return days * 86400 + parts[0] * 60 + parts[1];
	return days * 86400 + parts[0] * 3600 + parts[1] * 60 + parts[2];
}

/* K, M, G, T, P behind an amount: in mebibytes for memory. */
static double mem_factor(char unit)
{
	static const char units[] = "KMGTP";
	const char *u = unit ? strchr(units, unit) : units + 1;

	return u ? pow(1024, (double)(u - units) - 1) : NAN;
}

static double tres_amount(const char *text, size_t len, bool memory)
{
	const char *end;
	double v = parse_amount(text, &end);
	char unit = end < text + len ? *end : '\0';

	if (isnan(v) || (unit && end + 1 != text + len) || end > text + len)
		return NAN;
	if (memory)
		return v * mem_factor(unit);
	return unit ? NAN : v;
}

double sacct_parse_tres(const char *tres, const char *name)
{
	const size_t name_len = strlen(name);
	const bool memory = strcmp(name, "mem") == 0;
	double typed = NAN;

	while (*tres) {
		const size_t len = strcspn(tres, ",");
		const size_t key_len = strcspn(tres, "=,");

		if (key_len < len && key_len >= name_len &&
		    strncmp(tres, name, name_len) == 0) {
			const char *value = tres + key_len + 1;
			double v = tres_amount(value, len - key_len - 1, memory);

			if (key_len == name_len)
				return v;
			if (tres[name_len] == ':')
				typed = (isnan(typed) ? 0 : typed) + v;
		}
		tres += len + (tres[len] == ',');
	}
	return typed;
}

/* ---- the row --------------------------------------------------------------- */

int sacct_separators(const char *line, const char *separator)
{
	int n = 0;

	while ((line = strstr(line, separator))) {
		line += strlen(separator);
		n++;
	}
	return n;
}

/* Into exactly `count` pieces: one more or fewer is no row of ours. */
static int split_line(char *line, const char *separator, int count,
		      char *fields[F_COUNT])
{
	const size_t sep_len = strlen(separator);

	for (int i = 0; i < count; i++) {
		char *end = strstr(line, separator);

		fields[i] = line;
		if (i + 1 == count)
			return end ? -1 : 0;
		if (!end)
			return -1;
		*end = '\0';
		line = end + sep_len;
	}
	return -1;
}

/* "12" or "12.extern" */
static int parse_id(char *text, struct sacct_row *row)
{
	char *dot = strchr(text, '.');
	int64_t id;

	row->step = "";
	if (dot) {
		*dot = '\0';
		row->step = dot + 1;
		if (!*row->step)
			return -1;
	}
	id = parse_count(text);
	if (id <= 0 || id > UINT32_MAX)
		return -1;
	row->job_id = (uint32_t)id;
	return 0;
}

/* "12_3" or "12_[3-5]" is of array 12; "12" and "12+0" are of none. */
static uint32_t parse_array(const char *text)
{
	char *end;
	unsigned long long id;

	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	id = strtoull(text, &end, 10);
	return errno || *end != '_' || id > UINT32_MAX ? 0 : (uint32_t)id;
}

/* Seconds, also since 1970; "Unknown", "None" and nonsense are 0. */
static int64_t parse_time(const char *text)
{
	int64_t s = parse_count(text);

	return s < 0 || s > SECONDS_MAX ? 0 : s;
}

static int64_t or_zero(int64_t v)
{
	return v < 0 ? 0 : v;
}

/* Blank is unknown; so is what Slurm has in the place of "not set". */
static double parse_energy(const char *text)
{
	const char *end;
	double v = parse_amount(text, &end);

	return *end || v >= 18446744073709551614.0 ? NAN : v;
}

static const char *parse_nodes(const char *text)
{
	return strcmp(text, "None assigned") == 0 ? "" : text;
}

static int parse_row(char *line, const char *separator, int count,
		     struct sacct_row *row)
{
	char *f[F_COUNT];
	const char *end;

	memset(row, 0, sizeof(*row));
	if (split_line(line, separator, count, f) < 0 ||
	    parse_id(f[F_ID], row) < 0)
		return -1;
	row->submit_s = count > F_SUBMIT ? parse_time(f[F_SUBMIT]) : 0;
	row->cluster = count > F_CLUSTER ? f[F_CLUSTER] : "";
	row->array_id = parse_array(f[F_ARRAY]);
	snprintf(row->state, sizeof(row->state), "%.*s",
		 (int)strcspn(f[F_STATE], " "), f[F_STATE]);
	row->start_s = parse_time(f[F_START]);
	row->end_s = parse_time(f[F_END]);
	row->suspended_s = or_zero(sacct_parse_duration(f[F_SUSPENDED]));
	row->elapsed_s = parse_time(f[F_ELAPSED]);
	row->cpus = parse_amount(f[F_CPUS], &end);
	row->mem_mb = sacct_parse_tres(f[F_TRES], "mem");
	row->gpus = sacct_parse_tres(f[F_TRES], "gres/gpu");
	if (isnan(row->gpus) && *f[F_TRES])
		row->gpus = 0;
	row->energy_j = parse_energy(f[F_ENERGY]);
	row->nodes = parse_nodes(f[F_NODES]);
	row->user = f[F_USER];
	row->account = f[F_ACCOUNT];
	/* An asterisk marks the key as the user's default. */
	row->wckey = f[F_WCKEY] + (*f[F_WCKEY] == '*');
	row->name = count > F_NAME ? f[F_NAME] : NULL;
	row->comment = count > F_COMMENT ? f[F_COMMENT] : NULL;
	return 0;
}

int sacct_parse_row(char *line, const char *separator, struct sacct_row *row)
{
	return parse_row(line, separator, F_PLAIN, row);
}

int sacct_parse_identity(char *line, const char *separator,
			 struct sacct_row *row)
{
	return parse_row(line, separator, F_IDENTITY, row);
}

int sacct_parse_texts(char *line, const char *separator, struct sacct_row *row)
{
	return parse_row(line, separator, F_COUNT, row);
}
