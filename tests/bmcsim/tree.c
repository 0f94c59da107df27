/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <string.h>

#include "options.h"

/*
 * As on real BMCs, links come with and without a slash at their end, and a
 * resource's own @odata.id need not be the URL it was asked by.
 */
#define V1 TREE_V1
#define CHASSIS V1 "/Chassis/1"
#define SESSIONS TREE_SESSIONS

static void versions_write(FILE *out, const struct tree_view *view)
{
	(void)view;
	fputs("{\"v1\":\"" V1 "/\"}", out);
}

static void root_write(FILE *out, const struct tree_view *view)
{
	fputs("{\"@odata.id\":\"" V1 "\","
	      "\"@odata.type\":\"#ServiceRoot.v1_10_0.ServiceRoot\","
	      "\"Id\":\"RootService\",\"Name\":\"Root Service\","
	      "\"RedfishVersion\":\"1.13.1\",\"Vendor\":\"Simulated\","
	      "\"Product\":\"bmcsim\","
	      "\"Chassis\":{\"@odata.id\":\"" V1 "/Chassis/\"},"
	      "\"Systems\":{\"@odata.id\":\"" V1 "/Systems\"},", out);
	if (!view->no_sessions)
		fputs("\"SessionService\":{\"@odata.id\":\"" V1
		      "/SessionService\"},\"Links\":{\"Sessions\":"
		      "{\"@odata.id\":\"" SESSIONS "\"}}}", out);
	else
		fputs("\"Links\":{}}", out);
}

static void service_write(FILE *out, const struct tree_view *view)
{
	fprintf(out, "{\"@odata.id\":\"" V1 "/SessionService/\","
		"\"@odata.type\":\"#SessionService.v1_1_8.SessionService\","
		"\"Id\":\"SessionService\",\"Name\":\"Session Service\","
		"\"ServiceEnabled\":true,\"SessionTimeout\":%.0f,"
		"\"Sessions\":{\"@odata.id\":\"" SESSIONS "\"}}",
		view->session_timeout_s);
}

static void sessions_write(FILE *out, const struct tree_view *view)
{
	const struct session *session;
	unsigned int at = 0, n = 0;

	fputs("{\"@odata.id\":\"" SESSIONS "\","
	      "\"@odata.type\":\"#SessionCollection.SessionCollection\","
	      "\"Name\":\"Session Collection\",\"Members\":[", out);
	while ((session = session_next(view->sessions, &at, view->now_ns)))
		fprintf(out, "%s{\"@odata.id\":\"" SESSIONS "/%u\"}",
			n++ ? "," : "", session->id);
	fprintf(out, "],\"Members@odata.count\":%u}", n);
}

void tree_session(FILE *out, const struct tree_view *view, unsigned int id)
{
	fprintf(out, "{\"@odata.id\":\"" SESSIONS "/%u\","
		"\"@odata.type\":\"#Session.v1_3_0.Session\",\"Id\":\"%u\","
		"\"Name\":\"User Session\",\"UserName\":\"%s\"}",
		id, id, view->user);
}

static void chassis_all_write(FILE *out, const struct tree_view *view)
{
	(void)view;
	fputs("{\"@odata.id\":\"" V1 "/Chassis\","
	      "\"@odata.type\":\"#ChassisCollection.ChassisCollection\","
	      "\"Name\":\"Chassis Collection\",\"Members\":["
	      "{\"@odata.id\":\"" CHASSIS "/\"}],\"Members@odata.count\":1}",
	      out);
}

static void chassis_write(FILE *out, const struct tree_view *view)
{
	fputs("{\"@odata.id\":\"" CHASSIS "\","
	      "\"@odata.type\":\"#Chassis.v1_16_0.Chassis\","
	      "\"Id\":\"1\",\"Name\":\"Computer System Chassis\","
	      "\"ChassisType\":\"RackMount\",\"Manufacturer\":\"Simulated\","
	      "\"Model\":\"bmcsim\",\"PowerState\":\"On\","
	      "\"Status\":{\"Health\":\"OK\",\"State\":\"Enabled\"},", out);
	if (view->shapes & SHAPE_ENVIRONMENT)
		fputs("\"EnvironmentMetrics\":{\"@odata.id\":\"" CHASSIS
		      "/EnvironmentMetrics\"},", out);
	if (view->shapes & SHAPE_POWER)
		fputs("\"Power\":{\"@odata.id\":\"" CHASSIS "/Power/\"},",
		      out);
	fputs("\"Links\":{\"ComputerSystems\":[{\"@odata.id\":\"" V1
	      "/Systems/1\"}],\"ComputerSystems@odata.count\":1}}", out);
}

