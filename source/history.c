/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive.h"
#include "kwollect.h"
#include "prometheus.h"

#define PAGE_FIRST_NS (3600 * NS_PER_S)
#define PAGE_MAX_NS (6 * 3600 * NS_PER_S)
#define PAGE_MIN_NS (60 * NS_PER_S)
#define TRIES_MAX 6		/* of one page */
#define DELAY_FIRST_NS (NS_PER_S / 2)	/* doubles with each */
#define DELAY_MAX_NS (60 * NS_PER_S)

struct history {
	struct archive archive;
	timesource_t ts;
	const logger_t *log;
	http_t *http;
	http_conn_t *conn;
	struct rowset rows;
	int64_t page_ns;	/* how much is asked for at a time */
	bool narrowed;		/* it was too much once: no more growing */

	/* the request under way */
	bool busy;
	int64_t from_ns, to_ns;
	enum archive_end end;
	int64_t retry_after_ns;
	struct err *why;
	struct history_stats stats;
};

static const struct archive_ops *const archives[] = {
	&kwollect_archive, &prometheus_archive,
};

static const struct archive_ops *archive_find(const struct conf_meter *meter,
					      struct err *err)
{
	for (size_t i = 0; i < sizeof(archives) / sizeof(archives[0]); i++)
		if (strcmp(meter->source, archives[i]->name) == 0)
			return archives[i];
	err_set(err, "source = %s keeps no past; kwollect and prometheus do",
		meter->source[0] ? meter->source : "(none)");
	return NULL;
}

int history_check(const struct conf_meter *meter, struct err *err)
{
	return archive_find(meter, err) ? 0 : -1;
}

/* ---- one request ---- */

static void on_reply(void *arg, const struct http_reply *reply)
{
	history_t *h = arg;

	h->busy = false;
	h->retry_after_ns = reply->retry_after_ns;
	h->end = archive_read(&h->archive, reply, h->from_ns, h->to_ns,
			      &h->rows, h->why);
}

/* Ask and wait; the connection has a time limit of its own. */
static enum archive_end page_ask(history_t *h, int64_t from_ns, int64_t to_ns,
				 struct err *err)
{
	int rc;

	h->from_ns = from_ns;
	h->to_ns = to_ns;
	h->why = err;
	h->retry_after_ns = 0;
	rowset_reset(&h->rows);
	rc = archive_ask(&h->archive, h->conn, from_ns, to_ns, on_reply, h,
			 err);
	if (rc > 0)
		return ARCHIVE_ROWS;
	if (rc < 0)
		return ARCHIVE_REFUSED;
	h->stats.requests++;
	h->busy = true;
	while (h->busy)
		if (http_poll(h->http, NULL, 0, 1000, err) < 0) {
			http_cancel(h->conn);
			h->busy = false;
			return ARCHIVE_REFUSED;
		}
	return h->end;
}

/* ---- one page, whatever it takes ---- */

