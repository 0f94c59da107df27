/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish_find.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json_doc.h"
#include "json_power.h"

#define ROOT_URL "/redfish/v1/"
#define CHASSIS_URL "/redfish/v1/Chassis"
#define MEMBERS_MAX 32		/* chassis looked at */
#define CONTROLS_MAX 32		/* entries of one PowerControl */
#define BYTES_MAX (2 * 1024 * 1024)	/* of answers held at a time */

struct answer {
	char *url;
	json_doc_t *doc;	/* NULL: not there, or not JSON */
	long status;
};

struct redfish_find {
	struct answer answers[REDFISH_FIND_REQUESTS_MAX];
	unsigned count;
	size_t bytes;
	char want[REDFISH_URL_MAX];	/* "" = nothing */

	/* of the search that runs */
	bool found;
	bool live;		/* the place has a reading now */
	struct redfish_place place;
	struct err reason;
};

/* ---- answers ---- */

static size_t url_length(const char *url)
{
	size_t len = strcspn(url, "#");

	while (len > 1 && url[len - 1] == '/')
		len--;
	return len;
}

/* Links come with and without a slash at the end, and with fragments. */
static bool url_same(const char *a, const char *b)
{
	size_t len = url_length(a);

	return len == url_length(b) && strncmp(a, b, len) == 0;
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

/*
 * The document at url; NULL where there is none, and where it is not known
 * yet: then it is wanted, and the caller has to give up for this time.
 */
static const json_doc_t *doc_get(redfish_find_t *f, const char *url)
{
	if (*f->want || !url_plain(url))
		return NULL;
	for (unsigned i = 0; i < f->count; i++)
		if (url_same(f->answers[i].url, url))
			return f->answers[i].doc;
	snprintf(f->want, sizeof(f->want), "%.*s", (int)strcspn(url, "#"), url);
	return NULL;
}

static long doc_status(const redfish_find_t *f, const char *url)
{
	for (unsigned i = 0; i < f->count; i++)
		if (url_same(f->answers[i].url, url))
			return f->answers[i].status;
	return 0;
}

static bool link_get(const json_doc_t *doc, const char *pointer,
		     char url[REDFISH_URL_MAX])
{
	return json_doc_string(doc, pointer, url, REDFISH_URL_MAX) == 0 &&
	       url_plain(url);
}

/* ---- places ---- */

/*
 * Take a place unless the one at hand is as good: the first one wins, save
 * that one with a reading beats one without. False where there is no such
 * member at all.
 */
static bool place_offer(redfish_find_t *f, const json_doc_t *doc,
			const char *url, const char *pointer,
			const char *source)
{
	double watts;
	bool live;

	if (json_doc_number(doc, pointer, &watts) == JSON_NUMBER_ABSENT)
		return false;
	live = json_power_doc(doc, pointer, &watts, NULL) == 0;
	if (f->found && (f->live || !live))
		return true;
	f->found = true;
	f->live = live;
	snprintf(f->place.power.url, sizeof(f->place.power.url), "%.*s",
		 (int)strcspn(url, "#"), url);
	redfish_number_parse(&f->place.power, pointer);
	snprintf(f->place.source, sizeof(f->place.source), "%s", source);
	return true;
}

static bool word_in(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(text, *words))
			return true;
	return false;
}

/* PhysicalContext is not proof of a part where it says PowerSupply: seen on totals. */
static const char *const part_words[] = {
	"cpu", "processor", "memory", "dimm", "dram", "gpu", "accelerator",
	"fpga", "asic", "fan", "storage", "drive", "disk", "network", "pcie",
	"voltageregulator", NULL
};

static const char *const total_words[] = {
	"server", "system", "node", "total", NULL
};

enum { CONTROL_PART, CONTROL_PLAIN, CONTROL_TOTAL };

static int control_rank(const json_doc_t *doc, int i)
{
	char pointer[64], name[128], context[128];

	snprintf(pointer, sizeof(pointer), "/PowerControl/%d/Name", i);
	json_doc_string(doc, pointer, name, sizeof(name));
	snprintf(pointer, sizeof(pointer), "/PowerControl/%d/PhysicalContext", i);
	json_doc_string(doc, pointer, context, sizeof(context));
	/* "CPU Sub-system Power" is a part: parts are looked for first */
	if (word_in(name, part_words) || word_in(context, part_words))
		return CONTROL_PART;
	return word_in(name, total_words) ? CONTROL_TOTAL : CONTROL_PLAIN;
}

/* The entry of PowerControl that is the node. They are never added up. */
static void control_offer(redfish_find_t *f, const json_doc_t *doc,
			  const char *url)
{
	int n = json_doc_length(doc, "/PowerControl");
	int best = -1, best_rank = CONTROL_PART;
	char pointer[64];
	double watts;

	for (int i = 0; i < n && i < CONTROLS_MAX; i++) {
		int rank = control_rank(doc, i);

		snprintf(pointer, sizeof(pointer),
			 "/PowerControl/%d/PowerConsumedWatts", i);
		if (rank <= best_rank || json_doc_number(doc, pointer, &watts) ==
		    JSON_NUMBER_ABSENT)
			continue;
		best = i;
		best_rank = rank;
	}
	if (best < 0)
		return;
	snprintf(pointer, sizeof(pointer), "/PowerControl/%d/PowerConsumedWatts",
		 best);
	place_offer(f, doc, url, pointer, "redfish:power");
}

