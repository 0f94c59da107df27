/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_REQLOG_H
#define BMCSIM_REQLOG_H

#include <stdint.h>
#include <stdio.h>

#include "fail.h"

/*
 * The log: one line for each request, and for what changes the simulator:
 *
 *	WALL CONN METHOD PATH STATUS WATTS LATENCY_MS AUTH FAULT
 *	WALL - START|STOP|PROGRAM|FAULT|CLEAR TEXT...
 *
 * WALL is the instant the answer was built, which is the one WATTS are of.
 */
struct reqlog_line {
	int64_t wall_ns;
	unsigned long conn;
	const char *method, *path;
	unsigned int status;		/* 0: none was sent, "-" */
	const char *watts;		/* NULL: "-" */
	double latency_ms;		/* from the request's end to the answer */
	const char *auth;		/* token, basic, none, bad */
	const char *fault;
};

/* "-" is standard output, NULL nowhere. Returns -1 with the reason. */
int reqlog_open(FILE **log, const char *path, struct fail *fail);

void reqlog_write(FILE *log, const struct reqlog_line *line);

void reqlog_note(FILE *log, int64_t wall_ns, const char *what,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
