/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which number is the node's, on small trees written by hand. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/redfish_find.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

struct page {
	const char *url;
	const char *json;	/* NULL: the status alone */
	long status;		/* 0 = 200 */
};

#define ROOT { "/redfish/v1/", "{\"Chassis\":{\"@odata.id\":\"/redfish/v1/Chassis\"}}", 0 }
#define MEMBERS(list) { "/redfish/v1/Chassis", "{\"Members\":[" list "]}", 0 }
#define REF(url) "{\"@odata.id\":\"" url "\"}"
#define C1 "/redfish/v1/Chassis/1"
#define C2 "/redfish/v1/Chassis/2"
#define SYSTEM(name) "/redfish/v1/Systems/" name
#define OF_SYSTEM(name) "\"Links\":{\"ComputerSystems\":[" REF(SYSTEM(name)) "]},"
#define S1 C1 "/Sensors"
#define WHOLE(id, reading, unit) "{\"@odata.id\":\"" S1 "/" id "\",\"Id\":\"" id \
	"\",\"Reading\":" reading ",\"ReadingUnits\":\"" unit "\"}"
#define POWER_OF(c) "\"Power\":" REF(c "/Power")
#define ENV_OF(c) "\"EnvironmentMetrics\":" REF(c "/EnvironmentMetrics")

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const struct tree {
	const char *what;
	const char *url;	/* of the place; NULL: none */
	const char *pointer;	/* of the place, or in the reason */
	unsigned requests;	/* 0: any number */
	struct page pages[10];
	const char *selector;
	const char *energy;	/* URL of the counter; NULL: none */
} trees[] = {
	{ "one PowerControl", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}", 0 } } },
	{ "EnvironmentMetrics before Power", C1 "/EnvironmentMetrics", "/PowerWatts/Reading", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", "{\"PowerWatts\":{\"Reading\":700}}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "EnvironmentMetrics without watts", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", "{\"PowerLimitWatts\":{\"SetPoint\":700}}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "EnvironmentMetrics null, Power alive", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", "{\"PowerWatts\":{\"Reading\":null}}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "EnvironmentMetrics 500", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", NULL, 500 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "parts stand before and behind the server", C1 "/Power", "/PowerControl/1/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"Name\":\"CPU Sub-system Power\",\"PowerConsumedWatts\":89},{\"Name\":\"Server Power Control\",\"PowerConsumedWatts\":708},{\"Name\":\"Memory Sub-system Power\",\"PowerConsumedWatts\":24}]}", 0 } } },
	{ "a part by its PhysicalContext", C1 "/Power", "/PowerControl/1/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PhysicalContext\":\"GPU\",\"PowerConsumedWatts\":89},{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "a total says PowerSupply", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PhysicalContext\":\"PowerSupply\",\"PowerConsumedWatts\":378}]}", 0 } } },
	{ "only parts", NULL, "a part", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"Name\":\"CPU\",\"PowerConsumedWatts\":89},{\"Name\":\"GPU1\",\"PowerConsumedWatts\":500}]}", 0 } } },
	{ "no PowerConsumedWatts", NULL, "no PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerLimit\":{}}]}", 0 } } },
	{ "an empty PowerControl", NULL, "no PowerControl", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[]}", 0 } } },
	{ "PowerControl is an object", NULL, "no PowerControl", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":{\"PowerConsumedWatts\":5}}", 0 } } },
	{ "0 W is the place all the same", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":0}]}", 0 } } },
	{ "a node without a reading is not its neighbour", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" OF_SYSTEM("1") POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":null}]}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "two nodes, and no one says which", NULL, "choose one of 1, 2", 6,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":null}]}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "two nodes of two systems", NULL, "choose one of 1, 2", 6,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" OF_SYSTEM("A") POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":200}]}", 0 },
	    { C2, "{" OF_SYSTEM("B") POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "one of two, by its system", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" OF_SYSTEM("A") POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":200}]}", 0 },
	    { C2, "{" OF_SYSTEM("B") POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } }, "B", NULL },
	{ "one of two, by its chassis, the other unseen", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } }, "2", NULL },
	{ "one of two, by its URL", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } }, C2 "/", NULL },
	{ "a selector that nothing answers to", NULL, "called Node7; it has 1, 2", 4,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 } }, "Node7", NULL },
	{ "one chassis, two systems in it", NULL, "no chassis of the BMC tells", 3,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"Links\":{\"ComputerSystems\":[" REF(SYSTEM("A")) "," REF(SYSTEM("B")) "]}," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":800}]}", 0 } } },
	{ "a GPU baseboard is no second system", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"Links\":{\"ComputerSystems\":[" REF(SYSTEM("A")) "," REF(SYSTEM("HGX_Baseboard_0")) "]}," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":800}]}", 0 } } },
	{ "an enclosure around a blade that is mute", NULL, "no power of the node", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{\"ChassisType\":\"Enclosure\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":4000}]}", 0 },
	    { C2, "{\"ChassisType\":\"Blade\"}", 0 } } },
	{ "members that carry their chassis", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 3,
	  { ROOT, MEMBERS("{\"@odata.id\":\"" C1 "\",\"ChassisType\":\"RackMount\"," POWER_OF(C1) "}"),
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "a card whose control names the system", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"ChassisType\":\"Card\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":148,\"RelatedItem\":[" REF(SYSTEM("A")) "]}]}", 0 } } },
	{ "a card whose control names its processors", NULL, "no chassis of the BMC tells", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"ChassisType\":\"Card\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":148,\"RelatedItem\":[" REF(SYSTEM("A") "/Processors/1") "]}]}", 0 } } },
	{ "a control related to processors only is a part", C1 "/Power", "/PowerControl/1/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":148,\"RelatedItem\":[" REF(SYSTEM("A") "/Processors") "]},{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "a total by its name, related to processors", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"Name\":\"System Power Control\",\"PowerConsumedWatts\":2161,\"RelatedItem\":[" REF(SYSTEM("A") "/Processors/1") "]}]}", 0 } } },
	{ "a control of the board alone", C1 "/Power", "/PowerSupplies/0/PowerInputWatts + /PowerSupplies/1/PowerInputWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":152}],\"PowerSupplies\":[{\"PowerInputWatts\":158},{\"PowerInputWatts\":166}]}", 0 } } },
	{ "supplies that repeat the total", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":894}],\"PowerSupplies\":[{\"PowerInputWatts\":894},{\"PowerInputWatts\":894}]}", 0 } } },
	{ "supplies that repeat the average", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708,\"PowerMetrics\":{\"AverageConsumedWatts\":635}}],\"PowerSupplies\":[{\"PowerInputWatts\":635},{\"PowerInputWatts\":635}]}", 0 } } },
	{ "an input that is a rating", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":429}],\"PowerSupplies\":[{\"PowerInputWatts\":900,\"PowerCapacityWatts\":750}]}", 0 } } },
	{ "one input unknown: not the whole", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":100}],\"PowerSupplies\":[{\"PowerInputWatts\":300},{\"PowerInputWatts\":null}]}", 0 } } },
	{ "inputs alone, one bay empty, one on standby", C1 "/Power", "/PowerSupplies/0/PowerInputWatts + /PowerSupplies/2/PowerInputWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerSupplies\":[{\"PowerInputWatts\":300},{\"PowerInputWatts\":null,\"Status\":{\"State\":\"Absent\"}},{\"PowerInputWatts\":0}]}", 0 } } },
	{ "inputs alone, one unknown", NULL, "supply 1 gives no", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":{},\"PowerSupplies\":[{\"PowerInputWatts\":300},{}]}", 0 } } },
	{ "inputs alone, all the same", NULL, "may repeat", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerSupplies\":[{\"PowerInputWatts\":300},{\"PowerInputWatts\":300}]}", 0 } } },
	{ "outputs are never taken", NULL, "no PowerInputWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerSupplies\":[{\"LastPowerOutputWatts\":300},{\"PowerOutputWatts\":310}]}", 0 } } },
	{ "a vendor's own", C1 "/Power", "/Oem/ts_fujitsu/ChassisPowerConsumption/CurrentPowerConsumptionW", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[],\"Oem\":{\"ts_fujitsu\":{\"ChassisPowerConsumption\":{\"CurrentPowerConsumptionW\":210}}}}", 0 } } },
	{ "a short average", C1 "/Power", "/PowerControl/0/PowerMetrics/AverageConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerMetrics\":{\"AverageConsumedWatts\":148,\"IntervalInMin\":0.0833}}]}", 0 } } },
	{ "a long average", NULL, "PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerMetrics\":{\"AverageConsumedWatts\":148,\"IntervalInMin\":20}}]}", 0 } } },
	{ "an average over no time", NULL, "PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerMetrics\":{\"AverageConsumedWatts\":148,\"IntervalInMin\":0}}]}", 0 } } },
	{ "a sensor and its counter", S1 "/ChassisVoltageRegulator0InputPower", "/Reading", 6,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"ChassisType\":\"Blade\",\"Sensors\":" REF(S1) "}", 0 },
	    { S1, "{\"Members\":[" REF(S1 "/CPU0Power") "," REF(S1 "/ChassisVoltageRegulator0InputEnergy") "," REF(S1 "/ChassisVoltageRegulator0InputPower") "]}", 0 },
	    { S1 "/ChassisVoltageRegulator0InputPower", "{\"Name\":\"Node\",\"Reading\":240,\"ReadingUnits\":\"W\"}", 0 },
	    { S1 "/ChassisVoltageRegulator0InputEnergy", "{\"Name\":\"Node\",\"Reading\":204271934,\"ReadingUnits\":\"J\"}", 0 } },
	  NULL, S1 "/ChassisVoltageRegulator0InputEnergy" },
	{ "a sensor and a counter without a reading", S1 "/ChassisVoltageRegulator0InputPower", "/Reading", 6,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"Sensors\":" REF(S1) "}", 0 },
	    { S1, "{\"Members\":[" REF(S1 "/ChassisVoltageRegulator0InputEnergy") "," REF(S1 "/ChassisVoltageRegulator0InputPower") "]}", 0 },
	    { S1 "/ChassisVoltageRegulator0InputPower", "{\"Name\":\"Node\",\"Reading\":240,\"ReadingUnits\":\"W\"}", 0 },
	    { S1 "/ChassisVoltageRegulator0InputEnergy", "{\"Name\":\"Node\",\"ReadingUnits\":\"J\"}", 0 } } },
	{ "the sensor of that name of something else", NULL, "not \"Node\"", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"Sensors\":" REF(S1) "}", 0 },
	    { S1, "{\"Members\":[" REF(S1 "/ChassisVoltageRegulator0InputPower") "]}", 0 },
	    { S1 "/ChassisVoltageRegulator0InputPower", "{\"Name\":\"12V_HSS ECB\",\"Reading\":99,\"ReadingUnits\":\"W\"}", 0 } } },
	{ "a sensor in amperes", NULL, "unit", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"Sensors\":" REF(S1) "}", 0 },
	    { S1, "{\"Members\":[" REF(S1 "/PWR_SYSTEM") "]}", 0 },
	    { S1 "/PWR_SYSTEM", "{\"Reading\":99,\"ReadingUnits\":\"A\"}", 0 } } },
	{ "sensors that no one knows", NULL, "none of its 2 sensors", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"Sensors\":" REF(S1) "}", 0 },
	    { S1, "{\"Members\":[" REF(S1 "/EnforcedEDPp_0") "," REF(S1 "/CPU_Power") "]}", 0 } } },
	{ "a collection that carries its sensors", S1, "/Members/1/Reading", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"Sensors\":" REF(S1) "}", 0 },
	    { S1, "{\"Members\":[" WHOLE("ps1_total_energy_in", "46.1", "kWh") "," WHOLE("total_power_in", "1749", "W") "," WHOLE("ps2_total_energy_in", "1.8", "kWh") "]}", 0 } },
	  NULL, S1 },
	{ "the first member is not there", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, NULL, 404 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "a card is a part", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{\"ChassisType\":\"Card\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":40}]}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "an enclosure comes last", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{\"ChassisType\":\"Enclosure\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":4000}]}", 0 },
	    { C2, "{\"ChassisType\":\"Blade\"," POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "an enclosure alone", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"ChassisType\":\"Enclosure\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":400}]}", 0 } } },
	{ "a GPU board by its name", NULL, "parts only", 2,
	  { ROOT, MEMBERS(REF("/redfish/v1/Chassis/HGX_0")),
	    { "/redfish/v1/Chassis/HGX_0", "{\"ChassisType\":\"RackMount\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":400}]}", 0 } } },
	{ "links with slashes and fragments", "/redfish/v1/Chassis/1/Power/", "/PowerControl/0/PowerConsumedWatts", 4,
	  { { "/redfish/v1/", "{\"Chassis\":{\"@odata.id\":\"/redfish/v1/Chassis/#x\"}}", 0 },
	    MEMBERS(REF("/redfish/v1/Chassis/1/")),
	    { C1, "{\"Power\":" REF("/redfish/v1/Chassis/1/Power/#frag") "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}", 0 } } },
	{ "no link to Power, no root", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { MEMBERS(REF(C1)), { C1, "{\"Name\":\"old\"}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":\"120.5\"}]}", 0 } } },
	{ "nothing is guessed beside PowerSubsystem", NULL, "neither EnvironmentMetrics", 3,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"PowerSubsystem\":" REF(C1 "/PowerSubsystem") "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":5}]}", 0 } } },
	{ "Chassis is forbidden", NULL, "status 403", 2,
	  { ROOT, { "/redfish/v1/Chassis", NULL, 403 } } },
	{ "links out of the BMC are not followed", NULL, "no chassis", 2,
	  { ROOT, MEMBERS(REF("http://evil.example/redfish/v1/Chassis/1") "," REF("//evil.example/x") "," REF("/a b") "," "5,null,{}") } },
	{ "everything is a login page", NULL, "not a JSON object", 2,
	  { { "/redfish/v1/", "<html>", 0 }, { "/redfish/v1/Chassis", "<html>", 0 } } },
	{ "Members is not a list", NULL, "no chassis", 2,
	  { ROOT, { "/redfish/v1/Chassis", "{\"Members\":{\"0\":1}}", 0 } } },
};
#pragma GCC diagnostic pop

