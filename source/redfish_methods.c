/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a chassis may tell its power, in the order of trust. */
#include "redfish_find_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json_power.h"

#define CONTROLS_MAX 32		/* entries of one PowerControl that are looked at */
#define SUPPLIES_MAX 32
#define ITEMS_MAX 32		/* of one RelatedItem */
#define SENSORS_MAX 1024	/* members of one collection */
#define DEPTH 2			/* of the notes of a method */

struct method {
	redfish_find_t *f;
	const struct chassis *c;
	struct offer *offer;
	struct view power;	/* its Power; doc NULL: none */
};

/* ---- offers ---- */

/*
 * Take a number as the chassis' power, unless what is at hand is as good: the
 * first one wins, save that one with a reading beats one without.
 */
static void offer_take(struct method *m, const struct redfish_number *power,
		       double watts, const char *source)
{
	struct offer *o = m->offer;

	if (o->there && (o->live || watts <= 0))
		return;
	*o = (struct offer){ .unsure = o->unsure };
	o->there = true;
	o->live = watts > 0;
	o->watts = watts;
	o->place.power = *power;
	snprintf(o->place.source, sizeof(o->place.source), "%s", source);
}

/*
 * The member at `pointer` of v as power. text: what it is called. False where
 * there is no such member.
 */
static bool member_offer(struct method *m, const struct view *v,
			 const char *pointer, const char *source,
			 const char *text)
{
	struct redfish_number n = { .terms = 1 };
	struct err why;
	double watts;

	if (view_number(v, pointer, &watts) == JSON_NUMBER_ABSENT)
		return false;
	snprintf(n.url, sizeof(n.url), "%s", v->url);
	view_pointer(v, pointer, n.pointer[0]);
	if (json_power_doc(v->doc, n.pointer[0], &watts, &why) == 0) {
		note_add(m->f, DEPTH, REDFISH_CHOSEN, v->url, n.pointer[0],
			 watts, "%s", text);
	} else {
		note_add(m->f, DEPTH, REDFISH_CANDIDATE, v->url, n.pointer[0],
			 0, "%s%sunavailable now: %s", text, *text ? ", " : "",
			 why.text);
		watts = 0;
	}
	offer_take(m, &n, watts, source);
	return true;
}

/* It is said not to be there; all else may be another answer tomorrow. */
static bool status_is_absent(long status)
{
	return status == 404 || status == 405 || status == 410 ||
	       status == 501;
}

static bool resource_get(struct method *m, const char *url, struct view *v)
{
	char message[320];

	if (view_get(m->f, url, v))
		return true;
	if (*m->f->want)
		return false;
	view_message(m->f, url, message, sizeof(message));
	if (!status_is_absent(view_status(m->f, url)))
		m->offer->unsure = true;
	if (view_status(m->f, url) == 200)
		note_add(m->f, DEPTH, REDFISH_REJECTED, url, "", 0,
			 "not a JSON object");
	else
		note_add(m->f, DEPTH, REDFISH_REJECTED, url, "", 0,
			 "answers status %ld%s", view_status(m->f, url),
			 message);
	return false;
}

/* ---- EnvironmentMetrics ---- */

static void environment_try(struct method *m)
{
	char url[REDFISH_URL_MAX];
	struct view v;

	if (!view_link(&m->c->view, "/EnvironmentMetrics/@odata.id", url) ||
	    !resource_get(m, url, &v))
		return;
	if (!member_offer(m, &v, "/PowerWatts/Reading", "redfish:environment",
			  "EnvironmentMetrics"))
		note_add(m->f, DEPTH, REDFISH_REJECTED, url, "", 0,
			 "has no PowerWatts.Reading");
}

/* ---- Power ---- */

/* Old firmware has the resource and no link to it. */
static bool power_guess(const struct chassis *c, char url[REDFISH_URL_MAX])
{
	char other[REDFISH_URL_MAX];

	if (view_link(&c->view, "/EnvironmentMetrics/@odata.id", other) ||
	    view_link(&c->view, "/PowerSubsystem/@odata.id", other) ||
	    view_link(&c->view, "/Sensors/@odata.id", other))
		return false;
	return snprintf(url, REDFISH_URL_MAX, "%s/Power", c->url) <
	       REDFISH_URL_MAX;
}

