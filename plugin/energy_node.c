/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "energy_node.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "lib/conf.h"
#include "slurm_compat.h"

void energy_node_init(energy_node_t *n)
{
	memset(n, 0, sizeof(*n));
	n->series.fd = -1;
}

void energy_node_close(energy_node_t *n)
{
	series_reader_close(&n->series);
}

/* Say once that the series is missing, and once that it came back. */
static void say_state(energy_node_t *n, bool missing, const char *path)
{
	if (missing == n->said_missing)
		return;
	n->said_missing = missing;
	if (missing)
		slurm_error("wattgate: no series of node %s at %s (%s): energy "
			    "is not measured. Is wattgated running? (systemctl "
			    "status wattgated)", n->node, path,
			    strerror(errno));
	else
		slurm_info("wattgate: reading %s", path);
}

static int open_series(energy_node_t *n)
{
	char path[PATH_MAX];

	if (n->series.fd >= 0)
		return 0;
	if (!n->node[0] && daemon_node_name(n->node, sizeof(n->node), NULL) < 0)
		return -1;
	if (conf_run_path(path, sizeof(path), n->node, "series") < 0)
		return -1;
	if (series_reader_open(&n->series, path, NULL) < 0) {
		say_state(n, true, path);
		return -1;
	}
	say_state(n, false, path);
	return 0;
}

static int read_head(energy_node_t *n, struct series_head *head)
{
	int tries;

	for (tries = 0; tries < 2; tries++) {
		if (open_series(n) < 0)
			return -1;
		if (series_reader_head(&n->series, head) == 0 &&
		    !(head->flags & SERIES_REPLACED))
			return 0;
		series_reader_close(&n->series);
	}
	return -1;
}

void energy_node_poll(energy_node_t *n, struct node_answer *out)
{
	struct series_head head;
	struct series_point now;
	int64_t now_ns = clock_boot_ns();

	*out = (struct node_answer){ 0 };
	if (read_head(n, &head) < 0 || !head.count)
		return;
	series_head_point(&head, n->series.params.period_ns, now_ns, &now);
	if (!n->begun || now.cum_j < n->first_j) {
		n->first_j = now.cum_j;
		n->first_covered_ns = now.cum_covered_ns;
		n->begun = true;
	}
	out->joules = now.cum_j - n->first_j;
	out->watts = out->average_w = head.last.watts;
	if (now.cum_covered_ns > n->first_covered_ns)
		out->average_w = out->joules /
			ns_to_s(now.cum_covered_ns - n->first_covered_ns);
	out->known = now_ns - head.last.boot_ns <= n->series.params.max_gap_ns;
}