static const struct page *page_get(const struct tree *tree, const char *url)
{
	size_t len = strlen(url);

	while (len > 1 && url[len - 1] == '/' && strcmp(url, "/redfish/v1/"))
		len--;
	for (int i = 0; i < LEN(tree->pages) && tree->pages[i].url; i++)
		if (strlen(tree->pages[i].url) == len &&
		    strncmp(tree->pages[i].url, url, len) == 0)
			return &tree->pages[i];
	return NULL;
}

static enum redfish_find_step find(redfish_find_t *f, const struct tree *tree)
{
	enum redfish_find_step step;

	while ((step = redfish_find_next(f)) == REDFISH_FIND_ASK) {
		const struct page *p = page_get(tree, redfish_find_url(f));
		const char *json = p && p->json ? p->json : "";

		redfish_find_answer(f, !p ? 404 : p->status ? p->status : 200,
				    json, strlen(json));
		ck_assert_uint_le(redfish_find_requests(f),
				  REDFISH_FIND_REQUESTS_MAX);
	}
	return step;
}

static unsigned notes_count(const redfish_find_t *f,
			    enum redfish_verdict verdict)
{
	const struct redfish_note *n;
	unsigned count = 0;

	for (unsigned i = 0; (n = redfish_find_note(f, i)); i++)
		count += n->verdict == verdict;
	return count;
}

