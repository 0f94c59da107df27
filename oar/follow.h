/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_FOLLOW_H
#define WATTGATE_OAR_FOLLOW_H

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

/*
 * Follow OAR's database: settle the time of all nodes, window by window, and
 * write into its schema `wattgate` what each job drew. Power comes from the
 * series in the run directory, which somebody else keeps.
 *
 * Runs until a signal ends the process: at any moment that is safe, since all
 * that must survive is in the database. Returns -1, with a text, only where
 * the configuration does not do or where this was built without libpq.
 */
int oar_follow(const struct conf *conf, const timesource_t *ts,
	       const logger_t *log, struct err *err);

/* Connect, and look at what oar_follow() will need. 0 or -1. */
int oar_follow_check(const struct conf *conf, struct err *err);

#endif
