/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scontrol.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/backoff.h"
#include "lib/child.h"
#include "lib/statefile.h"

#define LIMIT_NS (10 * NS_PER_S)
#define REFRESH_NS (3600 * NS_PER_S)
#define RETRY_NS (5 * NS_PER_S)		/* doubling to five minutes */
#define REAP_NS (NS_PER_S / 10)

enum stage { STAGE_IDLE, STAGE_NODE, STAGE_CONFIG };

struct scontrol {
	const struct conf *conf;
	timesource_t ts;
	const logger_t *log;
	enum stage stage;
	child_t child;
	int64_t next_ns;
	backoff_t backoff;
	struct log_latch latch;
	struct node_totals fresh;	/* being learnt */
	struct node_totals totals;
	bool known;
};

/* ---- the file ---- */

static bool number_get(const char *text, const char *key, double max,
		       double *value)
{
	char buf[64], *end;

	if (statefile_get(text, key, buf, sizeof(buf)) < 0 || !*buf)
		return false;
	*value = strtod(buf, &end);
	return !*end && isfinite(*value) && *value >= 0 && *value <= max;
}

static void totals_load(scontrol_t *s)
{
	struct node_totals *t = &s->totals;
	char text[STATEFILE_MAX];
	double threads, consumable, wait_s;

	if (statefile_read(s->conf->state_dir, s->conf->node, "hardware", text,
			   sizeof(text), NULL) <= 0 ||
	    !number_get(text, "cores", 1e6, &t->cores) || t->cores <= 0 ||
	    !number_get(text, "gpus", 1e4, &t->gpus) ||
	    !number_get(text, "memory_mb", 1e9, &t->mem_mb) ||
	    !number_get(text, "threads_per_core", 1024, &threads) ||
	    threads < 1 ||
	    !number_get(text, "memory_consumable", 1, &consumable) ||
	    !number_get(text, "kill_wait_s", 86400, &wait_s))
		return;
	t->threads_per_core = (unsigned)threads;
	t->mem_consumable = consumable > 0;
	t->kill_wait_ns = (int64_t)(wait_s * 1e9);
	s->known = true;
}

static void totals_save(const scontrol_t *s)
{
	const struct node_totals *t = &s->totals;
	char text[512];
	struct err err;

	snprintf(text, sizeof(text),
		 "cores=%.17g\ngpus=%.17g\nmemory_mb=%.17g\nthreads_per_core=%u\n"
		 "memory_consumable=%d\nkill_wait_s=%.17g\n",
		 t->cores, t->gpus, t->mem_mb, t->threads_per_core,
		 t->mem_consumable, ns_to_s(t->kill_wait_ns));
	if (statefile_write(s->conf->state_dir, s->conf->node, "hardware", text,
			    &err) < 0)
		log_warn(s->log, "%s", err.text);
}

/* ---- asking ---- */

static bool totals_equal(const struct node_totals *a,
			 const struct node_totals *b)
{
	return a->cores == b->cores && a->gpus == b->gpus &&
	       a->mem_mb == b->mem_mb &&
	       a->threads_per_core == b->threads_per_core &&
	       a->mem_consumable == b->mem_consumable &&
	       a->kill_wait_ns == b->kill_wait_ns;
}

static void round_fail(scontrol_t *s, int64_t now_ns, const struct err *err)
{
	child_clear(&s->child);
	s->stage = STAGE_IDLE;
	s->next_ns = now_ns + backoff_delay_ns(&s->backoff, BACKOFF_SLOW, 0);
	if (log_latch_change(&s->latch, true))
		log_warn(s->log, "node %s: Slurm does not tell its size: %s%s",
			 s->conf->node, err->text,
			 s->known ? "; going on with what it was" : "");
}

static void round_end(scontrol_t *s, int64_t now_ns)
{
	const struct node_totals *t = &s->fresh;
	bool ended = log_latch_change(&s->latch, false);

	s->stage = STAGE_IDLE;
	s->next_ns = now_ns + REFRESH_NS;
	backoff_reset(&s->backoff);
	if (ended)
		log_info(s->log, "node %s: Slurm tells its size again",
			 s->conf->node);
	if (s->known && totals_equal(&s->totals, t))
		return;
	s->totals = *t;
	s->known = true;
	log_info(s->log, "node %s: Slurm allocates %g cores, %g GPUs, %g MiB%s",
		 s->conf->node, t->cores, t->gpus, t->mem_mb,
		 t->mem_consumable ? "" : " (memory goes with the cores)");
	totals_save(s);
}

static void stage_start(scontrol_t *s, enum stage stage, int64_t now_ns)
{
	char *show_node[] = { (char *)s->conf->scontrol, (char *)"-o",
			      (char *)"show", (char *)"node",
			      (char *)s->conf->node, NULL };
	char *show_config[] = { (char *)s->conf->scontrol, (char *)"show",
				(char *)"config", NULL };
	struct err err;

	s->stage = stage;
	if (child_start(&s->child,
			stage == STAGE_NODE ? show_node : show_config,
			now_ns + LIMIT_NS, &err) < 0)
		round_fail(s, now_ns, &err);
}

static void stage_end(scontrol_t *s, int64_t now_ns)
{
	bool node = s->stage == STAGE_NODE;
	struct err err;
	int rc;

	rc = child_result(&s->child, node ? "scontrol show node" :
			  "scontrol show config", &err);
	if (rc == 0 && node)
		rc = scontrol_parse_node(s->child.output, s->conf->node,
					 &s->fresh, &err);
	else if (rc == 0)
		rc = scontrol_parse_config(s->child.output, &s->fresh, &err);
	child_clear(&s->child);
	if (rc < 0)
		round_fail(s, now_ns, &err);
	else if (node)
		stage_start(s, STAGE_CONFIG, now_ns);
	else
		round_end(s, now_ns);
}

void scontrol_run(scontrol_t *s)
{
	int64_t now_ns = timesource_boot_ns(&s->ts);

	if (!s->conf->scontrol[0])
		return;
	if (s->stage == STAGE_IDLE && now_ns >= s->next_ns) {
		memset(&s->fresh, 0, sizeof(s->fresh));
		stage_start(s, STAGE_NODE, now_ns);
	} else if (s->stage != STAGE_IDLE &&
		   child_run(&s->child, now_ns) == CHILD_DONE) {
		stage_end(s, now_ns);
	}
}

int64_t scontrol_due_ns(const scontrol_t *s)
{
	if (!s->conf->scontrol[0])
		return INT64_MAX;
	if (s->stage == STAGE_IDLE)
		return s->next_ns;
	/* its output has ended or its time is over: it is about to be reaped */
	if (s->child.fd < 0 || s->child.too_late)
		return timesource_boot_ns(&s->ts) + REAP_NS;
	return s->child.end_ns;
}

int scontrol_fd(const scontrol_t *s)
{
	return s->stage == STAGE_IDLE ? -1 : s->child.fd;
}

const struct node_totals *scontrol_totals(const scontrol_t *s)
{
	return s->known ? &s->totals : NULL;
}

/* ---- life ---- */

scontrol_t *scontrol_create(const struct conf *conf, const timesource_t *ts,
			    const logger_t *log)
{
	scontrol_t *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = conf;
	s->ts = *ts;
	s->log = log;
	s->child.fd = -1;
	backoff_init(&s->backoff, RETRY_NS, (uint64_t)timesource_wall_ns(ts));
	if (conf->scontrol[0])
		totals_load(s);
	return s;
}

void scontrol_destroy(scontrol_t *s)
{
	if (s) {
		child_clear(&s->child);
		free(s);
	}
}
