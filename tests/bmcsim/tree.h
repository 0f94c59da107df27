/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_TREE_H
#define BMCSIM_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "session.h"

#define TREE_V1 "/redfish/v1"
#define TREE_SERVICE TREE_V1 "/SessionService"
#define TREE_SESSIONS TREE_SERVICE "/Sessions"

/* What a Redfish tree is written from. */
struct tree_view {
	unsigned int shapes;		/* SHAPE_* */
	bool no_sessions;
	double session_timeout_s;
	const char *user;
	const char *reading;		/* JSON text; NULL: the key is absent */
	double average_w, peak_w;	/* of the last AVERAGE_MINUTES */
	sessions_t *sessions;
	int64_t now_ns;			/* of moment_mono_ns() */
};

/* Longer than the minute up to which an average may stand for a reading. */
#define AVERAGE_MINUTES 20

struct tree_route {
	const char *path;		/* without a slash at its end */
	unsigned int shapes;		/* which have it; 0: all */
	bool open;			/* needs no login */
	bool power;			/* tells the node's power */
	bool of_sessions;		/* gone where there are none */
	bool own;			/* there with no shape at all, too */
	void (*write)(FILE *out, const struct tree_view *view);
};

/*
 * NULL: there is no such resource. A slash at the end is ignored. Where shapes
 * is 0, the rest of the tree is in files.
 */
const struct tree_route *tree_find(const char *path, unsigned int shapes,
				   bool no_sessions);

void tree_session(FILE *out, const struct tree_view *view, unsigned int id);

/* Redfish's error body; id and text need no escapes. */
void tree_error(FILE *out, const char *id, const char *text);

#endif
