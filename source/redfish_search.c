/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which chassis' number is the node's. */
#include "redfish_find_impl.h"

#include <stdio.h>
#include <string.h>

struct search {
	redfish_find_t *f;
	struct chassis_list list;
	const struct chassis *best;
	struct offer offer;	/* of best */
	unsigned notes_from;	/* where the notes on best begin */
	bool over;		/* no other chassis can be believed */
};

static bool system_shared(const struct chassis *a, const struct chassis *b)
{
	for (unsigned i = 0; i < a->systems && i < SYSTEMS_MAX; i++)
		for (unsigned j = 0; j < b->systems && j < SYSTEMS_MAX; j++)
			if (url_same(a->system[i], b->system[j]))
				return true;
	return false;
}

/* Has the system of an enclosure a chassis of its own, with power or without? */
static bool is_around_node(const struct search *s, const struct chassis *c)
{
	for (unsigned i = 0; i < s->list.count; i++)
		if (s->list.item[i].class == CHASSIS_NODE &&
		    system_shared(&s->list.item[i], c))
			return true;
	return false;
}

static bool is_selected_itself(const redfish_find_t *f, const struct chassis *c)
{
	return *f->selector && (strcmp(f->selector, c->name) == 0 ||
				url_same(f->selector, c->url));
}

/* Why a chassis is not looked into, or NULL. */
static const char *chassis_objection(const struct search *s,
				     const struct chassis *c)
{
	if (is_selected_itself(s->f, c))
		return NULL;
	if (c->class == CHASSIS_PART)
		return "a part of a node, by its type";
	if (c->systems > 1)
		return "several systems share it: its power is that of all";
	if (c->class == CHASSIS_OUTER && !c->systems && s->list.members > 1)
		return "an enclosure that no system is linked to";
	if (c->class == CHASSIS_OUTER && is_around_node(s, c))
		return "an enclosure around the node";
	if (!s->best)
		return NULL;
	if (c->class != s->best->class)
		return "a better one is found";
	if (system_shared(c, s->best))
		return "its system is told by a chassis before it";
	if (!c->systems && s->best->systems)
		return "no system is linked to it, but to one before it";
	return NULL;
}

static void chassis_note(const struct search *s, const struct chassis *c,
			 const char *objection)
{
	char system[REDFISH_NAME_MAX + 16] = "";

	if (c->systems == 1) {
		strcpy(system, ", system ");
		url_name(c->system[0], system + strlen(system));
	} else if (c->systems > 1) {
		snprintf(system, sizeof(system), ", %u systems", c->systems);
	}
	note_add(s->f, 1, objection ? REDFISH_REJECTED : REDFISH_SEEN, c->url,
		 "", 0, "%s%s%s%s", *c->type ? c->type : "no ChassisType",
		 system, objection ? ": " : "", objection ? objection : "");
}

/* Two chassis of two nodes, and nothing says whose we are. */
static void ambiguous_set(struct search *s, const struct chassis *c)
{
	static const char text[] = "the BMC serves several nodes";

	s->over = true;
	s->f->found = false;
	notes_demote(s->f, s->notes_from, text);
	err_set(&s->f->reason, "%s (%s and %s each have a power of their own); choose one of %s with --node NAME, or node = NAME in [bmc]",
		text, s->best->name, c->name, s->list.names);
}

static void chassis_try(struct search *s, const struct chassis *c)
{
	const char *objection = chassis_objection(s, c);
	unsigned notes_from = s->f->notes_len;
	struct offer offer;

	chassis_note(s, c, objection);
	if (objection)
		return;
	memset(&offer, 0, sizeof(offer));
	if (c->class == CHASSIS_CARD && !is_selected_itself(s->f, c))
		methods_try_card(s->f, c, &offer);
	else
		methods_try(s->f, c, &offer);
	if (*s->f->want)
		return;
	if (!offer.there) {
		/* tomorrow it may be the node: its neighbour is not taken for it */
		s->over = !s->best && offer.unsure && c->class == CHASSIS_NODE;
		return;
	}
	if (s->best) {
		ambiguous_set(s, c);
		return;
	}
	s->best = c;
	s->offer = offer;
	s->notes_from = notes_from;
}

static void reason_set(struct search *s)
{
	redfish_find_t *f = s->f;
	unsigned parts = s->list.parts;

	for (unsigned i = 0; i < s->list.count; i++)
		parts += s->list.item[i].class == CHASSIS_PART;
	if (s->list.members == 0)
		err_set(&f->reason, "the BMC lists no chassis");
	else if (s->list.count == 0 && parts == 0)
		err_set(&f->reason, "none of the %u chassis that the BMC lists can be read",
			s->list.members);
	else if (parts == s->list.count + s->list.parts)
		err_set(&f->reason, "the BMC tells the power of parts only (%u chassis), of no whole node",
			s->list.members);
	else if (!f->reason.text[0])
		err_set(&f->reason, "no chassis of the BMC tells the power of the node");
}

void redfish_search(redfish_find_t *f)
{
	struct search s = { .f = f };

	if (chassis_load(f, &s.list)) {
		for (unsigned i = 0; i < s.list.count; i++) {
			if (*f->want || s.over)
				break;
			chassis_try(&s, &s.list.item[i]);
		}
		if (!*f->want && s.best && !s.over) {
			f->found = true;
			f->place = s.offer.place;
		} else if (!*f->want && !s.best) {
			reason_set(&s);
		}
	}
	chassis_free(&s.list);
}
