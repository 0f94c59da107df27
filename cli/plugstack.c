/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plugstack.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8
#define LINE_MAX_HERE 4096	/* Slurm's own */

struct visit {
	void (*fn)(const struct plugstack_line *line, void *arg);
	void *arg;
	struct err *err;
	int depth;
};

static enum plugstack_kind kind_of(const char *word, size_t len)
{
	static const struct {
		const char *word;
		enum plugstack_kind kind;
	} kinds[] = {
		{ "optional", PLUGSTACK_OPTIONAL },
		{ "required", PLUGSTACK_REQUIRED },
		{ "include", PLUGSTACK_INCLUDE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].word) == len &&
		    strncmp(word, kinds[i].word, len) == 0)
			return kinds[i].kind;
	return PLUGSTACK_BAD;
}

/* The next word, up to a blank or a comment; its length, 0 at the end. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, " \t\r\n");
	return strcspn(*at, " \t\r\n#");
}

void plugstack_parse_line(const char *text, struct plugstack_line *line)
{
	size_t len = next_word(&text);

	line->path[0] = line->run_dir[0] = '\0';
	line->kind = PLUGSTACK_NOTHING;
	if (len == 0)
		return;
	line->kind = kind_of(text, len);
	text += len;
	len = next_word(&text);
	if (len == 0 || len >= sizeof(line->path)) {
		line->kind = PLUGSTACK_BAD;
		return;
	}
	snprintf(line->path, sizeof(line->path), "%.*s", (int)len, text);
	for (text += len; (len = next_word(&text)) > 0; text += len)
		if (len > 8 && strncmp(text, "run_dir=", 8) == 0)
			snprintf(line->run_dir, sizeof(line->run_dir), "%.*s",
				 (int)len - 8, text + 8);
}

static int visit_file(struct visit *v, const char *path);

/* Relative patterns begin in the including file's directory. */
static int visit_include(struct visit *v, const char *file, const char *pattern)
{
	const char *slash = strrchr(file, '/');
	char full[2 * PATH_MAX];
	glob_t found;
	int rc = 0;

	if (*pattern == '/' || !slash)
		snprintf(full, sizeof(full), "%s", pattern);
	else
		snprintf(full, sizeof(full), "%.*s/%s", (int)(slash - file),
			 file, pattern);
	switch (glob(full, 0, NULL, &found)) {
	case 0:
		for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
			rc = visit_file(v, found.gl_pathv[i]);
		globfree(&found);
		return rc;
	case GLOB_NOMATCH:
		return 0;
	default:
		return err_set(v->err, "%s: cannot read what \"include %s\" names",
			       file, pattern);
	}
}

static int visit_file(struct visit *v, const char *path)
{
	struct plugstack_line line = { .file = path };
	char text[LINE_MAX_HERE];
	FILE *f;
	int rc = 0;

	if (v->depth == DEPTH_MAX)
		return err_set(v->err, "%s: more than %d includes lead here",
			       path, DEPTH_MAX);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 :
		       err_set_errno(v->err, "cannot read %s", path);
	v->depth++;
	while (rc == 0 && fgets(text, sizeof(text), f)) {
		line.number++;
		plugstack_parse_line(text, &line);
		if (line.kind == PLUGSTACK_INCLUDE)
			rc = visit_include(v, path, line.path);
		else if (line.kind != PLUGSTACK_NOTHING)
			v->fn(&line, v->arg);
	}
	v->depth--;
	fclose(f);
	return rc;
}

int plugstack_visit(const char *path,
		    void (*fn)(const struct plugstack_line *line, void *arg),
		    void *arg, struct err *err)
{
	struct visit v = { fn, arg, err, 0 };

	return visit_file(&v, path);
}
