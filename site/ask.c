/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/site_words.h"
#include "source/json_doc.h"

/* ---- the path ---- */

static const struct {
	const char *method, *name;
	enum route route;
} node_routes[] = {
	{ "GET", "series", ROUTE_SERIES },
	{ "POST", "ledger", ROUTE_LEDGER },
	{ "PUT", "open", ROUTE_OPEN },
};

/* NODE/NAME */
static enum route node_route(const char *method, const char *path,
			     char node[ASK_NODE_SIZE])
{
	const char *slash = strchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash || len >= ASK_NODE_SIZE)
		return ROUTE_NONE;
	memcpy(node, path, len);
	node[len] = '\0';
	if (!conf_node_name_valid(node)) {
		node[0] = '\0';
		return ROUTE_NONE;
	}
	for (size_t i = 0; i < sizeof(node_routes) / sizeof(node_routes[0]); i++)
		if (strcmp(slash + 1, node_routes[i].name) == 0 &&
		    strcmp(method, node_routes[i].method) == 0)
			return node_routes[i].route;
	return ROUTE_NONE;
}

enum route ask_route(const char *method, const char *path,
		     char node[ASK_NODE_SIZE])
{
	static const char nodes[] = "/v1/nodes/";

	node[0] = '\0';
	if (strcmp(path, "/v1/session") == 0)
		return strcmp(method, "POST") == 0 ? ROUTE_SESSION : ROUTE_NONE;
	if (strncmp(path, nodes, sizeof(nodes) - 1) != 0)
		return ROUTE_NONE;
	return node_route(method, path + sizeof(nodes) - 1, node);
}

/* ---- a login ---- */

int ask_login(const char *body, size_t size, char node[ASK_NODE_SIZE],
	      char credential[CREDENTIAL_MAX], struct err *why)
{
	json_doc_t *doc = json_doc_parse(body, size, why);
	double version;
	int rc = 0;

	if (!doc)
		return -1;
	if (json_doc_number(doc, "/version", &version) != JSON_NUMBER_OK ||
	    version != SITE_VERSION)
		rc = err_set(why, "version %d is spoken here", SITE_VERSION);
	else if (json_doc_string(doc, "/node", node, ASK_NODE_SIZE) < 0 ||
		 !conf_node_name_valid(node))
		rc = err_set(why, "there is no node's name in it");
	else if (json_doc_string(doc, "/munge", credential,
				 CREDENTIAL_MAX) < 0 ||
		 !credential_plausible(credential))
		rc = err_set(why, "there is no munge credential in it");
	json_doc_destroy(doc);
	return rc;
}
