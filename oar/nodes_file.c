/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nodes_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"

#define HEAD "wattgate-nodes 1\n"

static char *text_make(const struct fleet *f, const bool *busy, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out)
		return NULL;
	fputs(HEAD, out);
	for (uint32_t i = 0; i < f->count; i++)
		fprintf(out, "%s %s\n", f->nodes[i]->name,
			busy[i] ? "busy" : "idle");
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* Does the file hold this text already? */
static bool file_same(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	bool same = false;
	char *old;

	if (fd < 0)
		return false;
	old = malloc(size);
	if (old && fstat(fd, &st) == 0 && (size_t)st.st_size == size)
		same = file_read_all(fd, old, size) == (ssize_t)size &&
		       memcmp(old, text, size) == 0;
	free(old);
	close(fd);
	return same;
}

static int file_update(const char *dir, const char *text, size_t size,
		       struct err *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/nodes", dir) >= (int)sizeof(path))
		return err_set(err, "%s: the path is too long", dir);
	if (file_same(path, text, size))
		return 0;
	return file_replace(path, text, size, 0640, false, err);
}

int nodes_file_update(const struct fleet *fleet, const bool *busy,
		      struct err *err)
{
	size_t size;
	char *text = text_make(fleet, busy, &size);
	int rc;

	if (!text)
		return err_set(err, "out of memory");
	rc = file_update(conf_run_dir(), text, size, err);
	if (rc == 0)
		rc = file_update(fleet->conf->state_dir, text, size, err);
	free(text);
	return rc;
}
