/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree_gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX (TREE_GEN_MAX - 8192)	/* room for what is under way */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct gen {
	struct fuzz_input *in;
	const char *url;
	char *buf;
	size_t len;
	bool first;		/* no comma before the next member */
};

/* ---- text ---- */

static void put(struct gen *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct gen *g, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (g->len >= TEXT_MAX)
		return;
	va_start(ap, fmt);
	n = vsnprintf(g->buf + g->len, TREE_GEN_MAX - g->len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < TREE_GEN_MAX - g->len)
		g->len += (size_t)n;
}

static unsigned pick(struct gen *g, unsigned n)
{
	return fuzz_byte(g->in) % n;
}

#define PICK(g, table) ((table)[pick(g, COUNT(table))])

/* ---- values ---- */

static void put_number(struct gen *g)
{
	static const char *const odd[] = {
		"0", "null", "-1", "\"412\"", "\"N/A\"", "1e400", "1e-300",
		"1000000", "1000000.5", "true", "{}", "[]", "[412]", "\"\"",
		"4294967295", "18446744073709551616", "900", "750", "NaN",
		"1.", "152", "324",
	};
	unsigned kind = pick(g, 8);

	if (kind < 4)
		put(g, "%u", 300 + 50 * kind);
	else if (kind < 6)
		put(g, "%u", 16 * pick(g, 256));
	else if (kind == 6)
		put(g, "%u.%u", 4 * pick(g, 256), pick(g, 10));
	else
		put(g, "%s", PICK(g, odd));
}

/* A few bytes of the input as they are: mostly no JSON any more. */
static void put_raw(struct gen *g)
{
	char text[17];
	size_t size = pick(g, sizeof(text));

	fuzz_bytes(g->in, text, size);
	for (size_t i = 0; i < size; i++)
		text[i] = text[i] ? text[i] : '0';
	put(g, "%.*s", (int)size, text);
}

static void put_string(struct gen *g, const char *text)
{
	static const char *const odd[] = {
		"null", "7", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "[]",
		"\"\x1b[31m\"", "\"\xff\xfe\"",
	};
	unsigned kind = pick(g, 32);

	if (kind < 29)
		put(g, "\"%s\"", text);
	else if (kind == 29)
		put(g, "%s", PICK(g, odd));
	else if (kind == 30)
		put(g, "\"%0*d\"", 64 << pick(g, 5), 0);
	else
		put_raw(g);
}

static void put_name(struct gen *g, const char *name)
{
	put(g, "%s\"%s\":", g->first ? "" : ",", name);
	g->first = false;
}

/* A member that may be missing; false where it is. */
static bool put_member(struct gen *g, const char *name)
{
	if (pick(g, 16) == 15)
		return false;
	put_name(g, name);
	return true;
}

static void open_object(struct gen *g)
{
	put(g, "{");
	g->first = true;
}

static void close_object(struct gen *g)
{
	put(g, "}");
	g->first = false;
}

static void put_text_member(struct gen *g, const char *name, const char *text)
{
	if (put_member(g, name))
		put_string(g, text);
}

static void put_number_member(struct gen *g, const char *name)
{
	if (put_member(g, name))
		put_number(g);
}

/* ---- links ---- */

static void put_link_text(struct gen *g, const char *url)
{
	switch (pick(g, 24)) {
	case 20:
		put(g, "\"%s/\"", url);
		break;
	case 21:
		put(g, "\"%s#/PowerControl/0\"", url);
		break;
	case 22:
		put(g, "\"\\%s\"", url);
		break;
	case 23:
		switch (pick(g, 6)) {
		case 0:
			put(g, "\"/%s\"", url);
			break;
		case 1:
			put(g, "\"http://127.0.0.1%s\"", url);
			break;
		case 2:
			put(g, "\"%s/%0*d\"", url, 480, 1);
			break;
		case 3:
			put(g, "\"%s\"", g->url);
			break;
		default:
			put_string(g, url);
		}
		break;
	default:
		put(g, "\"%s\"", url);
	}
}

static void put_link(struct gen *g, const char *url)
{
	unsigned kind = pick(g, 32);

	if (kind == 31) {
		put(g, "{\"href\":\"%s\"}", url);
		return;
	}
	put(g, "{\"@odata.id\":");
	put_link_text(g, url);
	put(g, "}");
}

static void put_link_member(struct gen *g, const char *name, const char *url)
{
	if (!put_member(g, name))
		return;
	put_link(g, url);
}

