/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole ledger: reading it, and a writer that goes on behind what it finds.
 * The first byte says whether lines get good checksums ('s': they do).
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ledger_check.h"

#define OURS 4242424242u	/* job id of the record that is appended */

struct count {
	unsigned good, bad;
	bool ours_last;
};

static unsigned count_newlines(const char *text, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* "PATH:LINE: what", and lines go up. */
static void check_damage(const struct err *err, const char *path,
			 unsigned long *line)
{
	size_t len = strlen(path);
	unsigned long number;

	FUZZ_CHECK(strncmp(err->text, path, len) == 0 && err->text[len] == ':');
	number = strtoul(err->text + len + 1, NULL, 10);
	FUZZ_CHECK(number > *line);
	*line = number;
}

static struct count read_all(const char *path)
{
	struct count count = { 0, 0, false };
	unsigned long line = 0;
	struct ledger_rec rec;
	struct err err = { "" };
	ledger_reader_t *r = ledger_reader_open(path, &err);
	int rc;

	FUZZ_CHECK(r);
	while ((rc = ledger_reader_next(r, &rec, &err)) != 0) {
		if (rc > 0) {
			ledger_check(&rec);
			count.good++;
			count.ours_last = rec.kind == LEDGER_STEP &&
					  rec.alloc.job_id == OURS;
		} else {
			check_damage(&err, path, &line);
			count.bad++;
			count.ours_last = false;
		}
	}
	FUZZ_CHECK(ledger_reader_next(r, &rec, &err) == 0);
	ledger_reader_close(r);
	return count;
}

static void append_ours(size_t size)
{
	const struct ledger_rec rec = { .kind = LEDGER_STEP, .alloc = {
		.job_id = OURS, .step = "0", .node = "n", .end = "exit",
		.boot_id = "b", .source = "s", .end_ns = 1 } };
	struct err err = { "" };
	uint64_t repaired;
	ledger_t *l = ledger_open(fuzz_dir(), "n", &repaired, &err);

	if (!l) {
		FUZZ_CHECK(*err.text && repaired == 0);
		return;
	}
	FUZZ_CHECK(repaired <= size);
	FUZZ_CHECK(ledger_append(l, &rec, 1, &err) == 0);
	ledger_close(l);
	l = ledger_open(fuzz_dir(), "n", &repaired, &err);
	FUZZ_CHECK(l && repaired == 0);
	ledger_close(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	bool seal = fuzz_byte(&in) & 1;
	size_t len = in.left;
	struct count before, after;
	char path[PATH_MAX], *text = fuzz_rest(&in);

	if (seal)
		ledger_seal(text, len);
	fuzz_put("n.ledger", text, len);
	fuzz_path(path, sizeof(path), "n.ledger");
	before = read_all(path);
	FUZZ_CHECK(before.good + before.bad <= count_newlines(text, len));
	append_ours(len);
	after = read_all(path);
	FUZZ_CHECK(after.good == before.good ||
		   (after.good == before.good + 1 && after.ours_last));
	free(text);
	return 0;
}
