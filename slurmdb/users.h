/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_USERS_H
#define WATTGATE_SLURMDB_USERS_H

#include <stdint.h>

/* Names of users by number, each looked up once. */
struct users {
	void *tree;
};

/*
 * "" where the system knows none, or there is no memory; valid until
 * users_clear().
 */
const char *users_name(struct users *users, uint32_t uid);
void users_clear(struct users *users);

#endif
