/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish_find_impl.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX 512

/* ---- URLs ---- */

size_t url_length(const char *url)
{
	size_t len = strcspn(url, "#");

	while (len > 1 && url[len - 1] == '/')
		len--;
	return len;
}

bool url_same(const char *a, const char *b)
{
	size_t len = url_length(a);

	return len == url_length(b) && strncmp(a, b, len) == 0;
}

void url_name(const char *url, char buf[REDFISH_NAME_MAX])
{
	size_t end = url_length(url), from = end;

	while (from > 0 && url[from - 1] != '/')
		from--;
	if (end - from >= REDFISH_NAME_MAX)
		end = from + REDFISH_NAME_MAX - 1;
	memcpy(buf, url + from, end - from);
	buf[end - from] = '\0';
}

/* A link of a BMC becomes a URL we ask for: only plain paths of its own. */
static bool url_plain(const char *url)
{
	if (url[0] != '/' || url[1] == '/')
		return false;
	for (const char *p = url; *p; p++)
		if (!isgraph((unsigned char)*p))
			return false;
	return true;
}

/* ---- answers ---- */

static const struct answer *answer_find(const redfish_find_t *f,
					const char *url)
{
	for (unsigned i = 0; i < f->count; i++)
		if (url_same(f->answers[i].url, url))
			return &f->answers[i];
	return NULL;
}

bool view_get(redfish_find_t *f, const char *url, struct view *v)
{
	const struct answer *a;

	memset(v, 0, sizeof(*v));
	if (*f->want || !url_plain(url) ||
	    strlen(url) >= sizeof(v->url))
		return false;
	snprintf(v->url, sizeof(v->url), "%.*s", (int)strcspn(url, "#"), url);
	a = answer_find(f, url);
	if (!a) {
		strcpy(f->want, v->url);
		return false;
	}
	v->doc = a->status == 200 ? a->doc : NULL;
	return v->doc;
}

long view_status(const redfish_find_t *f, const char *url)
{
	const struct answer *a = answer_find(f, url);

	return a ? a->status : 0;
}

void view_message(const redfish_find_t *f, const char *url, char *buf,
		  size_t size)
{
	const struct answer *a = answer_find(f, url);
	char text[200] = "", id[100];

	buf[0] = '\0';
	if (!a || !a->doc)
		return;
	if (json_doc_string(a->doc, "/error/@Message.ExtendedInfo/0/Message",
			    text, sizeof(text)) < 0 &&
	    json_doc_string(a->doc, "/error/message", text, sizeof(text)) < 0)
		json_doc_string(a->doc, "/error", text, sizeof(text));
	if (json_doc_string(a->doc, "/error/@Message.ExtendedInfo/0/MessageId",
			    id, sizeof(id)) == 0)
		snprintf(buf, size, " (%s%s%s)", text, *text ? ", " : "", id);
	else if (*text)
		snprintf(buf, size, " (%s)", text);
}

const char *view_pointer(const struct view *v, const char *pointer,
			 char buf[REDFISH_POINTER_MAX])
{
	if (snprintf(buf, REDFISH_POINTER_MAX, "%s%s", v->base, pointer) >=
	    REDFISH_POINTER_MAX)
		strcpy(buf, "/");	/* names no member of ours */
	return buf;
}

int view_string(const struct view *v, const char *pointer, char *buf,
		size_t size)
{
	char whole[REDFISH_POINTER_MAX];

	return json_doc_string(v->doc, view_pointer(v, pointer, whole), buf,
			       size);
}

enum json_number view_number(const struct view *v, const char *pointer,
			     double *value)
{
	char whole[REDFISH_POINTER_MAX];

	return json_doc_number(v->doc, view_pointer(v, pointer, whole), value);
}

int view_length(const struct view *v, const char *pointer)
{
	char whole[REDFISH_POINTER_MAX];

	return json_doc_length(v->doc, view_pointer(v, pointer, whole));
}

bool view_link(const struct view *v, const char *pointer,
	       char url[REDFISH_URL_MAX])
{
	if (view_string(v, pointer, url, REDFISH_URL_MAX) == 0 &&
	    url_plain(url))
		return true;
	url[0] = '\0';
	return false;
}

