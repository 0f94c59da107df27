/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "moment.h"
#include "options.h"
#include "reqlog.h"
#include "upload.h"

struct call {
	struct bmc *bmc;
	struct MHD_Connection *connection;
	const struct upload *upload;
	struct answer *answer;
};

static void call_done(const struct call *call)
{
	answer_text(call->answer, 200, "text/plain", "ok\n");
}

static void call_refuse(const struct call *call, const char *reason)
{
	answer_text(call->answer, 400, "text/plain", "%s\n", reason);
}

static const char *argument_get(const struct call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection,
					   MHD_GET_ARGUMENT_KIND, name);
}

/* ---- faults ---- */

struct fault_call {
	struct fault fault;
	int64_t now_ns;
	int rc;
	struct fail fail;
	FILE *words;		/* for the log */
};

static enum MHD_Result fault_argument(void *cls, enum MHD_ValueKind kind,
				      const char *key, const char *value)
{
	struct fault_call *set = cls;

	(void)kind;
	if (strcmp(key, "kind") == 0)
		return MHD_YES;
	if (!value)
		value = "";
	set->rc = fault_set(&set->fault, key, value, set->now_ns, &set->fail);
	if (set->rc == 0)
		fprintf(set->words, " %s=%s", key, value);
	return set->rc == 0 ? MHD_YES : MHD_NO;
}

/* FAULT_NONE: refused already. */
static enum fault_kind kind_get(const struct call *call)
{
	const char *name = argument_get(call, "kind");
	enum fault_kind kind = name ? fault_by_name(name) : FAULT_NONE;
	struct fail fail;
	size_t n;

	if (kind != FAULT_NONE)
		return kind;
	n = (size_t)snprintf(fail.text, sizeof(fail.text), "kind is one of");
	for (enum fault_kind k = 0; k < FAULT_KINDS; k++)
		n += (size_t)snprintf(fail.text + n, sizeof(fail.text) - n,
				      " %s", fault_name(k));
	call_refuse(call, fail.text);
	return FAULT_NONE;
}

static void fault_start(const struct call *call, enum fault_kind kind,
			struct fault_call *set)
{
	MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND,
				  fault_argument, set);
	if (set->rc == 0)
		set->rc = fault_check(kind, &set->fault, &set->fail);
	if (set->rc < 0) {
		call_refuse(call, set->fail.text);
		return;
	}
	bmc_fault_set(call->bmc, kind, &set->fault);
	call_done(call);
}

static void fault_call(const struct call *call)
{
	enum fault_kind kind = kind_get(call);
	struct fault_call set = {
		.fault = fault_default(kind),
		.now_ns = moment_mono_ns(),
	};
	size_t size;
	char *words;

	if (kind == FAULT_NONE)
		return;
	set.words = open_memstream(&words, &size);
	if (!set.words) {
		call_refuse(call, "out of memory");
		return;
	}
	fault_start(call, kind, &set);
	fclose(set.words);
	if (set.rc == 0)
		reqlog_note(call->bmc->log, moment_wall_ns(), "FAULT", "%s%s",
			    fault_name(kind), words);
	free(words);
}

static void clear_call(const struct call *call)
{
	enum fault_kind kind = FAULT_NONE;

	if (argument_get(call, "kind")) {
		kind = kind_get(call);
		if (kind == FAULT_NONE)
			return;
		bmc_fault_set(call->bmc, kind, NULL);
	} else {
		for (enum fault_kind k = 0; k < FAULT_KINDS; k++)
			bmc_fault_set(call->bmc, k, NULL);
	}
	reqlog_note(call->bmc->log, moment_wall_ns(), "CLEAR", "%s",
		    fault_name(kind));
	call_done(call);
}

/* ---- program, stats ---- */

static void program_call(const struct call *call)
{
	const char *epoch = argument_get(call, "epoch");
	char *spec = call->upload->data;
	int64_t now_ns = moment_wall_ns(), epoch_ns = call->bmc->epoch_ns;
	struct fail fail;

	if (!spec || call->upload->too_big) {
		call_refuse(call, "the body is the power program's SPEC");
		return;
	}
	if (epoch && strcmp(epoch, "now") == 0) {
		epoch_ns = now_ns;
	} else if (epoch && moment_parse(epoch, &epoch_ns) < 0) {
		call_refuse(call, "epoch is \"now\" or unix seconds");
		return;
	}
	spec[strcspn(spec, "\r\n")] = '\0';
	if (bmc_program_set(call->bmc, spec, now_ns, epoch_ns, &fail) < 0)
		call_refuse(call, fail.text);
	else
		call_done(call);
}

