/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/probe.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/mem.h"
#include "cli/text.h"
#include "lib/clock.h"

#define CLOSE_LIMIT_NS (4 * NS_PER_S)
#define NOTES_MAX 10000		/* of one search; it asks 64 times at most */

struct probe {
	struct probe_params p;
	timesource_t ts;
	logger_t log;
	char boot_id[BOOT_ID_SIZE];
	http_t *http;
	source_t *source;

	struct probe_result result;
	struct redfish_place place;
	struct redfish_note *notes;
	size_t notes_room;
	bool shown;		/* there is something in the line of progress */
	bool done;		/* the sample under way */
	bool nothing;		/* ... began with a search that found nothing */
	long status;		/* ... of its last answer */
};

static void on_log(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	cmd_note("probe", "%s", line);
}

/* ---- what the source tells ---- */

static void progress_show(probe_t *p, const char *path)
{
	int columns;
	char *text;

	if (!p->p.progress || p->result.place)
		return;
	text = text_terminal(path, 60, false, &columns);
	fprintf(p->p.progress, "\r%u answers, %s\033[K", p->result.requests,
		text);
	fflush(p->p.progress);
	p->shown = true;
	free(text);
}

static void progress_clear(probe_t *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", p->p.progress);
	fflush(p->p.progress);
	p->shown = false;
}

static void on_answer(void *arg, const char *path,
		      const struct http_reply *reply)
{
	probe_t *p = arg;
	const struct redfish_place *place = redfish_place(p->source);

	p->status = reply->status;
	if (reply->status == 0)
		return;
	p->result.requests++;
	if (place && strcmp(path, place->power.url) == 0)
		p->result.latency_ns = reply->done_ns - reply->sent_ns;
	if (p->p.trace)
		trace_add(p->p.trace, path, reply->status, reply->body,
			  reply->size);
	progress_show(p, path);
}

static void on_search(void *arg, const redfish_find_t *find,
		      enum redfish_find_step end)
{
	const struct redfish_note *note;
	probe_t *p = arg;
	size_t n = 0;

	for (; n < NOTES_MAX && (note = redfish_find_note(find, (unsigned)n));
	     n++) {
		p->notes = mem_grow(p->notes, n, &p->notes_room,
				    sizeof(*p->notes));
		p->notes[n] = *note;
	}
	p->result.notes = p->notes;
	p->result.notes_len = n;
	p->nothing = end == REDFISH_FIND_NONE;
	if (p->nothing)
		err_set(&p->result.reason, "%s", redfish_find_reason(find));
}

/*
 * Without a reading: did the BMC answer as it should, and had none? All that
 * a search may meet on its way is the BMC's answer; of a sample only 200 is.
 */
static void on_reading(void *arg, const struct reading *reading)
{
	probe_t *p = arg;

	p->done = true;
	p->result.reading = *reading;
	if (reading->ok) {
		p->result.end = PROBE_POWER;
		return;
	}
	p->result.end = p->nothing || (p->status == 200 &&
				       redfish_place(p->source)) ?
			PROBE_UNAVAILABLE : PROBE_ERROR;
	if (!p->nothing)
		p->result.reason = reading->why;
}

/* ---- a sample ---- */

/* True once stop_fd is readable; also after an error of the system. */
static bool poll_once(probe_t *p, int timeout_ms)
{
	struct pollfd fd = { .fd = p->p.stop_fd, .events = POLLIN };
	unsigned n = fd.fd >= 0;

	if (http_poll(p->http, &fd, n, timeout_ms, &p->result.reason) < 0) {
		p->result.end = PROBE_ERROR;
		return true;
	}
	/* a hint: only poll() itself knows */
	if (!n || !fd.revents || poll(&fd, 1, 0) <= 0)
		return false;
	p->result.end = PROBE_INTERRUPTED;
	err_set(&p->result.reason, "interrupted");
	return true;
}

static void place_take(probe_t *p)
{
	const struct redfish_place *place = redfish_place(p->source);

	if (place)
		p->place = *place;
	p->result.place = place ? &p->place : NULL;
}

const struct probe_result *probe_sample(probe_t *p)
{
	p->done = p->nothing = false;
	p->status = 0;
	p->result.latency_ns = 0;
	p->result.reason.text[0] = '\0';
	memset(&p->result.reading, 0, sizeof(p->result.reading));
	redfish_source.sample(p->source, on_reading, p);
	while (!p->done && !poll_once(p, -1))
		;
	progress_clear(p);
	place_take(p);
	p->result.login = redfish_login(p->source);
	return &p->result;
}

int probe_wait(probe_t *p, int64_t boot_ns)
{
	for (;;) {
		int64_t left = boot_ns - timesource_boot_ns(&p->ts);
		int64_t ms = (left + 999999) / 1000000;

		if (left <= 0)
			return 0;
		if (poll_once(p, ms < INT_MAX ? (int)ms : INT_MAX))
			return -1;
	}
}

/* ---- life ---- */

probe_t *probe_open(const struct probe_params *params, struct err *err)
{
	struct redfish_watcher watcher = { on_answer, on_search, NULL };
	probe_t *p = mem_zeroed(1, sizeof(*p));
	struct source_env env = { .conf = params->conf,
				  .meter = &params->conf->bmc,
				  .suffix = "", .log = &p->log };

	p->p = *params;
	p->ts = env.ts = timesource_system();
	/* what it warns of at once, the caller has asked for */
	p->log = (logger_t){ on_log, NULL, LOG_LEVEL_ERROR };
	clock_boot_id(p->boot_id);
	env.boot_id = p->boot_id;
	env.http = p->http = http_create(err);
	if (p->http)
		p->source = redfish_source.open(&env, err);
	if (!p->source) {
		probe_close(p);
		return NULL;
	}
	p->log.level = LOG_LEVEL_WARN;
	watcher.arg = p;
	redfish_watch(p->source, &watcher);
	return p;
}

void probe_logout(probe_t *p)
{
	redfish_source.close(p->source, CLOSE_LIMIT_NS);
	p->source = NULL;
}

void probe_close(probe_t *p)
{
	if (!p)
		return;
	probe_logout(p);
	http_destroy(p->http);
	free(p->notes);
	free(p);
}
