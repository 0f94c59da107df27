/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SESSION_FILE_H
#define WATTGATE_SESSION_FILE_H

#include <limits.h>

#include "lib/err.h"

/*
 * Redfish sessions are scarce and outlive a killed client. STATE_DIR/
 * NODE.session lists the URIs (never a token) of those that are ours, so that
 * the next start can delete what a kill -9 left behind. The BMC's address is
 * part of it: session 7 of another BMC is someone else's. Where dir is "" the
 * list is kept in memory only.
 */

#define SESSION_FILE_MAX 8	/* the oldest is forgotten beyond that */
#define SESSION_URI_MAX 512

typedef struct session_file {
	char dir[PATH_MAX];
	char node[256];
	char name[16];		/* of the state file */
	char base_url[1024];
	unsigned count;
	char uri[SESSION_FILE_MAX][SESSION_URI_MAX];	/* oldest first */
} session_file_t;

/*
 * Read the list: STATE_DIR/NODE.session, or of another meter's `suffix` behind
 * that. Lines that are not a path are dropped; a list of another BMC
 * counts as empty. -1 with a text where the file is unreadable (list empty).
 */
int session_file_load(session_file_t *f, const char *dir, const char *node,
		      const char *suffix, const char *base_url,
		      struct err *err);

/* Add or remove one and write the file. -1 with a text; the list changes anyway. */
int session_file_add(session_file_t *f, const char *uri, struct err *err);
int session_file_remove(session_file_t *f, const char *uri, struct err *err);

#endif