static void faults_write(FILE *out, const struct bmc *bmc, int64_t now_ns)
{
	const char *comma = "";

	for (enum fault_kind kind = 0; kind < FAULT_KINDS; kind++) {
		if (!fault_acts(&bmc->faults, kind, true, now_ns))
			continue;
		fprintf(out, "%s\"%s\"", comma, fault_name(kind));
		comma = ",";
	}
}

static void stats_call(const struct call *call)
{
	const struct stats *stats = &call->bmc->stats;
	int64_t now_ns = moment_mono_ns();
	FILE *out = answer_open(call->answer);

	call->answer->status = 200;
	if (out) {
		fprintf(out, "{\"requests\":%lu,\"samples_served\":%lu,"
			"\"connections_total\":%lu,\"connections_open\":%lu,"
			"\"sessions_open\":%u,\"sessions_created\":%lu,"
			"\"sessions_deleted\":%lu,\"logins_failed\":%lu,"
			"\"logins_with_authorization\":%lu,\"faults\":[",
			stats->requests, stats->samples_served,
			stats->connections_total, stats->connections_open,
			sessions_count(call->bmc->sessions, now_ns),
			stats->sessions_created, stats->sessions_deleted,
			stats->logins_failed,
			stats->logins_with_authorization);
		faults_write(out, call->bmc, now_ns);
		fputs("]}\n", out);
	}
	answer_close(call->answer, out);
}

/* Rows that are not there: for= seconds from now on, or from= and to=. */
static void gap_call(const struct call *call)
{
	const char *from = argument_get(call, "from");
	const char *to = argument_get(call, "to");
	const char *length = argument_get(call, "for");
	struct bmc *bmc = call->bmc;
	struct gap gap = { .from_ns = moment_wall_ns() };
	double for_s = 0;

	if ((from && moment_parse(from, &gap.from_ns) < 0) ||
	    (to && moment_parse(to, &gap.to_ns) < 0) ||
	    (length && options_number(length, 0, 1e9, &for_s) < 0) ||
	    !to == !length || bmc->gap_count == GAPS_MAX) {
		call_refuse(call, "for=SECONDS, or from= and to= in unix "
			    "seconds; 64 at most");
		return;
	}
	if (!to)
		gap.to_ns = gap.from_ns + (int64_t)(for_s * MOMENT_NS_PER_S);
	bmc->gap[bmc->gap_count++] = gap;
	reqlog_note(bmc->log, moment_wall_ns(), "GAP", "%.1f s",
		    (double)(gap.to_ns - gap.from_ns) / 1e9);
	call_done(call);
}

static const struct {
	const char *method, *path;
	void (*run)(const struct call *call);
} calls[] = {
	{ "POST", "/fault", fault_call },
	{ "POST", "/clear", clear_call },
	{ "POST", "/gap", gap_call },
	{ "POST", "/program", program_call },
	{ "GET", "/stats", stats_call },
};

static void call_run(const struct call *call, const char *method,
		     const char *path)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].method, method) == 0 &&
		    strcmp(calls[i].path, path) == 0) {
			calls[i].run(call);
			return;
		}
	answer_text(call->answer, 404, "text/plain", "POST /fault, /clear, "
		    "/gap or /program, or GET /stats\n");
}

enum MHD_Result control_handle(void *cls, struct MHD_Connection *connection,
			       const char *url, const char *method,
			       const char *version, const char *data,
			       size_t *data_size, void **context)
{
	struct upload *upload = *context;
	struct answer answer = { 0 };
	struct call call = { cls, connection, upload, &answer };

	(void)version;
	if (!upload) {
		*context = calloc(1, sizeof(*upload));
		return *context ? MHD_YES : MHD_NO;
	}
	if (*data_size) {
		if (upload_add(upload, data, *data_size) < 0)
			return MHD_NO;
		*data_size = 0;
		return MHD_YES;
	}
	call_run(&call, method, url);
	return answer_queue(connection, &answer);
}

void control_completed(void *cls, struct MHD_Connection *connection,
		       void **context, enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)connection;
	(void)code;
	if (*context)
		upload_clear(*context);
	free(*context);
	*context = NULL;
}
