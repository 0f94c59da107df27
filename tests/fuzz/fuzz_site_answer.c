/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a site answers to node "n1": a byte and a text with what the node knew
 * of the site before, a line "--", and the answer's body.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/series.h"
#include "source/json_site.h"
#include "source/site_track.h"

#define NOW_NS (5000 * NS_PER_S)	/* of the node */

static void check_series(const struct site_series *s)
{
	FUZZ_CHECK(s->count <= SITE_SAMPLES_MAX && s->period_ns > 0);
	for (unsigned i = 0; i < s->count; i++) {
		const struct site_sample *b = &s->samples[i];

		FUZZ_CHECK(b->watts > 0 && b->watts <= SERIES_MAX_W);
		FUZZ_CHECK(b->boot_ns >= 0 && b->boot_ns <= s->now_ns);
		FUZZ_CHECK(b->cum_covered_ns >= 0 &&
			   b->cum_covered_ns <= b->boot_ns);
		FUZZ_CHECK(i == 0 || (b->boot_ns > b[-1].boot_ns &&
				      b->cum_j >= b[-1].cum_j));
	}
}

/* Samples go up, and no time holds more than can be. */
static void check_taken(const struct past_sample *out, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		FUZZ_CHECK(out[i].watts > 0 && out[i].watts <= SERIES_MAX_W);
		FUZZ_CHECK(i == 0 || out[i].boot_ns > out[i - 1].boot_ns);
		FUZZ_CHECK(out[i].join != SERIES_MEAN ||
			   (isfinite(out[i].joules) && out[i].joules >= 0));
		if (i && out[i].join == SERIES_MEAN)
			FUZZ_CHECK(out[i].joules <= SERIES_MAX_W * 1.000001 *
				   ns_to_s(out[i].boot_ns - out[i - 1].boot_ns));
	}
}

static void check_track(struct site_track *t, const struct site_series *s,
			int64_t took_ns)
{
	static struct past_sample out[SITE_SAMPLES_MAX];
	struct site_moment m = { NOW_NS, NOW_NS + took_ns };
	struct site_rhythm rhythm = { 0, 0 };
	struct site_track again;
	char text[1024];
	unsigned count;
	int64_t next_ns;

	count = site_track_take(t, s, &m, 10 * NS_PER_S, out);
	FUZZ_CHECK(count <= s->count);
	check_taken(out, count);
	FUZZ_CHECK(s->now_ns - t->offset_ns >= m.sent_ns &&
		   s->now_ns - t->offset_ns <= m.received_ns);
	next_ns = site_rhythm_next(&rhythm, t, count, s->period_ns,
				   5 * NS_PER_S, m.received_ns);
	FUZZ_CHECK(next_ns == 0 || next_ns > m.received_ns);
	if (t->known) {
		FUZZ_CHECK(site_track_format(t, text, sizeof(text)) == 0);
		FUZZ_CHECK(site_track_parse(&again, text) == 0);
		FUZZ_CHECK(again.at_ns == t->at_ns && again.watts == t->watts &&
			   again.cum_j == t->cum_j);
	}
	/* the same once more brings nothing but the last sample */
	count = site_track_take(t, s, &m, 10 * NS_PER_S, out);
	FUZZ_CHECK(count <= 1);
	check_taken(out, count);
}

static void check_small(const char *body, size_t size)
{
	uint32_t lines, fresh, refused;
	int64_t life_ns;
	char text[200];

	if (json_site_session(body, size, &life_ns) == 0)
		FUZZ_CHECK(life_ns >= 60 * NS_PER_S &&
			   life_ns <= 86400 * NS_PER_S);
	else
		FUZZ_CHECK(life_ns == 0);
	if (json_site_taken(body, size, &lines, &fresh, &refused) == 0)
		FUZZ_CHECK(fresh <= lines);
	if (json_site_error(body, size, text, sizeof(text)) == 0)
		FUZZ_CHECK(strlen(text) < sizeof(text));
}

/* Up to a line "--". */
static char *before_get(struct fuzz_input *in)
{
	char *text = calloc(1, in->left + 1), *line;
	size_t len = 0;

	FUZZ_CHECK(text);
	while (in->left) {
		line = fuzz_line(in);
		if (strcmp(line, "--") == 0) {
			free(line);
			break;
		}
		memcpy(text + len, line, strlen(line));
		len += strlen(line);
		if (in->left)
			text[len++] = '\n';
		free(line);
	}
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct site_series series;
	struct fuzz_input in = { data, size };
	int64_t took_ns = (int64_t)fuzz_byte(&in) * 4000001;
	char *before = before_get(&in), *body;
	struct err why = { "" };
	struct site_track track;

	size = in.left;
	body = malloc(size ? size : 1);
	FUZZ_CHECK(body);
	fuzz_bytes(&in, body, size);	/* has no NUL behind it */
	site_track_parse(&track, before);
	check_small(body, size);
	if (json_site_series(body, size, "n1", &series, &why) == 0) {
		check_series(&series);
		check_track(&track, &series, took_ns);
	} else {
		FUZZ_CHECK(*why.text);
	}
	free(before);
	free(body);
	return 0;
}
