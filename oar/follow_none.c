/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the place of follow.c where there is no libpq. */
#include "follow.h"

int oar_follow(const struct conf *conf, const timesource_t *ts,
	       const logger_t *log, struct err *err)
{
	(void)ts;
	(void)log;
	return oar_follow_check(conf, err);
}

int oar_follow_check(const struct conf *conf, struct err *err)
{
	(void)conf;
	return err_set(err, "this wattgated was built without libpq and cannot follow OAR: install libpq-dev, configure and build again");
}
