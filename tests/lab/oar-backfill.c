/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oar-backfill CONF FROM TO DIR [force] [dry] [NODE...]: what `wattgate
 * backfill` does to OAR's database, with samples from DIR/NODE ("SECONDS WATTS"
 * a line) in the place of a server's. A node without a file is one whose server
 * is away. Prints "HOURS FILLED FORGOTTEN UNSETTLED JOBS FAILED".
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/samples.h"
#include "oar/backfill.h"

struct files {
	const struct conf *conf;
	const char *dir;
};

static int samples_read(void *arg, const char *node, int64_t from_s,
			int64_t to_s, struct samples *s, char *source,
			struct err *err)
{
	const struct files *files = arg;
	const int64_t gap_ns = files->conf->max_gap_ns;
	char path[PATH_MAX];
	double at_s, watts;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", files->dir, node);
	f = fopen(path, "r");
	if (!f)
		return err_set_errno(err, "%s", path);
	while (fscanf(f, "%lf %lf", &at_s, &watts) == 2) {
		const int64_t wall_ns = (int64_t)(at_s * 1e9);

		if (wall_ns >= from_s * NS_PER_S - gap_ns &&
		    wall_ns <= to_s * NS_PER_S + gap_ns)
			samples_add(s, wall_ns, watts);
	}
	fclose(f);
	s->max_gap_ns = gap_ns;
	strcpy(source, "file:test");
	return 0;
}

static void day_tell(void *arg, const char *node, int64_t day_s,
		     unsigned filled, unsigned hours)
{
	(void)arg;
	fprintf(stderr, "%s %lld: %u of %u\n", node, (long long)day_s, filled,
		hours);
}

static void note_tell(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

int main(int argc, char **argv)
{
	struct oar_backfill_sums sums;
	struct files files;
	struct oar_backfill b = { .samples = samples_read, .day = day_tell,
				  .note = note_tell, .stopped = never,
				  .arg = &files };
	struct conf conf;
	struct err err;

	if (argc < 5 || conf_load(argv[1], "any", &conf, &err) < 0) {
		fprintf(stderr, "oar-backfill: %s\n", argc < 5 ? "usage" : err.text);
		return 2;
	}
	files = (struct files){ &conf, argv[4] };
	b.conf = &conf;
	b.from_s = atoll(argv[2]);
	b.to_s = atoll(argv[3]);
	for (argv += 5; *argv; argv++) {
		if (strcmp(*argv, "force") == 0) {
			b.force = true;
		} else if (strcmp(*argv, "dry") == 0) {
			b.dry_run = true;
		} else {
			b.nodes = (const char *const *)argv;
			while (argv[b.node_count])
				b.node_count++;
			break;
		}
	}
	if (oar_backfill_run(&b, &sums, &err) < 0) {
		fprintf(stderr, "oar-backfill: %s\n", err.text);
		return 1;
	}
	printf("%llu %llu %llu %llu %llu %u\n", (unsigned long long)sums.hours,
	       (unsigned long long)sums.filled,
	       (unsigned long long)sums.forgotten,
	       (unsigned long long)sums.unsettled,
	       (unsigned long long)sums.jobs, sums.nodes_failed);
	return 0;
}
