/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/page.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/mem.h"
#include "cli/text.h"
#include "lib/file.h"

#define FILE_MAX (4 * 1024 * 1024)

/* The file's text, which the caller frees. NULL with a text. */
static char *read_text(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= FILE_MAX) {
		text = mem_zeroed((size_t)st.st_size + 1, 1);
		n = file_read_all(fd, text, (size_t)st.st_size);
	}
	if (n < 0) {
		err_set_errno(err, "cannot read '%s'", path);
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

static char *read_part(const char *dir, const char *name, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return read_text(path, err);
}

/* ---- what goes in ------------------------------------------------------------ */

static void print_escaped(FILE *f, const char *raw)
{
	char *text = text_valid(raw);

	for (const char *p = text; *p; p++) {
		switch (*p) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		default: putc(*p, f);
		}
	}
	free(text);
}

/* JSON inside <script>: nothing in it may look like markup. */
static void print_json(FILE *f, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (strchr("<>&", *p))
			fprintf(f, "\\u%04x", (unsigned)*p);
		else
			putc(*p, f);
	}
}

static void print_data(FILE *f, const struct json_member *data, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *json = open_memstream(&text, &size);

	if (!json)
		mem_failed();
	json_print_object(json, data, n);
	if (fclose(json) != 0)
		mem_failed();
	print_json(f, text);
	free(text);
}

/* A script inside <script> ends at the first "</script", wherever that is. */
static void print_script(FILE *f, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (strncasecmp(p, "</script", 8) == 0) {
			fputs("<\\", f);
			continue;
		}
		putc(*p, f);
	}
}

/* ---- the template -------------------------------------------------------------- */

enum part { TITLE, STYLE, DATA, EQUIVALENTS, CHART, SCRIPT, PARTS };

static const char *const marks[PARTS] = {
	[TITLE] = "@TITLE@", [STYLE] = "@STYLE@", [DATA] = "@DATA@",
	[EQUIVALENTS] = "@EQUIVALENTS@",
	[CHART] = "@CHART@", [SCRIPT] = "@SCRIPT@",
};

struct page {
	char *html, *style, *script, *equivalents, *chart;
	const char *title;
	const struct json_member *data;
	size_t n;
};

static void print_part(FILE *f, const struct page *p, enum part part)
{
	switch (part) {
	case TITLE: print_escaped(f, p->title); break;
	case STYLE: fputs(p->style, f); break;
	case DATA: print_data(f, p->data, p->n); break;
	case EQUIVALENTS: print_json(f, p->equivalents); break;
	case CHART: print_script(f, p->chart); break;
	case SCRIPT: print_script(f, p->script); break;
	case PARTS: break;
	}
}

/* The mark that stands at p; PARTS where there is none. */
static enum part mark_at(const char *p)
{
	int part = 0;

	while (part < PARTS &&
	       strncmp(p, marks[part], strlen(marks[part])) != 0)
		part++;
	return (enum part)part;
}

static void print_template(FILE *f, const struct page *p)
{
	for (const char *at = p->html; *at; at++) {
		enum part part = *at == '@' ? mark_at(at) : PARTS;

		print_part(f, p, part);
		if (part == PARTS)
			putc(*at, f);
		else
			at += strlen(marks[part]) - 1;
	}
}

int page_print(FILE *f, const struct page_files *files, const char *title,
	       const struct json_member *data, size_t n, struct err *err)
{
	struct page p = { .title = title, .data = data, .n = n };
	struct err why;
	int rc = -1;

	p.html = read_part(files->dir, "page.html", err);
	p.style = p.html ? read_part(files->dir, "page.css", err) : NULL;
	p.script = p.style ? read_part(files->dir, "page.js", err) : NULL;
	p.equivalents = p.script ? read_part(files->dir, "equivalents.json",
					     err) : NULL;
	if (p.equivalents) {
		p.chart = read_text(files->chart, &why);
		if (!p.chart)
			err_set(err, "%s: it has Chart.js (Debian: libjs-chart.js)",
				why.text);
	}
	if (p.chart) {
		print_template(f, &p);
		rc = 0;
	}
	free(p.html);
	free(p.style);
	free(p.script);
	free(p.equivalents);
	free(p.chart);
	return rc;
}
