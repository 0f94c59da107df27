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

/*
 * exit_status: unmunge's, one of munge's numbers; -1: it did not end by itself.
 * -1 with the reason where the credential is not valid; CREDENTIAL_UNASKED where
 * munge here could not tell.
 */
#define CREDENTIAL_UNASKED (-2)
int credential_parse(const char *output, int exit_status, struct credential *c,
		     struct err *why);

/* Users by name or number, as in munge_users: how many; -1 with a text. */
int credential_users(const char *text, uint32_t uids[CREDENTIAL_USERS_MAX],
		     struct err *err);

#endif
