/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/whose.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/slurm_config.h"

#define ANSWER_MS 10000

/* false for root, and for who has no name. */
static bool my_name(char *buf, size_t size)
{
	const struct passwd *me = getuid() == 0 ? NULL : getpwuid(getuid());

	if (!me)
		return false;
	return (size_t)snprintf(buf, size, "%s", me->pw_name) < size;
}

/* ---- Slurm ----------------------------------------------------------------- */

static int take_setting(char *line, void *arg)
{
	struct slurm_privacy *p = arg;
	char *key, *value;

	if (!line || slurm_split_pair(line, &key, &value) < 0)
		return 0;
	if (strcasecmp(key, "PrivateData") == 0)
		p->jobs_hidden |= slurm_list_has(value, "jobs", "");
	else if (strcasecmp(key, "SlurmUser") == 0)
		snprintf(p->slurm_user, sizeof(p->slurm_user), "%.*s",
			 (int)strcspn(value, "("), value);
	return 0;
}

int slurm_privacy_read(struct slurm_privacy *privacy)
{
	char *const argv[] = { "sacctmgr", "--noheader", "show", "config",
			       NULL };
	char *const env[] = { NULL };

	memset(privacy, 0, sizeof(*privacy));
	return child_lines(argv, env, ANSWER_MS, take_setting, privacy, NULL);
}

static int take_level(char *line, void *arg)
{
	if (line && (strcmp(line, "Operator") == 0 ||
		     strcmp(line, "Administrator") == 0))
		*(bool *)arg = true;
	return 0;
}

static bool is_operator(const char *user)
{
	char name[300];
	char *argv[] = { "sacctmgr", "--noheader", "--parsable2", "show",
			 "user", name, "format=adminlevel", NULL };
	char *env[] = { NULL };
	bool operator = false;

	/* a comma would make two names of it */
	if (strpbrk(user, ",\"'= "))
		return false;
	snprintf(name, sizeof(name), "name=%s", user);
	return child_lines(argv, env, ANSWER_MS, take_level, &operator,
			   NULL) == 0 && operator;
}

static bool is_slurm(const char *user)
{
	struct slurm_privacy p;

	return slurm_privacy_read(&p) == 0 && strcmp(p.slurm_user, user) == 0;
}

bool whose_slurm(char *buf, size_t size)
{
	return my_name(buf, size) && !is_operator(buf) && !is_slurm(buf);
}

/* ---- OAR ------------------------------------------------------------------- */

bool whose_oar(char *buf, size_t size)
{
	return my_name(buf, size) && strcmp(buf, "oar") != 0 &&
	       strcmp(buf, "wattgate") != 0;
}
