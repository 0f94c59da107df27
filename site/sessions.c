/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/secret.h"

#define SECRET_SIZE 32
#define INDEX_DIGITS 8

struct session {
	char *node;		/* NULL: free */
	int64_t end_ns;
	unsigned char secret[SECRET_SIZE];
};

struct sessions {
	struct session *items;
	unsigned count, room;
};

/* ---- tokens: the index, then the secret, in hexadecimal ---- */

static void token_format(unsigned index, const unsigned char *secret,
			 char token[SESSION_TOKEN_SIZE])
{
	int n = snprintf(token, SESSION_TOKEN_SIZE, "%08x", index);

	for (int i = 0; i < SECRET_SIZE; i++)
		n += snprintf(token + n, SESSION_TOKEN_SIZE - (size_t)n, "%02x",
			      secret[i]);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool token_parse(const char *token, unsigned *index,
			unsigned char secret[SECRET_SIZE])
{
	if (strlen(token) != INDEX_DIGITS + 2 * SECRET_SIZE)
		return false;
	for (const char *p = token; *p; p++)
		if (digit(*p) < 0)
			return false;
	*index = 0;
	for (int i = 0; i < INDEX_DIGITS; i++)
		*index = *index << 4 | (unsigned)digit(*token++);
	for (int i = 0; i < SECRET_SIZE; i++, token += 2)
		secret[i] = (unsigned char)(digit(token[0]) << 4 |
					    digit(token[1]));
	return true;
}

static bool secret_equal(const unsigned char *a, const unsigned char *b)
{
	volatile unsigned char off = 0;

	for (int i = 0; i < SECRET_SIZE; i++)
		off |= a[i] ^ b[i];
	return off == 0;
}

/* ---- the table ---- */

static void session_clear(struct session *x)
{
	free(x->node);
	secret_wipe(x, sizeof(*x));
}

static bool session_live(const struct session *x, int64_t now_ns)
{
	return x->node && now_ns < x->end_ns;
}

/* A free slot; those that have ended become free on the way. */
static struct session *slot_find(sessions_t *s, const char *node,
				 int64_t now_ns)
{
	struct session *found = NULL, *oldest = NULL;
	unsigned own = 0;

	for (unsigned i = 0; i < s->count; i++) {
		struct session *x = &s->items[i];

		if (x->node && !session_live(x, now_ns))
			session_clear(x);
		if (!x->node && !found)
			found = x;
		if (!x->node || strcmp(x->node, node) != 0)
			continue;
		own++;
		if (!oldest || x->end_ns < oldest->end_ns)
			oldest = x;
	}
	if (own < SESSIONS_PER_NODE)
		return found;
	session_clear(oldest);
	return oldest;
}

static struct session *slot_add(sessions_t *s)
{
	unsigned room = s->room ? 2 * s->room : 64;
	struct session *items;

	if (s->count == SESSIONS_MAX)
		return NULL;
	if (s->count == s->room) {
		items = calloc(room, sizeof(*items));
		if (!items)
			return NULL;
		if (s->items) {
			memcpy(items, s->items, s->count * sizeof(*items));
			secret_wipe(s->items, s->count * sizeof(*items));
		}
		free(s->items);
		s->items = items;
		s->room = room;
	}
	return &s->items[s->count++];
}

int sessions_add(sessions_t *s, const char *node, int64_t now_ns,
		 char token[SESSION_TOKEN_SIZE])
{
	struct session *x = slot_find(s, node, now_ns);

	if (!x)
		x = slot_add(s);
	if (!x)
		return -1;
	if (getrandom(x->secret, sizeof(x->secret), 0) !=
	    (ssize_t)sizeof(x->secret))
		return -1;
	x->node = strdup(node);
	if (!x->node)
		return -1;
	x->end_ns = now_ns + SESSION_LIFE_NS;
	token_format((unsigned)(x - s->items), x->secret, token);
	return 0;
}

const char *sessions_node(const sessions_t *s, const char *token,
			  int64_t now_ns)
{
	unsigned char secret[SECRET_SIZE];
	const char *node = NULL;
	unsigned index;

	if (token_parse(token, &index, secret) && index < s->count &&
	    secret_equal(s->items[index].secret, secret) &&
	    session_live(&s->items[index], now_ns))
		node = s->items[index].node;
	secret_wipe(secret, sizeof(secret));
	return node;
}

sessions_t *sessions_create(void)
{
	return calloc(1, sizeof(sessions_t));
}

void sessions_destroy(sessions_t *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->count; i++)
		session_clear(&s->items[i]);
	free(s->items);
	free(s);
}
