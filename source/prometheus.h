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
 * it was scraped, and none where nothing was. Anything else is an expression.
 * It has no samples of its own, so it is evaluated once a period, and
 * what Prometheus would do for five minutes, take an old sample for a new one,
 * is cut down to one and a half periods (lookback_delta).
 */
extern const struct archive_ops prometheus_archive;
extern const struct source_ops prometheus_source;

/*
 * Is the query a series selector? Its name, "" where it has none, into name.
 */
bool prometheus_selector(const char *query, char *name, size_t size);

#endif
