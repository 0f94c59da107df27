/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_EXPO_H
#define WATTGATE_EXPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Figures for Prometheus and what reads like it: OpenMetrics 1.0, or
 * Prometheus' own text (0.0.4), which node_exporter's textfiles are in and
 * `promtool check metrics` reads. A value that is not known has no line.
 */

enum expo_dialect { EXPO_OPENMETRICS, EXPO_PROMETHEUS };
enum expo_type { EXPO_GAUGE, EXPO_COUNTER, EXPO_INFO };

/* What an HTTP server says of it. */
#define EXPO_OPENMETRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"
#define EXPO_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct expo {
	FILE *f;
	enum expo_dialect dialect;
	/* the family that samples are of */
	const char *name;
	enum expo_type type;
	const char *label;	/* that all its samples have; NULL: none */
};

void expo_begin(struct expo *e, FILE *f, enum expo_dialect dialect);
void expo_end(struct expo *e);

/*
 * The samples that follow are of it. name: without "_total" and "_info", which
 * is added where it belongs; with its unit at the end, or unit is NULL. help is
 * one line. Texts outlive the family.
 */
void expo_family(struct expo *e, const char *name, enum expo_type type,
		 const char *unit, const char *label, const char *help);

/*
 * A sample. text: its label's value, NULL without label; more: further labels
 * as they are written (`a="b",c="d"`, by expo_label()), or NULL. A value that
 * is not finite leaves it out, and so does a counter's below 0.
 */
void expo_sample(struct expo *e, const char *text, const char *more,
		 double value);

/*
 * Any text as a label's value, without the quotes around it: two texts never
 * look the same. What is no UTF-8, controls and '%' become %XX. A new string;
 * NULL: no memory.
 */
char *expo_escape(const char *text);

/* NAME="TEXT" into buf; -1 where it does not fit. */
int expo_label(char *buf, size_t size, const char *name, const char *text);

#endif