START_TEST(test_tree)
{
	const struct tree *tree = &trees[_i];
	redfish_find_t *f = redfish_find_create(tree->selector);
	enum redfish_find_step step = find(f, tree);
	const struct redfish_place *place = redfish_find_place(f);
	char pointer[REDFISH_SUM_MAX];

	if (tree->url) {
		ck_assert_msg(step == REDFISH_FIND_FOUND, "%s: %s", tree->what,
			      redfish_find_reason(f));
		redfish_number_format(&place->power, pointer, sizeof(pointer));
		ck_assert_msg(strcmp(place->power.url, tree->url) == 0 &&
			      strcmp(pointer, tree->pointer) == 0, "%s: %s#%s",
			      tree->what, place->power.url, pointer);
		ck_assert_msg(strcmp(place->energy.url, tree->energy ?
				     tree->energy : "") == 0, "%s: %s",
			      tree->what, place->energy.url);
		ck_assert_uint_eq(notes_count(f, REDFISH_CHOSEN) +
				  notes_count(f, REDFISH_CANDIDATE) > 0, 1);
	} else {
		ck_assert_msg(step == REDFISH_FIND_NONE, "%s: %s", tree->what,
			      place->power.url);
		ck_assert_msg(strstr(redfish_find_reason(f), tree->pointer) !=
			      NULL, "%s: %s", tree->what,
			      redfish_find_reason(f));
	}
	if (tree->requests)
		ck_assert_msg(redfish_find_requests(f) == tree->requests,
			      "%s: %u requests", tree->what,
			      redfish_find_requests(f));
	redfish_find_destroy(f);
}
END_TEST

