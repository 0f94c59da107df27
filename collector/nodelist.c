/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nodelist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"

#define HEAD "wattgate-nodes 1"

static int item_compare(const void *a, const void *b)
{
	const struct nodelist_item *x = a, *y = b;

	return strcmp(x->name, y->name);
}

const struct nodelist_item *nodelist_find(const struct nodelist *list,
					  const char *name)
{
	struct nodelist_item key;

	if (!list->count || strlen(name) >= sizeof(key.name))
		return NULL;
	strcpy(key.name, name);
	return bsearch(&key, list->item, list->count, sizeof(key),
		       item_compare);
}

static int line_parse(char *line, struct nodelist_item *item)
{
	char *blank = strchr(line, ' ');

	if (!blank)
		return -1;
	*blank = '\0';
	if (!conf_node_name_valid(line) || strlen(line) >= sizeof(item->name))
		return -1;
	strcpy(item->name, line);
	item->busy = strcmp(blank + 1, "busy") == 0;
	return item->busy || strcmp(blank + 1, "idle") == 0 ? 0 : -1;
}

static int item_add(struct nodelist *list, const struct nodelist_item *item)
{
	struct nodelist_item *more;

	if (list->count == NODELIST_MAX)
		return -1;
	if ((list->count & (list->count - 1)) == 0) {
		more = realloc(list->item, (list->count ? 2 * list->count : 1) *
			       sizeof(*more));
		if (!more)
			return -1;
		list->item = more;
	}
	list->item[list->count++] = *item;
	return 0;
}

static int file_parse(FILE *f, const char *path, struct nodelist *list,
		      struct err *err)
{
	struct nodelist_item item;
	char line[256];

	for (unsigned n = 1; fgets(line, sizeof(line), f); n++) {
		size_t len = strcspn(line, "\n");

		if (line[len] != '\n')
			return err_set(err, "%s:%u: a line without an end", path, n);
		line[len] = '\0';
		if (n == 1 && strcmp(line, HEAD) != 0)
			return err_set(err, "%s: does not begin with \"%s\"",
				       path, HEAD);
		if (n == 1)
			continue;
		if (line_parse(line, &item) < 0)
			return err_set(err, "%s:%u: not \"NODE busy\" or \"NODE idle\"",
				       path, n);
		if (item_add(list, &item) < 0)
			return err_set(err, "%s:%u: too many nodes", path, n);
	}
	return ferror(f) ? err_set_errno(err, "%s", path) : 0;
}

static int list_sort(const char *path, struct nodelist *list, struct err *err)
{
	if (list->count)
		qsort(list->item, list->count, sizeof(*list->item),
		      item_compare);
	for (unsigned i = 1; i < list->count; i++)
		if (strcmp(list->item[i - 1].name, list->item[i].name) == 0)
			return err_set(err, "%s: node %s stands there twice",
				       path, list->item[i].name);
	return 0;
}

int nodelist_read(const char *path, struct nodelist *list, struct err *err)
{
	FILE *f = fopen(path, "re");
	int rc;

	memset(list, 0, sizeof(*list));
	if (!f)
		return err_set_errno(err, "%s", path);
	rc = file_parse(f, path, list, err);
	fclose(f);
	if (rc == 0)
		rc = list_sort(path, list, err);
	if (rc < 0)
		nodelist_free(list);
	return rc;
}

void nodelist_free(struct nodelist *list)
{
	int saved = errno;

	free(list->item);
	memset(list, 0, sizeof(*list));
	errno = saved;
}
