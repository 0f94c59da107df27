/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _XOPEN_SOURCE 700	/* strptime() */
#define _DEFAULT_SOURCE
#include "records.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "moment.h"
#include "spoil.h"
#include "timeline.h"

#define WINDOW_DEFAULT_NS (300 * MOMENT_NS_PER_S)
#define SUMMARY_NS (300 * MOMENT_NS_PER_S)
#define ROWS_MAX 1000000
#define EAST_S 7200		/* the server's zone */

/* What is asked of the Kwollect server, and with what it answers. */
struct ask {
	const struct bmc *bmc;
	timeline_t *timeline;
	int64_t from_ns, to_ns, now_ns;
	bool summary;
	enum fault_kind fault;
	FILE *out;
	const char *comma;
};

/* ---- words of a request ---- */

/* +02:00, "+" being a blank by now; or Z. */
static int zone_parse(const char *text, long *east_s)
{
	int hours, minutes, n = 0;

	*east_s = 0;
	if (strcmp(text, "Z") == 0)
		return 0;
	if ((*text != '+' && *text != '-' && *text != ' ') ||
	    sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &n) < 2 ||
	    text[1 + n])
		return -1;
	*east_s = (*text == '-' ? -1L : 1L) * (hours * 3600L + minutes * 60L);
	return 0;
}

int records_instant(const char *text, int64_t *ns)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	double part = 0;
	long east_s;
	char *end;

	if (!rest)
		return moment_parse(text, ns);
	end = (char *)rest;
	if (*rest == '.')
		part = strtod(rest, &end);
	if (zone_parse(end, &east_s) < 0)
		return -1;
	*ns = ((int64_t)timegm(&tm) - east_s) * MOMENT_NS_PER_S +
	      llround(part * 1e6) * 1000;
	return 0;
}

/* Whether `name` is one of "a,b,c". */
static bool list_has(const char *list, const char *name, size_t len)
{
	for (;;) {
		size_t n = strcspn(list, ",");

		if (n == len && strncmp(list, name, n) == 0)
			return true;
		if (!list[n])
			return false;
		list += n + 1;
	}
}

static const char *argument(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND,
					   name);
}

/* ---- rows ---- */

static bool in_gap(const struct bmc *bmc, int64_t wall_ns)
{
	for (unsigned i = 0; i < bmc->gap_count; i++)
		if (wall_ns >= bmc->gap[i].from_ns &&
		    wall_ns < bmc->gap[i].to_ns)
			return true;
	return false;
}

static void stamp_write(FILE *out, int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / MOMENT_NS_PER_S) + EAST_S;
	long us = (long)(wall_ns % MOMENT_NS_PER_S / 1000);
	char text[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(out, "\"%s", text);
	if (us)
		fprintf(out, ".%06ld", us);
	fprintf(out, "+%02d:%02d\"", EAST_S / 3600, EAST_S / 60 % 60);
}

static void labels_write(const struct bmc *bmc, FILE *out, bool odd)
{
	const char *origin = bmc->opt->row_origin;

	if (!origin)
		fputs("{}", out);
	else if (odd)
		fprintf(out, "{\"_device_orig\":[\"%s\"]}", origin);
	else
		fprintf(out, "{\"_device_orig\":\"%s\"}", origin);
}

static void row_write(struct ask *ask, const char *device, size_t len,
		      int64_t wall_ns, double watts, bool odd)
{
	char reading[SPOIL_READING_SIZE];
	const char *value = spoil_reading(ask->fault, watts, odd ? 17 : 15,
					  reading);

	fprintf(ask->out, "%s{\"timestamp\":", ask->comma);
	stamp_write(ask->out, wall_ns);
	fprintf(ask->out, ",\"device_id\":\"%.*s\",\"metric_id\":\"%s\"",
		(int)len, device, ask->bmc->opt->row_metric);
	if (value)
		fprintf(ask->out, ",\"value\":%s%s", value, odd &&
			strspn(value, "0123456789") == strlen(value) ?
			".0" : "");
	fputs(",\"labels\":", ask->out);
	labels_write(ask->bmc, ask->out, odd);
	fputs("}", ask->out);
	ask->comma = ",\n";
}

/* The power at an instant, or its mean over what follows; false: none. */
static bool power_at(const struct ask *ask, int64_t wall_ns, double *watts)
{
	int64_t until_ns = wall_ns + SUMMARY_NS;
	long double value;
	struct fail fail;
	int rc;

	if (in_gap(ask->bmc, wall_ns))
		return false;
	if (!ask->summary) {
		rc = timeline_watts(ask->timeline, wall_ns, &value, &fail);
	} else {
		rc = timeline_joules(ask->timeline, wall_ns, until_ns, &value,
				     &fail);
		value /= SUMMARY_NS / MOMENT_NS_PER_S;
	}
	*watts = (double)value;
	if (rc == 0 && ask->bmc->opt->resolution_w > 0)
		*watts = round(*watts / ask->bmc->opt->resolution_w) *
			 ask->bmc->opt->resolution_w;
	return rc == 0;
}