/* 40 members, the node among the last: each is asked for once. */
START_TEST(test_forty)
{
	redfish_find_t *f = redfish_find_create(NULL);
	char list[8192] = "{\"Members\":[", json[256];
	size_t n = strlen(list);

	for (int i = 0; i < 40; i++)
		n += (size_t)sprintf(list + n, "%s" REF("/c/%d"), i ? "," : "", i);
	sprintf(list + n, "]}");
	while (redfish_find_next(f) == REDFISH_FIND_ASK) {
		const char *url = redfish_find_url(f);

		snprintf(json, sizeof(json), "{\"ChassisType\":\"%s\",\"PowerControl\":[{\"PowerConsumedWatts\":5}],\"Power\":" REF("%s/p") "}",
			 strcmp(url, "/c/38") == 0 ? "RackMount" : "Component",
			 url);
		if (strcmp(url, "/redfish/v1/Chassis") == 0)
			redfish_find_answer(f, 200, list, strlen(list));
		else
			redfish_find_answer(f, 200, json, strlen(json));
	}
	ck_assert_str_eq(redfish_find_place(f)->power.url, "/c/38/p");
	ck_assert_uint_eq(redfish_find_requests(f), 43);
	redfish_find_destroy(f);
}
END_TEST

/* What a BMC says goes to terminals. */
START_TEST(test_hostile_texts)
{
	static const struct tree tree = { "hostile", NULL, NULL, 0,
	  { { "/redfish/v1/", "{\"Vendor\":\"\\u001b[31mred\",\"Product\":\"\\u00e9\\n\"}", 0 },
	    MEMBERS(REF(C1)), { C1, "{\"ChassisType\":\"\\u001b]0;x\\u0007\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"Name\":\"\\u001b[2J%s%n\",\"PowerConsumedWatts\":5}]}", 0 } },
	  NULL, NULL };
	redfish_find_t *f = redfish_find_create(NULL);
	const struct redfish_note *n;

	ck_assert_int_eq(find(f, &tree), REDFISH_FIND_FOUND);
	for (unsigned i = 0; (n = redfish_find_note(f, i)); i++)
		for (const char *p = n->text; *p; p++)
			ck_assert(*p >= 0x20 && *p < 0x7f);
	ck_assert_ptr_nonnull(strstr(redfish_find_note(f, 2)->text, "%s%n"));
	redfish_find_destroy(f);
}
END_TEST

