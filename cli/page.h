/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PAGE_H
#define WATTGATE_CLI_PAGE_H

#include <stdio.h>

#include "cli/json_report.h"
#include "lib/err.h"

/*
 * A report as one HTML file that needs nothing else, neither a network nor a
 * server: the template, its style and script from a directory of ours, and
 * Chart.js from the system, all inlined. data/page/page.js says what it draws.
 */

struct page_files {
	const char *dir;	/* with page.html, .css, .js, equivalents.json */
	const char *chart;	/* Chart.js, minified */
};
/* The system's Chart.js. */
#define PAGE_CHART_JS WATTGATE_CHART_JS

/*
 * Write the page to f: `data` are the members of its JSON. Nothing is written
 * where a file is missing. 0, or -1 with a text.
 */
int page_print(FILE *f, const struct page_files *files, const char *title,
	       const struct json_member *data, size_t n, struct err *err);

#endif
