/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_H
#define WATTGATE_REDFISH_H

#include "redfish_find.h"
#include "source.h"

/*
 * A node's BMC by Redfish: [bmc] url = http(s)://... Where conf->state_dir is
 * "", nothing is kept on disk: each source looks for the place itself.
 */
extern const struct source_ops redfish_source;

/*
 * Watch a source at work, for `wattgate probe`. Either may be NULL.
 *   answer  each answer of the BMC to a search or a sample, logins excepted
 *   search  a search has ended; `find` is valid during the call
 */
struct redfish_watcher {
	void (*answer)(void *arg, const char *path,
		       const struct http_reply *reply);
	void (*search)(void *arg, const redfish_find_t *find,
		       enum redfish_find_step end);
	void *arg;
};

/* `s` is a source of redfish_source; the watcher is copied. */
void redfish_watch(source_t *s, const struct redfish_watcher *watcher);

/* The place of the last search or of the cache; NULL before there is one. */
const struct redfish_place *redfish_place(const source_t *s);

/* How the BMC knows us: "session", "basic" or "none". */
const char *redfish_login(const source_t *s);

#endif
