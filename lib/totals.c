/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "totals.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "word.h"

#define SUM_MAX 1e21		/* more than a site draws in its life */
#define LINE_MAX_BYTES 8192

void totals_clear(struct totals *t)
{
	for (size_t i = 0; i < t->len; i++)
		free(t->list[i].name);
	free(t->list);
	memset(t, 0, sizeof(*t));
}

/* ---- accounts -------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct total *find(struct totals *t, const char *name)
{
	for (size_t i = 0; i < t->len; i++)
		if (same_name(t->list[i].name, name))
			return &t->list[i];
	return NULL;
}

static struct total *append(struct totals *t, const char *name)
{
	char *copy = name ? strdup(name) : NULL;

	if (t->len == t->room) {
		const size_t room = t->room ? 2 * t->room : 16;
		struct total *list = realloc(t->list, room * sizeof(*list));

		if (!list) {
			free(copy);
			return NULL;
		}
		t->list = list;
		t->room = room;
	}
	if (name && !copy)
		return NULL;
	memset(&t->list[t->len], 0, sizeof(*t->list));
	t->list[t->len].name = copy;
	return &t->list[t->len++];
}

struct total *totals_of(struct totals *t, const char *account)
{
	struct total *found = find(t, account);

	if (found)
		return found;
	if (t->len < TOTALS_MAX && strlen(account) < LINE_MAX_BYTES / 8)
		return append(t, account);
	found = find(t, NULL);
	return found ? found : append(t, NULL);
}

void total_add(struct total *total, enum total_sum which, double amount)
{
	double *owed = &total->owed[which];
	double paid;

	if (!isfinite(amount))
		return;
	if (amount < 0) {
		*owed -= amount;
		return;
	}
	paid = fmin(*owed, amount);
	*owed -= paid;
	total->sum[which] += amount - paid;
}

/* ---- lines ----------------------------------------------------------------- */

/* The name is behind '=', so that there is a word for no name: "-". */
static void print_name(FILE *f, const char *name)
{
	putc(name ? '=' : '-', f);
	if (name)
		word_print(f, name);
}

void totals_print(FILE *f, const struct totals *t)
{
	for (size_t i = 0; i < t->len; i++) {
		const struct total *a = &t->list[i];

		fputs("account ", f);
		print_name(f, a->name);
		fprintf(f, " %" PRIu64 " %" PRIu64, a->jobs, a->measured);
		for (int k = 0; k < TOTAL_SUMS; k++)
			fprintf(f, " %.17g/%.17g", a->sum[k], a->owed[k]);
		putc('\n', f);
	}
}

static int take_count(const char *word, uint64_t *out)
{
	char *end;

	if (!word || *word < '0' || *word > '9')
		return -1;
	*out = strtoull(word, &end, 10);
	return *end || *out > INT64_MAX ? -1 : 0;
}

/* "SUM/OWED" */
static int take_sum(const char *word, double *sum, double *owed)
{
	char *end;

	if (!word || *word < '0' || *word > '9')
		return -1;
	*sum = strtod(word, &end);
	if (*end != '/' || end[1] < '0' || end[1] > '9')
		return -1;
	*owed = strtod(end + 1, &end);
	return *end || !(*sum <= SUM_MAX) || !(*owed <= SUM_MAX) ? -1 : 0;
}

static int take_words(struct totals *t, char *text)
{
	char *save, *name = strtok_r(text, " ", &save);
	struct total a = { .jobs = 0 }, *to;

	if (!name || (strcmp(name, "-") != 0 && *name != '=') ||
	    word_read(name) < 0)
		return -1;
	if (take_count(strtok_r(NULL, " ", &save), &a.jobs) < 0 ||
	    take_count(strtok_r(NULL, " ", &save), &a.measured) < 0)
		return -1;
	for (int k = 0; k < TOTAL_SUMS; k++)
		if (take_sum(strtok_r(NULL, " ", &save), &a.sum[k],
			     &a.owed[k]) < 0)
			return -1;
	a.name = *name == '=' ? name + 1 : NULL;
	if (strtok_r(NULL, " ", &save) || find(t, a.name) ||
	    t->len > TOTALS_MAX)
		return -1;
	to = append(t, a.name);
	if (!to)
		return -1;
	a.name = to->name;
	*to = a;
	return 0;
}

int totals_parse_line(struct totals *t, const char *line, struct err *err)
{
	static const char word[] = "account ";
	char *copy;
	int rc;

	if (strncmp(line, word, sizeof(word) - 1) != 0 ||
	    strlen(line) > LINE_MAX_BYTES)
		return err_set(err, "it is no account's line");
	copy = strdup(line + sizeof(word) - 1);
	rc = copy ? take_words(t, copy) : -1;
	free(copy);
	return rc < 0 ? err_set(err, "an account's line is damaged") : 0;
}

