/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slurmdb/users.h"

#include <pwd.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct user {
	uint32_t uid;
	char *name;
};

static int compare_users(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static void free_user(void *ptr)
{
	struct user *u = ptr;

	free(u->name);
	free(u);
}

const char *users_name(struct users *users, uint32_t uid)
{
	struct user key = { .uid = uid }, *u, **found;
	const struct passwd *pw;

	found = tfind(&key, &users->tree, compare_users);
	if (found)
		return (*found)->name;
	u = malloc(sizeof(*u));
	if (!u)
		return "";
	pw = getpwuid(uid);
	*u = (struct user){ uid, strdup(pw ? pw->pw_name : "") };
	if (u->name && tsearch(u, &users->tree, compare_users))
		return u->name;
	free_user(u);
	return "";
}

void users_clear(struct users *users)
{
	tdestroy(users->tree, free_user);
	users->tree = NULL;
}
