/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ship.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ledger.h"
#include "lib/statefile.h"

#include "source/backoff.h"
#include "source/json_site.h"
#include "source/site_client.h"

#define FILE_NAME "shipped"
#define LOOK_NS (5 * NS_PER_S)		/* how often the files are looked at */
#define BATCH_MAX (LEDGER_LINE_MAX + 1)	/* the longest line, or many */
#define OPEN_MAX (1024 * 1024)		/* of NODE.open; the site takes no more */
#define MARK_SIZE 9			/* a line's checksum */

enum cargo { CARGO_NONE, CARGO_LEDGER, CARGO_OPEN };

struct ship {
	struct ship_params p;
	site_client_t *client;
	backoff_t backoff;
	int64_t due_ns;
	int64_t trouble_ns;
	struct log_latch latch, size_latch;

	/* the site has the ledger up to here; the line that ends there: */
	int64_t offset, line;
	char mark[MARK_SIZE];
	struct stat open_seen;	/* NODE.open as the site has it */

	/* what is under way */
	enum cargo cargo;
	char *batch;
	size_t size;
	int64_t next_offset, next_line;
	char next_mark[MARK_SIZE];
	struct stat open_sent;
	char path[HTTP_PATH_MAX];
};

/* ---- STATE_DIR/NODE.shipped ---- */

static bool number_get(const char *text, const char *key, int64_t *value)
{
	char buf[32], *end;

	if (statefile_get(text, key, buf, sizeof(buf)) < 0 || *buf < '0' ||
	    *buf > '9')
		return false;
	errno = 0;
	*value = strtoll(buf, &end, 10);
	return !errno && !*end;
}

/* One that is not whole, or is another site's, is as none. */
static void state_load(ship_t *s)
{
	const struct conf *conf = s->p.conf;
	char text[STATEFILE_MAX], url[CONF_TEXT_MAX];
	struct err err;

	if (statefile_read(conf->state_dir, conf->node, FILE_NAME, text,
			   sizeof(text), &err) > 0 &&
	    statefile_get(text, "url", url, sizeof(url)) == 0 &&
	    strcmp(url, conf->site.url) == 0 &&
	    number_get(text, "offset", &s->offset) &&
	    number_get(text, "line", &s->line) &&
	    statefile_get(text, "mark", s->mark, sizeof(s->mark)) == 0 &&
	    s->line < s->offset)
		return;
	s->offset = s->line = 0;
	s->mark[0] = '\0';
}

static void state_save(ship_t *s)
{
	const struct conf *conf = s->p.conf;
	char text[STATEFILE_MAX];
	struct err err;

	snprintf(text, sizeof(text), "url=%s\noffset=%" PRId64 "\nline=%" PRId64
		 "\nmark=%s\n", conf->site.url, s->offset, s->line, s->mark);
	if (statefile_write(conf->state_dir, conf->node, FILE_NAME, text,
			    &err) < 0)
		log_debug(s->p.log, "%s", err.text);	/* it is sent twice */
}

/* ---- NODE.ledger ---- */

/* How a line begins: with its checksum, where it is one of the ledger's. */
static void mark_set(char mark[MARK_SIZE], const char *line, size_t size)
{
	snprintf(mark, MARK_SIZE, "%.*s",
		 (int)(size < MARK_SIZE ? size : MARK_SIZE - 1), line);
	mark[strcspn(mark, "\n")] = '\0';
}

/* Is the line that the site had last still where it was? */
static bool same_file(const ship_t *s, int fd)
{
	char line[MARK_SIZE], begin[MARK_SIZE];
	ssize_t n;

	if (s->offset == 0)
		return true;
	n = pread(fd, line, MARK_SIZE - 1, s->line);
	mark_set(begin, line, n > 0 ? (size_t)n : 0);
	return n > 0 && strcmp(begin, s->mark) == 0;
}

/* The last whole line of the batch, for the state. */
static void batch_mark(ship_t *s)
{
	const char *line = s->size > 1 ?
			   memrchr(s->batch, '\n', s->size - 1) : NULL;

	line = line ? line + 1 : s->batch;
	s->next_offset = s->offset + (int64_t)s->size;
	s->next_line = s->offset + (line - s->batch);
	mark_set(s->next_mark, line, s->size - (size_t)(line - s->batch));
}

/* A line without end is no record: it is passed over. */
static void line_skip(ship_t *s)
{
	log_error(s->p.log, "%s: there is a line of more than %d bytes at %" PRId64
		  ": it is no record, and not sent", s->p.ledger_path,
		  LEDGER_LINE_MAX, s->offset);
	mark_set(s->mark, s->batch, s->size);
	s->line = s->offset;
	s->offset += (int64_t)s->size;
	s->size = 0;
}

/* Whole lines; true: there are some to be sent. */
static bool ledger_read(ship_t *s, int fd)
{
	ssize_t n = pread(fd, s->batch, BATCH_MAX, s->offset);
	const char *end = n > 0 ? memrchr(s->batch, '\n', (size_t)n) : NULL;

	if (end) {
		s->size = (size_t)(end - s->batch) + 1;
		batch_mark(s);
		return true;
	}
	if (n == BATCH_MAX) {
		s->size = (size_t)n;
		line_skip(s);
	}
	return false;
}

static bool ledger_load(ship_t *s)
{
	int fd = open(s->p.ledger_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st = { .st_size = 0 };
	bool some = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && (!same_file(s, fd) ||
				    st.st_size < s->offset)) {
		log_warn(s->p.log, "%s is another file than was sent to the site: it is sent whole",
			 s->p.ledger_path);
		s->offset = s->line = 0;
		s->mark[0] = '\0';
	}
	if (st.st_size > s->offset) {
		s->batch = malloc(BATCH_MAX);
		some = s->batch && ledger_read(s, fd);
	}
	close(fd);
	return some;
}

