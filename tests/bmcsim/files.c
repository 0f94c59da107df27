/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOP "redfish"
#define STATUS_FILE "_status.tsv"
#define LINE_MAX_SIZE (2 * FILES_PATH_MAX + 16)

enum hole_kind { HOLE_WATTS, HOLE_JOULES, HOLE_KWH, HOLE_KINDS };

static const char *const hole_texts[HOLE_KINDS] = {
	"\"@WATTS@\"", "\"@JOULES@\"", "\"@KWH@\"",
};

/* A member whose value is not in the text; offsets into it. */
struct files_hole {
	enum hole_kind kind;
	size_t name, value, end;
};

struct files {
	const char *dir;	/* while loading */
	struct files_item *items;
	size_t n_items, room;
	size_t bytes;
};

/* ---- a text and its holes ---- */

static size_t blanks_skip_back(const char *text, size_t at)
{
	while (at > 0 && strchr(" \t\r\n", text[at - 1]))
		at--;
	return at;
}

/* Where the name of the member whose value begins at `at` begins; or -1. */
static int name_find(const char *text, size_t at, size_t *name)
{
	at = blanks_skip_back(text, at);
	if (at == 0 || text[at - 1] != ':')
		return -1;
	at = blanks_skip_back(text, at - 1);
	if (at < 2 || text[at - 1] != '"')
		return -1;
	for (at -= 2; text[at] != '"'; at--)
		if (at == 0)
			return -1;
	*name = at;
	return 0;
}

static int hole_add(struct files_item *item, const struct files_hole *hole)
{
	struct files_hole *grown;

	grown = realloc(item->holes, (item->n_holes + 1) * sizeof(*grown));
	if (!grown)
		return -1;
	item->holes = grown;
	grown[item->n_holes++] = *hole;
	item->watts |= hole->kind == HOLE_WATTS;
	return 0;
}

static enum hole_kind hole_at(const char *text)
{
	enum hole_kind kind = 0;

	while (kind < HOLE_KINDS && strncmp(text, hole_texts[kind],
					    strlen(hole_texts[kind])) != 0)
		kind++;
	return kind;
}

static int holes_find(struct files_item *item, struct fail *fail)
{
	const char *at = item->text;

	while ((at = strstr(at, "\"@")) != NULL) {
		struct files_hole hole = { .kind = hole_at(at) };

		if (hole.kind == HOLE_KINDS) {
			at++;
			continue;
		}
		hole.value = (size_t)(at - item->text);
		hole.end = hole.value + strlen(hole_texts[hole.kind]);
		if (name_find(item->text, hole.value, &hole.name) < 0)
			return fail_set(fail, "%s: %s stands where no member's "
					"value is", item->path,
					hole_texts[hole.kind]);
		if (hole_add(item, &hole) < 0)
			return fail_set(fail, "out of memory");
		at = item->text + hole.end;
	}
	return 0;
}

static void hole_write(FILE *out, const struct files_item *item,
		       const struct files_hole *hole,
		       const struct files_view *view)
{
	const char *text = item->text;

	/* Under another name the member is away, and no comma is in excess. */
	if (hole->kind == HOLE_WATTS && !view->reading) {
		fputs("\"@bmcsim.absent\":true", out);
		return;
	}
	fwrite(text + hole->name, 1, hole->value - hole->name, out);
	if (hole->kind == HOLE_WATTS)
		fputs(view->reading, out);
	else if (hole->kind == HOLE_JOULES)
		fprintf(out, "%.3f", view->joules);
	else
		fprintf(out, "%.9f", view->joules / 3.6e6);
}

void files_write(FILE *out, const struct files_item *item,
		 const struct files_view *view)
{
	size_t at = 0;

	for (size_t i = 0; i < item->n_holes; i++) {
		const struct files_hole *hole = &item->holes[i];

		fwrite(item->text + at, 1, hole->name - at, out);
		hole_write(out, item, hole, view);
		at = hole->end;
	}
	fwrite(item->text + at, 1, item->size - at, out);
}

/* ---- the list ---- */

static void item_clear(struct files_item *item)
{
	free(item->path);
	free(item->location);
	free(item->text);
	free(item->holes);
}

void files_destroy(files_t *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->n_items; i++)
		item_clear(&files->items[i]);
	free(files->items);
	free(files);
}

/* A new one of status 200, without a text; NULL with the reason. */
static struct files_item *item_add(files_t *files, const char *path,
				   struct fail *fail)
{
	struct files_item *item;

	if (files->n_items == FILES_MAX) {
		fail_set(fail, "%s: more than %d resources", files->dir,
			 FILES_MAX);
		return NULL;
	}
	if (files->n_items == files->room) {
		size_t room = files->room ? 2 * files->room : 64;

		item = realloc(files->items, room * sizeof(*item));
		if (!item) {
			fail_set(fail, "out of memory");
			return NULL;
		}
		files->items = item;
		files->room = room;
	}
	item = &files->items[files->n_items];
	*item = (struct files_item){ .status = 200, .path = strdup(path) };
	if (!item->path) {
		fail_set(fail, "out of memory");
		return NULL;
	}
	files->n_items++;
	return item;
}

static int item_order(const void *a, const void *b)
{
	const struct files_item *one = a, *other = b;

	return strcmp(one->path, other->path);
}

const struct files_item *files_find(const files_t *files, const char *path)
{
	char plain[FILES_PATH_MAX];
	struct files_item key = { .path = plain };
	size_t n = strlen(path);

	if (n && path[n - 1] == '/')
		n--;
	if (n >= sizeof(plain))
		return NULL;
	memcpy(plain, path, n);
	plain[n] = '\0';
	return bsearch(&key, files->items, files->n_items, sizeof(key),
		       item_order);
}

