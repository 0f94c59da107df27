/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_AUTH_H
#define BMCSIM_AUTH_H

#include "answer.h"
#include "bmc.h"

enum auth { AUTH_NONE, AUTH_TOKEN, AUTH_BASIC, AUTH_BAD };

const char *auth_name(enum auth auth);

/* What the request proves; counts a failed Basic login. */
enum auth auth_check(struct bmc *bmc, struct MHD_Connection *connection,
		     int64_t now_ns);

/* A POST to Sessions. */
void auth_login(struct bmc *bmc, struct MHD_Connection *connection,
		const char *body, size_t size, int64_t now_ns,
		struct answer *answer);

#endif
