/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/probe_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/mem.h"
#include "cli/text.h"
#include "lib/conf_values.h"

#define LINE_MAX_COLUMNS 2000
#define DEPTH_MAX 16

static void put_text(FILE *f, const char *raw, bool utf8)
{
	int columns;
	char *text = text_terminal(raw, LINE_MAX_COLUMNS, utf8, &columns);

	fputs(text, f);
	free(text);
}

/* ---- the tree ---- */

struct strokes {
	const char *goes_on, *ends, *fork, *corner;
};

static const struct strokes box = { "│  ", "   ", "├─ ", "└─ " };
static const struct strokes ascii = { "|  ", "   ", "|- ", "`- " };

static unsigned depth_of(const struct redfish_note *note)
{
	return note->depth < DEPTH_MAX ? note->depth : DEPTH_MAX;
}

/* Is there a further branch at `depth` below the same parent behind line i? */
static bool branch_follows(const struct probe_result *r, size_t i,
			   unsigned depth)
{
	while (++i < r->notes_len && depth_of(&r->notes[i]) > depth)
		;
	return i < r->notes_len && depth_of(&r->notes[i]) == depth;
}

static void put_strokes(FILE *f, const struct probe_result *r, size_t i,
			const struct strokes *strokes)
{
	unsigned depth = depth_of(&r->notes[i]);

	for (unsigned d = 1; d < depth; d++)
		fputs(branch_follows(r, i, d) ? strokes->goes_on :
		      strokes->ends, f);
	if (depth > 0)
		fputs(branch_follows(r, i, depth) ? strokes->fork :
		      strokes->corner, f);
}

static const char *mark(enum redfish_verdict verdict)
{
	switch (verdict) {
	case REDFISH_CHOSEN: return "=> ";
	case REDFISH_COUNTER: return "=> ";
	case REDFISH_REJECTED: return "no: ";
	case REDFISH_CANDIDATE: return "or: ";
	default: return "";
	}
}

static void put_note(FILE *f, const struct redfish_note *note, bool utf8)
{
	bool something = note->url[0] || note->pointer[0];

	fputs(mark(note->verdict), f);
	put_text(f, note->url, utf8);
	if (note->pointer[0]) {
		if (note->url[0])
			putc('#', f);
		put_text(f, note->pointer, utf8);
	}
	if (note->watts > 0) {
		fprintf(f, "%s%.6g W", something ? "  " : "", note->watts);
		something = true;
	}
	if (note->text[0]) {
		fputs(something ? "  " : "", f);
		put_text(f, note->text, utf8);
	}
}

void probe_print_tree(FILE *f, const struct probe_result *r,
		      const struct probe_look *look)
{
	for (size_t i = 0; i < r->notes_len; i++) {
		const struct redfish_note *note = &r->notes[i];
		bool bold = look->bold && (note->verdict == REDFISH_CHOSEN ||
					   note->verdict == REDFISH_COUNTER);

		put_strokes(f, r, i, look->utf8 ? &box : &ascii);
		fputs(bold ? "\033[1m" : "", f);
		put_note(f, note, look->utf8);
		fputs(bold ? "\033[0m\n" : "\n", f);
	}
}

/* ---- words ---- */

static const struct {
	const char *config, *option;
} words[] = {
	{ "insecure = true", "--insecure" },
	{ "user and password_file", "--user and --password-file" },
	{ "password_file", "--password-file" },
	{ "ca_file", "--ca" },
	{ "public_key", "--public-key" },
	{ "auth = basic", "--auth basic" },
	{ NULL, NULL }
};

char *probe_words(const char *text)
{
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		mem_failed();
	while (*text) {
		size_t i = 0, n = 1;

		while (words[i].config && strncmp(text, words[i].config,
						  strlen(words[i].config)) != 0)
			i++;
		if (words[i].config) {
			fputs(words[i].option, f);
			n = strlen(words[i].config);
		} else {
			putc(*text, f);
		}
		text += n;
	}
	if (fclose(f) != 0 || !out)
		mem_failed();
	return out;
}

/* ---- the summary ---- */

static void put_line(FILE *f, const char *title, const char *text, bool utf8)
{
	fprintf(f, "%-10s", title);
	put_text(f, text, utf8);
	putc('\n', f);
}

