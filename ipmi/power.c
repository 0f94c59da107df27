/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "power.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"

#include "dcmi.h"
#include "search.h"

#define LIST_MAX 300

struct power {
	char sensor[64];	/* its name, or its record's number; "": DCMI */
	bool by_id;
	uint16_t id;
	struct search search;
	uint8_t record[SDR_MAX];	/* of the sensor */
	size_t record_size;	/* 0: not known yet */
	bool verify;		/* another session: is it still the same? */
};

/* ---- answers ---- */

int answer_fail(struct answer *a, enum answer_kind kind, const char *fmt, ...)
{
	char text[sizeof(a->why.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memset(a, 0, sizeof(*a));
	a->kind = kind;
	return err_set(&a->why, "%s", text);
}

const char *answer_kind_word(enum answer_kind kind)
{
	static const char *const words[] = {
		[ANSWER_OK] = "ok",
		[ANSWER_UNAVAILABLE] = "unavailable",
		[ANSWER_AUTH] = "auth",
		[ANSWER_UNREACHABLE] = "unreachable",
		[ANSWER_CONFIG] = "config",
	};

	return words[kind];
}

/* Asked at `from_ns`, answered now: the middle is when it was measured. */
static int answer_watts(struct answer *a, double watts, int64_t from_ns,
			const char *source)
{
	int64_t now_ns = clock_boot_ns();

	if (!isfinite(watts) || watts <= 0)
		return answer_fail(a, ANSWER_UNAVAILABLE, "%s reads %g W",
				   source, watts);
	memset(a, 0, sizeof(*a));
	a->kind = ANSWER_OK;
	a->watts = watts;
	a->boot_ns = from_ns + (now_ns - from_ns) / 2;
	strcpy(a->source, source);
	return 0;
}

/* ---- create ---- */

power_t *power_create(const char *sensor)
{
	power_t *p = calloc(1, sizeof(*p));
	unsigned long id;
	char *end;

	if (!p)
		return NULL;
	snprintf(p->sensor, sizeof(p->sensor), "%s", sensor);
	search_begin(&p->search);
	if (*sensor >= '0' && *sensor <= '9') {
		id = strtoul(sensor, &end, strncmp(sensor, "0x", 2) ? 10 : 16);
		p->by_id = *end == '\0' && id < 0xffff;
		p->id = (uint16_t)id;
	}
	return p;
}

void power_destroy(power_t *p)
{
	free(p);
}

void power_reconnected(power_t *p)
{
	p->verify = p->record_size > 0;
	/* a BMC that was started anew may have other records */
	search_begin(&p->search);
}

/* ---- a sensor ---- */

static int no_sensor(const power_t *p, struct answer *a)
{
	char list[LIST_MAX];
	unsigned count = search_list(&p->search, NULL, list, sizeof(list));

	return answer_fail(a, ANSWER_CONFIG, "the BMC has no sensor '%s' in watts among %u records; %s%s",
			   p->sensor, p->search.records,
			   count ? "set sensor to one of " :
				   "it has none at all", list);
}

/* Sensors may share a name: then only the record's number tells them apart. */
static int find_by_name(power_t *p, const struct ipmi_bus *bus, uint16_t *id,
			struct answer *a)
{
	char list[LIST_MAX];
	unsigned count;

	if (search_run(&p->search, bus, a) < 0)
		return -1;
	count = search_list(&p->search, p->sensor, list, sizeof(list));
	if (count == 0)
		return no_sensor(p, a);
	if (count > 1)
		return answer_fail(a, ANSWER_CONFIG, "the BMC has %u sensors '%s': set sensor to the number of one's record: %s",
				   count, p->sensor, list);
	*id = (uint16_t)strtoul(list, NULL, 10);
	if (sdr_name_is_limit(p->sensor))
		return answer_fail(a, ANSWER_CONFIG, "sensor '%s' is by its name no measurement of power; if it is one, set sensor = %u",
				   p->sensor, *id);
	return 0;
}

/* A whole record, which is one of a sensor in watts; 0, or -1 with `a`. */
static int get_sensor(power_t *p, const struct ipmi_bus *bus, uint16_t id,
		      uint8_t record[SDR_MAX], size_t *size, struct answer *a)
{
	if (search_record(&p->search, bus, id, record, size, a) < 0)
		return -1;
	if (!sdr_reads_watts(record, *size))
		return answer_fail(a, ANSWER_CONFIG, "record %u of the BMC is no sensor in watts: see `wattgate probe` for those that are",
				   id);
	return 0;
}

static int find_sensor(power_t *p, const struct ipmi_bus *bus, struct answer *a)
{
	uint16_t id = p->id;
	size_t size;

	if (!p->by_id && find_by_name(p, bus, &id, a) < 0)
		return -1;
	if (get_sensor(p, bus, id, p->record, &size, a) < 0)
		return -1;
	p->record_size = size;
	return 0;
}

/* The record that was found stands where it stood, or is looked for again. */
static int verify_sensor(power_t *p, const struct ipmi_bus *bus,
			 struct answer *a)
{
	uint8_t record[SDR_MAX];
	size_t size;

	if (search_record(&p->search, bus, sdr_id(p->record), record, &size,
			  a) < 0)
		return -1;
	if (size != p->record_size || memcmp(record, p->record, size) != 0)
		p->record_size = 0;
	p->verify = false;
	return 0;
}

static int read_sensor(power_t *p, const struct ipmi_bus *bus, struct answer *a)
{
	char name[SDR_NAME_MAX];
	char source[ANSWER_SOURCE_MAX];
	int64_t from_ns;
	double watts;

	if (p->verify && verify_sensor(p, bus, a) < 0)
		return -1;
	if (p->record_size == 0 && find_sensor(p, bus, a) < 0)
		return -1;
	sdr_name(p->record, p->record_size, name);
	from_ns = clock_boot_ns();
	if (bus->read_sensor(bus->arg, p->record, p->record_size, &watts,
			     a) < 0)
		return -1;
	snprintf(source, sizeof(source), "sensor %s", name);
	return answer_watts(a, watts, from_ns, source);
}

/* ---- DCMI ---- */

/* What the admin needs to know to choose a sensor. */
static int no_dcmi(power_t *p, const struct ipmi_bus *bus,
		   const struct err *why, struct answer *a)
{
	char list[LIST_MAX];
	unsigned count;

	if (search_run(&p->search, bus, a) < 0) {
		if (a->kind == ANSWER_UNREACHABLE || a->kind == ANSWER_AUTH)
			return -1;
		return answer_fail(a, ANSWER_CONFIG, "%.200s: this user has no DCMI power here; set sensor (%.200s)",
				   why->text, a->why.text);
	}
	count = search_list(&p->search, NULL, list, sizeof(list));
	if (count == 0)
		return answer_fail(a, ANSWER_CONFIG, "%.200s: this user has no DCMI power here, nor any sensor in watts among %u records",
				   why->text, p->search.records);
	return answer_fail(a, ANSWER_CONFIG, "%.160s: this user has no DCMI power here; set sensor to the one that is the whole node's, by name or number: %s",
			   why->text, list);
}

static int read_dcmi(power_t *p, const struct ipmi_bus *bus,
		     struct dcmi_power *power, struct answer *a)
{
	uint8_t answer[IPMI_ANSWER_MAX];
	struct err why = { "" };
	int64_t from_ns = clock_boot_ns();
	int size = bus->command(bus->arg, DCMI_NETFN, DCMI_GET_POWER_READING,
				dcmi_power_request, DCMI_POWER_REQUEST_SIZE,
				answer, a);

	if (size < 0)
		return -1;
	switch (dcmi_parse_power(answer, (size_t)size, power, &why)) {
	case DCMI_POWER:
		return answer_watts(a, power->watts, from_ns, "dcmi");
	case DCMI_NONE:
		return no_dcmi(p, bus, &why, a);
	case DCMI_PRIVILEGE:
		/* so do some BMCs refuse what they do not know at all */
		if (!bus->can_raise)
			return no_dcmi(p, bus, &why, a);
		answer_fail(a, ANSWER_AUTH, "%s", why.text);
		a->low_privilege = true;
		return -1;
	default:
		return answer_fail(a, ANSWER_UNAVAILABLE, "%s", why.text);
	}
}

void power_sample(power_t *p, const struct ipmi_bus *bus, struct answer *a)
{
	struct dcmi_power power;

	if (p->sensor[0])
		read_sensor(p, bus, a);
	else
		read_dcmi(p, bus, &power, a);
}

/* ---- telling ---- */

static void note_dcmi(power_t *p, const struct ipmi_bus *bus, struct answer *a,
		      power_note_fn note, void *arg)
{
	struct dcmi_power power;
	char line[240];

	if (read_dcmi(p, bus, &power, a) < 0) {
		if (a->kind == ANSWER_UNAVAILABLE)
			note(arg, a->why.text);
		return;
	}
	snprintf(line, sizeof(line), "DCMI reads %g W (of the last %.0f s: %u to %u, mean %u W, which are not used)",
		 power.watts, power.period_ms / 1e3, power.min_w, power.max_w,
		 power.average_w);
	note(arg, line);
	if (power.inactive)
		note(arg, "DCMI's state says that power measurement is not active, as many BMCs do; the reading counts");
}

/* Each sensor in watts, with its reading or why there is none. */
static void note_sensors(power_t *p, const struct ipmi_bus *bus,
			 power_note_fn note, void *arg)
{
	unsigned count;
	struct answer a;
	char line[240];

	if (search_run(&p->search, bus, &a) < 0) {
		note(arg, a.why.text);
		return;
	}
	count = p->search.found_count;
	if (count == 0)
		note(arg, "there is no sensor in watts");
	for (unsigned i = 0; i < count && i < SEARCH_FOUND_MAX; i++) {
		const struct search_found *f = &p->search.found[i];
		uint8_t record[SDR_MAX];
		size_t size;
		double watts;

		if (clock_boot_ns() >= bus->late_ns)
			return;
		if (get_sensor(p, bus, f->id, record, &size, &a) < 0 ||
		    bus->read_sensor(bus->arg, record, size, &watts, &a) < 0)
			snprintf(line, sizeof(line), "sensor %u '%s': %.180s",
				 f->id, f->name, a.why.text);
		else
			snprintf(line, sizeof(line), "sensor %u '%s' reads %g W%s",
				 f->id, f->name, watts,
				 sdr_name_is_limit(f->name) ?
				 ", by its name no measurement" : "");
		note(arg, line);
	}
}

void power_explain(power_t *p, const struct ipmi_bus *bus, struct answer *a,
		   power_note_fn note, void *arg)
{
	if (p->sensor[0])
		read_sensor(p, bus, a);
	else
		note_dcmi(p, bus, a, note, arg);
	if (a->kind != ANSWER_UNREACHABLE && a->kind != ANSWER_AUTH)
		note_sensors(p, bus, note, arg);
}
