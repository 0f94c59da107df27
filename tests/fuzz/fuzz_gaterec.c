/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gate record. The first byte says whether it gets a good checksum ('s'); it
 * is stored under the name that its text asks for.
 */
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/gaterec.h"

#define HEAD "wattgate-gate 1 "

static void seal(char *text)
{
	size_t head = strlen(HEAD);
	char hex[9];

	if (strlen(text) < head + 9)
		return;
	memcpy(text, HEAD, head);
	snprintf(hex, sizeof(hex), "%08x",
		 fuzz_crc(text + head + 9, strlen(text + head + 9)));
	memcpy(text + head, hex, 8);
	text[head + 8] = '\n';
}

/* The value of "key=" at the start of a line, cut to the buffer. */
static void value_of(const char *text, const char *key, char *buf, size_t size)
{
	const char *at = strstr(text, key);

	buf[0] = '\0';
	if (at)
		snprintf(buf, size, "%.*s", (int)strcspn(at + strlen(key), "\n"),
			 at + strlen(key));
}

static void name_of(const char *text, char *buf, size_t size)
{
	char job[16], step[32], restart[16], pid[16];

	value_of(text, "\njob=", job, sizeof(job));
	value_of(text, "\nstep=", step, sizeof(step));
	value_of(text, "\nrestart=", restart, sizeof(restart));
	value_of(text, "\nstepd_pid=", pid, sizeof(pid));
	if (strcmp(step, GATEREC_PROLOG) == 0)
		snprintf(buf, size, "%s.%s", job, step);
	else
		snprintf(buf, size, "%s.%s.%s.%s", job, step, restart, pid);
	if (buf[0] == '.' || strchr(buf, '/'))
		strcpy(buf, "1.extern.0.1");
}

static void check_record(const gaterec_t *rec)
{
	const holding_t *h = &rec->holding;

	FUZZ_CHECK(rec->job_id > 0 && rec->stepd_pid >= 0);
	FUZZ_CHECK(rec->start_ns > 0 && rec->start_wall_ns >= 0 &&
		   rec->end_ns >= 0 && rec->cum_covered_ns >= 0);
	FUZZ_CHECK(isfinite(h->cores) && h->cores >= 0 && isfinite(h->gpus) &&
		   h->gpus >= 0 && isfinite(h->mem_mb) && h->mem_mb >= 0);
	FUZZ_CHECK(isnan(rec->share) ||
		   (rec->share >= 0 && isfinite(rec->share)));
	FUZZ_CHECK(isnan(rec->cum_j) ||
		   (rec->cum_j >= 0 && isfinite(rec->cum_j)));
	FUZZ_CHECK(memchr(rec->step, 0, sizeof(rec->step)) &&
		   memchr(rec->boot_id, 0, sizeof(rec->boot_id)));
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* Written and read, a record stays what it was. */
static void check_again(int dirfd, const char *name, const gaterec_t *rec)
{
	gaterec_t again;
	struct err err;

	FUZZ_CHECK(gaterec_write(dirfd, rec, &err) == 0);
	FUZZ_CHECK(gaterec_read(dirfd, name, geteuid(), &again, &err) == 0);
	FUZZ_CHECK(again.job_id == rec->job_id && again.uid == rec->uid &&
		   again.stepd_start == rec->stepd_start &&
		   again.start_ns == rec->start_ns &&
		   again.start_wall_ns == rec->start_wall_ns &&
		   again.end_ns == rec->end_ns && again.swept == rec->swept &&
		   again.cum_covered_ns == rec->cum_covered_ns);
	FUZZ_CHECK(strcmp(again.boot_id, rec->boot_id) == 0);
	FUZZ_CHECK(same(again.share, rec->share) &&
		   same(again.cum_j, rec->cum_j) &&
		   same(again.holding.mem_mb, rec->holding.mem_mb));
	FUZZ_CHECK(same(again.holding.cores, rec->holding.cores) &&
		   same(again.holding.gpus, rec->holding.gpus));
}

static int remove_all(const char *name, void *arg)
{
	(void)arg;
	fuzz_remove(name);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	bool sealed = fuzz_byte(&in) & 1;
	char *text = fuzz_rest(&in), name[GATEREC_NAME_MAX];
	struct err err = { "" };
	gaterec_t rec;
	int fd = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	if (sealed)
		seal(text);
	name_of(text, name, sizeof(name));
	fuzz_put(name, text, strlen(text));
	if (gaterec_read(fd, name, geteuid(), &rec, &err) == 0) {
		check_record(&rec);
		check_again(fd, name, &rec);
		gaterec_sweep(fd, geteuid(), rec.boot_id, INT64_MAX / 8,
			      rec.start_ns, 512);
		gaterec_sweep(fd, geteuid(), rec.boot_id, INT64_MAX / 8,
			      INT64_MAX, 512);
		FUZZ_CHECK(strcmp(rec.step, GATEREC_PROLOG) == 0 ||
			   gaterec_alive(&rec, rec.boot_id) ||
			   faccessat(fd, name, F_OK, 0) < 0);
	} else {
		FUZZ_CHECK(strstr(err.text, "gate record"));
	}
	gaterec_each(fd, NULL, remove_all, NULL);
	close(fd);
	free(text);
	return 0;
}
