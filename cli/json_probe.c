/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json_probe.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "cli/rows.h"
#include "cli/text.h"

const char *probe_verdict(enum redfish_verdict verdict)
{
	switch (verdict) {
	case REDFISH_SEEN: return "seen";
	case REDFISH_REJECTED: return "rejected";
	case REDFISH_CANDIDATE: return "candidate";
	case REDFISH_CHOSEN: return "chosen";
	case REDFISH_COUNTER: return "counter";
	}
	return "seen";
}

static void add(struct json_object *obj, const char *name,
		struct json_object *value)
{
	if (json_object_object_add(obj, name, value) < 0)
		mem_failed();
}

static struct json_object *or_exit(struct json_object *obj)
{
	if (!obj)
		mem_failed();
	return obj;
}

static void add_text(struct json_object *obj, const char *name,
		     const char *raw)
{
	char *text = text_valid(raw);

	add(obj, name, or_exit(json_object_new_string(text)));
	free(text);
}

/* 614.0: a fraction always, so that readers find one type. NaN: null. */
static void add_number(struct json_object *obj, const char *name, double v)
{
	char buf[ROWS_NUMBER_SIZE + 2];

	if (!isfinite(v)) {
		add(obj, name, NULL);
		return;
	}
	rows_number(v, buf, ROWS_NUMBER_SIZE);
	if (!strchr(buf, '.'))
		strcat(buf, ".0");
	add(obj, name, or_exit(json_object_new_double_s(v, buf)));
}

/* A note without a URL is about the one before it. */
static struct json_object *notes_object(const struct probe_result *r)
{
	struct json_object *array = or_exit(json_object_new_array());
	const char *url = "";

	for (size_t i = 0; i < r->notes_len; i++) {
		const struct redfish_note *note = &r->notes[i];
		struct json_object *obj = or_exit(json_object_new_object());

		if (note->url[0])
			url = note->url;
		add_text(obj, "url", url);
		add_text(obj, "pointer", note->pointer);
		add_text(obj, "verdict", probe_verdict(note->verdict));
		add_number(obj, "watts", note->watts > 0 ? note->watts : NAN);
		add_text(obj, "text", note->text);
		if (json_object_array_add(array, obj) < 0)
			mem_failed();
	}
	return array;
}

void json_print_probe(FILE *f, const struct probe_result *r)
{
	struct json_object *obj = or_exit(json_object_new_object());
	bool ok = r->end == PROBE_POWER;
	char pointer[REDFISH_SUM_MAX] = "";
	const char *text;

	if (r->place)
		redfish_number_format(&r->place->power, pointer,
				      sizeof(pointer));
	add_number(obj, "watts", ok ? r->reading.watts : NAN);
	add_number(obj, "energy_j", ok ? r->reading.energy_j : NAN);
	if (r->place) {
		add_text(obj, "url", r->place->power.url);
		add_text(obj, "pointer", pointer);
	} else {
		add(obj, "url", NULL);
		add(obj, "pointer", NULL);
	}
	add(obj, "requests", or_exit(json_object_new_int64(r->requests)));
	if (!ok)
		add_text(obj, "reason", r->reason.text);
	add(obj, "notes", notes_object(r));
	text = json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PRETTY |
					      JSON_C_TO_STRING_SPACED |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		mem_failed();
	fprintf(f, "%s\n", text);
	json_object_put(obj);
}