/* ---- chassis ---- */

enum { CHASSIS_NODE, CHASSIS_OUTER, CHASSIS_PART };

static int chassis_rank(const json_doc_t *doc, const char *url)
{
	static const char *const part_types[] = {
		"Card", "Cartridge", "Component", "Expansion", "HeatExchanger",
		"IPBasedDrive", "Module", "PowerStrip", "StorageEnclosure",
		"Zone", NULL
	};
	static const char *const outer_types[] = {
		"Enclosure", "ImmersionTank", "Pod", "Rack", "RackGroup", "Row",
		"Sidecar", NULL
	};
	char type[64];

	if (strstr(url, "/HGX_") || strcasestr(url, "ERoT"))
		return CHASSIS_PART;
	json_doc_string(doc, "/ChassisType", type, sizeof(type));
	for (int i = 0; part_types[i]; i++)
		if (strcmp(type, part_types[i]) == 0)
			return CHASSIS_PART;
	for (int i = 0; outer_types[i]; i++)
		if (strcmp(type, outer_types[i]) == 0)
			return CHASSIS_OUTER;
	return CHASSIS_NODE;
}

static void environment_search(redfish_find_t *f, const json_doc_t *chassis)
{
	char url[REDFISH_URL_MAX];
	const json_doc_t *doc;

	if (!link_get(chassis, "/EnvironmentMetrics/@odata.id", url))
		return;
	doc = doc_get(f, url);
	if (doc)
		place_offer(f, doc, url, "/PowerWatts/Reading",
			    "redfish:environment");
}

/* Old firmware has the resource and no link to it. */
static bool power_guess(const json_doc_t *chassis, const char *chassis_url,
			char url[REDFISH_URL_MAX])
{
	char other[REDFISH_URL_MAX];

	if (link_get(chassis, "/EnvironmentMetrics/@odata.id", other) ||
	    link_get(chassis, "/PowerSubsystem/@odata.id", other))
		return false;
	return snprintf(url, REDFISH_URL_MAX, "%.*s/Power",
			(int)url_length(chassis_url), chassis_url) <
	       REDFISH_URL_MAX;
}

static void power_search(redfish_find_t *f, const json_doc_t *chassis,
			 const char *chassis_url)
{
	char url[REDFISH_URL_MAX];
	const json_doc_t *doc;

	if (!link_get(chassis, "/Power/@odata.id", url) &&
	    !power_guess(chassis, chassis_url, url))
		return;
	doc = doc_get(f, url);
	if (doc)
		control_offer(f, doc, url);
}

/*
 * The first chassis that has a place decides, even while it has no reading: a
 * node that has just been switched on must not be taken for its GPU board.
 */
static void chassis_search(redfish_find_t *f, const char *url, int rank)
{
	const json_doc_t *chassis = doc_get(f, url);

	if (!chassis || chassis_rank(chassis, url) != rank)
		return;
	environment_search(f, chassis);
	if (!*f->want && !f->live)
		power_search(f, chassis, url);
}

static void members_search(redfish_find_t *f, const json_doc_t *list, int rank)
{
	char pointer[64], url[REDFISH_URL_MAX];
	int n = json_doc_length(list, "/Members");

	for (int i = 0; i < n && i < MEMBERS_MAX; i++) {
		snprintf(pointer, sizeof(pointer), "/Members/%d/@odata.id", i);
		if (link_get(list, pointer, url))
			chassis_search(f, url, rank);
		if (*f->want || f->found)
			return;
	}
}

static void search(redfish_find_t *f)
{
	char url[REDFISH_URL_MAX];
	const json_doc_t *root, *list;

	root = doc_get(f, ROOT_URL);
	if (*f->want)
		return;
	if (!root || !link_get(root, "/Chassis/@odata.id", url))
		strcpy(url, CHASSIS_URL);
	list = doc_get(f, url);
	if (*f->want)
		return;
	if (!list) {
		err_set(&f->reason, "%s answers status %ld", url,
			doc_status(f, url));
		return;
	}
	for (int rank = CHASSIS_NODE; rank < CHASSIS_PART; rank++) {
		members_search(f, list, rank);
		if (*f->want || f->found)
			return;
	}
	err_set(&f->reason, "no chassis of the BMC has EnvironmentMetrics.PowerWatts or Power.PowerControl of the node");
}

/* ---- interface ---- */

redfish_find_t *redfish_find_create(const char *selector)
{
	(void)selector;
	return calloc(1, sizeof(redfish_find_t));
}

void redfish_find_destroy(redfish_find_t *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->count; i++) {
		free(f->answers[i].url);
		json_doc_destroy(f->answers[i].doc);
	}
	free(f);
}

enum redfish_find_step redfish_find_next(redfish_find_t *f)
{
	f->want[0] = '\0';
	f->found = f->live = false;
	search(f);
	if (!*f->want)
		return f->found ? REDFISH_FIND_FOUND : REDFISH_FIND_NONE;
	if (f->count < REDFISH_FIND_REQUESTS_MAX && f->bytes < BYTES_MAX)
		return REDFISH_FIND_ASK;
	err_set(&f->reason, "no power after %u requests and %zu KB of answers",
		f->count, f->bytes / 1024);
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
		f->bytes = BYTES_MAX;	/* no memory: ends the search */
		return;
	}
	a->status = status;
	if (status == 200)
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
	(void)f;
	(void)i;
	return NULL;
}
