/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_ANNOTATE_STATE_H
#define WATTGATE_CLI_ANNOTATE_STATE_H

#include <stdint.h>

#include "lib/err.h"

/*
 * How far a field of the jobs was annotated: all that ended before done_s. In a
 * small file, replaced by rename, with FILE.lock beside it for the time that
 * one command works with it.
 */

struct annotate_state {
	char path[4096];
	char field[16];
	int64_t done_s;		/* 0: nothing yet */
	int64_t from_s;		/* of this run; set by who runs */
	int lock;
};

/*
 * Lock and read it; another field's is as none, and so is one of the future. -1
 * with a text, also where another command has it. Close in any case but -1.
 */
int annotate_state_open(struct annotate_state *s, const char *path,
			const char *field, int64_t now_s, struct err *err);
void annotate_state_close(struct annotate_state *s);

/*
 * This run has done all that ended in [from_s, to_s). Of a run that began
 * behind what is done nothing is kept. 0, or -1 with a text.
 */
int annotate_state_save(struct annotate_state *s, int64_t to_s,
			struct err *err);

#endif
