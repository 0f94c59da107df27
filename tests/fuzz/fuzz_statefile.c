/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of state_dir: the sessions that are to be ended, and what Slurm said
 * of the node. The input is the text of both.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/scontrol.h"
#include "source/session_file.h"
#include "lib/statefile.h"
#include "fuzz.h"

static const char base_url[] = "https://bmc";

static void check_list(const session_file_t *f)
{
	FUZZ_CHECK(f->count <= SESSION_FILE_MAX);
	for (unsigned i = 0; i < f->count; i++) {
		FUZZ_CHECK(f->uri[i][0] == '/' && f->uri[i][1] != '/');
		FUZZ_CHECK(strlen(f->uri[i]) < SESSION_URI_MAX);
		FUZZ_CHECK(!strpbrk(f->uri[i], " \t\r\n"));
		for (unsigned k = 0; k < i; k++)
			FUZZ_CHECK(strcmp(f->uri[i], f->uri[k]) != 0);
	}
}

/* One more is there after the next start, and the last of all. */
static void check_sessions(void)
{
	static session_file_t f, again;
	struct err err = { "" };

	if (session_file_load(&f, fuzz_dir(), "n", "", base_url, &err) < 0) {
		FUZZ_CHECK(*err.text && f.count == 0);
		return;
	}
	check_list(&f);
	FUZZ_CHECK(session_file_add(&f, "/redfish/v1/S/ours", &err) == 0);
	check_list(&f);
	FUZZ_CHECK(session_file_load(&again, fuzz_dir(), "n", "", base_url,
				     &err) == 0);
	FUZZ_CHECK(again.count == f.count);
	for (unsigned i = 0; i < f.count; i++)
		FUZZ_CHECK(strcmp(again.uri[i], f.uri[i]) == 0);
	while (f.count)
		FUZZ_CHECK(session_file_remove(&f, f.uri[0], &err) == 0);
	FUZZ_CHECK(session_file_load(&again, fuzz_dir(), "n", "", base_url,
				     &err) == 0 && again.count == 0);
}

static void check_hardware(void)
{
	static struct conf conf;
	const timesource_t ts = timesource_system();
	const struct node_totals *t;
	scontrol_t *s;

	strcpy(conf.node, "n");
	strcpy(conf.state_dir, fuzz_dir());
	strcpy(conf.scontrol, "/nonexistent");
	s = scontrol_create(&conf, &ts, NULL);
	FUZZ_CHECK(s);
	t = scontrol_totals(s);
	if (t) {
		FUZZ_CHECK(isfinite(t->cores) && t->cores > 0);
		FUZZ_CHECK(isfinite(t->gpus) && t->gpus >= 0);
		FUZZ_CHECK(isfinite(t->mem_mb) && t->mem_mb >= 0);
		FUZZ_CHECK(t->threads_per_core >= 1 && t->kill_wait_ns >= 0);
	}
	scontrol_destroy(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_put("n.session", data, size);
	fuzz_put("n.hardware", data, size);
	check_sessions();
	check_hardware();
	return 0;
}
