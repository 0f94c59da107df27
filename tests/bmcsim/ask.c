/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "moment.h"
#include "program.h"
#include "timeline.h"

const char ask_usage[] =
"usage: bmcsim integrate|pmax (--truth-file F | --program SPEC|FILE [--epoch E]) T0 T1\n"
"       bmcsim watts (--truth-file F | --program SPEC|FILE [--epoch E]) T\n"
"joules between two instants, the most watts in between, the watts at one;\n"
"E and T in unix seconds with up to nine decimals\n";

struct ask {
	const char *truth_file;
	const char *program;
	const char *epoch;
	int64_t t_ns[2];
};

static const struct option ask_options[] = {
	{ "truth-file", required_argument, NULL, 't' },
	{ "program", required_argument, NULL, 'p' },
	{ "epoch", required_argument, NULL, 'e' },
	{ 0 },
};

static int ask_parse(int argc, char **argv, struct ask *ask,
		     struct fail *fail)
{
	int wanted = strcmp(argv[0], "watts") == 0 ? 1 : 2, c;

	*ask = (struct ask){ 0 };
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+", ask_options, NULL)) != -1) {
		switch (c) {
		case 't':
			ask->truth_file = optarg;
			break;
		case 'p':
			ask->program = optarg;
			break;
		case 'e':
			ask->epoch = optarg;
			break;
		default:
			return fail_set(fail, "%s: unknown or incomplete "
					"option", argv[optind - 1]);
		}
	}
	if (!ask->truth_file == !ask->program)
		return fail_set(fail, "give one of --truth-file and --program");
	if (argc - optind != wanted)
		return fail_set(fail, "wants %d instants", wanted);
	for (int i = 0; i < wanted; i++)
		if (moment_parse(argv[optind + i], &ask->t_ns[i]) < 0)
			return fail_set(fail, "%s: no instant in unix seconds",
					argv[optind + i]);
	return 0;
}

static timeline_t *ask_timeline(const struct ask *ask, struct fail *fail)
{
	timeline_t *timeline;
	int64_t epoch_ns = 0;
	program_t *program;

	if (ask->truth_file)
		return timeline_read(ask->truth_file, fail);
	if (ask->epoch && moment_parse(ask->epoch, &epoch_ns) < 0) {
		fail_set(fail, "%s: no instant in unix seconds", ask->epoch);
		return NULL;
	}
	program = program_load(ask->program, fail);
	if (!program)
		return NULL;
	if (!ask->epoch && program_varies(program)) {
		program_destroy(program);
		fail_set(fail, "this program needs its --epoch");
		return NULL;
	}
	timeline = timeline_always(program, epoch_ns);
	if (!timeline)
		fail_set(fail, "out of memory");
	return timeline;
}

static int ask_answer(const char *what, const timeline_t *timeline,
		      const int64_t t_ns[2], struct fail *fail)
{
	long double answer;
	int rc;

	if (strcmp(what, "integrate") == 0)
		rc = timeline_joules(timeline, t_ns[0], t_ns[1], &answer,
				     fail);
	else if (strcmp(what, "pmax") == 0)
		rc = timeline_max(timeline, t_ns[0], t_ns[1], &answer, fail);
	else
		rc = timeline_watts(timeline, t_ns[0], &answer, fail);
	if (rc == 0)
		printf("%.9Lf\n", answer);
	return rc;
}

int ask_main(int argc, char **argv)
{
	timeline_t *timeline;
	struct fail fail;
	struct ask ask;
	int rc = -1;

	if (ask_parse(argc, argv, &ask, &fail) < 0) {
		fprintf(stderr, "bmcsim %s: %s\n%s", argv[0], fail.text,
			ask_usage);
		return 2;
	}
	timeline = ask_timeline(&ask, &fail);
	if (timeline)
		rc = ask_answer(argv[0], timeline, ask.t_ns, &fail);
	if (rc < 0)
		fprintf(stderr, "bmcsim %s: %s\n", argv[0], fail.text);
	timeline_destroy(timeline);
	return rc < 0;
}
