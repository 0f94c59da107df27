/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_FIND_H
#define WATTGATE_REDFISH_FIND_H

#include <stddef.h>

#include "redfish_place.h"

/*
 * Which of a BMC's numbers is the node's power: done once, the place is kept.
 * docs/discovery.md tells the rules; what is known of single models is in the
 * tables of redfish_rules.c.
 *
 * Pure: it never talks to a BMC. redfish_find_next() says which resource it
 * wants to see, the caller fetches it and hands the answer over, until the
 * place is found or there is none. Inside, the whole search is run again from
 * the start over the answers known so far and stops at the first unknown one,
 * so that the rules read top to bottom.
 */

/* Changes with the rules: a place found by other rules is found anew. */
#define REDFISH_FIND_VERSION 2

/* A search asks for no more than this, and holds no more of what it got. */
#define REDFISH_FIND_REQUESTS_MAX 64
#define REDFISH_FIND_BYTES_MAX (2 * 1024 * 1024)

enum redfish_find_step {
	REDFISH_FIND_ASK,	/* fetch redfish_find_url(), then answer */
	REDFISH_FIND_FOUND,	/* redfish_find_place() has it */
	REDFISH_FIND_NONE	/* redfish_find_reason() says why */
};

/* What the search saw, in its order: a tree, by depth. */
enum redfish_verdict {
	REDFISH_SEEN,		/* a resource on the way */
	REDFISH_REJECTED,	/* not the node's power; text says why */
	REDFISH_CANDIDATE,	/* could have been it; text says why it is not */
	REDFISH_CHOSEN,		/* the node's power */
	REDFISH_COUNTER		/* the node's energy counter, trusted */
};

struct redfish_note {
	unsigned depth;		/* 0: the BMC itself */
	enum redfish_verdict verdict;
	double watts;		/* of what the note is about; 0 = none */
	char url[REDFISH_URL_MAX];	/* "" = the line above's */
	char pointer[REDFISH_POINTER_MAX];	/* "" = the resource as a whole */
	char text[256];		/* printable: what BMCs say is cleaned */
};

typedef struct redfish_find redfish_find_t;

/*
 * selector: the node's chassis or system where a BMC serves several: the last
 * part of its URL ("Node0"), or all of it; NULL or "" where there is one.
 * NULL: no memory.
 */
redfish_find_t *redfish_find_create(const char *selector);
void redfish_find_destroy(redfish_find_t *f);	/* NULL is fine */

enum redfish_find_step redfish_find_next(redfish_find_t *f);

/* What to fetch; an absolute path. */
const char *redfish_find_url(const redfish_find_t *f);
/* Its answer. Not called where the BMC did not answer: ask again later. */
void redfish_find_answer(redfish_find_t *f, long status, const char *body,
			 size_t size);

const struct redfish_place *redfish_find_place(const redfish_find_t *f);
const char *redfish_find_reason(const redfish_find_t *f);
unsigned redfish_find_requests(const redfish_find_t *f);

/* After the end: note i, or NULL behind the last one. */
const struct redfish_note *redfish_find_note(const redfish_find_t *f,
					     unsigned i);

#endif