static int take_line(struct totals *t, const char *line, struct err *err)
{
	long long at;

	if (sscanf(line, "at=%18lld", &at) == 1 && at >= 0) {
		t->at_s = at;
		return 0;
	}
	if (sscanf(line, "scheduler=%7s", t->scheduler) == 1)
		return 0;
	return totals_parse_line(t, line, err);
}

int totals_parse(struct totals *t, const char *body, struct err *err)
{
	char *copy = strdup(body), *save, *line;
	int rc = copy ? 0 : err_set(err, "out of memory");

	for (line = copy ? strtok_r(copy, "\n", &save) : NULL; line && rc == 0;
	     line = strtok_r(NULL, "\n", &save))
		rc = take_line(t, line, err);
	free(copy);
	return rc;
}

/* ---- metrics --------------------------------------------------------------- */

static const struct family {
	const char *name, *unit, *help;
} families[TOTAL_SUMS] = {
	[TOTAL_JOULES] = { "wattgate_account_energy_joules", "joules",
		"Energy of an account's jobs that have ended, of those of which it is known." },
	[TOTAL_COVERED_S] = { "wattgate_account_covered_seconds", "seconds",
		"Measured part of wattgate_account_node_seconds_total: their ratio is the coverage." },
	[TOTAL_NODE_S] = { "wattgate_account_node_seconds", "seconds",
		"Time on nodes of an account's jobs that tell their coverage." },
	[TOTAL_CORE_S] = { "wattgate_account_core_seconds", "seconds",
		"Physical cores times time, less suspension." },
	[TOTAL_GPU_S] = { "wattgate_account_gpu_seconds", "seconds",
		"GPUs times time, less suspension." },
	[TOTAL_CO2E_G] = { "wattgate_account_co2e_grams", "grams",
		"CO2 equivalents of the energy, by the configured intensity." },
	[TOTAL_COST] = { "wattgate_account_cost", NULL,
		"Cost of the energy, by the configured tariff." },
};

/* One that is called like all others together is told apart by an escape. */
static const char *label_of(const struct total *a)
{
	return a->name ? a->name : "others";
}

/* Its first letter escaped: no other name looks so, since '%' is escaped, too. */
static const char others_label[] = "account=\"%6Fthers\"";

static void sample(struct expo *e, const struct total *a, double value)
{
	if (a->name && strcmp(a->name, "others") == 0)
		expo_sample(e, NULL, others_label, value);
	else
		expo_sample(e, label_of(a), NULL, value);
}

static void expose_jobs(struct expo *e, const struct totals *t)
{
	expo_family(e, "wattgate_account_jobs", EXPO_COUNTER, NULL, "account",
		    "An account's jobs that have ended.");
	for (size_t i = 0; i < t->len; i++)
		sample(e, &t->list[i], (double)t->list[i].jobs);
	expo_family(e, "wattgate_account_measured_jobs", EXPO_COUNTER, NULL,
		    "account", "Those of them of which the energy is known.");
	for (size_t i = 0; i < t->len; i++)
		sample(e, &t->list[i], (double)t->list[i].measured);
}

/* What nothing is known of has no sample: it is not 0. */
static bool is_known(const struct total *a, int which)
{
	if (which == TOTAL_COVERED_S || which == TOTAL_NODE_S)
		return a->sum[TOTAL_NODE_S] > 0;
	if (which == TOTAL_CO2E_G || which == TOTAL_COST)
		return a->sum[which] > 0;
	return which != TOTAL_JOULES || a->measured > 0;
}

static bool any_known(const struct totals *t, int which)
{
	for (size_t i = 0; i < t->len; i++)
		if (is_known(&t->list[i], which))
			return true;
	return false;
}

void totals_expose(struct expo *e, const struct totals *t)
{
	expo_family(e, "wattgate_account_update_timestamp_seconds", EXPO_GAUGE,
		    "seconds", NULL, "When accounts' totals were summed up.");
	expo_sample(e, NULL, NULL, (double)t->at_s);
	expose_jobs(e, t);
	for (int k = 0; k < TOTAL_SUMS; k++) {
		if (!any_known(t, k))
			continue;
		expo_family(e, families[k].name, EXPO_COUNTER, families[k].unit,
			    "account", families[k].help);
		for (size_t i = 0; i < t->len; i++)
			if (is_known(&t->list[i], k))
				sample(e, &t->list[i], t->list[i].sum[k]);
	}
}
