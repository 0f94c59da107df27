/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/ledgers.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

static const char *const suffixes[] = {
	[LEDGER_FILE_CLOSED] = ".ledger",
	[LEDGER_FILE_OPEN] = ".open",
	[LEDGER_FILE_PAST] = ".backfill",
};

void names_add(struct names *names, const char *name)
{
	names->list = mem_grow(names->list, names->len, &names->room,
			       sizeof(*names->list));
	names->list[names->len++] = mem_string(name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_sort(struct names *names)
{
	size_t kept = 0;

	if (names->len == 0)
		return;
	qsort(names->list, names->len, sizeof(*names->list), compare_names);
	for (size_t i = 0; i < names->len; i++) {
		if (kept && strcmp(names->list[kept - 1], names->list[i]) == 0)
			free(names->list[i]);
		else
			names->list[kept++] = names->list[i];
	}
	names->len = kept;
}

bool names_have(const struct names *names, const char *name)
{
	return names->len > 0 &&
	       bsearch(&name, names->list, names->len, sizeof(*names->list),
		       compare_names) != NULL;
}

void names_destroy(struct names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->list[i]);
	free(names->list);
	memset(names, 0, sizeof(*names));
}

/*
 * "n1.ledger" -> "n1"; files that are being written begin with a dot. Beside a
 * store only what it has not counts.
 */
static void add_node(struct names *nodes, const char *file, bool stored)
{
	char node[NAME_MAX + 1];

	if (*file == '.')
		return;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t len = strlen(file), tail = strlen(suffixes[i]);

		if (stored && i != LEDGER_FILE_PAST)
			continue;
		if (len <= tail || strcmp(file + len - tail, suffixes[i]) != 0)
			continue;
		snprintf(node, sizeof(node), "%.*s", (int)(len - tail), file);
		names_add(nodes, node);
	}
}

static int directory_nodes(const char *dir, bool stored, struct names *nodes,
			   struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int rc = 0;

	if (!d && stored && errno == ENOENT)
		return 0;
	if (!d)
		return err_set_errno(err, "cannot read ledger directory %s",
				     dir);
	errno = 0;
	while ((entry = readdir(d)))
		add_node(nodes, entry->d_name, stored);
	if (errno)
		rc = err_set_errno(err, "cannot read ledger directory %s", dir);
	closedir(d);
	return rc;
}

static void add_stored(const char *name, void *arg)
{
	names_add(arg, name);
}

int ledgers_nodes(const struct ledgers *from, struct names *nodes,
		  struct err *err)
{
	int rc = from->store ? store_nodes(from->store, add_stored, nodes, err) :
			       0;

	if (rc == 0)
		rc = directory_nodes(from->dir, from->store != NULL, nodes,
				     err);
	names_sort(nodes);
	return rc;
}

bool ledgers_past_boot(const char *boot_id)
{
	return strncmp(boot_id, LEDGER_PAST_BOOT,
		       strlen(LEDGER_PAST_BOOT)) == 0;
}

bool ledgers_past_open(const struct ledger_alloc *alloc)
{
	return ledgers_past_boot(alloc->boot_id) &&
	       strcmp(alloc->end, "open") == 0;
}

int ledgers_past_path(char *buf, size_t size, const char *dir,
		      const char *node)
{
	const int len = snprintf(buf, size, "%s/%s%s", dir, node,
				 suffixes[LEDGER_FILE_PAST]);

	return len < 0 || (size_t)len >= size ? -1 : 0;
}

static int visit_file(const char *dir, const char *node, enum ledger_file which,
		      const struct ledger_visitor *visitor, struct err *err)
{
	char path[PATH_MAX];
	struct ledger_rec rec;
	struct err damage;
	ledger_reader_t *r;
	int rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s%s", dir, node,
			     suffixes[which]) >= sizeof(path))
		return err_set(err, "path of the ledger of %s is too long",
			       node);
	r = ledger_reader_open(path, err);
	if (!r)
		return errno == ENOENT ? 0 : -1;
	while ((rc = ledger_reader_next(r, &rec, &damage)) != 0) {
		if (rc > 0)
			visitor->record(&rec, visitor->arg);
		else if (visitor->damage)
			visitor->damage(damage.text, visitor->arg);
	}
	ledger_reader_close(r);
	return 0;
}

int ledgers_visit(const struct ledgers *from, const char *node,
		  enum ledger_file which,
		  const struct ledger_visitor *visitor, struct err *err)
{
	if (!from->store || which == LEDGER_FILE_PAST)
		return visit_file(from->dir, node, which, visitor, err);
	return store_visit(from->store, node, which == LEDGER_FILE_OPEN,
			   from->windowed ? &from->window : NULL,
			   visitor->record, visitor->arg, err);
}

int ledgers_newest(const struct ledgers *from, const char *node,
		   int64_t *newest_ns, struct err *err)
{
	*newest_ns = INT64_MIN;
	return from->store && from->windowed ?
	       store_newest(from->store, node, newest_ns, err) : 0;
}
