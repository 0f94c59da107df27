/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kwollect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "archive_live.h"
#include "json_kwollect.h"

#define METRIC_DEFAULT "bmc_node_power_watt"
#define WORDS_MAX 4096		/* a message is no larger */

static const char *metric_of(const struct archive *a)
{
	return a->meter->metric[0] ? a->meter->metric : METRIC_DEFAULT;
}

/* ---- asking ---- */

/* Several at once would come back as rows of several. */
static int name_check(const char *key, const char *name, struct err *err)
{
	if (strcspn(name, ", \t") != strlen(name))
		return err_set(err, "%s = %s: give one name", key, name);
	return 0;
}

/* Its nodes have short names; OAR's may have a domain. */
static void device_set(struct archive *a, const struct conf_meter *m)
{
	if (m->device[0])
		snprintf(a->device, sizeof(a->device), "%s", m->device);
	else
		snprintf(a->device, sizeof(a->device), "%.*s",
			 (int)strcspn(a->node, "."), a->node);
}

static int kwollect_check(struct archive *a, const struct conf_meter *m,
			  struct err *err)
{
	device_set(a, m);
	a->ahead_ns = ARCHIVE_AHEAD_NS;
	snprintf(a->place, sizeof(a->place), "kwollect:%.50s", metric_of(a));
	if (name_check("metric", metric_of(a), err) < 0 ||
	    name_check("device", a->device, err) < 0)
		return -1;
	return 0;
}

/* Is it the node itself, with or without its domain, and no other thing? */
static bool device_is_node(const struct archive *a)
{
	size_t len = strlen(a->device);

	return strncmp(a->node, a->device, len) == 0 &&
	       (a->node[len] == '\0' || a->node[len] == '.');
}

/* Seconds, since not every server takes parts of them: rounded outwards. */
static int kwollect_path(const struct archive *a, int64_t from_ns,
			 int64_t to_ns, char *buf, size_t size, struct err *err)
{
	char times[96];
	bool fits;

	snprintf(buf, size, "%s/metrics?%s=", a->prefix,
		 device_is_node(a) ? "nodes" : "devices");
	fits = archive_encode(a->device, buf, size) == 0 &&
	       strlen(buf) + sizeof("&metrics=") < size;
	if (fits)
		strcat(buf, "&metrics=");
	fits = fits && archive_encode(metric_of(a), buf, size) == 0;
	snprintf(times, sizeof(times),
		 "&start_time=%" PRId64 "&end_time=%" PRId64,
		 from_ns / NS_PER_S, (to_ns + NS_PER_S - 1) / NS_PER_S);
	if (!fits || strlen(buf) + strlen(times) >= size)
		return err_set(err, "%s: url, device and metric are too long together",
			       a->meter->url);
	strcat(buf, times);
	return 0;
}

/* ---- answers ---- */

/* What it says, with whatever status, where the window was too wide. */
static bool says_too_wide(const struct http_reply *reply)
{
	return reply->size < WORDS_MAX &&
	       strcasestr(reply->body, "Request timeout");
}

static enum archive_end kwollect_read(const struct archive *a,
				      const struct http_reply *reply,
				      struct rowset *rows, struct err *why)
{
	enum json_kwollect end;

	if (says_too_wide(reply)) {
		err_set(why, "%s: \"Request timeout\"", a->meter->url);
		return ARCHIVE_WIDE;
	}
	if (reply->status == 404)
		err_set(why, "%s: status 404; url must be https://HOST/stable/sites/SITE",
			a->meter->url);
	if (reply->status != 200)
		return archive_status(reply);
	end = json_kwollect_rows(reply->body, reply->size, a->device,
				 metric_of(a), rows, why);
	if (end == JSON_KWOLLECT_ROWS)
		return ARCHIVE_ROWS;
	archive_blame(a, why);
	return end == JSON_KWOLLECT_OTHER ? ARCHIVE_MIXED : ARCHIVE_AGAIN;
}

const struct archive_ops kwollect_archive = {
	.name = "kwollect",
	.check = kwollect_check,
	.path = kwollect_path,
	.read = kwollect_read,
	.none = "is device its name, is metric recorded there at all times and not on demand, and do the clocks agree?",
};

/* ---- as a source ---- */

static source_t *kwollect_open(const struct source_env *env, struct err *err)
{
	return archive_live_open(env, &kwollect_archive, err);
}

const struct source_ops kwollect_source = {
	.name = "kwollect",
	.late_ns = ARCHIVE_LATE_NS,
	.open = kwollect_open,
	.sample = archive_live_sample,
	.place = archive_live_place,
	.close = archive_live_close,
};
