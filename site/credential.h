/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_CREDENTIAL_H
#define WATTGATE_SITE_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/* What a munge credential has to be, and what unmunge says of one. Pure. */

#define CREDENTIAL_MAX 4096
#define CREDENTIAL_PAYLOAD_MAX 320
#define CREDENTIAL_USERS_MAX 16

/* What unmunge -N -k STATUS,ENCODE_HOST,UID told. */
struct credential {
	uint32_t uid;
	char origin[64];	/* the address of the host that it was made on */
	char payload[CREDENTIAL_PAYLOAD_MAX];
};

/* Does it look like one? Others are not worth a process. */
bool credential_plausible(const char *text);

/* -1 with the reason where it is not valid, or unmunge said something else. */
int credential_parse(const char *output, struct credential *c, struct err *why);

/* Users by name or number, as in munge_users: how many; -1 with a text. */
int credential_users(const char *text, uint32_t uids[CREDENTIAL_USERS_MAX],
		     struct err *err);

#endif
