/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_RULES_H
#define WATTGATE_REDFISH_RULES_H

#include <stdbool.h>

/*
 * What is known of BMCs, as tables: the search reads them and knows no vendor.
 * Each ends with a row whose first member is NULL. `seen` names the model that
 * the row is known from.
 */

/* What a chassis is to the node, best first. */
enum chassis_class {
	CHASSIS_NODE,	/* a server */
	CHASSIS_OUTER,	/* what servers are put into; a few name servers so */
	CHASSIS_CARD,	/* a part, unless its PowerControl names the system */
	CHASSIS_PART	/* never the node */
};

/* ChassisType -> class. A type that is not here, or none: CHASSIS_NODE. */
struct chassis_type {
	const char *type;
	enum chassis_class class;
};
extern const struct chassis_type redfish_chassis_types[];

/* Last part of a chassis' or system's URL (fnmatch(3), any case) of a part. */
struct part_name {
	const char *pattern;
	const char *what;
	const char *seen;
};
extern const struct part_name redfish_part_names[];

/* Words in the Name of a PowerControl, in any case. A part's word decides. */
extern const char *const redfish_control_parts[];
extern const char *const redfish_control_totals[];
/* Words in its PhysicalContext that make it a part. */
extern const char *const redfish_part_contexts[];
/* Parts of the URLs in its RelatedItem that make it a part. */
extern const char *const redfish_part_items[];

/* Totals outside the schema. */
struct oem_total {
	const char *pointer;	/* in the Power resource */
	const char *seen;
};
extern const struct oem_total redfish_oem_totals[];

/* Sensors that are the node's total. Nothing else about a sensor is believed. */
struct sensor_rule {
	const char *id;		/* fnmatch(3) on the last part of its URL */
	const char *name;	/* its Name, as it stands; NULL: any */
	const char *counter;	/* fnmatch(3): a trusted energy counter beside it */
	const char *counter_name;	/* its Name; NULL: any */
	double counter_wrap;	/* in its own units; 0: never */
	const char *seen;
};
extern const struct sensor_rule redfish_sensor_rules[];

/* Units of a sensor. */
struct unit {
	const char *unit;	/* any case */
	double factor;		/* to watts, or to joules */
};
extern const struct unit redfish_power_units[];
extern const struct unit redfish_energy_units[];

/* PowerControl is the board alone where its supplies take so much more. */
#define REDFISH_BOARD_RATIO 1.3
/* An input so close to the total, or to its average, repeats it. */
#define REDFISH_REPEAT_SHARE 0.03
/* A supply cannot take more than this, as a multiple of its capacity. */
#define REDFISH_SUPPLY_LOAD_MAX 1.15
/* An average stands for the power up to this window. */
#define REDFISH_AVERAGE_MINUTES_MAX 1.0

bool redfish_word_in(const char *text, const char *const *words);
bool redfish_glob(const char *pattern, const char *text);

#endif
