/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_NODES_FILE_H
#define WATTGATE_OAR_NODES_FILE_H

#include "fleet.h"

/*
 * RUN/nodes: which nodes there are and which hold a job, for the poller of the
 * same host (docs/formats.md). STATE_DIR/nodes has the names as well, so that
 * after a reboot power is read before the database answers.
 */

/*
 * Write them where they differ from what is there. busy[i] is of
 * fleet->nodes[i]. 0, or -1 with a text.
 */
int nodes_file_update(const struct fleet *fleet, const bool *busy,
		      struct err *err);

#endif