static void power_get(struct method *m)
{
	char url[REDFISH_URL_MAX];

	if (view_link(&m->c->view, "/Power/@odata.id", url) ||
	    power_guess(m->c, url))
		resource_get(m, url, &m->power);
}

/* ---- Power.PowerControl: one entry is the node, they are never added up ---- */

struct control {
	int index;
	char name[128], context[64];
};

enum control_rank { CONTROL_PART, CONTROL_PLAIN, CONTROL_RELATED, CONTROL_TOTAL };

static const char *control_pointer(char buf[128], int i, const char *member)
{
	snprintf(buf, 128, "/PowerControl/%d/%s", i, member);
	return buf;
}

static void control_read(const struct view *v, int i, struct control *c)
{
	char p[128];

	c->index = i;
	view_string(v, control_pointer(p, i, "Name"), c->name, sizeof(c->name));
	view_string(v, control_pointer(p, i, "PhysicalContext"), c->context,
		    sizeof(c->context));
}

/* Is it the URL of a system itself, not of something in it? */
static bool url_is_system(const char *url)
{
	const char *at = strstr(url, "/Systems/");
	char name[REDFISH_NAME_MAX];

	url_name(url, name);
	return at && *name && strncmp(at + 9, name, strlen(name)) == 0 &&
	       at + 9 + strlen(name) == url + url_length(url);
}

/*
 * What RelatedItem says: parts alone, the node, or nothing of use.
 * chassis: the URL that is the node too; "" = only a system is.
 */
static enum control_rank control_related(const struct view *v, int index,
					 const char *chassis)
{
	enum control_rank rank = CONTROL_PLAIN;
	char p[128], item[64], url[REDFISH_URL_MAX];
	int n = view_length(v, control_pointer(p, index, "RelatedItem"));

	for (int i = 0; i < n && i < ITEMS_MAX; i++) {
		snprintf(item, sizeof(item), "RelatedItem/%d/@odata.id", i);
		if (!view_link(v, control_pointer(p, index, item), url))
			continue;
		if (url_is_system(url) || url_same(url, chassis))
			return CONTROL_RELATED;
		if (redfish_word_in(url, redfish_part_items))
			rank = CONTROL_PART;
	}
	return rank;
}

/* A name decides before what the entry is related to: seen contradicting. */
static enum control_rank control_rank(const struct method *m,
				      const struct view *v,
				      const struct control *c)
{
	if (redfish_word_in(c->name, redfish_control_parts))
		return CONTROL_PART;
	if (redfish_word_in(c->name, redfish_control_totals))
		return CONTROL_TOTAL;
	if (redfish_word_in(c->context, redfish_part_contexts))
		return CONTROL_PART;
	return control_related(v, c->index, m->c->url);
}

/*
 * The entry that is the node and has `member`; -1: none. say: notes on those
 * that are not.
 */
static int control_choose(struct method *m, const char *member, bool say)
{
	const struct view *v = &m->power;
	int n = view_length(v, "/PowerControl"), best = -1;
	enum control_rank best_rank = CONTROL_PART;
	char p[128];
	double value;

	for (int i = 0; i < n && i < CONTROLS_MAX; i++) {
		struct control c;
		enum control_rank rank;

		if (view_number(v, control_pointer(p, i, member), &value) ==
		    JSON_NUMBER_ABSENT)
			continue;
		control_read(v, i, &c);
		rank = control_rank(m, v, &c);
		if (rank == CONTROL_PART && say)
			note_add(m->f, DEPTH, REDFISH_REJECTED, v->url, p,
				 value > 0 ? value : 0, "\"%s\", a part",
				 *c.name ? c.name : c.context);
		if (rank > best_rank) {
			best = i;
			best_rank = rank;
		}
	}
	return best;
}

static const char *control_text(const struct view *v, int i, char *buf,
				size_t size)
{
	struct control c;

	control_read(v, i, &c);
	snprintf(buf, size, *c.name ? "PowerControl \"%s\"" : "PowerControl%s",
		 c.name);
	return buf;
}

/* ---- Power.PowerSupplies ---- */

struct inputs {
	struct redfish_number number;
	unsigned supplies;	/* present ones */
	double sum;
	struct err why;		/* "" where they can be trusted */
};

