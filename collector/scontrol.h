/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SCONTROL_H
#define WATTGATE_SCONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/scontrol_parse.h"

/*
 * Asks Slurm what the node has, beside the loop: `scontrol -o show node`, then
 * `scontrol show config`, ten seconds for each. Again each hour, and soon
 * after a failure. The answer is kept in STATE_DIR/NODE.hardware, so that a
 * restart knows it at once, with or without a controller.
 */

typedef struct scontrol scontrol_t;

/* conf outlives it. NULL: no memory. Does not ask where conf names no scontrol. */
scontrol_t *scontrol_create(const struct conf *conf, const timesource_t *ts,
			    const logger_t *log);
void scontrol_destroy(scontrol_t *s);	/* NULL is fine; kills a child */

/* Do what is due, without waiting. */
void scontrol_run(scontrol_t *s);
/* When to call it next; -1 or a descriptor that tells earlier. */
int64_t scontrol_due_ns(const scontrol_t *s);
int scontrol_fd(const scontrol_t *s);

/* What is known, or NULL. */
const struct node_totals *scontrol_totals(const scontrol_t *s);

#endif
