/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_FIND_H
#define WATTGATE_REDFISH_FIND_H

#include <stddef.h>

/*
 * Which of a BMC's numbers is the node's power: done once, the place is kept.
 *
 * Pure: it never talks to a BMC. redfish_find_next() says which resource it
 * wants to see, the caller fetches it and hands the answer over, until the
 * place is found or there is none. Inside, the whole search is run again from
 * the start over the answers known so far and stops at the first unknown one,
 * so that the rules read top to bottom.
 */

/* Changes with the rules: a place found by other rules is found anew. */
#define REDFISH_FIND_VERSION 1

#define REDFISH_URL_MAX 512
#define REDFISH_POINTER_MAX 256
#define REDFISH_FIND_REQUESTS_MAX 64

struct redfish_place {
	char url[REDFISH_URL_MAX];
	char pointer[REDFISH_POINTER_MAX];
	char source[64];	/* "redfish:environment", "redfish:power" */
};

enum redfish_find_step {
	REDFISH_FIND_ASK,	/* fetch redfish_find_url(), then answer */
	REDFISH_FIND_FOUND,	/* redfish_find_place() has it */
	REDFISH_FIND_NONE	/* redfish_find_reason() says why */
};

typedef struct redfish_find redfish_find_t;

redfish_find_t *redfish_find_create(void);	/* NULL: no memory */
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

#endif