static void put_place(FILE *f, const struct probe_result *r,
		      const struct conf *conf, bool utf8)
{
	char pointer[REDFISH_SUM_MAX];
	char *text = NULL;

	redfish_number_format(&r->place->power, pointer, sizeof(pointer));
	if (asprintf(&text, "%s%s#%s (%s)", conf->bmc.url, r->place->power.url,
		     pointer, r->place->source) < 0)
		mem_failed();
	put_line(f, "at", text, utf8);
	free(text);
}

static void put_energy(FILE *f, const struct probe_result *r, bool utf8)
{
	const struct redfish_number *energy = &r->place->energy;
	char text[REDFISH_URL_MAX + 80];

	if (!energy->url[0])
		put_line(f, "energy", "no counter that can be trusted", utf8);
	else if (!isfinite(r->reading.energy_j))
		put_line(f, "energy", "its counter did not answer", utf8);
	else {
		snprintf(text, sizeof(text), "%.0f J (%.6g kWh), at %s",
			 r->reading.energy_j, r->reading.energy_j / 3.6e6,
			 energy->url);
		put_line(f, "energy", text, utf8);
	}
}

static const char *tls_text(const struct conf *conf)
{
	if (url_is_plain(conf->bmc.url))
		return "none: plain http, anyone on the way can read and forge it";
	if (conf->bmc.public_key[0])
		return conf->bmc.ca_file[0] ?
		       "verified by the CA that --ca names, and it has the key that --public-key names" :
		       "verified: it has the key that --public-key names";
	if (conf->bmc.insecure)
		return "NOT verified (--insecure): it may be another machine";
	return conf->bmc.ca_file[0] ? "verified by the CA that --ca names" :
				      "verified by the system's CAs";
}

static void put_login(FILE *f, const struct probe_result *r,
		      const struct conf *conf, bool utf8)
{
	char text[sizeof(conf->bmc.user) + 80];

	if (strcmp(r->login, "none") == 0)
		snprintf(text, sizeof(text), "none");
	else if (strcmp(r->login, "basic") == 0)
		snprintf(text, sizeof(text), "%s, with each request (basic)",
			 conf->bmc.user);
	else
		snprintf(text, sizeof(text), "%s, by a session",
			 conf->bmc.user);
	put_line(f, "login", text, utf8);
}

/* What helps against which reason is not the same. */
static void put_advice(FILE *f, const struct probe_result *r,
		       const struct conf *conf, bool traced)
{
	const char *reason = r->reason.text;
	bool forbidden = strstr(reason, "status 403") != NULL;
	bool several = strstr(reason, "--node") != NULL;

	fputs("\nWhat to do:\n", f);
	if (forbidden)
		fputs("  - May this user read it? ReadOnly is enough. Some BMCs want a first password\n"
		      "    changed before they answer.\n", f);
	else if (r->place)
		fputs("  - Is the node on? Just started, a BMC takes a minute to read its sensors.\n",
		      f);
	else if (conf->bmc.node[0])
		fputs("  - Does the BMC know the node by the name that --node gives? Try without.\n",
		      f);
	else
		fputs("  - A BMC of several nodes has to be told which one: --node NAME, the last\n"
		      "    part of the URL of its chassis or system.\n", f);
	if (strcmp(r->login, "none") == 0)
		fputs("  - Nobody was logged in: --user and --password-file may see more.\n",
		      f);
	if (!forbidden && !several)
		fputs("  - Newer firmware of the BMC may tell its power.\n", f);
	if (!traced)
		fputs("  - For a report, --trace DIR records what the BMC says, without serial numbers\n"
		      "    and addresses.\n", f);
}

void probe_print_summary(FILE *f, const struct probe_result *r,
			 const struct conf *conf, bool traced, bool utf8)
{
	char requests[32];

	if (r->end == PROBE_POWER) {
		fprintf(f, "%-10s%.6g W\n", "power", r->reading.watts);
	} else {
		char *reason = probe_words(r->reason.text);

		put_line(f, "power", "unavailable", utf8);
		put_line(f, "reason", reason, utf8);
		free(reason);
	}
	if (r->place)
		put_place(f, r, conf, utf8);
	if (r->end == PROBE_POWER)
		put_energy(f, r, utf8);
	snprintf(requests, sizeof(requests), "%u", r->requests);
	put_line(f, "requests", requests, utf8);
	put_line(f, "TLS", tls_text(conf), utf8);
	put_login(f, r, conf, utf8);
	if (r->end == PROBE_UNAVAILABLE)
		put_advice(f, r, conf, traced);
}
