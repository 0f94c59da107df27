/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct sessions {
	struct session *at;
	unsigned int max;
	unsigned int last_id;
	int64_t timeout_ns;
};

sessions_t *sessions_create(unsigned int max, int64_t timeout_ns)
{
	sessions_t *sessions = calloc(1, sizeof(*sessions));

	if (!sessions)
		return NULL;
	sessions->at = calloc(max + 1, sizeof(*sessions->at));
	sessions->max = max;
	sessions->timeout_ns = timeout_ns;
	if (!sessions->at) {
		free(sessions);
		return NULL;
	}
	return sessions;
}

void sessions_destroy(sessions_t *sessions)
{
	if (!sessions)
		return;
	free(sessions->at);
	free(sessions);
}

static void token_make(char token[SESSION_TOKEN_SIZE])
{
	unsigned char bytes[(SESSION_TOKEN_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(token + 2 * i, "%02x", bytes[i]);
}

const struct session *session_next(sessions_t *sessions, unsigned int *at,
				   int64_t now_ns)
{
	while (*at < sessions->max) {
		struct session *session = &sessions->at[(*at)++];

		if (session->id &&
		    now_ns - session->used_ns > sessions->timeout_ns)
			session->id = 0;
		if (session->id)
			return session;
	}
	return NULL;
}

unsigned int sessions_count(sessions_t *sessions, int64_t now_ns)
{
	unsigned int at = 0, n = 0;

	while (session_next(sessions, &at, now_ns))
		n++;
	return n;
}

const struct session *session_open(sessions_t *sessions, int64_t now_ns)
{
	if (sessions_count(sessions, now_ns) == sessions->max)
		return NULL;
	for (unsigned int i = 0; i < sessions->max; i++) {
		struct session *session = &sessions->at[i];

		if (session->id)
			continue;
		session->id = ++sessions->last_id;
		session->used_ns = now_ns;
		token_make(session->token);
		return session;
	}
	return NULL;
}

const struct session *session_by_token(sessions_t *sessions, const char *token,
				       int64_t now_ns)
{
	const struct session *session;
	unsigned int at = 0;

	while ((session = session_next(sessions, &at, now_ns)) != NULL) {
		if (strcmp(session->token, token) != 0)
			continue;
		sessions->at[at - 1].used_ns = now_ns;
		return session;
	}
	return NULL;
}

const struct session *session_by_id(sessions_t *sessions, const char *id,
				    int64_t now_ns)
{
	const struct session *session;
	unsigned int at = 0;
	char text[16];

	while ((session = session_next(sessions, &at, now_ns)) != NULL) {
		snprintf(text, sizeof(text), "%u", session->id);
		if (strcmp(text, id) == 0)
			return session;
	}
	return NULL;
}

void session_close(sessions_t *sessions, unsigned int id)
{
	for (unsigned int i = 0; i < sessions->max; i++)
		if (sessions->at[i].id == id)
			sessions->at[i].id = 0;
}

void sessions_drop(sessions_t *sessions)
{
	for (unsigned int i = 0; i < sessions->max; i++)
		sessions->at[i].id = 0;
}