static bool supply_absent(const struct view *v, int i)
{
	char p[64], state[32];

	snprintf(p, sizeof(p), "/PowerSupplies/%d/Status/State", i);
	view_string(v, p, state, sizeof(state));
	return strcasecmp(state, "Absent") == 0;
}

/* The supply's capacity in watts; 0 = not known. */
static double supply_capacity(const struct view *v, int i)
{
	char p[96];
	double watts;

	snprintf(p, sizeof(p), "/PowerSupplies/%d/PowerCapacityWatts", i);
	if (view_number(v, p, &watts) == JSON_NUMBER_OK && watts > 0)
		return watts;
	snprintf(p, sizeof(p), "/PowerSupplies/%d/InputRanges/0/OutputWattage",
		 i);
	if (view_number(v, p, &watts) == JSON_NUMBER_OK && watts > 0)
		return watts;
	return 0;
}

static bool near(double a, double b)
{
	return b > 0 && fabs(a - b) <= REDFISH_REPEAT_SHARE * b;
}

/* Why the input of a supply is not what it draws; true where it is. */
static bool input_check(struct inputs *in, const struct view *v, int i,
			double watts)
{
	double capacity = supply_capacity(v, i);

	if (watts < 0)
		return err_set(&in->why, "supply %d gives %g W", i, watts), false;
	if (capacity > 0 && (watts == capacity ||
			     watts > REDFISH_SUPPLY_LOAD_MAX * capacity))
		return err_set(&in->why, "supply %d gives %g W, a rating (its capacity is %g W)",
			       i, watts, capacity), false;
	return true;
}

/* It delivers, and takes nothing? Then nobody measures what it takes. */
static bool input_unmeasured(const struct view *v, int i, double watts)
{
	static const char *const outputs[] = {
		"PowerOutputWatts", "LastPowerOutputWatts"
	};
	char p[96];
	double out;

	for (int k = 0; watts == 0 && k < 2; k++) {
		snprintf(p, sizeof(p), "/PowerSupplies/%d/%s", i, outputs[k]);
		if (view_number(v, p, &out) == JSON_NUMBER_OK && out > 0)
			return true;
	}
	return false;
}

static bool input_add(struct inputs *in, const struct view *v, int i)
{
	char p[96];
	double watts;

	if (supply_absent(v, i))
		return true;
	in->supplies++;
	snprintf(p, sizeof(p), "/PowerSupplies/%d/PowerInputWatts", i);
	if (view_number(v, p, &watts) != JSON_NUMBER_OK)
		return err_set(&in->why, "supply %d gives no PowerInputWatts",
			       i), false;
	if (input_unmeasured(v, i, watts))
		return err_set(&in->why, "supply %d delivers power and takes 0 W",
			       i), false;
	if (!input_check(in, v, i, watts))
		return false;
	if (in->number.terms == REDFISH_TERMS_MAX)
		return err_set(&in->why, "there are more than %d supplies",
			       REDFISH_TERMS_MAX), false;
	view_pointer(v, p, in->number.pointer[in->number.terms++]);
	in->sum += watts;
	return true;
}

/* Do all of them say the same, of several? Then it may be the node's total. */
static bool inputs_equal(const struct method *m, const struct inputs *in)
{
	double first = 0, watts;

	for (unsigned t = 0; t < in->number.terms; t++) {
		json_doc_number(m->power.doc, in->number.pointer[t], &watts);
		if (t == 0)
			first = watts;
		else if (watts != first)
			return false;
	}
	return in->number.terms > 1;
}

/* Does one of several inputs repeat the total, or its average? */
static bool inputs_repeat(const struct method *m, const struct inputs *in,
			  double total, double average)
{
	double watts;

	for (unsigned t = 0; in->supplies > 1 && t < in->number.terms; t++) {
		json_doc_number(m->power.doc, in->number.pointer[t], &watts);
		if (near(watts, total) || near(watts, average))
			return true;
	}
	return false;
}

