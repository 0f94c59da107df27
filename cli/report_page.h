/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_REPORT_PAGE_H
#define WATTGATE_CLI_REPORT_PAGE_H

#include <stdio.h>

#include "cli/groups.h"
#include "cli/report.h"

/* A report's HTML page: what it needs of the jobs, as they come. */

typedef struct report_page report_page_t;

/* project: the column that people's work is told apart by. */
report_page_t *report_page_create(const struct report *report,
				  enum job_column project);
void report_page_destroy(report_page_t *p);	/* NULL is fine */

/*
 * The page is of a project's runs: `track` is what wattgate track knows of
 * them. Both have to stay.
 */
void report_page_track(report_page_t *p, const char *title,
		       const struct rows *track);

void report_page_add(report_page_t *p, const struct rows *jobs);

/* site: what the nodes drew; measured: the measured part of their time. */
int report_page_print(FILE *f, report_page_t *p,
		      const struct site_energy *site, double measured,
		      struct err *err);

#endif
