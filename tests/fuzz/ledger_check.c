/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/ledger_codec.h"

#define CRC_CHARS 8

static void check_times(const int64_t *ns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(ns[i] >= 0);
}

static void check_alloc(const struct ledger_alloc *a)
{
	const int64_t ns[] = { a->start_ns, a->end_ns, a->settled_ns,
		a->start_wall_ns, a->end_wall_ns, a->suspended_ns,
		a->active_ns, a->covered_ns, a->max_gap_ns, a->open_gap_ns };

	check_times(ns, sizeof(ns) / sizeof(ns[0]));
	FUZZ_CHECK(isfinite(a->gated_j) && isfinite(a->node_j));
	FUZZ_CHECK(isfinite(a->holding.cores) && isfinite(a->holding.gpus) &&
		   isfinite(a->holding.mem_mb));
	FUZZ_CHECK(!isinf(a->share) && !isinf(a->model_w));
	FUZZ_CHECK(memchr(a->step, 0, sizeof(a->step)) &&
		   memchr(a->node, 0, sizeof(a->node)) &&
		   memchr(a->boot_id, 0, sizeof(a->boot_id)) &&
		   memchr(a->source, 0, sizeof(a->source)) &&
		   memchr(a->end, 0, sizeof(a->end)));
}

static void check_interval(const struct ledger_interval *iv)
{
	const int64_t ns[] = { iv->start_ns, iv->end_ns, iv->start_wall_ns,
		iv->end_wall_ns, iv->measured_ns, iv->unmeasured_ns,
		iv->idle_ns };

	check_times(ns, sizeof(ns) / sizeof(ns[0]));
	FUZZ_CHECK(isfinite(iv->node_j) && isfinite(iv->allocated_j) &&
		   isfinite(iv->unallocated_j) && isfinite(iv->idle_j));
	FUZZ_CHECK(iv->parts_len <= LEDGER_PARTS_MAX);
	for (uint32_t i = 0; i < iv->parts_len; i++)
		FUZZ_CHECK(isfinite(iv->parts[i].joules));
	FUZZ_CHECK(memchr(iv->node, 0, sizeof(iv->node)) &&
		   memchr(iv->boot_id, 0, sizeof(iv->boot_id)));
}

static double joules_of(const struct ledger_rec *rec)
{
	return rec->kind == LEDGER_INTERVAL ? rec->interval.node_j :
					      rec->alloc.gated_j;
}

/* What was read can be written, and written again is the same text. */
static void check_again(const struct ledger_rec *rec)
{
	static char first[LEDGER_LINE_MAX + 1], second[LEDGER_LINE_MAX + 1];
	static struct ledger_part parts[LEDGER_PARTS_MAX];
	struct ledger_rec again;
	struct err err;
	long n = ledger_line_encode(rec, first, sizeof(first), &err);

	FUZZ_CHECK(n > 0 && !memchr(first, '\n', (size_t)n));
	FUZZ_CHECK(ledger_parse(first, (size_t)n, &again, parts,
				      &err) == 0);
	FUZZ_CHECK(again.kind == rec->kind);
	FUZZ_CHECK(fabs(joules_of(&again) - joules_of(rec)) <=
		   1e-6 + fabs(joules_of(rec)) * 1e-15);
	FUZZ_CHECK(ledger_line_encode(&again, second, sizeof(second), &err) == n);
	FUZZ_CHECK(memcmp(first, second, (size_t)n) == 0);
}

void ledger_check(const struct ledger_rec *rec)
{
	if (rec->kind == LEDGER_INTERVAL)
		check_interval(&rec->interval);
	else
		check_alloc(&rec->alloc);
	check_again(rec);
}

static void seal_line(char *line, size_t len)
{
	char hex[CRC_CHARS + 1];

	if (len <= CRC_CHARS || line[CRC_CHARS] != ' ')
		return;
	snprintf(hex, sizeof(hex), "%08x",
		 fuzz_crc(line + CRC_CHARS + 1, len - CRC_CHARS - 1));
	memcpy(line, hex, CRC_CHARS);
}

void ledger_seal(char *text, size_t len)
{
	while (len > 0) {
		char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		seal_line(text, line);
		if (!end)
			return;
		text += line + 1;
		len -= line + 1;
	}
}

void ledger_put_pair(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *border = strstr(text, "\n--\n");
	char *second = border ? border + 4 : text + size;
	size_t first_len = border ? (size_t)(border + 1 - text) : size;

	ledger_seal(text, first_len);
	ledger_seal(second, (size_t)(text + size - second));
	fuzz_put("n.open", text, first_len);
	fuzz_put("n.ledger", second, (size_t)(text + size - second));
	free(text);
}
