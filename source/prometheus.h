/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_PROMETHEUS_H
#define WATTGATE_PROMETHEUS_H

#include "archive.h"
#include "source.h"

/*
 * A Prometheus server, or what speaks like one: source = prometheus, url,
 * query.
 *
 * A query that is a series selector, NAME{LABEL="VALUE",...}, is asked for its
 * raw samples (a range selector in an instant query): each with the time when
 * it was scraped, and none where nothing was.
 *
 * Anything else is an expression. It has no samples of its own, so it is
 * evaluated once a period, on a grid. There a selector of an instant would look
 * back for up to five minutes and take an old sample for a new one. So all
 * selectors of an expression must be of a range, which says how old a sample
 * may be: sum(last_over_time(psu_watts{node="n1"}[7s])).
 */
extern const struct archive_ops prometheus_archive;
extern const struct source_ops prometheus_source;

/*
 * Is the query a series selector? Its name, "" where it has none, into name.
 */
bool prometheus_selector(const char *query, char *name, size_t size);

/* Does an expression read nothing but ranges, and of now? -1 with a text. */
int prometheus_expression_check(const char *query, struct err *err);

#endif