/* The URL of the resource at hand with `tail` behind it. */
static const char *beside(const struct gen *g, const char *tail)
{
	static char url[700];
	int len = (int)strlen(g->url);

	while (len > 1 && g->url[len - 1] == '/')
		len--;
	snprintf(url, sizeof(url), "%.*s%s", len, g->url, tail);
	return url;
}

/* ---- sensors ---- */

static const char *const sensor_ids[] = {
	"PWR_SYSTEM", "ChassisVoltageRegulator0InputPower",
	"ChassisVoltageRegulator0InputEnergy", "total_power_in",
	"ps1_total_energy_in", "ps2_total_energy_in", "205L0",
	"SystemBoardPwrConsumption", "Chassis_0_TotalHSC_Power_0", "TotalPower",
	"EnforcedEDPp_0", "CPU0_Power", "Fan1", "pwr_system", "PS1_IN",
};

static void put_sensor(struct gen *g, const char *id)
{
	static const char *const names[] = {
		"Node", "Sys Power", "Power reading for the Chassis", "CPU 0",
	};
	static const char *const units[] = {
		"W", "Watts", "watt", "J", "kWh", "kW.h", "Cel", "A",
	};

	put_text_member(g, "Id", id);
	put_text_member(g, "Name", PICK(g, names));
	put_text_member(g, "ReadingType", "Power");
	put_text_member(g, "ReadingUnits", PICK(g, units));
	put_number_member(g, "Reading");
}

static unsigned members_number(struct gen *g)
{
	static const unsigned counts[] = {
		1, 2, 3, 4, 5, 6, 8, 0, 1, 2, 3, 4, 12, 20, 40, 60,
	};

	return PICK(g, counts);
}

static void put_sensors(struct gen *g)
{
	unsigned n = members_number(g), style = pick(g, 4);

	put_name(g, "Members");
	put(g, "[");
	for (unsigned i = 0; i < n; i++) {
		char tail[80];
		const char *id = PICK(g, sensor_ids);

		put(g, "%s", i ? "," : "");
		snprintf(tail, sizeof(tail), n > 15 ? "/%s_%u" : "/%s", id, i);
		if (style < 2) {
			put_link(g, beside(g, tail));
			continue;
		}
		open_object(g);
		put_link_member(g, "@odata.id", beside(g, tail));
		put_name(g, "@odata.id");
		put_link_text(g, beside(g, tail));
		put_sensor(g, id);
		close_object(g);
	}
	put(g, "]");
	g->first = false;
}

/* ---- Power, EnvironmentMetrics ---- */

static void put_oem(struct gen *g)
{
	put_name(g, "Oem");
	switch (pick(g, 5)) {
	case 0:
		put(g, "{\"Public\":{\"TotalPower\":");
		put_number(g);
		put(g, "}}");
		break;
	case 1:
		put(g, "{\"ts_fujitsu\":{\"ChassisPowerConsumption\":"
		    "{\"CurrentPowerConsumptionW\":");
		put_number(g);
		put(g, "}}}");
		break;
	case 2:
		put(g, "{\"Huawei\":{\"Public\":{\"TotalPower\":");
		put_number(g);
		put(g, "}}}");
		break;
	case 3:
		put(g, "{}");
		break;
	default:
		put_string(g, "none");
	}
}

static void put_related(struct gen *g)
{
	static const char *const urls[] = {
		"/redfish/v1/Systems/1", "/redfish/v1/Chassis/1",
		"/redfish/v1/Systems/1/Processors/CPU0",
		"/redfish/v1/Systems/1/Memory", "/redfish/v1/Systems/",
		"/redfish/v1/Systems/Node0/", "/redfish/v1/Chassis/Self",
	};
	unsigned n = pick(g, 4);

	put_name(g, "RelatedItem");
	put(g, "[");
	for (unsigned i = 0; i < n; i++) {
		put(g, "%s", i ? "," : "");
		put_link(g, PICK(g, urls));
	}
	put(g, "]");
}

static void put_metrics(struct gen *g)
{
	static const char *const minutes[] = {
		"1", "0.083", "0", "20", "null", "\"1\"", "82355", "1.0000001",
	};

	put_name(g, "PowerMetrics");
	put(g, "{\"IntervalInMin\":%s,\"AverageConsumedWatts\":",
	    PICK(g, minutes));
	put_number(g);
	put(g, "}");
}

