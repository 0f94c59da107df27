/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/probe_ipmi.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/json_probe.h"
#include "cli/mem.h"
#include "cli/text.h"
#include "source/ipmi.h"

#define CLOSE_LIMIT_NS (2 * NS_PER_S)
#define NOTES_MAX 100

struct probe_ipmi {
	const struct conf *conf;
	watch_t *watch;
	source_t *source;
	struct probe_result result;
	struct redfish_place place;
	struct redfish_note *notes;
	size_t notes_room;
	bool done;
};

static void on_log(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	cmd_note("probe", "%s", line);
}

static void on_note(void *arg, const char *line)
{
	struct probe_ipmi *p = arg;
	size_t n = p->result.notes_len;

	if (n >= NOTES_MAX)
		return;
	p->notes = mem_grow(p->notes, n, &p->notes_room, sizeof(*p->notes));
	memset(&p->notes[n], 0, sizeof(p->notes[n]));
	snprintf(p->notes[n].text, sizeof(p->notes[n].text), "%s", line);
	p->result.notes = p->notes;
	p->result.notes_len = n + 1;
}

/* "sensor NAME" or "dcmi": behind the source's own name. */
static void place_set(struct probe_ipmi *p, const struct reading *r)
{
	const char *where = strchr(r->source, ':');

	where = where ? where + 1 : r->source;
	if (strncmp(where, "sensor ", 7) == 0)
		where += 7;
	snprintf(p->place.power.url, sizeof(p->place.power.url), "%s%s",
		 PROBE_IPMI_SCHEME, p->conf->bmc.host);
	snprintf(p->place.power.pointer[0], sizeof(p->place.power.pointer[0]),
		 "%s", where);
	p->place.power.terms = 1;
	p->result.place = &p->place;
}

/* A BMC that had something to tell, and no power, answers well. */
static void on_reading(void *arg, const struct reading *r)
{
	struct probe_ipmi *p = arg;

	p->done = true;
	p->result.reading = *r;
	p->result.reason = r->why;
	if (r->ok) {
		place_set(p, r);
		p->result.end = PROBE_POWER;
	} else {
		p->result.end = r->backoff == BACKOFF_NONE ||
				p->result.notes_len ? PROBE_UNAVAILABLE :
						      PROBE_ERROR;
	}
}

static void wait_done(struct probe_ipmi *p, int stop_fd)
{
	struct pollfd fds[2] = {
		{ .fd = watch_fd(p->watch), .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN },
	};

	while (!p->done) {
		if (poll(fds, 2, -1) > 0 && fds[1].revents) {
			p->result.end = PROBE_INTERRUPTED;
			err_set(&p->result.reason, "interrupted");
			return;
		}
		watch_run(p->watch);
	}
}

/* ---- output ---- */

static void put_line(const char *title, const char *text, bool utf8)
{
	int columns;
	char *clean = text_terminal(text, 2000, utf8, &columns);

	printf("%-10s%s\n", title, clean);
	free(clean);
}

static void print_summary(const struct probe_ipmi *p, bool utf8)
{
	const struct probe_result *r = &p->result;
	const char *host = p->conf->bmc.host;

	if (r->end == PROBE_POWER) {
		printf("%-10s%.6g W\n", "power", r->reading.watts);
		put_line("at", r->reading.source, utf8);
	} else {
		put_line("power", "unavailable", utf8);
		put_line("reason", r->reason.text, utf8);
	}
	put_line("session", *host ? "IPMI 2.0, cipher suite 17 or 3" :
				    "none: in-band, by /dev/ipmi0", utf8);
}

static int print_result(const struct probe_ipmi *p,
			const struct probe_ipmi_params *params)
{
	const struct probe_result *r = &p->result;

	if (r->end == PROBE_ERROR || r->end == PROBE_INTERRUPTED) {
		char *text = probe_words(r->reason.text);

		cmd_note("probe", "%s", text);
		free(text);
	}
	if (params->json) {
		json_print_probe(stdout, r);
	} else {
		probe_print_tree(stdout, r, &params->look);
		if (r->end == PROBE_POWER || r->end == PROBE_UNAVAILABLE) {
			fputs(r->notes_len ? "\n" : "", stdout);
			print_summary(p, params->look.utf8);
		}
	}
	if (cmd_finish_output("probe") != EXIT_OK)
		return EXIT_TROUBLE;
	return r->end == PROBE_POWER ? EXIT_OK :
	       r->end == PROBE_UNAVAILABLE ? EXIT_UNAVAILABLE : EXIT_TROUBLE;
}

static void ask(struct probe_ipmi *p, const struct source_env *env, int stop_fd)
{
	p->source = ipmi_source.open(env, &p->result.reason);
	if (!p->source)
		return;
	ipmi_explain(p->source, on_note, p);
	ipmi_source.sample(p->source, on_reading, p);
	wait_done(p, stop_fd);
	p->result.requests = 1;
	ipmi_source.close(p->source, CLOSE_LIMIT_NS);
}

int probe_ipmi(const struct probe_ipmi_params *params)
{
	logger_t log = { on_log, NULL, LOG_LEVEL_WARN };
	struct probe_ipmi p = { .conf = params->conf, .result = {
		.end = PROBE_ERROR, .reading.energy_j = NAN,
		.login = "none" } };
	struct source_env env = { .conf = params->conf,
				  .meter = &params->conf->bmc, .suffix = "",
				  .ts = timesource_system(), .boot_id = "",
				  .log = &log };
	int rc;

	env.watch = p.watch = watch_create(&p.result.reason);
	if (p.watch)
		ask(&p, &env, params->stop_fd);
	rc = print_result(&p, params);
	watch_destroy(p.watch);
	free(p.notes);
	return rc;
}
