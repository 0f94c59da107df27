/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which chassis a BMC has, and what each of them is to the node. */
#include "redfish_find_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_URL "/redfish/v1/"
#define CHASSIS_URL "/redfish/v1/Chassis"

static const struct part_name *part_find(const char *name)
{
	for (const struct part_name *p = redfish_part_names; p->pattern; p++)
		if (redfish_glob(p->pattern, name))
			return p;
	return NULL;
}

/* ---- one chassis ---- */

static enum chassis_class class_find(const char *type)
{
	for (const struct chassis_type *t = redfish_chassis_types; t->type; t++)
		if (strcmp(t->type, type) == 0)
			return t->class;
	return CHASSIS_NODE;
}

static void systems_fill(struct chassis *c)
{
	int n = view_length(&c->view, "/Links/ComputerSystems");

	for (int i = 0; i < n && i < 64; i++) {
		char pointer[64], url[REDFISH_URL_MAX], name[REDFISH_NAME_MAX];

		snprintf(pointer, sizeof(pointer),
			 "/Links/ComputerSystems/%d/@odata.id", i);
		if (!view_link(&c->view, pointer, url))
			continue;
		url_name(url, name);
		if (part_find(name))	/* a GPU baseboard calls itself a system */
			continue;
		if (c->systems < SYSTEMS_MAX)
			strcpy(c->system[c->systems], url);
		c->systems++;
	}
}

static void chassis_fill(struct chassis *c)
{
	url_name(c->url, c->name);
	view_string(&c->view, "/ChassisType", c->type, sizeof(c->type));
	c->class = class_find(c->type);
	systems_fill(c);
	if (!view_link(&c->view, "/Links/ContainedBy/@odata.id", c->inside))
		view_link(&c->view, "/Links/ContainedBy/0/@odata.id", c->inside);
}

/* ---- the collection ---- */

static void names_add(struct chassis_list *list, const char *name)
{
	size_t len = strlen(list->names);

	snprintf(list->names + len, sizeof(list->names) - len, "%s%s",
		 len ? ", " : "", name);
}

/* A member that carries all of its chassis needs no request. */
static bool member_view(redfish_find_t *f, const struct view *all, unsigned i,
			const char *url, struct view *v)
{
	char pointer[64], type[32];

	snprintf(pointer, sizeof(pointer), "/Members/%u/ChassisType", i);
	if (view_string(all, pointer, type, sizeof(type)) < 0)
		return view_get(f, url, v);
	*v = *all;
	snprintf(v->base, sizeof(v->base), "/Members/%u", i);
	return true;
}

static void member_missing(redfish_find_t *f, const char *url)
{
	char message[320];

	view_message(f, url, message, sizeof(message));
	note_add(f, 1, REDFISH_REJECTED, url, "", 0, "answers status %ld%s",
		 view_status(f, url), message);
}

static void member_load(redfish_find_t *f, struct chassis_list *list,
			const struct view *all, unsigned i, const char *url)
{
	struct chassis *c = &list->item[list->count];
	const struct part_name *part;
	char name[REDFISH_NAME_MAX];

	url_name(url, name);
	part = part_find(name);
	if (part) {
		list->parts++;
		note_add(f, 1, REDFISH_REJECTED, url, "", 0,
			 "%s, by its name", part->what);
		return;
	}
	memset(c, 0, sizeof(*c));
	if (!member_view(f, all, i, url, &c->view)) {
		if (!*f->want)
			member_missing(f, url);
		return;
	}
	snprintf(c->url, sizeof(c->url), "%.*s", (int)url_length(url), url);
	c->order = i;
	chassis_fill(c);
	if (c->class == CHASSIS_NODE)
		names_add(list, c->name);
	list->count++;
}

static bool named(const redfish_find_t *f, const char *url)
{
	char name[REDFISH_NAME_MAX];

	if (f->selector[0] == '/')
		return url_same(f->selector, url);
	url_name(url, name);
	return strcmp(name, f->selector) == 0;
}

/* With a selector that names members, the others need not be looked at. */
static bool selector_is_member(const redfish_find_t *f, const struct view *all,
			       int n)
{
	char pointer[64], url[REDFISH_URL_MAX];

	for (int i = 0; *f->selector && i < n; i++) {
		snprintf(pointer, sizeof(pointer), "/Members/%d/@odata.id", i);
		if (view_link(all, pointer, url) && named(f, url))
			return true;
	}
	return false;
}