static void pause_ns(int64_t ns)
{
	struct timespec left = { .tv_sec = ns / NS_PER_S,
				 .tv_nsec = ns % NS_PER_S };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void delay_wait(const history_t *h, unsigned tries, const struct err *why)
{
	int64_t ns = DELAY_FIRST_NS << tries;

	if (h->retry_after_ns > ns)
		ns = h->retry_after_ns;
	if (ns > DELAY_MAX_NS)
		ns = DELAY_MAX_NS;
	log_info(h->log, "%s; again in %.1f s", why->text, ns_to_s(ns));
	pause_ns(ns);
}

static int page_narrow(history_t *h, int64_t *to_ns, struct err *err)
{
	struct err text = *err;

	h->narrowed = true;
	if (h->to_ns - h->from_ns < PAGE_MIN_NS)
		return err_set(err, "%s (for no more than %.0f s)", text.text,
			       ns_to_s(h->to_ns - h->from_ns + 1));
	h->page_ns = (h->to_ns - h->from_ns + 1) / 2;
	*to_ns = h->from_ns + h->page_ns - 1;
	log_info(h->log, "%s; asking for %.0f s at a time", text.text,
		 ns_to_s(h->page_ns));
	return 0;
}

/* The rows from from_ns on into h->rows; *to_ns moves where that is too far. */
static int page_get(history_t *h, int64_t from_ns, int64_t *to_ns,
		    struct err *err)
{
	unsigned tries = 0;

	for (;;) {
		switch (page_ask(h, from_ns, *to_ns, err)) {
		case ARCHIVE_ROWS:
			return 0;
		case ARCHIVE_WIDE:
			if (page_narrow(h, to_ns, err) < 0)
				return -1;
			break;
		case ARCHIVE_AGAIN:
			if (++tries >= TRIES_MAX)
				return -1;
			delay_wait(h, tries - 1, err);
			break;
		case ARCHIVE_MIXED:
		case ARCHIVE_REFUSED:
			return -1;
		}
	}
}

/* ---- all of them ---- */

static int page_tell(history_t *h, history_sample_fn sample, void *arg)
{
	int rc = 0;

	h->stats.pages++;
	h->stats.unmeasured += h->rows.unmeasured;
	for (unsigned i = 0; i < h->rows.n && rc == 0; i++) {
		rc = sample(arg, h->rows.at[i].wall_ns, h->rows.at[i].watts);
		h->stats.samples += rc == 0;
	}
	return rc;
}

static void page_grow(history_t *h)
{
	if (!h->narrowed && h->page_ns < PAGE_MAX_NS)
		h->page_ns *= 2;
	if (h->page_ns > PAGE_MAX_NS)
		h->page_ns = PAGE_MAX_NS;
}

/* What is not there yet, or not all of it, is not asked for. */
static int64_t end_of(const history_t *h, int64_t to_ns)
{
	int64_t now_ns = timesource_wall_ns(&h->ts);

	if (h->archive.ahead_ns < 0)
		now_ns += h->archive.ahead_ns;
	return to_ns < now_ns ? to_ns : now_ns;
}

static int pages_fetch(history_t *h, int64_t from_ns, int64_t to_ns,
		       history_sample_fn sample,
		       void (*page)(void *arg, int64_t until_ns), void *arg,
		       struct err *err)
{
	int64_t at_ns = from_ns, end_ns;
	int rc;

	while (at_ns <= to_ns) {
		end_ns = to_ns - at_ns < h->page_ns ? to_ns :
			 at_ns + h->page_ns - 1;
		rc = page_get(h, at_ns, &end_ns, err);
		if (rc == 0)
			rc = page_tell(h, sample, arg);
		if (rc != 0)
			return rc;
		if (page)
			page(arg, end_ns);
		at_ns = end_ns + 1;
		page_grow(h);
	}
	return 0;
}

int history_fetch(history_t *h, int64_t from_ns, int64_t to_ns,
		  history_sample_fn sample,
		  void (*page)(void *arg, int64_t until_ns), void *arg,
		  struct history_stats *stats, struct err *err)
{
	int rc;

	memset(&h->stats, 0, sizeof(h->stats));
	if (from_ns < 0)
		from_ns = 0;
	rc = pages_fetch(h, from_ns, end_of(h, to_ns), sample, page, arg, err);
	if (stats)
		*stats = h->stats;
	return rc;
}

/* ---- life ---- */

const char *history_source(const history_t *h)
{
	return h->archive.place;
}

history_t *history_open(const struct history_env *env, struct err *err)
{
	const struct archive_ops *ops = archive_find(env->meter, err);
	history_t *h = ops ? calloc(1, sizeof(*h)) : NULL;

	if (!h) {
		if (ops)
			err_set(err, "out of memory");
		return NULL;
	}
	h->ts = env->ts;
	h->log = env->log;
	h->page_ns = PAGE_FIRST_NS;
	if (archive_open(&h->archive, ops, env->meter, env->node,
			 env->period_ns, err) == 0)
		h->http = http_create(err);
	if (h->http)
		h->conn = archive_connect(&h->archive, h->http, &h->ts,
					  HTTP_BODY_LIMIT, err);
	if (h->conn)
		return h;
	history_close(h);
	return NULL;
}

void history_close(history_t *h)
{
	int saved = errno;

	if (!h)
		return;
	http_conn_destroy(h->conn);
	http_destroy(h->http);
	archive_close(&h->archive);
	rowset_free(&h->rows);
	free(h);
	errno = saved;
}
