/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_FIND_IMPL_H
#define WATTGATE_REDFISH_FIND_IMPL_H

#include <stdbool.h>

#include "json_doc.h"
#include "redfish_find.h"
#include "redfish_rules.h"

/*
 * Shared by redfish_find.c (answers, notes), redfish_chassis.c (what there
 * is), redfish_methods.c (where a chassis may tell its power) and
 * redfish_search.c (which it is); no one else.
 */

#define CHASSIS_MAX 48		/* members of the collection that are looked at */
#define SYSTEMS_MAX 4		/* links of one chassis */
#define REDFISH_NAME_MAX 128

struct answer {
	char *url;
	json_doc_t *doc;	/* NULL: not JSON */
	long status;
};

struct redfish_find {
	char selector[REDFISH_URL_MAX];
	struct answer answers[REDFISH_FIND_REQUESTS_MAX];
	unsigned count;
	size_t bytes;
	bool no_memory;

	/* of the search that runs */
	char want[REDFISH_URL_MAX];	/* "" = nothing; else it gives up */
	struct redfish_note *notes;
	unsigned notes_len, notes_room;
	bool found;
	struct redfish_place place;
	struct err reason;
};

/* ---- answers ---- */

/*
 * A resource: a document, or a member of a collection that carries it whole.
 * doc is NULL where there is none.
 */
struct view {
	const json_doc_t *doc;
	char base[64];		/* pointer of the resource in the document */
	char url[REDFISH_URL_MAX];	/* of the document */
};

/*
 * The resource at url. False where there is none, and where it is not known
 * yet: then f->want is set and the search gives up for this time.
 */
bool view_get(redfish_find_t *f, const char *url, struct view *v);
long view_status(const redfish_find_t *f, const char *url);

/* What a BMC says about an error at url, in brackets, or "". */
void view_message(const redfish_find_t *f, const char *url, char *buf,
		  size_t size);

/* base + pointer */
const char *view_pointer(const struct view *v, const char *pointer,
			 char buf[REDFISH_POINTER_MAX]);
int view_string(const struct view *v, const char *pointer, char *buf,
		size_t size);
enum json_number view_number(const struct view *v, const char *pointer,
			     double *value);
int view_length(const struct view *v, const char *pointer);
/* A link to a plain path of the BMC's own. */
bool view_link(const struct view *v, const char *pointer,
	       char url[REDFISH_URL_MAX]);

/* Links come with and without a slash at the end, and with fragments. */
size_t url_length(const char *url);
bool url_same(const char *a, const char *b);
/* The last part of a URL into buf. */
void url_name(const char *url, char buf[REDFISH_NAME_MAX]);

/* ---- notes ---- */

void note_add(redfish_find_t *f, unsigned depth, enum redfish_verdict verdict,
	      const char *url, const char *pointer, double watts,
	      const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* Every REDFISH_CHOSEN so far becomes a candidate, with this text. */
void notes_demote(redfish_find_t *f, unsigned from, const char *text);

/* ---- chassis ---- */

struct chassis {
	struct view view;
	char url[REDFISH_URL_MAX];	/* its own */
	char name[REDFISH_NAME_MAX];	/* last part of it */
	char type[32];
	enum chassis_class class;
	unsigned order;		/* in the collection */
	unsigned systems;	/* linked ones, parts left out; may exceed the room */
	char system[SYSTEMS_MAX][REDFISH_URL_MAX];
	char inside[REDFISH_URL_MAX];	/* the chassis that contains it, or "" */
};

struct chassis_list {
	unsigned count;
	unsigned members;	/* of the collection */
	unsigned parts;		/* of them, by their names */
	struct chassis *item;	/* sorted, best first; freed by chassis_free() */
	char names[256];	/* what a selector may be */
};

/* False: the search gives up, or f->reason says why there is no list. */
bool chassis_load(redfish_find_t *f, struct chassis_list *list);
void chassis_free(struct chassis_list *list);

/* ---- methods ---- */

struct offer {
	bool there;		/* the member is there, with a reading or not */
	bool live;		/* it has a reading now */
	bool unsure;		/* something that may tell it cannot be read now */
	double watts;
	struct redfish_place place;
};

/*
 * What this chassis says that it draws, by the methods in their order: the
 * first one with a reading, else the first one that is there. Nothing is to
 * be believed while f->want is set.
 */
void methods_try(redfish_find_t *f, const struct chassis *c,
		 struct offer *offer);

/* Power.PowerControl whose RelatedItem names the chassis' system, alone. */
void methods_try_card(redfish_find_t *f, const struct chassis *c,
		      struct offer *offer);

/* ---- the search ---- */

/* One run over what is known: ends with f->want, f->found or f->reason. */
void redfish_search(redfish_find_t *f);

#endif
