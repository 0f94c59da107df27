/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "serve.h"

/* Built where libmicrohttpd or GnuTLS is missing. */
static int none(const struct conf *conf, struct err *err)
{
	return err_set(err, "%s: listen in [site]: this wattgated was built without libmicrohttpd and GnuTLS, which answering nodes needs",
		       conf->path);
}

int site_serve(const struct conf *conf, const timesource_t *ts,
	       const logger_t *log, struct err *err)
{
	(void)ts;
	(void)log;
	return none(conf, err);
}

int site_serve_check(const struct conf *conf, const timesource_t *ts,
		     const logger_t *log, struct err *err)
{
	(void)ts;
	(void)log;
	return none(conf, err);
}
