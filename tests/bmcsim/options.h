/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_OPTIONS_H
#define BMCSIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"

#define SHAPE_ENVIRONMENT 1u
#define SHAPE_POWER 2u

/* bmcsim serve's command line. Strings belong to argv. */
struct options {
	const char *listen;
	unsigned int port;
	const char *port_file;
	bool control;
	unsigned int control_port;
	const char *control_port_file;
	const char *cert_file, *key_file;
	bool plain;
	const char *user;
	const char *password_file;
	unsigned int shapes;		/* SHAPE_*; 0: tree_dir */
	const char *tree_dir;
	const char *program;		/* NULL: none, yet */
	bool epoch_given;
	int64_t epoch_ns;
	const char *truth_file;
	const char *log_file;		/* "-": standard output */
	unsigned int max_sessions;
	double session_timeout_s;
	unsigned int retry_after_s;
	bool no_sessions, no_basic;
	double latency_ms, jitter_ms;
	double resolution_w;		/* 0: every digit */
	double energy_offset_j, energy_wrap_j;	/* wrap 0: it never does */
	unsigned int idle_timeout_s;	/* 0: connections live on */
	uint64_t seed;			/* of the jitter */
	/* records.h: what a site's data base has of it */
	const char *row_site;		/* NULL: no Kwollect server */
	bool exporter;
	const char *row_device;		/* names, comma between */
	const char *row_metric;
	const char *row_origin;		/* NULL: none */
	double row_step_s, row_late_s;
	double window_max_s;		/* 0: no window is too wide */
};

int options_parse(int argc, char **argv, struct options *opt,
		  struct fail *fail);

/* A decimal in min..max that fills text. Returns 0 or -1. */
int options_number(const char *text, double min, double max, double *value);

extern const char options_usage[];

#endif