/* A BMC that always has one more chassis gets no more than 64 requests. */
START_TEST(test_endless)
{
	redfish_find_t *f = redfish_find_create(NULL);
	char *list = malloc(65536), json[128];
	enum redfish_find_step step;
	size_t n = 0;

	n += (size_t)sprintf(list, "{\"Members\":[");
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(list + n, "%s" REF("/c/%d"), i ? "," : "", i);
	sprintf(list + n, "]}");
	while ((step = redfish_find_next(f)) == REDFISH_FIND_ASK) {
		const char *url = redfish_find_url(f);

		snprintf(json, sizeof(json), "{\"Power\":" REF("%s/p") "}", url);
		if (strcmp(url, "/redfish/v1/Chassis") == 0)
			redfish_find_answer(f, 200, list, strlen(list));
		else
			redfish_find_answer(f, 200, json, strlen(json));
	}
	ck_assert_int_eq(step, REDFISH_FIND_NONE);
	ck_assert_uint_eq(redfish_find_requests(f), REDFISH_FIND_REQUESTS_MAX);
	ck_assert_ptr_nonnull(strstr(redfish_find_reason(f), "64 requests"));
	ck_assert_uint_gt(notes_count(f, REDFISH_SEEN), 0);
	redfish_find_destroy(f);
	free(list);
}
END_TEST

/* Huge answers end the search before memory does. */
START_TEST(test_huge_answers)
{
	redfish_find_t *f = redfish_find_create(NULL);
	const size_t size = 256 * 1024;
	char *json = malloc(size);
	int asked = 0;

	memset(json, ' ', size);
	while (redfish_find_next(f) == REDFISH_FIND_ASK) {
		int n = snprintf(json, size, "{\"Members\":[" REF("/c/1") "," REF("/c/2") "," REF("/c/3") "," REF("/c/4") "," REF("/c/5") "," REF("/c/6") "," REF("/c/7") "," REF("/c/8") "," REF("/c/9") "," REF("/c/10") "]}");

		json[n] = ' ';
		redfish_find_answer(f, 200, json, size);
		ck_assert_int_le(++asked, 9);
	}
	redfish_find_destroy(f);
	free(json);
}
END_TEST

static Suite *find_suite(void)
{
	Suite *s = suite_create("redfish_find");
	TCase *tc = tcase_create("redfish_find");

	tcase_add_loop_test(tc, test_tree, 0, LEN(trees));
	tcase_add_test(tc, test_forty);
	tcase_add_test(tc, test_hostile_texts);
	tcase_add_test(tc, test_endless);
	tcase_add_test(tc, test_huge_answers);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(find_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
