/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_SPOIL_H
#define BMCSIM_SPOIL_H

#include "answer.h"
#include "fault.h"

/* How the faults look in an answer. */

#define SPOIL_READING_SIZE 48

/*
 * The reading as JSON, rightly or as kind would have it; NULL: absent.
 * Digits: of watts, 17 for every one.
 */
const char *spoil_reading(enum fault_kind kind, double watts, int digits,
			  char buf[SPOIL_READING_SIZE]);

/* Whether kind is a status of its own; then answer is that. */
bool spoil_status(enum fault_kind kind, const struct fault *fault,
		  unsigned int retry_after_s, struct answer *answer);

/* Turns a good answer into kind's, where kind is about the body. */
void spoil_body(enum fault_kind kind, const struct fault *fault,
		struct answer *answer);

#endif
