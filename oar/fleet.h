/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_FLEET_H
#define WATTGATE_OAR_FLEET_H

#include <stdint.h>

#include "lib/conf.h"
#include "lib/err.h"

#include "pg.h"
#include "share.h"
#include "window.h"

/* The nodes of OAR's resources: what each consists of, and how far it is. */

struct fleet_node {
	char *name;
	host_t *host;
	hardware_t configured;
	int64_t settled_s;	/* -1: not known yet */
	char source[64];	/* where its power comes from; "" = not known */
	struct freshness fresh;
	int64_t begin_ns;	/* wall time of the oldest sample seen; 0 = none */
	bool seen;		/* in this reading of OAR's resources */
};

struct fleet {
	const struct conf *conf;
	struct fleet_node **nodes;	/* by name */
	uint32_t count, room;
	uint32_t odd;		/* hosts whose names cannot be used */
};

void fleet_free(struct fleet *f);

/*
 * Read OAR's resources and our nodes again. New nodes begin at since_s (where
 * it is negative they are not added), those without resources go. 0 or -1.
 */
int fleet_refresh(struct fleet *f, pg_t *pg, int64_t since_s, struct err *err);

/* The node's number; -1: there is no such node. */
int64_t fleet_index(const struct fleet *f, const char *name);

/* Tell the poller which nodes there are, and which hold a job (nodes_file.h). */
int fleet_publish(const struct fleet *f, pg_t *pg, struct err *err);

/* How fresh the node's series is. */
void fleet_look(const struct fleet *f, struct fleet_node *node);

/*
 * Its samples around [from_ns, to_ns), wall time; the caller destroys them.
 * NULL where there are none.
 */
series_t *fleet_series(struct fleet_node *node, int64_t from_ns, int64_t to_ns);

#endif
