/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "auth.h"

#include <string.h>

#include "json_login.h"
#include "tree.h"

const char *auth_name(enum auth auth)
{
	static const char *const names[] = { "none", "token", "basic", "bad" };

	return names[auth];
}

static const char *header_get(struct MHD_Connection *connection,
			      const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum auth basic_check(struct bmc *bmc,
			     struct MHD_Connection *connection)
{
	char *password = NULL, *user;
	bool right;

	user = MHD_basic_auth_get_username_password(connection, &password);
	right = user && password && !bmc->opt->no_basic &&
		strcmp(user, bmc->opt->user) == 0 &&
		strcmp(password, bmc->password) == 0;
	MHD_free(user);
	MHD_free(password);
	if (!right)
		bmc->stats.logins_failed++;
	return right ? AUTH_BASIC : AUTH_BAD;
}

enum auth auth_check(struct bmc *bmc, struct MHD_Connection *connection,
		     int64_t now_ns)
{
	const char *token = header_get(connection, "X-Auth-Token");

	if (token)
		return session_by_token(bmc->sessions, token, now_ns) ?
			       AUTH_TOKEN : AUTH_BAD;
	if (header_get(connection, MHD_HTTP_HEADER_AUTHORIZATION))
		return basic_check(bmc, connection);
	return AUTH_NONE;
}

static void session_answer(struct bmc *bmc, int64_t now_ns,
			   struct answer *answer)
{
	const struct session *session = session_open(bmc->sessions, now_ns);
	struct tree_view view = { .user = bmc->opt->user };
	FILE *out;

	if (!session) {
		answer_error(answer, 503, "IDRAC.2.8.RAC0218",
			     "The maximum number of user sessions is reached. "
			     "Close some of them, or wait until one ends.");
		answer->retry_after_s = bmc->opt->retry_after_s;
		return;
	}
	bmc->stats.sessions_created++;
	answer->status = 201;
	snprintf(answer->location, sizeof(answer->location),
		 TREE_SESSIONS "/%u", session->id);
	snprintf(answer->token, sizeof(answer->token), "%s", session->token);
	out = answer_open(answer);
	if (out)
		tree_session(out, &view, session->id);
	answer_close(answer, out);
}

void auth_login(struct bmc *bmc, struct MHD_Connection *connection,
		const char *body, size_t size, int64_t now_ns,
		struct answer *answer)
{
	if (header_get(connection, MHD_HTTP_HEADER_AUTHORIZATION))
		bmc->stats.logins_with_authorization++;
	switch (json_login_check(body, size, bmc->opt->user, bmc->password)) {
	case 1:
		session_answer(bmc, now_ns, answer);
		break;
	case 0:
		bmc->stats.logins_failed++;
		answer_error(answer, 401, "Base.1.8.NoValidSession",
			     "The user name or the password is wrong.");
		break;
	default:
		bmc->stats.logins_failed++;
		answer_error(answer, 400, "Base.1.8.MalformedJSON",
			     "The body is no JSON object with a UserName "
			     "and a Password.");
	}
}