/* ---- NODE.open ---- */

static bool stat_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool open_fits(ship_t *s, const struct stat *st)
{
	bool big = st->st_size > OPEN_MAX;

	if (log_latch_change(&s->size_latch, big) && big)
		log_warn(s->p.log, "%s is larger than %d KB: the site sees what is open when it ends",
			 s->p.open_path, OPEN_MAX / 1024);
	return !big;
}

static bool open_load(ship_t *s)
{
	int fd = open(s->p.open_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &s->open_sent) == 0 &&
	    !stat_same(&s->open_sent, &s->open_seen) &&
	    open_fits(s, &s->open_sent) && s->open_sent.st_size > 0) {
		s->batch = malloc((size_t)s->open_sent.st_size);
		if (s->batch)
			n = pread(fd, s->batch, (size_t)s->open_sent.st_size, 0);
	}
	close(fd);
	s->size = n > 0 ? (size_t)n : 0;
	return n == s->open_sent.st_size && n > 0;
}

/* ---- sending ---- */

static void batch_free(ship_t *s)
{
	free(s->batch);
	s->batch = NULL;
	s->cargo = CARGO_NONE;
}

static void failed(ship_t *s, enum backoff_kind kind, int64_t retry_after_ns,
		   const char *why)
{
	int64_t now_ns = timesource_boot_ns(&s->p.ts);

	s->due_ns = now_ns + backoff_delay_ns(&s->backoff, kind,
					      retry_after_ns);
	if (!log_latch_change(&s->latch, true)) {
		log_debug(s->p.log, "node %s: %s", s->p.conf->node, why);
		return;
	}
	s->trouble_ns = now_ns;
	log_warn(s->p.log, "node %s: the site does not take the ledger now; it stays here, and is sent later: %s",
		 s->p.conf->node, why);
}

static void went_well(ship_t *s, uint32_t lines, uint32_t refused)
{
	int64_t now_ns = timesource_boot_ns(&s->p.ts);

	if (log_latch_change(&s->latch, false) && s->trouble_ns)
		log_info(s->p.log, "node %s: the site takes the ledger again, after %.0f s",
			 s->p.conf->node, ns_to_s(now_ns - s->trouble_ns));
	if (refused)
		log_error(s->p.log, "%s: the site found %u of %u lines damaged, or another node's: it has the others",
			  s->cargo == CARGO_OPEN ? s->p.open_path :
			  s->p.ledger_path, refused, lines + refused);
	backoff_reset(&s->backoff);
	s->due_ns = now_ns + LOOK_NS;
	if (s->cargo == CARGO_OPEN) {
		s->open_seen = s->open_sent;
		return;
	}
	s->offset = s->next_offset;
	s->line = s->next_line;
	memcpy(s->mark, s->next_mark, sizeof(s->mark));
	state_save(s);
	s->due_ns = now_ns;	/* there may be more */
}

static void on_reply(void *arg, const struct site_reply *reply)
{
	ship_t *s = arg;
	uint32_t lines, fresh, refused;

	if (*reply->why.text)
		failed(s, reply->backoff, reply->retry_after_ns,
		       reply->why.text);
	else if (json_site_taken(reply->http->body, reply->http->size, &lines,
				 &fresh, &refused) < 0)
		failed(s, BACKOFF_SLOW, 0,
		       "what answers is not wattgated, or another version");
	else
		went_well(s, lines, refused);
	batch_free(s);
}

static void send_batch(ship_t *s, enum cargo cargo)
{
	const struct http_request request = {
		.method = cargo == CARGO_OPEN ? HTTP_PUT : HTTP_POST,
		.path = s->path, .body = s->batch, .body_size = s->size,
		.type = "text/plain",
	};

	s->cargo = cargo;
	s->due_ns = INT64_MAX;
	snprintf(s->path, sizeof(s->path), "/v1/nodes/%s/%s", s->p.conf->node,
		 cargo == CARGO_OPEN ? "open" : "ledger");
	site_client_ask(s->client, &request, on_reply, s);
}

/* What is closed goes before what is open: it takes that one's place. */
void ship_run(ship_t *s)
{
	int64_t now_ns = timesource_boot_ns(&s->p.ts);

	if (now_ns < s->due_ns || s->cargo != CARGO_NONE)
		return;
	s->due_ns = now_ns + LOOK_NS;
	if (ledger_load(s)) {
		send_batch(s, CARGO_LEDGER);
		return;
	}
	batch_free(s);
	if (open_load(s))
		send_batch(s, CARGO_OPEN);
	else
		batch_free(s);
}

int64_t ship_due_ns(const ship_t *s)
{
	return s->cargo == CARGO_NONE ? s->due_ns : INT64_MAX;
}

/* ---- life ---- */

ship_t *ship_create(const struct ship_params *params, struct err *err)
{
	ship_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->p = *params;
	s->client = site_client_create(params->conf, params->http,
				       params->watch, &s->p.ts, err);
	if (!s->client) {
		free(s);
		return NULL;
	}
	backoff_init(&s->backoff, LOOK_NS,
		     (uint64_t)timesource_wall_ns(&s->p.ts));
	state_load(s);
	return s;
}

void ship_destroy(ship_t *s)
{
	int saved = errno;

	if (!s)
		return;
	site_client_destroy(s->client);
	batch_free(s);
	free(s);
	errno = saved;
}