/* Both ends included; what is too young is not there yet. */
static void rows_write(struct ask *ask, const char *device, size_t len)
{
	const struct options *opt = ask->bmc->opt;
	int64_t step_ns = ask->summary ? SUMMARY_NS :
			  (int64_t)(opt->row_step_s * MOMENT_NS_PER_S);
	int64_t last_ns = ask->now_ns -
			  (int64_t)(opt->row_late_s * MOMENT_NS_PER_S);
	int64_t k = (ask->from_ns - step_ns) / step_ns;
	double watts;

	for (unsigned n = 0; n < ROWS_MAX; k++, n++) {
		bool odd = k % 2 != 0 && !ask->summary;
		int64_t wall_ns = k * step_ns + odd * (step_ns / 16 / 1000 *
						       1000);

		if (wall_ns > ask->to_ns || wall_ns > last_ns)
			break;
		if (wall_ns >= ask->from_ns &&
		    power_at(ask, wall_ns, &watts))
			row_write(ask, device, len, wall_ns, watts, odd);
	}
}

/* ---- a Kwollect server ---- */

/* devices= and nodes= name some, job_id and nothing at all of them. */
static bool device_wanted(struct MHD_Connection *connection, const char *name,
			  size_t len)
{
	const char *nodes = argument(connection, "nodes");
	const char *devices = argument(connection, "devices");

	if (!nodes && !devices)
		return argument(connection, "job_id");
	return (nodes && list_has(nodes, name, len)) ||
	       (devices && list_has(devices, name, len));
}

static bool metric_wanted(const struct ask *ask,
			  struct MHD_Connection *connection)
{
	const char *metrics = argument(connection, "metrics");
	const char *own = ask->bmc->opt->row_metric;

	return !metrics || list_has(metrics, own, strlen(own));
}

static int window_get(struct ask *ask, struct MHD_Connection *connection)
{
	const char *from = argument(connection, "start_time");
	const char *to = argument(connection, "end_time");

	ask->to_ns = ask->now_ns;
	if (to && records_instant(to, &ask->to_ns) < 0)
		return -1;
	ask->from_ns = ask->to_ns - WINDOW_DEFAULT_NS;
	if (from && records_instant(from, &ask->from_ns) < 0)
		return -1;
	return 0;
}

static void devices_write(struct ask *ask, struct MHD_Connection *connection)
{
	const char *device = ask->bmc->opt->row_device;

	while (*device) {
		size_t len = strcspn(device, ",");

		if (device_wanted(connection, device, len) &&
		    metric_wanted(ask, connection))
			rows_write(ask, device, len);
		device += len + (device[len] == ',');
	}
}

static void kwollect_answer(struct ask *ask, struct MHD_Connection *connection,
			    struct answer *answer)
{
	double max_s = ask->bmc->opt->window_max_s;
	const char *summary = argument(connection, "summary");
	struct fail fail;

	ask->summary = summary && strcmp(summary, "true") == 0;
	if (window_get(ask, connection) < 0) {
		answer_text(answer, 400, "text/plain", "start_time and "
			    "end_time are unix seconds or ISO 8601\n");
		return;
	}
	if (max_s > 0 && (double)(ask->to_ns - ask->from_ns) >
			 max_s * MOMENT_NS_PER_S) {
		answer_text(answer, 500, "text/plain", "Request timeout");
		return;
	}
	ask->timeline = timeline_read(ask->bmc->opt->truth_file, &fail);
	if (!ask->timeline) {
		answer_text(answer, 500, "text/plain", "%s\n", fail.text);
		return;
	}
	answer->status = 200;
	ask->out = answer_open(answer);
	if (ask->out) {
		fputs("[", ask->out);
		devices_write(ask, connection);
		fputs("]\n", ask->out);
	}
	answer_close(answer, ask->out);
	timeline_destroy(ask->timeline);
}

/* ---- an exporter ---- */

/* Of a reading that is no number, and in gaps, no series. */
static void exporter_answer(const struct ask *ask, struct answer *answer)
{
	char reading[SPOIL_READING_SIZE];
	const char *device = ask->bmc->opt->row_device, *value;
	FILE *out = answer_open(answer);

	answer->status = 200;
	answer->type = "text/plain; version=0.0.4";
	value = spoil_reading(ask->fault, bmc_watts(ask->bmc, ask->now_ns), 17,
			      reading);
	if (out)
		fputs("# TYPE node_power_watts gauge\n", out);
	while (out && *device && value && !in_gap(ask->bmc, ask->now_ns) &&
	       strcmp(value, "null") != 0) {
		size_t len = strcspn(device, ",");

		fprintf(out, "node_power_watts{node=\"%.*s\"} %s\n", (int)len,
			device, value);
		device += len + (device[len] == ',');
	}
	answer_close(answer, out);
}

/* ---- both ---- */

static bool kwollect_path(const struct bmc *bmc, const char *path)
{
	char own[128];

	if (!bmc->opt->row_site)
		return false;
	snprintf(own, sizeof(own), "/stable/sites/%s/metrics",
		 bmc->opt->row_site);
	return strcmp(path, own) == 0;
}

static bool exporter_path(const struct bmc *bmc, const char *path)
{
	return bmc->opt->exporter && strcmp(path, "/metrics") == 0;
}

bool records_path(const struct bmc *bmc, const char *path)
{
	return kwollect_path(bmc, path) || exporter_path(bmc, path);
}

void records_answer(const struct bmc *bmc, struct MHD_Connection *connection,
		    const char *path, int64_t wall_ns, enum fault_kind fault,
		    struct answer *answer)
{
	struct ask ask = { .bmc = bmc, .now_ns = wall_ns, .fault = fault,
			   .comma = "" };

	if (exporter_path(bmc, path))
		exporter_answer(&ask, answer);
	else
		kwollect_answer(&ask, connection, answer);
}
