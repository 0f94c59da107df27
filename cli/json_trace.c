/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json_trace.h"

#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "cli/text.h"
#include "source/json_doc.h"

#define TEXT_MAX 256		/* a longer one is no name */
#define NUMBER_MAX 1e5		/* a larger one is no name either */

enum keep {
	KEEP_NOT,
	KEEP_TEXT,	/* a name: texts are redacted */
	KEEP_NUMBER	/* a reading: a text only where it is a number */
};

/*
 * Names and structure: what redfish_find.c looks at, so that the record of a
 * BMC is searched as the BMC was. What is beneath them has to be listed itself.
 */
static const char *const names[] = {
	"@odata.id", "@odata.type", "Id", "Name", "MemberId", "Members",
	"@odata.nextLink", "Members@odata.nextLink", "href", "Links", "links",
	"RelatedItem", "RelatedItems", "Chassis", "Systems", "ComputerSystems",
	"Contains", "ContainedBy", "ManagedBy", "PoweredBy", "Controls",
	"EnvironmentMetrics", "PowerSubsystem", "Sensors", "Sensor",
	"DataSourceUri", "SessionService", "Sessions", "ChassisType", "SystemType",
	"ReadingType", "ReadingUnits", "Units", "SensorType",
	"PhysicalContext", "PhysicalSubContext", "ElectricalContext",
	"Implementation", "Status", "State", "Health", "HealthRollup",
	"PowerState", "PowerSupplyType", "LineInputVoltageType",
	"RedfishVersion", "Vendor", "Product", "Manufacturer", "Model",
	/* of errors */
	"error", "code", "@Message.ExtendedInfo", "MessageId",
	/* vendors' */
	"Oem", "Ami", "AMI", "Cisco", "Cray", "Dell", "Delta", "Fujitsu",
	"GBTCTechnology", "Gigabyte", "HPE", "Hp", "Hpe", "Huawei", "IBM",
	"Inspur", "Intel", "Insyde", "Lenovo", "NVIDIA", "Nvidia", "OpenBMC",
	"OpenBmc", "Public", "QCT", "Quanta_Computer_Inc", "Supermicro",
	"ZTSYSTEMS", "ts_fujitsu", "xFusion", NULL
};

static const char *const numbers[] = {
	"Reading", "ReadingRangeMax", "ReadingRangeMin", "LifetimeReading",
	"ApparentVA", "ReactiveVAR", "LoadPercent", "IntervalInMin",
	"AveragingInterval", "SensingInterval", "Accuracy", "Precision",
	"EfficiencyPercent", "LineInputVoltage", "Members@odata.count",
	"SensorNumber", "InputRanges", "Average", "Minimum", "Maximum", "Peak",
	NULL
};

/* Whatever it is called, it is a reading if it has one of these in it. */
static const char *const number_words[] = {
	"Power", "Watt", "Energy", "Joules", "kWh", NULL
};

/* Members whose values must not be seen anywhere. */
static const char *const secret_words[] = {
	"serial", "uuid", "guid", "assettag", "servicetag", "partnumber",
	"sku", "hostname", "fqdn", "mac", "address", "token", "durablename",
	"identifier", "wwn", "sparepart", "nodename", "dnsname", NULL
};

static bool is_one_of(const char *key, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(key, *list) == 0)
			return true;
	return false;
}

static bool has_one_of(const char *key, const char *const *list, bool any_case)
{
	for (; *list; list++)
		if (any_case ? strcasestr(key, *list) : strstr(key, *list))
			return true;
	return false;
}