/* False where there are no supplies at all; in->why where they are no good. */
static bool inputs_read(const struct method *m, struct inputs *in)
{
	const struct view *v = &m->power;
	int n = v->doc ? view_length(v, "/PowerSupplies") : -1;
	double count;

	memset(in, 0, sizeof(*in));
	snprintf(in->number.url, sizeof(in->number.url), "%s", v->url);
	if (n > SUPPLIES_MAX)
		return err_set(&in->why, "there are %d supplies", n), true;
	if (n > 0 && view_number(v, "/PowerSupplies@odata.count", &count) ==
	    JSON_NUMBER_OK && count != n)
		return err_set(&in->why, "%d of %g supplies are listed", n,
			       count), true;
	for (int i = 0; i < n; i++)
		if (!input_add(in, v, i))
			return true;
	if (in->supplies && !(in->sum > 0 && in->sum <= POWER_MAX_W))
		err_set(&in->why, "they add up to %g W", in->sum);
	return in->supplies > 0;
}

static void inputs_note(struct method *m, const struct inputs *in,
			enum redfish_verdict verdict, const char *text)
{
	note_add(m->f, DEPTH, verdict, m->power.url, "/PowerSupplies", in->sum,
		 "inputs of %u supplies, added up%s%s", in->supplies,
		 *text ? ": " : "", text);
}

/*
 * Some boards' PowerControl is the board alone (ZT). Where the inputs are
 * whole and sound and so much more, they are the node.
 */
static bool board_only(struct method *m, int control, double total)
{
	struct inputs in;
	char p[128], text[96];
	double average;

	if (total <= 0 || !inputs_read(m, &in) || *in.why.text ||
	    in.sum < REDFISH_BOARD_RATIO * total)
		return false;
	view_number(&m->power, control_pointer(p, control,
		    "PowerMetrics/AverageConsumedWatts"), &average);
	if (inputs_equal(m, &in) || inputs_repeat(m, &in, total, average)) {
		inputs_note(m, &in, REDFISH_REJECTED,
			    "each seems to repeat the total of the node");
		return false;
	}
	snprintf(text, sizeof(text), "PowerControl, %g W, is the board alone",
		 total);
	inputs_note(m, &in, REDFISH_CHOSEN, text);
	offer_take(m, &in.number, in.sum, "redfish:supplies");
	return true;
}

static void control_try(struct method *m)
{
	const struct view *v = &m->power;
	int i = control_choose(m, "PowerConsumedWatts", true);
	char p[128], text[160];
	double total;

	if (i < 0) {
		if (view_length(v, "/PowerControl") <= 0)
			note_add(m->f, DEPTH, REDFISH_REJECTED, v->url, "", 0,
				 "has no PowerControl");
		else
			note_add(m->f, DEPTH, REDFISH_REJECTED, v->url,
				 "/PowerControl", 0,
				 "no PowerConsumedWatts of the whole");
		return;
	}
	control_pointer(p, i, "PowerConsumedWatts");
	control_text(v, i, text, sizeof(text));
	if (view_number(v, p, &total) == JSON_NUMBER_OK &&
	    board_only(m, i, total)) {
		note_add(m->f, DEPTH, REDFISH_REJECTED, v->url, p, total,
			 "%s: the supplies take %g times as much", text,
			 m->offer->watts / total);
		return;
	}
	member_offer(m, v, p, "redfish:power", text);
}

static void supplies_try(struct method *m)
{
	struct inputs in;

	if (!inputs_read(m, &in))
		return;
	if (!*in.why.text && inputs_equal(m, &in))
		err_set(&in.why, "all say the same: each may repeat the total of the node");
	if (*in.why.text) {
		inputs_note(m, &in, REDFISH_REJECTED, in.why.text);
		return;
	}
	inputs_note(m, &in, REDFISH_CHOSEN, "");
	offer_take(m, &in.number, in.sum, "redfish:supplies");
}

/* ---- Power: vendors' own, and averages ---- */

static void oem_try(struct method *m)
{
	for (const struct oem_total *t = redfish_oem_totals; t->pointer; t++)
		if (member_offer(m, &m->power, t->pointer, "redfish:oem",
				 t->seen))
			return;
}

