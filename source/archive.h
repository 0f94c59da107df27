/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ARCHIVE_H
#define WATTGATE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/secret.h"

#include "http.h"
#include "rowset.h"

/*
 * A server that keeps what others measured (Kwollect, Prometheus): it is asked
 * for the rows of a stretch of wall time, of the present or of the past. Here
 * is what differs between them, as pure functions, and what they share: the
 * address, the user, the words of failures. archive_live.c asks from
 * wattgated's loop, history.c for a command.
 */

struct archive;

/* What an answer is worth. */
enum archive_end {
	ARCHIVE_ROWS,		/* rows, perhaps none */
	ARCHIVE_WIDE,		/* too much for one answer: ask for less */
	ARCHIVE_AGAIN,		/* away or busy */
	ARCHIVE_MIXED,		/* rows of something else, or of several things */
	ARCHIVE_REFUSED		/* the configuration has to change, or the server */
};

struct archive_ops {
	const char *name;	/* of the source, as configured */
	/* Look at the meter's own keys; fill in place and ahead_ns. */
	int (*check)(struct archive *a, const struct conf_meter *m,
		     struct err *err);
	/*
	 * What to GET for the rows stamped from_ns to to_ns, both included;
	 * others may be among them. 1: there can be none, nothing to ask.
	 */
	int (*path)(const struct archive *a, int64_t from_ns, int64_t to_ns,
		    char *buf, size_t size, struct err *err);
	/*
	 * Read an answer with whatever status, save 401 and 403. Where it is
	 * not ARCHIVE_ROWS, a text in why, which holds "GET URL: status"
	 * before, unless that is 200.
	 */
	enum archive_end (*read)(const struct archive *a,
				 const struct http_reply *reply,
				 struct rowset *rows, struct err *why);
	/* What to look at where there are none. */
	const char *none;
};

struct archive {
	const struct archive_ops *ops;
	const struct conf_meter *meter;
	const char *node;
	int64_t period_ns;
	/*
	 * How far beyond now rows are asked for: a minute tells of clocks that
	 * go wrong. Less than 0: what is younger is not ready to be asked for.
	 */
	int64_t ahead_ns;
	char origin[1024];	/* scheme://host[:port] */
	char prefix[512];	/* the URL's path, "" or "/..." */
	char place[64];		/* "kwollect:METRIC" */
	char device[256];	/* Kwollect: its name of the node */
	bool raw;		/* Prometheus: the query is a selector */
	char password[SECRET_MAX];	/* "" = to be read */
};

#define ARCHIVE_AHEAD_NS (60 * NS_PER_S)

/* Checks keys and secret; no traffic. meter and node outlive it. */
int archive_open(struct archive *a, const struct archive_ops *ops,
		 const struct conf_meter *meter, const char *node,
		 int64_t period_ns, struct err *err);
void archive_close(struct archive *a);

/* The connection it is asked over; the caller's to destroy. */
http_conn_t *archive_connect(const struct archive *a, http_t *http,
			     const timesource_t *ts, size_t body_max,
			     struct err *err);

/*
 * Ask for a stretch. 0; 1 where there is nothing to ask, so no rows; -1 with
 * a text. `done` is called from http_poll().
 */
int archive_ask(struct archive *a, http_conn_t *conn, int64_t from_ns,
		int64_t to_ns, http_done_fn done, void *arg, struct err *err);

/*
 * Read an answer. Rows of it that lie from from_ns to to_ns into rows, in
 * ascending order, each instant once; a text in why where it is not
 * ARCHIVE_ROWS. Forgets a password that was refused.
 */
enum archive_end archive_read(struct archive *a, const struct http_reply *reply,
			      int64_t from_ns, int64_t to_ns,
			      struct rowset *rows, struct err *why);

/* Put the meter's URL before a text. */
void archive_blame(const struct archive *a, struct err *why);

/* What a status without words of its own means. */
enum archive_end archive_status(const struct http_reply *reply);

/* `text` percent-encoded behind what is in buf. -1 where it does not fit. */
int archive_encode(const char *text, char *buf, size_t size);

#endif