/* A member's name is the BMC's too, where it only has to look like a reading. */
static bool plain_key(redact_t *r, const char *key)
{
	char *text;
	bool plain;

	if (strlen(key) > 64 ||
	    key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@.")])
		return false;
	text = redact_text(r, key);
	plain = strcmp(text, key) == 0;
	free(text);
	return plain;
}

static enum keep key_keep(redact_t *r, const char *key)
{
	if (is_one_of(key, names))
		return KEEP_TEXT;
	if (is_one_of(key, numbers))
		return KEEP_NUMBER;
	if (has_one_of(key, secret_words, true) ||
	    !has_one_of(key, number_words, false) || !plain_key(r, key))
		return KEEP_NOT;
	return KEEP_NUMBER;
}

static struct json_object *or_exit(struct json_object *obj)
{
	if (!obj)
		mem_failed();
	return obj;
}

/* json_doc.c says what is JSON: what a search takes for none is none here. */
static struct json_object *parse(const char *data, size_t size)
{
	json_doc_t *doc = json_doc_parse(data, size, NULL);
	struct json_tokener *tok;
	struct json_object *obj;

	if (!doc)
		return NULL;
	json_doc_destroy(doc);
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		size -= 3;
	}
	tok = json_tokener_new_ex(JSON_DEPTH_MAX);
	if (!tok)
		mem_failed();
	obj = or_exit(json_tokener_parse_ex(tok, data, (int)size));
	json_tokener_free(tok);
	return obj;
}

/* ---- learning ---- */

static void learn_value(redact_t *r, struct json_object *value, bool secret)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		if (secret)
			redact_learn(r, json_object_get_string(value));
		break;
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(value); i++)
			learn_value(r, json_object_array_get_idx(value, i),
				    secret);
		break;
	case json_type_object: {
		json_object_object_foreach(value, key, member)
			learn_value(r, member, secret ||
				    has_one_of(key, secret_words, true));
		break;
	}
	default:
		break;
	}
}

void json_trace_learn(redact_t *r, const char *data, size_t size)
{
	struct json_object *obj = parse(data, size);

	learn_value(r, obj, false);
	json_object_put(obj);
}

/* ---- redacting ---- */

static struct json_object *redact_value(redact_t *r, struct json_object *value,
					enum keep keep);

static struct json_object *redact_string(redact_t *r,
					 struct json_object *value,
					 enum keep keep)
{
	const char *raw = json_object_get_string(value);
	size_t size = (size_t)json_object_get_string_len(value);
	struct json_object *obj;
	char *valid, *text;
	double number;

	if (keep == KEEP_NUMBER)
		return json_decimal(raw, size, &number) == JSON_NUMBER_OK ?
		       json_object_get(value) : NULL;
	if (size > TEXT_MAX || strlen(raw) != size)
		return NULL;
	valid = text_valid(raw);
	text = redact_text(r, valid);
	obj = or_exit(json_object_new_string(text));
	free(text);
	free(valid);
	return obj;
}

static struct json_object *redact_array(redact_t *r, struct json_object *value,
					enum keep keep)
{
	struct json_object *array = or_exit(json_object_new_array());

	for (size_t i = 0; i < json_object_array_length(value); i++)
		if (json_object_array_add(array, redact_value(r,
				json_object_array_get_idx(value, i), keep)) < 0)
			mem_failed();
	return array;
}

static struct json_object *redact_object(redact_t *r,
					 struct json_object *value)
{
	struct json_object *obj = or_exit(json_object_new_object());

	json_object_object_foreach(value, key, member) {
		enum keep keep = key_keep(r, key);

		if (keep != KEEP_NOT &&
		    json_object_object_add(obj, key, redact_value(r, member,
								  keep)) < 0)
			mem_failed();
	}
	return obj;
}

/* What may not be kept becomes null: arrays keep their order. */
static struct json_object *redact_value(redact_t *r, struct json_object *value,
					enum keep keep)
{
	switch (json_object_get_type(value)) {
	case json_type_object:
		return redact_object(r, value);
	case json_type_array:
		return redact_array(r, value, keep);
	case json_type_string:
		return redact_string(r, value, keep);
	case json_type_int:
	case json_type_double:
		return keep == KEEP_NUMBER ||
		       fabs(json_object_get_double(value)) < NUMBER_MAX ?
		       json_object_get(value) : NULL;
	case json_type_boolean:
		return json_object_get(value);
	default:
		return NULL;
	}
}

char *json_trace_redact(redact_t *r, const char *data, size_t size)
{
	struct json_object *obj = parse(data, size), *kept;
	const char *text;
	char *out;

	if (!obj)
		return NULL;
	kept = redact_value(r, obj, KEEP_TEXT);
	text = json_object_to_json_string_ext(kept, JSON_C_TO_STRING_PRETTY |
					      JSON_C_TO_STRING_SPACED |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		mem_failed();
	out = mem_string(text);
	json_object_put(kept);
	json_object_put(obj);
	return out;
}