static void average_try(struct method *m)
{
	static const char member[] = "PowerMetrics/AverageConsumedWatts";
	int i = control_choose(m, member, false);
	char p[128], text[64];
	double minutes;

	if (i < 0)
		return;
	view_number(&m->power, control_pointer(p, i,
		    "PowerMetrics/IntervalInMin"), &minutes);
	control_pointer(p, i, member);
	if (!(minutes > 0 && minutes <= REDFISH_AVERAGE_MINUTES_MAX)) {
		note_add(m->f, DEPTH, REDFISH_REJECTED, m->power.url, p, 0,
			 "an average over %g minutes, at most %g will do",
			 minutes, REDFISH_AVERAGE_MINUTES_MAX);
		return;
	}
	snprintf(text, sizeof(text), "average over %.3g s", minutes * 60);
	member_offer(m, &m->power, p, "redfish:average", text);
}

/* ---- Sensors ---- */

/* A member of the collection: a link, or the whole sensor. */
struct sensor {
	struct view view;	/* doc NULL: a link that has not been followed */
	char url[REDFISH_URL_MAX];
	char id[REDFISH_NAME_MAX];
};

static bool sensor_member(const struct view *all, int i, struct sensor *s)
{
	char p[64];
	double value;

	memset(s, 0, sizeof(*s));
	snprintf(p, sizeof(p), "/Members/%d/@odata.id", i);
	if (view_link(all, p, s->url))
		url_name(s->url, s->id);
	snprintf(p, sizeof(p), "/Members/%d/Reading", i);
	if (view_number(all, p, &value) == JSON_NUMBER_ABSENT)
		return *s->id;
	s->view = *all;
	snprintf(s->view.base, sizeof(s->view.base), "/Members/%d", i);
	if (!*s->id)
		view_string(&s->view, "/Id", s->id, sizeof(s->id));
	return *s->id;
}

/* 0 where the sensor's unit is none of these. */
static double unit_factor(const struct view *v, const struct unit *units)
{
	char text[32];

	view_string(v, "/ReadingUnits", text, sizeof(text));
	for (; units->unit; units++)
		if (strcasecmp(units->unit, text) == 0)
			return units->factor;
	return 0;
}

/* Look at a sensor that a rule names. False: it is another one after all. */
static bool sensor_check(struct method *m, struct sensor *s, const char *name,
			 const struct unit *units)
{
	char text[REDFISH_NAME_MAX];

	if (!s->view.doc && !resource_get(m, s->url, &s->view))
		return false;
	view_string(&s->view, "/Name", text, sizeof(text));
	if (name && strcmp(text, name) != 0) {
		note_add(m->f, DEPTH, REDFISH_REJECTED, s->url, "", 0,
			 "its Name is \"%s\", not \"%s\"", text, name);
		return false;
	}
	if (unit_factor(&s->view, units) > 0)
		return true;
	note_add(m->f, DEPTH, REDFISH_REJECTED, s->url, "", 0,
		 "its unit is not a known one");
	return false;
}

/* The counter beside a total: one sensor, or members of the same answer. */
static void counter_try(struct method *m, const struct view *all,
			const struct sensor_rule *rule)
{
	struct redfish_place *place = &m->offer->place;
	struct redfish_number n = { .terms = 0 };
	double unit = 0, value;

	for (int i = 0; i < view_length(all, "/Members") && i < SENSORS_MAX; i++) {
		struct sensor s;

		if (!sensor_member(all, i, &s) ||
		    !redfish_glob(rule->counter, s.id))
			continue;
		if (!sensor_check(m, &s, rule->counter_name,
				  redfish_energy_units) ||
		    view_number(&s.view, "/Reading", &value) ==
		    JSON_NUMBER_ABSENT ||
		    n.terms == REDFISH_TERMS_MAX ||
		    (n.terms && (strcmp(n.url, s.view.url) != 0 || unit !=
				 unit_factor(&s.view, redfish_energy_units))))
			return;		/* not all of it: worth nothing */
		unit = unit_factor(&s.view, redfish_energy_units);
		snprintf(n.url, sizeof(n.url), "%s", s.view.url);
		view_pointer(&s.view, "/Reading", n.pointer[n.terms++]);
	}
	if (!n.terms)
		return;
	place->energy = n;
	place->energy_unit_j = unit;
	place->energy_wrap = rule->counter_wrap;
	note_add(m->f, DEPTH, REDFISH_COUNTER, n.url, n.pointer[0], 0,
		 "energy counter of the node, trusted (%s)%s", rule->seen,
		 n.terms > 1 ? ", added up with its like" : "");
}

