/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault.h"

#include <string.h>

#include "moment.h"
#include "options.h"

static const char *const names[FAULT_KINDS] = {
	[FAULT_REFUSE] = "refuse",
	[FAULT_SILENCE] = "silence",
	[FAULT_LATENCY] = "latency",
	[FAULT_RESET] = "reset",
	[FAULT_401] = "401",
	[FAULT_403] = "403",
	[FAULT_404] = "404",
	[FAULT_500] = "500",
	[FAULT_503] = "503",
	[FAULT_REDIRECT] = "redirect",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_HTML] = "html",
	[FAULT_EMPTY] = "empty",
	[FAULT_TRUNCATED] = "truncated",
	[FAULT_HUGE] = "huge",
	[FAULT_DRIP] = "drip",
	[FAULT_NULL] = "null",
	[FAULT_ABSENT] = "absent",
	[FAULT_ZERO] = "zero",
	[FAULT_STRING] = "string",
	[FAULT_NEGATIVE] = "negative",
	[FAULT_NAN] = "nan",
};

const char *fault_name(enum fault_kind kind)
{
	return kind < FAULT_KINDS ? names[kind] : "-";
}

enum fault_kind fault_by_name(const char *name)
{
	enum fault_kind kind = 0;

	while (kind < FAULT_KINDS && strcmp(names[kind], name) != 0)
		kind++;
	return kind;
}

struct fault fault_default(enum fault_kind kind)
{
	return (struct fault){
		.on = true,
		.power_only = kind != FAULT_REFUSE && kind != FAULT_SILENCE,
		.end_ns = INT64_MAX,
		.ms = kind == FAULT_DRIP ? 100 : 0,
		.mb = 10,
	};
}

static int end_set(struct fault *fault, const char *value, int64_t now_ns)
{
	double for_s;

	if (options_number(value, 0, 1e6, &for_s) < 0)
		return -1;
	fault->end_ns = now_ns + (int64_t)(for_s * MOMENT_NS_PER_S);
	return 0;
}

static int count_set(struct fault *fault, const char *value)
{
	double count;

	if (options_number(value, 1, 1e6, &count) < 0 ||
	    count != (unsigned int)count)
		return -1;
	fault->left = (unsigned int)count;
	return 0;
}

static int scope_set(struct fault *fault, const char *value)
{
	fault->power_only = strcmp(value, "power") == 0;
	return fault->power_only || strcmp(value, "all") == 0 ? 0 : -1;
}

static int to_set(struct fault *fault, const char *value)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return -1;
	if (n == 0 || n >= sizeof(fault->to))
		return -1;
	memcpy(fault->to, value, n + 1);
	return 0;
}

int fault_set(struct fault *fault, const char *key, const char *value,
	      int64_t now_ns, struct fail *fail)
{
	int rc;

	if (strcmp(key, "for") == 0)
		rc = end_set(fault, value, now_ns);
	else if (strcmp(key, "count") == 0)
		rc = count_set(fault, value);
	else if (strcmp(key, "scope") == 0)
		rc = scope_set(fault, value);
	else if (strcmp(key, "ms") == 0)
		rc = options_number(value, 0, 3.6e6, &fault->ms);
	else if (strcmp(key, "jitter") == 0)
		rc = options_number(value, 0, 3.6e6, &fault->jitter_ms);
	else if (strcmp(key, "mb") == 0)
		rc = options_number(value, 0, 1e5, &fault->mb);
	else if (strcmp(key, "to") == 0)
		rc = to_set(fault, value);
	else if (strcmp(key, "chunked") == 0)
		rc = (fault->chunked = strcmp(value, "1") == 0) ? 0 : -1;
	else
		return fail_set(fail, "\"%.40s\" is no key: kind, for, count, "
				"scope, ms, jitter, mb, chunked, to", key);
	if (rc < 0)
		return fail_set(fail, "%s does not take \"%.60s\"", key,
				value);
	return 0;
}

int fault_check(enum fault_kind kind, const struct fault *fault,
		struct fail *fail)
{
	if (kind == FAULT_REDIRECT && !fault->to[0])
		return fail_set(fail, "redirect needs to=URL");
	if (kind == FAULT_REFUSE && fault->power_only)
		return fail_set(fail, "refuse is for all requests");
	if ((kind == FAULT_REFUSE || kind == FAULT_SILENCE) && fault->left)
		return fail_set(fail, "%s ends by for= or /clear, not by "
				"count=", fault_name(kind));
	return 0;
}

bool fault_acts(const struct faults *faults, enum fault_kind kind,
		bool power, int64_t now_ns)
{
	const struct fault *fault = &faults->of[kind];

	return fault->on && now_ns < fault->end_ns &&
	       (power || !fault->power_only);
}

void fault_use(struct fault *fault)
{
	if (fault->left && --fault->left == 0)
		fault->on = false;
}

enum fault_kind fault_pick(struct faults *faults, bool power, int64_t now_ns)
{
	enum fault_kind kind;

	for (kind = FAULT_LATENCY + 1; kind < FAULT_KINDS; kind++) {
		if (!fault_acts(faults, kind, power, now_ns))
			continue;
		fault_use(&faults->of[kind]);
		return kind;
	}
	return FAULT_NONE;
}

int64_t faults_next_end(const struct faults *faults, int64_t now_ns)
{
	int64_t next = INT64_MAX;

	for (enum fault_kind kind = 0; kind < FAULT_KINDS; kind++)
		if (fault_acts(faults, kind, true, now_ns) &&
		    faults->of[kind].end_ns < next)
			next = faults->of[kind].end_ns;
	return next;
}
