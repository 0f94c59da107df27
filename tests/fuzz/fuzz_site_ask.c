/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a site is asked: lines with method, path, boot, after and token, and
 * behind them the body of a login.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/conf.h"
#include "site/answer.h"
#include "site/ask.h"
#include "site/sessions.h"

#define BOOT "3fb97892-045e-4f38-b879-0dd30d47cc8c"

static void check_route(const char *method, const char *path)
{
	char node[ASK_NODE_SIZE], again[sizeof(node) + 32];
	enum route route = ask_route(method, path, node);

	FUZZ_CHECK(!*node || conf_node_name_valid(node));
	if (route == ROUTE_NONE)
		return;
	if (route == ROUTE_SESSION) {
		FUZZ_CHECK(!*node && strcmp(path, "/v1/session") == 0);
		return;
	}
	FUZZ_CHECK(*node);
	/* there is one way to write it */
	snprintf(again, sizeof(again), "/v1/nodes/%s/%s", node,
		 route == ROUTE_SERIES ? "series" :
		 route == ROUTE_LEDGER ? "ledger" : "open");
	FUZZ_CHECK(strcmp(again, path) == 0);
}

static void check_query(const char *boot, const char *after)
{
	struct answer_query q;
	int rc = answer_query_parse(&q, *boot ? boot : NULL,
				    *after ? after : NULL, BOOT);

	FUZZ_CHECK(rc == 0 || rc == -1);
	if (rc < 0)
		return;
	FUZZ_CHECK(q.from == (*boot && *after));
	FUZZ_CHECK(!q.from || q.after_ns >= -1);
	FUZZ_CHECK(!q.from || strcmp(boot, BOOT) == 0 || q.after_ns == -1);
}

/* Nobody guesses one. */
static void check_token(const char *text)
{
	sessions_t *s = sessions_create();
	char token[SESSION_TOKEN_SIZE];
	const char *node;

	FUZZ_CHECK(s && sessions_add(s, "n1", 0, token) == 0);
	FUZZ_CHECK(!sessions_node(s, text, 1));
	node = sessions_node(s, token, 1);
	FUZZ_CHECK(node && strcmp(node, "n1") == 0);
	sessions_destroy(s);
}

static void check_login(struct fuzz_input *in)
{
	char node[ASK_NODE_SIZE], credential[CREDENTIAL_MAX];
	size_t size = in->left;
	char *body = malloc(size ? size : 1);
	struct err why = { "" };

	FUZZ_CHECK(body);
	fuzz_bytes(in, body, size);	/* has no NUL behind it */
	if (ask_login(body, size, node, credential, &why) == 0)
		FUZZ_CHECK(conf_node_name_valid(node) &&
			   credential_plausible(credential));
	else
		FUZZ_CHECK(*why.text);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *line[5];

	for (int i = 0; i < 5; i++)
		line[i] = fuzz_line(&in);
	check_route(line[0], line[1]);
	check_query(line[2], line[3]);
	check_token(line[4]);
	check_login(&in);
	for (int i = 0; i < 5; i++)
		free(line[i]);
	return 0;
}
