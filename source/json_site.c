/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_site.h"

#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "lib/series.h"
#include "lib/site_words.h"

#include "json_doc.h"

#define DEPTH_MAX 8
#define BOOT_MAX_NS (INT64_MAX / 8)	/* as in a series' file */
#define LIFE_MIN_S 60
#define LIFE_MAX_S 86400

/* ---- members ---- */

static struct json_object *root_parse(const char *data, size_t size)
{
	struct json_tokener *tok = size <= JSON_SIZE_MAX ?
				   json_tokener_new_ex(DEPTH_MAX) : NULL;
	struct json_object *root;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(tok, data, (int)size);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) != size ||
	    !json_object_is_type(root, json_type_object)) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tok);
	return root;
}

/* Whole, and in [min, max]; json-c cuts what is beyond 64 bits to their ends. */
static bool whole(struct json_object *obj, int64_t min, int64_t max,
		  int64_t *value)
{
	if (!json_object_is_type(obj, json_type_int))
		return false;
	*value = json_object_get_int64(obj);
	return *value >= min && *value <= max;
}

static bool real(struct json_object *obj, double *value)
{
	if (!json_object_is_type(obj, json_type_int) &&
	    !json_object_is_type(obj, json_type_double))
		return false;
	*value = json_object_get_double(obj);
	return isfinite(*value);
}

static bool text(struct json_object *obj, char *buf, size_t room)
{
	size_t len;

	if (!json_object_is_type(obj, json_type_string))
		return false;
	len = (size_t)json_object_get_string_len(obj);
	if (len >= room || memchr(json_object_get_string(obj), '\0', len))
		return false;
	memcpy(buf, json_object_get_string(obj), len + 1);
	return true;
}

static struct json_object *member(struct json_object *obj, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(obj, name, &value);
	return value;
}

static bool version_right(struct json_object *root)
{
	int64_t version;

	return whole(member(root, "version"), SITE_VERSION, SITE_VERSION,
		     &version);
}

/* ---- samples ---- */

static bool sample_read(struct json_object *row, struct site_sample *s)
{
	int64_t flags;

	if (!json_object_is_type(row, json_type_array) ||
	    json_object_array_length(row) < 5 ||
	    !whole(json_object_array_get_idx(row, 0), 0, BOOT_MAX_NS,
		   &s->boot_ns) ||
	    !real(json_object_array_get_idx(row, 1), &s->watts) ||
	    !real(json_object_array_get_idx(row, 2), &s->cum_j) ||
	    !whole(json_object_array_get_idx(row, 3), 0, s->boot_ns,
		   &s->cum_covered_ns) ||
	    !whole(json_object_array_get_idx(row, 4), 0, UINT32_MAX, &flags))
		return false;
	s->flags = (uint32_t)flags;
	return s->watts > 0 && s->watts <= SERIES_MAX_W && s->cum_j >= 0 &&
	       s->cum_j <= SERIES_MAX_W * 1.000001 * ns_to_s(s->cum_covered_ns);
}

/* Can b come after a? */
static bool sample_follows(const struct site_sample *a,
			   const struct site_sample *b)
{
	int64_t covered_ns = b->cum_covered_ns - a->cum_covered_ns;

	return b->boot_ns > a->boot_ns && covered_ns >= 0 &&
	       covered_ns <= b->boot_ns - a->boot_ns && b->cum_j >= a->cum_j;
}

static int samples_read(struct json_object *rows, struct site_series *out,
			struct err *err)
{
	size_t count;

	if (!json_object_is_type(rows, json_type_array))
		return err_set(err, "the site's answer has no samples");
	count = json_object_array_length(rows);
	if (count > SITE_SAMPLES_MAX)
		return err_set(err, "the site's answer has %zu samples, more than %d",
			       count, SITE_SAMPLES_MAX);
	for (size_t i = 0; i < count; i++) {
		struct site_sample *s = &out->samples[i];

		if (!sample_read(json_object_array_get_idx(rows, i), s) ||
		    s->boot_ns > out->now_ns ||
		    (i && !sample_follows(s - 1, s)))
			return err_set(err, "the site's answer: sample %zu cannot be",
				       i);
	}
	out->count = (unsigned)count;
	return 0;
}

static bool boot_id_valid(const char *id)
{
	return *id && strspn(id, "0123456789abcdef-") == strlen(id);
}

static int series_read(struct json_object *root, const char *node,
		       struct site_series *out, struct err *err)
{
	char name[256];

	if (!root)
		return err_set(err, "the site's answer is not JSON; is it wattgated that answers there?");
	if (!version_right(root))
		return err_set(err, "the site's answer is not of version %d",
			       SITE_VERSION);
	if (!text(member(root, "node"), name, sizeof(name)) ||
	    strcmp(name, node) != 0)
		return err_set(err, "the site's answer is another node's");
	if (!text(member(root, "boot_id"), out->boot_id,
		  sizeof(out->boot_id)) || !boot_id_valid(out->boot_id) ||
	    !whole(member(root, "now_ns"), 0, BOOT_MAX_NS, &out->now_ns))
		return err_set(err, "the site's answer does not tell its time");
	if (!text(member(root, "source"), out->source, sizeof(out->source)) ||
	    !whole(member(root, "period_ns"), 1, BOOT_MAX_NS, &out->period_ns))
		return err_set(err, "the site's answer lacks source or period");
	out->more = json_object_is_type(member(root, "more"),
					json_type_boolean) &&
		    json_object_get_boolean(member(root, "more"));
	return samples_read(member(root, "samples"), out, err);
}

int json_site_series(const char *data, size_t size, const char *node,
		     struct site_series *out, struct err *err)
{
	struct json_object *root = root_parse(data, size);
	int rc = series_read(root, node, out, err);

	json_object_put(root);
	return rc;
}

/* ---- the small ones ---- */

int json_site_session(const char *data, size_t size, int64_t *life_ns)
{
	struct json_object *root = root_parse(data, size);
	int64_t life_s = 0;
	int rc = root && version_right(root) &&
		 whole(member(root, "lifetime_s"), LIFE_MIN_S, LIFE_MAX_S,
		       &life_s) ? 0 : -1;

	*life_ns = rc == 0 ? life_s * NS_PER_S : 0;
	json_object_put(root);
	return rc;
}

int json_site_taken(const char *data, size_t size, uint32_t *lines,
		    uint32_t *fresh, uint32_t *refused)
{
	struct json_object *root = root_parse(data, size);
	int64_t all = 0, new = 0, others = 0;
	int rc = root && version_right(root) &&
		 whole(member(root, "lines"), 0, UINT32_MAX, &all) &&
		 whole(member(root, "new"), 0, all, &new) &&
		 whole(member(root, "refused"), 0, UINT32_MAX, &others) ?
		 0 : -1;

	*lines = (uint32_t)all;
	*fresh = (uint32_t)new;
	*refused = (uint32_t)others;
	json_object_put(root);
	return rc;
}

int json_site_error(const char *data, size_t size, char *buf, size_t room)
{
	struct json_object *root = root_parse(data, size);
	int rc = root && text(member(root, "error"), buf, room) ? 0 : -1;

	json_object_put(root);
	return rc;
}
