/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_SESSION_H
#define BMCSIM_SESSION_H

#include <stdint.h>

/* The few sessions a BMC has. Times are of moment_mono_ns(). */
typedef struct sessions sessions_t;

#define SESSION_TOKEN_SIZE 33

struct session {
	unsigned int id;		/* 0: free */
	char token[SESSION_TOKEN_SIZE];
	int64_t used_ns;
};

/* Sessions that go unused for timeout_ns end. */
sessions_t *sessions_create(unsigned int max, int64_t timeout_ns);
void sessions_destroy(sessions_t *sessions);

/* NULL when all are taken. */
const struct session *session_open(sessions_t *sessions, int64_t now_ns);

/* Counts as a use. NULL: no such session. */
const struct session *session_by_token(sessions_t *sessions, const char *token,
				       int64_t now_ns);
const struct session *session_by_id(sessions_t *sessions, const char *id,
				    int64_t now_ns);

/* Where *at starts at 0: each open session in turn, then NULL. */
const struct session *session_next(sessions_t *sessions, unsigned int *at,
				   int64_t now_ns);

void session_close(sessions_t *sessions, unsigned int id);
void sessions_drop(sessions_t *sessions);
unsigned int sessions_count(sessions_t *sessions, int64_t now_ns);

#endif