static void members_load(redfish_find_t *f, struct chassis_list *list,
			 const struct view *all)
{
	int n = view_length(all, "/Members");
	bool only_named = selector_is_member(f, all, n);
	char pointer[64], url[REDFISH_URL_MAX];
	unsigned looked_at = 0;

	for (int i = 0; i < n && !*f->want; i++) {
		snprintf(pointer, sizeof(pointer), "/Members/%d/@odata.id", i);
		if (!view_link(all, pointer, url) ||
		    (only_named && !named(f, url)))
			continue;
		list->members++;
		if (looked_at++ < CHASSIS_MAX)
			member_load(f, list, all, (unsigned)i, url);
	}
	if (looked_at > CHASSIS_MAX)
		note_add(f, 1, REDFISH_REJECTED, "", "", 0,
			 "%u more chassis are not looked at; name the node's (--node, or node = in [bmc])",
			 looked_at - CHASSIS_MAX);
}

/* ---- the selector ---- */

static bool selected(const redfish_find_t *f, const struct chassis *c)
{
	if (named(f, c->url))
		return true;
	for (unsigned i = 0; i < c->systems && i < SYSTEMS_MAX; i++)
		if (named(f, c->system[i]))
			return true;
	return false;
}

static bool selector_apply(redfish_find_t *f, struct chassis_list *list)
{
	unsigned kept = 0;

	if (!*f->selector)
		return true;
	for (unsigned i = 0; i < list->count; i++)
		if (selected(f, &list->item[i]))
			list->item[kept++] = list->item[i];
	list->count = kept;
	if (kept == 0)
		err_set(&f->reason, "the BMC has no chassis and no system called %s; it has %s",
			f->selector, *list->names ? list->names : "none");
	return kept > 0;
}

/* ---- order ---- */

static int chassis_compare(const void *a, const void *b)
{
	const struct chassis *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (!x->systems != !y->systems)
		return x->systems ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* ---- the list ---- */

static bool collection_get(redfish_find_t *f, struct view *all)
{
	char url[REDFISH_URL_MAX] = CHASSIS_URL, message[320];
	struct view root;

	if (view_get(f, ROOT_URL, &root) &&
	    !view_link(&root, "/Chassis/@odata.id", url))
		strcpy(url, CHASSIS_URL);
	if (!*f->want && view_get(f, url, all))
		return true;
	if (*f->want)
		return false;
	view_message(f, url, message, sizeof(message));
	if (view_status(f, url) == 200)
		err_set(&f->reason, "%s is not a JSON object", url);
	else
		err_set(&f->reason, "%s answers status %ld%s", url,
			view_status(f, url), message);
	note_add(f, 1, REDFISH_REJECTED, url, "", 0, "%s",
		 f->reason.text);
	return false;
}

static void root_note(redfish_find_t *f)
{
	char vendor[64] = "", product[64] = "", version[32] = "";
	struct view root;

	if (view_get(f, ROOT_URL, &root)) {
		view_string(&root, "/Vendor", vendor, sizeof(vendor));
		view_string(&root, "/Product", product, sizeof(product));
		view_string(&root, "/RedfishVersion", version, sizeof(version));
	}
	note_add(f, 0, REDFISH_SEEN, ROOT_URL, "", 0, "%s%s%s%s%s%s", vendor,
		 *vendor && *product ? " " : "", product,
		 (*vendor || *product) && *version ? ", " : "",
		 *version ? "Redfish " : "", version);
}

bool chassis_load(redfish_find_t *f, struct chassis_list *list)
{
	struct view all;

	memset(list, 0, sizeof(*list));
	root_note(f);
	if (!collection_get(f, &all))
		return false;
	list->item = calloc(CHASSIS_MAX, sizeof(*list->item));
	if (!list->item) {
		err_set(&f->reason, "out of memory");
		return false;
	}
	members_load(f, list, &all);
	if (*f->want || !selector_apply(f, list))
		return false;
	qsort(list->item, list->count, sizeof(*list->item), chassis_compare);
	return true;
}

void chassis_free(struct chassis_list *list)
{
	free(list->item);
	list->item = NULL;
}