static bool sensor_try(struct method *m, const struct view *all,
		       struct sensor *s, const struct sensor_rule *rule)
{
	bool was_live = m->offer->live;

	if (!sensor_check(m, s, rule->name, redfish_power_units) ||
	    !member_offer(m, &s->view, "/Reading", "redfish:sensor",
			  rule->seen))
		return false;
	if (rule->counter && (m->offer->live != was_live))
		counter_try(m, all, rule);
	return true;
}

static void sensors_try(struct method *m)
{
	char url[REDFISH_URL_MAX];
	struct view all;
	int n;

	if (!view_link(&m->c->view, "/Sensors/@odata.id", url) ||
	    !resource_get(m, url, &all))
		return;
	n = view_length(&all, "/Members");
	for (const struct sensor_rule *r = redfish_sensor_rules; r->id; r++) {
		for (int i = 0; i < n && i < SENSORS_MAX; i++) {
			struct sensor s;

			if (sensor_member(&all, i, &s) &&
			    redfish_glob(r->id, s.id) &&
			    sensor_try(m, &all, &s, r))
				return;
			if (*m->f->want)
				return;
		}
	}
	note_add(m->f, DEPTH, REDFISH_REJECTED, url, "", 0,
		 "none of its %d sensors is known to be a node's total",
		 n > 0 ? n : 0);
}

/* ---- in order ---- */

static void power_methods(struct method *m)
{
	control_try(m);
	if (!m->offer->live)
		oem_try(m);
}

/* Where a note is about, and what it says. */
static void why_text(const struct redfish_note *n, char *buf, size_t size)
{
	snprintf(buf, size, "%.200s%s%.100s: %.120s", n->url,
		 *n->pointer ? "#" : "", n->pointer, n->text);
}

/* The chassis has no power: the first obstacle and the last one tell most. */
static void why_keep(struct method *m, unsigned from)
{
	const struct redfish_note *first = NULL, *last = NULL;
	redfish_find_t *f = m->f;
	char a[440], b[440];

	if (m->offer->there || f->reason.text[0])
		return;
	for (unsigned i = from; i < f->notes_len; i++) {
		if (f->notes[i].verdict != REDFISH_REJECTED)
			continue;
		last = &f->notes[i];
		first = first ? first : last;
	}
	if (!first) {
		err_set(&f->reason, "no power of the node: %s has neither EnvironmentMetrics nor Power nor Sensors",
			m->c->url);
		return;
	}
	why_text(first, a, sizeof(a));
	why_text(last, b, sizeof(b));
	err_set(&f->reason, "no power of the node: %s%s%s", a,
		first == last ? "" : "; ", first == last ? "" : b);
}

void methods_try(redfish_find_t *f, const struct chassis *c,
		 struct offer *offer)
{
	struct method m = { .f = f, .c = c, .offer = offer };
	unsigned from = f->notes_len;

	environment_try(&m);
	if (!*f->want && !offer->live)
		power_get(&m);
	if (!*f->want && m.power.doc)
		power_methods(&m);
	if (!*f->want && !offer->live)
		sensors_try(&m);
	if (!*f->want && !offer->live && m.power.doc)
		supplies_try(&m);
	if (!*f->want && !offer->live && m.power.doc)
		average_try(&m);
	if (!*f->want)
		why_keep(&m, from);
}

void methods_try_card(redfish_find_t *f, const struct chassis *c,
		      struct offer *offer)
{
	struct method m = { .f = f, .c = c, .offer = offer };
	char p[128], text[160];
	int n;

	power_get(&m);
	if (*f->want || !m.power.doc)
		return;
	n = view_length(&m.power, "/PowerControl");
	for (int i = 0; i < n && i < CONTROLS_MAX && !offer->there; i++) {
		struct control control;

		control_read(&m.power, i, &control);
		if (control_related(&m.power, i, "") != CONTROL_RELATED ||
		    control_rank(&m, &m.power, &control) == CONTROL_PART)
			continue;
		member_offer(&m, &m.power,
			     control_pointer(p, i, "PowerConsumedWatts"),
			     "redfish:power",
			     control_text(&m.power, i, text, sizeof(text)));
	}
	if (!offer->there)
		note_add(f, DEPTH, REDFISH_REJECTED, m.power.url, "", 0,
			 "no PowerControl of this card names a system");
}