bool files_need_program(const files_t *files)
{
	for (size_t i = 0; i < files->n_items; i++)
		if (files->items[i].n_holes)
			return true;
	return false;
}

/* ---- reading ---- */

static int text_read(files_t *files, int fd, struct files_item *item,
		     struct fail *fail)
{
	FILE *file = fdopen(fd, "r");
	char *text = file ? malloc(FILES_FILE_MAX + 2) : NULL;
	char *fitting;

	if (text)
		item->size = fread(text, 1, FILES_FILE_MAX + 1, file);
	if (!text || ferror(file) || item->size > FILES_FILE_MAX ||
	    memchr(text, '\0', item->size)) {
		fail_set(fail, "%s%s/index.json: cannot be read, has a NUL or "
			 "more than %d bytes", files->dir, item->path,
			 FILES_FILE_MAX);
		free(text);
		if (file)
			fclose(file);
		else
			close(fd);
		return -1;
	}
	fclose(file);
	text[item->size] = '\0';
	fitting = realloc(text, item->size + 1);
	item->text = fitting ? fitting : text;
	files->bytes += item->size;
	if (files->bytes > FILES_BYTES_MAX)
		return fail_set(fail, "%s: more than %d bytes", files->dir,
				FILES_BYTES_MAX);
	return holes_find(item, fail);
}

static int entry_load(files_t *files, int at_fd, const char *name, char *path,
		      struct fail *fail);

/* Takes fd. The path is longer by each directory, and short again at the end. */
static int dir_load(files_t *files, int fd, char *path, struct fail *fail)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (!dir) {
		close(fd);
		return fail_set(fail, "%s%s: %s", files->dir, path,
				strerror(errno));
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			rc = entry_load(files, fd, entry->d_name, path, fail);
	closedir(dir);
	return rc;
}

static int subdir_load(files_t *files, int fd, const char *name, char *path,
		       struct fail *fail)
{
	size_t n = strlen(path);
	int rc;

	if (n + strlen(name) + 2 > FILES_PATH_MAX) {
		close(fd);
		return fail_set(fail, "%s%s/%s: the path is too long",
				files->dir, path, name);
	}
	sprintf(path + n, "/%s", name);
	rc = dir_load(files, fd, path, fail);
	path[n] = '\0';
	return rc;
}

static int entry_load(files_t *files, int at_fd, const char *name, char *path,
		      struct fail *fail)
{
	int fd = openat(at_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
				     O_CLOEXEC);
	struct files_item *item;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fail_set(fail, "%s%s/%s: %s", files->dir, path, name,
			 errno == ELOOP ? "is a link" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return subdir_load(files, fd, name, path, fail);
	if (!S_ISREG(st.st_mode) || strcmp(name, "index.json") != 0) {
		close(fd);
		return 0;
	}
	item = item_add(files, path, fail);
	if (!item) {
		close(fd);
		return -1;
	}
	return text_read(files, fd, item, fail);
}

/* ---- _status.tsv ---- */

static struct files_item *item_of(files_t *files, const char *path,
				  struct fail *fail)
{
	for (size_t i = 0; i < files->n_items; i++)
		if (strcmp(files->items[i].path, path) == 0)
			return &files->items[i];
	return item_add(files, path, fail);
}

static int status_set(files_t *files, char *line, struct fail *fail)
{
	char *status = strchr(line, '\t'), *location = NULL, *end;
	struct files_item *item;
	unsigned long number;
	size_t n;

	if (status) {
		*status++ = '\0';
		location = strchr(status, '\t');
		if (location)
			*location++ = '\0';
	}
	number = status ? strtoul(status, &end, 10) : 0;
	if (line[0] != '/' || !status || end == status || *end || number > 599 ||
	    number < (location ? 301 : 400) || (location && number > 308))
		return fail_set(fail, "%s/" STATUS_FILE ": \"%.100s\": wants a "
				"URL, a tab and a status", files->dir, line);
	n = strlen(line);
	if (n && line[n - 1] == '/')
		line[n - 1] = '\0';
	item = item_of(files, line, fail);
	if (!item)
		return -1;
	item->status = (unsigned int)number;
	free(item->location);
	item->location = location ? strdup(location) : NULL;
	return 0;
}

static int status_load(files_t *files, int at_fd, struct fail *fail)
{
	int fd = openat(at_fd, STATUS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[LINE_MAX_SIZE];
	int rc = 0;

	if (!file) {
		if (fd < 0 && errno == ENOENT)
			return 0;
		fail_set(fail, "%s/" STATUS_FILE ": %s", files->dir,
			 errno == ELOOP ? "is a link" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (rc == 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line && *line != '#')
			rc = status_set(files, line, fail);
	}
	fclose(file);
	return rc;
}

/* ---- all of it ---- */

static int tree_load(files_t *files, int fd, struct fail *fail)
{
	char path[FILES_PATH_MAX] = "";

	if (entry_load(files, fd, TOP, path, fail) < 0 ||
	    status_load(files, fd, fail) < 0)
		return -1;
	if (files->n_items == 0)
		return fail_set(fail, "%s: there is no redfish/v1/.../"
				"index.json in it", files->dir);
	qsort(files->items, files->n_items, sizeof(*files->items), item_order);
	return 0;
}

files_t *files_load(const char *dir, struct fail *fail)
{
	files_t *files = calloc(1, sizeof(*files));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (!files || fd < 0) {
		fail_set(fail, "%s: %s", dir, strerror(errno));
		free(files);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	files->dir = dir;
	rc = tree_load(files, fd, fail);
	close(fd);
	if (rc < 0) {
		files_destroy(files);
		return NULL;
	}
	return files;
}