static void put_control(struct gen *g)
{
	static const char *const names[] = {
		"Server Power Control", "System Power Control", "Chassis Power",
		"CPU Sub-system Power", "Memory Power", "Node Power Control",
		"Total", "Power",
	};
	static const char *const contexts[] = {
		"SystemBoard", "Chassis", "CPU", "Memory", "PowerSupply", "GPU",
	};
	unsigned parts = fuzz_byte(g->in);

	open_object(g);
	put_text_member(g, "MemberId", "0");
	if (!(parts & 1))
		put_text_member(g, "Name", PICK(g, names));
	if (parts & 2)
		put_text_member(g, "PhysicalContext", PICK(g, contexts));
	if (parts & 4)
		put_related(g);
	if (parts & 8)
		put_metrics(g);
	if (parts & 16)
		put_oem(g);
	if ((parts & 96) != 96)
		put_number_member(g, "PowerConsumedWatts");
	close_object(g);
}

static void put_supply(struct gen *g)
{
	unsigned parts = fuzz_byte(g->in);

	open_object(g);
	if (parts & 1)
		put_text_member(g, "Name", "PSU");
	if (parts & 2) {
		put_name(g, "Status");
		put(g, "{\"State\":\"%s\"}", parts & 128 ? "Absent" : "Enabled");
	}
	if (parts & 4)
		put_number_member(g, "PowerCapacityWatts");
	if (parts & 8) {
		put_name(g, "InputRanges");
		put(g, "[{\"OutputWattage\":");
		put_number(g);
		put(g, "}]");
	}
	if (parts & 16)
		put_number_member(g, "LastPowerOutputWatts");
	if ((parts & 96) != 96)
		put_number_member(g, "PowerInputWatts");
	close_object(g);
}

static void put_list(struct gen *g, const char *name, unsigned n,
		     void (*item)(struct gen *g))
{
	put_name(g, name);
	put(g, "[");
	for (unsigned i = 0; i < n; i++) {
		put(g, "%s", i ? "," : "");
		item(g);
	}
	put(g, "]");
	g->first = false;
}

static void put_power(struct gen *g)
{
	static const unsigned controls[] = { 1, 3, 2, 0, 6, 40 };
	static const unsigned supplies[] = { 0, 1, 2, 4, 8, 17, 33 };
	unsigned parts = fuzz_byte(g->in);

	if ((parts & 3) != 3)
		put_list(g, "PowerControl", PICK(g, controls), put_control);
	if (parts & 12)
		put_list(g, "PowerSupplies", PICK(g, supplies), put_supply);
	if ((parts & 48) == 48)
		put_oem(g);
	if ((parts & 192) == 192)
		put_number_member(g, "PowerConsumedWatts");
}

static void put_environment(struct gen *g)
{
	put_name(g, "PowerWatts");
	put(g, "{\"Reading\":");
	put_number(g);
	put(g, "}");
	g->first = false;
}

/* ---- chassis ---- */

static const char *const chassis_ids[] = {
	"1", "Self", "System.Embedded.1", "Node0", "Node1", "Enclosure",
	"HGX_GPU_0", "ERoT_BMC_0", "GPU1", "Card1", "2", "Rack-1", "Riser1",
	"+", "$%7f",
};

static void put_systems(struct gen *g)
{
	static const char *const systems[] = {
		"/redfish/v1/Systems/1", "/redfish/v1/Systems/Self",
		"/redfish/v1/Systems/Node0", "/redfish/v1/Systems/Node1",
		"/redfish/v1/Systems/HGX_Baseboard_0",
	};
	static const unsigned counts[] = { 1, 1, 0, 2, 5, 70 };
	unsigned n = PICK(g, counts);

	put_name(g, "Links");
	put(g, "{\"ComputerSystems\":[");
	for (unsigned i = 0; i < n; i++) {
		put(g, "%s", i ? "," : "");
		put_link(g, PICK(g, systems));
	}
	put(g, "]");
	g->first = false;
	if (pick(g, 4) == 3)
		put_link_member(g, "ContainedBy",
				"/redfish/v1/Chassis/Enclosure");
	close_object(g);
}

