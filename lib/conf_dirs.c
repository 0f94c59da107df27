/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things are, and the node's name. Apart from conf.c, since the plugins
 * need this and must not bring inih into slurmd.
 */
#include "conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Leaves room for suffixes in a file name of at most NAME_MAX bytes. */
#define NODE_NAME_MAX 200

#define NODE_NAME_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* The variable's value; NULL where it is not set or empty. */
static const char *env_get(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

const char *conf_path(const char *arg)
{
	const char *env = env_get("WATTGATE_CONF");

	if (arg)
		return arg;
	return env ? env : WATTGATE_CONF_DIR "/wattgate.conf";
}

const char *conf_run_dir(void)
{
	const char *env = env_get("WATTGATE_RUN_DIR");

	return env ? env : WATTGATE_RUN_DIR;
}

int conf_run_path(char *buf, unsigned long size, const char *node,
		  const char *name)
{
	int len = snprintf(buf, size, "%s/%s/%s", conf_run_dir(), node, name);

	if (len >= 0 && (unsigned long)len < size)
		return 0;
	if (size > 0)
		buf[0] = '\0';
	errno = ENAMETOOLONG;
	return -1;
}

/* The host's own name up to its first dot. */
static int host_name(char *buf, unsigned long size, struct err *err)
{
	if (gethostname(buf, size) != 0)
		return err_set_errno(err, "cannot get the host's name");
	buf[size - 1] = '\0';
	buf[strcspn(buf, ".")] = '\0';
	return 0;
}

bool conf_node_name_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NODE_NAME_MAX && name[0] != '.' &&
	       name[0] != '-' && strspn(name, NODE_NAME_CHARS) == len;
}

int conf_node_name(const char *arg, char *buf, unsigned long size,
		   struct err *err)
{
	char host[256];
	const char *name = arg;

	if (!name)
		name = env_get("WATTGATE_NODE");
	if (!name)
		name = env_get("SLURMD_NODENAME");
	if (!name) {
		if (host_name(host, sizeof(host), err) != 0)
			return -1;
		name = host;
	}
	if (!conf_node_name_valid(name))
		return err_set(err, "node name '%.80s' is not usable: letters, digits, '.', '_' and '-' only, not first a '.' or '-', at most %d long",
			       name, NODE_NAME_MAX);
	if (strlen(name) >= size)
		return err_set(err, "node name '%.80s' is too long", name);
	strcpy(buf, name);
	return 0;
}