static void environment_write(FILE *out, const struct tree_view *view)
{
	fputs("{\"@odata.id\":\"" CHASSIS "/EnvironmentMetrics\","
	      "\"@odata.type\":\"#EnvironmentMetrics.v1_3_0."
	      "EnvironmentMetrics\",\"Id\":\"EnvironmentMetrics\","
	      "\"Name\":\"Chassis Environment Metrics\","
	      "\"TemperatureCelsius\":{\"Reading\":24},\"PowerWatts\":{", out);
	if (view->reading)
		fprintf(out, "\"Reading\":%s", view->reading);
	fputs("},\"PowerLimitWatts\":{\"SetPoint\":null,"
	      "\"ControlMode\":\"Disabled\"}}", out);
}

static void power_write(FILE *out, const struct tree_view *view)
{
	fputs("{\"@odata.id\":\"" CHASSIS "/Power\","
	      "\"@odata.type\":\"#Power.v1_7_1.Power\","
	      "\"Id\":\"Power\",\"Name\":\"Power\",\"PowerControl\":[{"
	      "\"@odata.id\":\"" CHASSIS "/Power#/PowerControl/0\","
	      "\"MemberId\":\"0\",\"Name\":\"System Power Control\",", out);
	if (view->reading)
		fprintf(out, "\"PowerConsumedWatts\":%s,", view->reading);
	fprintf(out, "\"PowerCapacityWatts\":2400,\"PowerMetrics\":{"
		"\"IntervalInMin\":%d,\"AverageConsumedWatts\":%.0f,"
		"\"MaxConsumedWatts\":%.0f},\"RelatedItem\":["
		"{\"@odata.id\":\"" CHASSIS "\"},"
		"{\"@odata.id\":\"" V1 "/Systems/1\"}]}],"
		"\"PowerControl@odata.count\":1}", AVERAGE_MINUTES,
		view->average_w, view->peak_w);
}

static void systems_write(FILE *out, const struct tree_view *view)
{
	(void)view;
	fputs("{\"@odata.id\":\"" V1 "/Systems\",\"@odata.type\":"
	      "\"#ComputerSystemCollection.ComputerSystemCollection\","
	      "\"Name\":\"Computer System Collection\",\"Members\":["
	      "{\"@odata.id\":\"" V1 "/Systems/1\"}],"
	      "\"Members@odata.count\":1}", out);
}

static void system_write(FILE *out, const struct tree_view *view)
{
	(void)view;
	fputs("{\"@odata.id\":\"" V1 "/Systems/1\",\"@odata.type\":"
	      "\"#ComputerSystem.v1_14_0.ComputerSystem\",\"Id\":\"1\","
	      "\"Name\":\"System\",\"SystemType\":\"Physical\","
	      "\"Manufacturer\":\"Simulated\",\"Model\":\"bmcsim\","
	      "\"PowerState\":\"On\",\"Status\":{\"Health\":\"OK\","
	      "\"State\":\"Enabled\"},\"Links\":{\"Chassis\":["
	      "{\"@odata.id\":\"" CHASSIS "/\"}]}}", out);
}

static const struct tree_route routes[] = {
	{ .path = "/redfish", .open = true, .own = true,
	  .write = versions_write },
	{ .path = V1, .open = true, .own = true, .write = root_write },
	{ .path = TREE_SERVICE, .of_sessions = true, .own = true,
	  .write = service_write },
	{ .path = SESSIONS, .of_sessions = true, .own = true,
	  .write = sessions_write },
	{ .path = V1 "/Chassis", .write = chassis_all_write },
	{ .path = CHASSIS, .write = chassis_write },
	{ .path = CHASSIS "/EnvironmentMetrics", .power = true,
	  .shapes = SHAPE_ENVIRONMENT, .write = environment_write },
	{ .path = CHASSIS "/Power", .power = true, .shapes = SHAPE_POWER,
	  .write = power_write },
	{ .path = V1 "/Systems", .write = systems_write },
	{ .path = V1 "/Systems/1", .write = system_write },
};

const struct tree_route *tree_find(const char *path, unsigned int shapes,
				   bool no_sessions)
{
	size_t n = strlen(path);

	if (n && path[n - 1] == '/')
		n--;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct tree_route *route = &routes[i];

		if (strlen(route->path) != n ||
		    strncmp(route->path, path, n) != 0)
			continue;
		if ((route->shapes && !(route->shapes & shapes)) ||
		    (!route->own && !shapes) ||
		    (route->of_sessions && no_sessions))
			return NULL;
		return route;
	}
	return NULL;
}

void tree_error(FILE *out, const char *id, const char *text)
{
	fprintf(out, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\","
		"\"@Message.ExtendedInfo\":[{\"@odata.type\":"
		"\"#Message.v1_1_1.Message\",\"MessageId\":\"%s\","
		"\"Message\":\"%s\",\"MessageArgs\":[],"
		"\"Severity\":\"Critical\"}]}}", id, text, id, text);
}