static void put_chassis(struct gen *g)
{
	static const char *const types[] = {
		"RackMount", "Blade", "Sled", "Other", "Enclosure", "Card",
		"Module", "Zone", "Shelf", "Component", "StorageEnclosure",
		"Rack", "Unknown",
	};
	unsigned parts = fuzz_byte(g->in);

	put_text_member(g, "ChassisType", PICK(g, types));
	put_systems(g);
	if (parts & 1)
		put_link_member(g, "EnvironmentMetrics",
				beside(g, "/EnvironmentMetrics"));
	if (!(parts & 2))
		put_link_member(g, "Power", beside(g, "/Power"));
	if (parts & 4)
		put_link_member(g, "Sensors", beside(g, "/Sensors"));
	if (parts & 8)
		put_link_member(g, "PowerSubsystem", beside(g, "/PowerSubsystem"));
}

static void put_collection(struct gen *g)
{
	unsigned n = members_number(g), style = pick(g, 4);

	put_name(g, "Members");
	put(g, "[");
	for (unsigned i = 0; i < n; i++) {
		const char *id = chassis_ids[(i + pick(g, COUNT(chassis_ids))) %
					     COUNT(chassis_ids)];
		char tail[80];

		put(g, "%s", i ? "," : "");
		snprintf(tail, sizeof(tail), n > 15 ? "/%s_%u" : "/%s", id, i);
		if (style < 3) {
			put_link(g, beside(g, tail));
			continue;
		}
		open_object(g);
		put_name(g, "@odata.id");
		put_link_text(g, beside(g, tail));
		put_chassis(g);
		close_object(g);
	}
	put(g, "]");
	g->first = false;
}

static void put_root(struct gen *g)
{
	put_text_member(g, "Vendor", "Example");
	put_text_member(g, "Product", "BMC");
	put_text_member(g, "RedfishVersion", "1.6.0");
	put_link_member(g, "Chassis", "/redfish/v1/Chassis");
	if (pick(g, 4) != 3)
		put_link_member(g, "SessionService",
				"/redfish/v1/SessionService");
}

/* ---- an answer ---- */

static bool ends_with(const char *url, const char *tail)
{
	size_t len = strlen(url), n = strlen(tail);

	while (len > 1 && url[len - 1] == '/')
		len--;
	return len >= n && strncmp(url + len - n, tail, n) == 0;
}

static void put_resource(struct gen *g)
{
	const char *sensor = strstr(g->url, "/Sensors/");
	const char *chassis = strstr(g->url, "/Chassis/");

	if (ends_with(g->url, "/Power"))
		put_power(g);
	else if (ends_with(g->url, "/EnvironmentMetrics"))
		put_environment(g);
	else if (ends_with(g->url, "/Sensors"))
		put_sensors(g);
	else if (sensor)
		put_sensor(g, sensor + strlen("/Sensors/"));
	else if (ends_with(g->url, "/Chassis"))
		put_collection(g);
	else if (chassis)
		put_chassis(g);
	else
		put_root(g);
}

static void put_all(struct gen *g)
{
	open_object(g);
	put_text_member(g, "@odata.id", g->url);
	put_resource(g);
	close_object(g);
}

static long put_failure(struct gen *g, unsigned kind)
{
	static const long statuses[] = { 404, 500, 503, 403, 410, 204, 302 };

	switch (kind) {
	case 0:
		return 200;	/* and nothing */
	case 1:
		put(g, "<html>Please log in</html>");
		return 200;
	case 2:			/* cut short */
		put_all(g);
		g->len -= g->len < 3 ? 0 : 1 + pick(g, (unsigned)g->len - 1);
		return 200;
	case 3:			/* large */
		put_all(g);
		put(g, "%*s", 8000, "");
		while (g->len < TEXT_MAX)
			put(g, "%*s", 4000, "");
		return 200;
	case 4:
		put(g, "{\"error\":{\"@Message.ExtendedInfo\":[{\"Message\":");
		put_string(g, "not now");
		put(g, ",\"MessageId\":\"Base.1.0.No\"}]}}");
		break;
	case 5:
		put(g, "{\"error\":");
		put_string(g, "not now");
		put(g, "}");
		break;
	case 6:
		put_all(g);
		put_raw(g);
		return 200;
	default:
		break;
	}
	return PICK(g, statuses);
}

long tree_gen_answer(struct fuzz_input *in, const char *url, char *buf,
		     size_t *size)
{
	struct gen g = { .in = in, .url = url, .buf = buf };
	unsigned kind = fuzz_byte(in);
	long status = 200;

	buf[0] = '\0';
	if (kind < 232)
		put_all(&g);
	else
		status = put_failure(&g, kind % 8);
	buf[g.len] = '\0';
	*size = g.len;
	return status;
}
