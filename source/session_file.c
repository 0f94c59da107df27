/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session_file.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/statefile.h"

static bool uri_plain(const char *uri)
{
	if (uri[0] != '/' || uri[1] == '/' || strlen(uri) >= SESSION_URI_MAX)
		return false;
	for (; *uri; uri++)
		if (!isgraph((unsigned char)*uri))
			return false;
	return true;
}

static void list_remove(session_file_t *f, unsigned i)
{
	f->count--;
	memmove(f->uri[i], f->uri[i + 1], (f->count - i) * sizeof(f->uri[0]));
}

static int list_find(const session_file_t *f, const char *uri)
{
	for (unsigned i = 0; i < f->count; i++)
		if (strcmp(f->uri[i], uri) == 0)
			return (int)i;
	return -1;
}

static void list_add(session_file_t *f, const char *uri)
{
	int i = list_find(f, uri);

	if (i >= 0)		/* BMCs give numbers out again */
		list_remove(f, (unsigned)i);
	if (f->count == SESSION_FILE_MAX)
		list_remove(f, 0);
	snprintf(f->uri[f->count++], SESSION_URI_MAX, "%s", uri);
}

static int list_save(const session_file_t *f, struct err *err)
{
	char text[STATEFILE_MAX];
	size_t n = 0;

	if (!f->dir[0])
		return 0;
	text[0] = '\0';
	for (unsigned i = 0; i < f->count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%suri=%s\n",
				      i ? "" : "bmc=", i ? "" : f->base_url,
				      i ? "" : "\n", f->uri[i]);
	return statefile_write(f->dir, f->node, f->name, text, err);
}

int session_file_load(session_file_t *f, const char *dir, const char *node,
		      const char *suffix, const char *base_url,
		      struct err *err)
{
	char text[STATEFILE_MAX], bmc[sizeof(f->base_url)];
	char *line, *next;

	memset(f, 0, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	snprintf(f->node, sizeof(f->node), "%s", node);
	snprintf(f->name, sizeof(f->name), "session%s", suffix);
	snprintf(f->base_url, sizeof(f->base_url), "%s", base_url);
	if (!dir[0])
		return 0;
	if (statefile_read(dir, node, f->name, text, sizeof(text), err) < 0)
		return -1;
	if (statefile_get(text, "bmc", bmc, sizeof(bmc)) < 0 ||
	    strcmp(bmc, base_url) != 0)
		return 0;
	for (line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strncmp(line, "uri=", 4) == 0 && uri_plain(line + 4))
			list_add(f, line + 4);
	}
	return 0;
}

int session_file_add(session_file_t *f, const char *uri, struct err *err)
{
	if (!uri_plain(uri))
		return err_set(err, "%s: the BMC gave a session without a usable address",
			       f->base_url);
	list_add(f, uri);
	return list_save(f, err);
}

int session_file_remove(session_file_t *f, const char *uri, struct err *err)
{
	int i = list_find(f, uri);

	if (i < 0)
		return 0;
	list_remove(f, (unsigned)i);
	return list_save(f, err);
}