/* ---- notes ---- */

static bool notes_grow(redfish_find_t *f)
{
	unsigned room = f->notes_room ? 2 * f->notes_room : 16;
	struct redfish_note *notes;

	if (f->notes_len < f->notes_room)
		return true;
	if (room > NOTES_MAX)
		return false;
	notes = realloc(f->notes, room * sizeof(*notes));
	if (!notes)
		return false;
	f->notes = notes;
	f->notes_room = room;
	return true;
}

/* What a BMC says goes to terminals and logs. */
static void text_clean(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
}

void note_add(redfish_find_t *f, unsigned depth, enum redfish_verdict verdict,
	      const char *url, const char *pointer, double watts,
	      const char *fmt, ...)
{
	struct redfish_note *n;
	va_list ap;

	if (*f->want || !notes_grow(f))
		return;
	n = &f->notes[f->notes_len++];
	n->depth = depth;
	n->verdict = verdict;
	n->watts = watts;
	snprintf(n->url, sizeof(n->url), "%.*s", (int)url_length(url), url);
	snprintf(n->pointer, sizeof(n->pointer), "%s", pointer);
	va_start(ap, fmt);
	vsnprintf(n->text, sizeof(n->text), fmt, ap);
	va_end(ap);
	text_clean(n->text);
	text_clean(n->pointer);
}

void notes_demote(redfish_find_t *f, unsigned from, const char *text)
{
	for (unsigned i = from; i < f->notes_len; i++) {
		struct redfish_note *n = &f->notes[i];
		size_t len = strlen(n->text);

		if (n->verdict != REDFISH_CHOSEN && n->verdict != REDFISH_COUNTER)
			continue;
		n->verdict = REDFISH_CANDIDATE;
		snprintf(n->text + len, sizeof(n->text) - len, "%s%s",
			 len ? "; " : "", text);
	}
}

/* ---- interface ---- */

redfish_find_t *redfish_find_create(const char *selector)
{
	redfish_find_t *f = calloc(1, sizeof(*f));

	if (f && selector)
		snprintf(f->selector, sizeof(f->selector), "%s", selector);
	return f;
}

void redfish_find_destroy(redfish_find_t *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->count; i++) {
		free(f->answers[i].url);
		json_doc_destroy(f->answers[i].doc);
	}
	free(f->notes);
	free(f);
}

enum redfish_find_step redfish_find_next(redfish_find_t *f)
{
	f->want[0] = '\0';
	f->notes_len = 0;
	f->found = false;
	memset(&f->place, 0, sizeof(f->place));
	f->reason.text[0] = '\0';
	redfish_search(f);
	if (!*f->want)
		return f->found ? REDFISH_FIND_FOUND : REDFISH_FIND_NONE;
	if (f->count < REDFISH_FIND_REQUESTS_MAX &&
	    f->bytes < REDFISH_FIND_BYTES_MAX && !f->no_memory)
		return REDFISH_FIND_ASK;
	err_set(&f->reason, "the search is given up after %u requests and %zu KB of answers%s",
		f->count, f->bytes / 1024,
		f->no_memory ? ": out of memory" : "");
	return REDFISH_FIND_NONE;
}

const char *redfish_find_url(const redfish_find_t *f)
{
	return f->want;
}

void redfish_find_answer(redfish_find_t *f, long status, const char *body,
			 size_t size)
{
	struct answer *a;

	if (f->count >= REDFISH_FIND_REQUESTS_MAX || !*f->want)
		return;
	a = &f->answers[f->count];
	a->url = strdup(f->want);
	if (!a->url) {
		f->no_memory = true;
		return;
	}
	a->status = status;
	if (size)
		a->doc = json_doc_parse(body, size, NULL);
	f->bytes += size;
	f->count++;
}

const struct redfish_place *redfish_find_place(const redfish_find_t *f)
{
	return &f->place;
}

const char *redfish_find_reason(const redfish_find_t *f)
{
	return f->reason.text;
}

unsigned redfish_find_requests(const redfish_find_t *f)
{
	return f->count;
}

const struct redfish_note *redfish_find_note(const redfish_find_t *f,
					     unsigned i)
{
	return i < f->notes_len ? &f->notes[i] : NULL;
}
