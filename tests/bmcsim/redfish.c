/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish.h"

#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "moment.h"
#include "records.h"
#include "reqlog.h"
#include "spoil.h"
#include "tree.h"
#include "upload.h"

/* A request, from its headers on until it is done. */
struct request {
	struct parked parked;
	struct bmc *bmc;
	struct upload upload;
	int64_t arrived_ns;	/* 0: not all of it is here */
	bool held;		/* has waited already, where it had to */
	const struct tree_route *route;	/* one of these, or none */
	const struct files_item *item;
	bool records;		/* or what records.h has */
	double drip_ms;
};

/* The moment of its answer. */
struct exchange {
	struct request *request;
	const char *method, *path;
	int64_t wall_ns, now_ns;
	enum fault_kind fault;
	const char *auth;
	char reading[SPOIL_READING_SIZE];
	bool told;		/* the power, and rightly */
	struct answer answer;
};

/* ---- resources ---- */

static int digits_of(const struct bmc *bmc)
{
	return bmc->opt->resolution_w > 0 ? 15 : 17;
}

static void view_power(const struct exchange *x, struct tree_view *view)
{
	const struct bmc *bmc = x->request->bmc;
	long double t_s = bmc_time(bmc, x->wall_ns);
	long double from_s = t_s - AVERAGE_MINUTES * 60;

	view->average_w = (double)program_joules(bmc->program, from_s, t_s) /
			  (AVERAGE_MINUTES * 60);
	view->peak_w = (double)program_max(bmc->program, from_s, t_s);
}

static void resource_answer(struct exchange *x, const struct tree_route *route)
{
	struct bmc *bmc = x->request->bmc;
	struct tree_view view = {
		.shapes = bmc->opt->shapes,
		.no_sessions = bmc->opt->no_sessions,
		.session_timeout_s = bmc->opt->session_timeout_s,
		.user = bmc->opt->user,
		.sessions = bmc->sessions,
		.now_ns = x->now_ns,
	};
	FILE *out;

	if (route->power) {
		view_power(x, &view);
		view.reading = spoil_reading(x->fault,
					     bmc_watts(bmc, x->wall_ns),
					     digits_of(bmc), x->reading);
		x->told = x->fault == FAULT_NONE &&
			  strcmp(x->method, "GET") == 0;
	}
	x->answer.status = 200;
	out = answer_open(&x->answer);
	if (out)
		route->write(out, &view);
	answer_close(&x->answer, out);
}

static void item_write(struct exchange *x, const struct files_item *item)
{
	struct bmc *bmc = x->request->bmc;
	struct files_view view = { .joules = bmc_joules(bmc, x->wall_ns) };
	FILE *out = answer_open(&x->answer);

	if (item->watts) {
		view.reading = spoil_reading(x->fault,
					     bmc_watts(bmc, x->wall_ns),
					     digits_of(bmc), x->reading);
		x->told = x->fault == FAULT_NONE &&
			  strcmp(x->method, "GET") == 0;
	}
	x->answer.status = 200;
	if (out)
		files_write(out, item, &view);
	answer_close(&x->answer, out);
}

static void item_answer(struct exchange *x, const struct files_item *item)
{
	struct answer *answer = &x->answer;

	if (item->location) {
		answer->status = item->status;
		snprintf(answer->location, sizeof(answer->location), "%s",
			 item->location);
	} else if (item->status != 200) {
		answer_error(answer, item->status, item->status == 404 ?
			     "Base.1.8.ResourceMissingAtURI" :
			     "Base.1.8.GeneralError",
			     "The resource cannot be had.");
	} else {
		item_write(x, item);
	}
}

static void missing_answer(struct exchange *x)
{
	answer_error(&x->answer, 404, "Base.1.8.ResourceMissingAtURI",
		     "There is no resource at this URI.");
}

static void method_refuse(struct exchange *x, const char *allow)
{
	answer_error(&x->answer, 405, "Base.1.8.OperationNotAllowed",
		     "The resource does not take this method.");
	x->answer.allow = allow;
}

static bool method_reads(const struct exchange *x)
{
	return strcmp(x->method, "GET") == 0 || strcmp(x->method, "HEAD") == 0;
}

static void session_item_answer(struct exchange *x, const char *id)
{
	struct bmc *bmc = x->request->bmc;
	struct tree_view view = { .user = bmc->opt->user };
	const struct session *session;
	FILE *out;

	session = session_by_id(bmc->sessions, id, x->now_ns);
	if (!session) {
		missing_answer(x);
	} else if (strcmp(x->method, "DELETE") == 0) {
		session_close(bmc->sessions, session->id);
		bmc->stats.sessions_deleted++;
		x->answer.status = 204;
	} else if (method_reads(x)) {
		x->answer.status = 200;
		out = answer_open(&x->answer);
		if (out)
			tree_session(out, &view, session->id);
		answer_close(&x->answer, out);
	} else {
		method_refuse(x, "GET, HEAD, DELETE");
	}
}

/* The ID of /redfish/v1/SessionService/Sessions/ID into id, else "". */
static void session_id_cut(const struct bmc *bmc, const char *path, char *id,
			   size_t size)
{
	static const char prefix[] = TREE_SESSIONS "/";
	size_t n;

	*id = '\0';
	if (bmc->opt->no_sessions ||
	    strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return;
	snprintf(id, size, "%s", path + sizeof(prefix) - 1);
	n = strlen(id);
	if (n && id[n - 1] == '/')
		id[n - 1] = '\0';
}

static void login_answer(struct exchange *x)
{
	struct request *request = x->request;

	if (request->upload.too_big)
		answer_error(&x->answer, 413, "Base.1.8.PayloadTooLarge",
			     "The body is too large.");
	else
		auth_login(request->bmc, request->parked.connection,
			   request->upload.data ? request->upload.data : "",
			   request->upload.size, x->now_ns, &x->answer);
}

static void unauthorized_answer(struct exchange *x)
{
	answer_error(&x->answer, 401, "Base.1.8.NoValidSession",
		     "There is no valid session.");
	x->answer.ask_basic = !x->request->bmc->opt->no_basic;
}

static bool request_open(const struct request *request)
{
	if (request->item)
		return strcmp(request->item->path, "/redfish") == 0 ||
		       strcmp(request->item->path, TREE_V1) == 0;
	return request->route && request->route->open;
}

static bool request_power(const struct request *request)
{
	if (request->records)
		return true;
	return request->item ? request->item->n_holes > 0 :
	       request->route && request->route->power;
}

static void records_give(struct exchange *x)
{
	struct bmc *bmc = x->request->bmc;

	spoil_reading(FAULT_NONE, bmc_watts(bmc, x->wall_ns), digits_of(bmc),
		      x->reading);
	records_answer(bmc, x->request->parked.connection, x->path,
		       x->wall_ns, x->fault, &x->answer);
	x->told = x->fault == FAULT_NONE && x->answer.status == 200;
}

static void route_answer(struct exchange *x)
{
	struct request *request = x->request;
	const struct tree_route *route = request->route;
	enum auth auth;
	char id[16];

	if (route && strcmp(route->path, TREE_SESSIONS) == 0 &&
	    strcmp(x->method, "POST") == 0) {
		login_answer(x);
		return;
	}
	auth = auth_check(request->bmc, request->parked.connection, x->now_ns);
	x->auth = auth_name(auth);
	session_id_cut(request->bmc, x->path, id, sizeof(id));
	if (!request_open(request) && auth != AUTH_TOKEN &&
	    auth != AUTH_BASIC)
		unauthorized_answer(x);
	else if (request->records)
		records_give(x);
	else if (*id)
		session_item_answer(x, id);
	else if (!route && !request->item)
		missing_answer(x);
	else if (!method_reads(x))
		method_refuse(x, "GET, HEAD");
	else if (route)
		resource_answer(x, route);
	else
		item_answer(x, request->item);
}

/* ---- answering ---- */

/* Before the next byte of a dripping body. */
static int drip_pause(void *arg)
{
	struct request *request = arg;
	struct bmc *bmc = request->bmc;

	if (bmc->stopping || request->parked.conn->broken)
		return -1;
	request->parked.until_sound = false;
	request->parked.due_ns = moment_mono_ns() +
				 bmc_delay(bmc, request->drip_ms, 0);
	parked_add(bmc, &request->parked);
	return 0;
}

static void exchange_answer(struct exchange *x)
{
	struct request *request = x->request;
	struct bmc *bmc = request->bmc;
	const struct fault *fault;

	if (x->fault == FAULT_NONE) {
		route_answer(x);
		return;
	}
	fault = &bmc->faults.of[x->fault];
	if (x->fault == FAULT_RESET || spoil_status(x->fault, fault,
			bmc->opt->retry_after_s, &x->answer))
		return;
	route_answer(x);
	if (x->answer.status != 200 && x->answer.status != 201)
		return;
	spoil_body(x->fault, fault, &x->answer);
	request->drip_ms = fault->ms;
	x->answer.pause = drip_pause;
	x->answer.pause_arg = request;
}

static void exchange_log(const struct exchange *x)
{
	const struct request *request = x->request;
	struct reqlog_line line = {
		.wall_ns = x->wall_ns,
		.conn = request->parked.conn->id,
		.method = x->method,
		.path = x->path,
		.status = x->answer.status,
		.watts = x->told ? x->reading : NULL,
		.latency_ms = (double)(x->now_ns - request->arrived_ns) / 1e6,
		.auth = x->auth,
		.fault = fault_name(x->fault),
	};

	reqlog_write(request->bmc->log, &line);
}

/* Nobody is there for an answer, or nobody who gives one. */
static enum MHD_Result request_abandon(const struct request *request,
				       const char *method, const char *path)
{
	struct reqlog_line line = {
		.wall_ns = moment_wall_ns(),
		.conn = request->parked.conn->id,
		.method = method,
		.path = path,
		.auth = "none",
		.fault = "-",
	};

	if (request->arrived_ns)
		line.latency_ms = (double)(moment_mono_ns() -
					   request->arrived_ns) / 1e6;
	if (request->parked.until_sound)
		line.fault = fault_name(FAULT_SILENCE);
	reqlog_write(request->bmc->log, &line);
	return MHD_NO;
}

static enum MHD_Result request_answer(struct request *request,
				      const char *method, const char *path)
{
	struct bmc *bmc = request->bmc;
	struct exchange x = {
		.request = request,
		.method = method,
		.path = path,
		.wall_ns = moment_wall_ns(),
		.now_ns = moment_mono_ns(),
		.auth = "none",
	};

	x.fault = fault_pick(&bmc->faults, request_power(request), x.now_ns);
	exchange_answer(&x);
	exchange_log(&x);
	if (x.fault == FAULT_RESET) {
		conn_reset(request->parked.conn);
		return MHD_NO;
	}
	bmc->stats.samples_served += x.told;
	return answer_queue(request->parked.connection, &x.answer);
}

/* ---- receiving ---- */

/* Whether path is root or below it. */
static bool path_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (path[n] == '/' || !path[n]);
}

/* Sessions are ours, whatever a tree in files has. */
static void request_aim(struct request *request, const char *path)
{
	const struct bmc *bmc = request->bmc;

	request->records = records_path(bmc, path);
	if (request->records)
		return;
	if (bmc->files && !path_below(path, TREE_SERVICE))
		request->item = files_find(bmc->files, path);
	if (!request->item)
		request->route = tree_find(path, bmc->opt->shapes,
					   bmc->opt->no_sessions);
}

static struct request *request_create(struct bmc *bmc,
				      struct MHD_Connection *connection,
				      const char *path)
{
	const union MHD_ConnectionInfo *info;
	struct request *request;

	info = MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (!info || !info->socket_context)
		return NULL;
	request = calloc(1, sizeof(*request));
	if (!request)
		return NULL;
	request->bmc = bmc;
	request->parked.connection = connection;
	request->parked.conn = info->socket_context;
	request_aim(request, path);
	return request;
}

/* Whether the request must wait now; then it is parked. */
static bool request_hold(struct request *request)
{
	struct bmc *bmc = request->bmc;
	struct parked *parked = &request->parked;
	struct fault *late = &bmc->faults.of[FAULT_LATENCY];
	int64_t now_ns = moment_mono_ns(), delay_ns;

	parked->power = request_power(request);
	parked->until_sound = fault_acts(&bmc->faults, FAULT_SILENCE,
					 parked->power, now_ns);
	delay_ns = bmc_delay(bmc, bmc->opt->latency_ms, bmc->opt->jitter_ms);
	if (fault_acts(&bmc->faults, FAULT_LATENCY, parked->power, now_ns)) {
		delay_ns += bmc_delay(bmc, late->ms, late->jitter_ms);
		fault_use(late);
	}
	parked->due_ns = now_ns + delay_ns;
	if (!parked->until_sound && delay_ns == 0)
		return false;
	parked_add(bmc, parked);
	return true;
}

enum MHD_Result redfish_handle(void *cls, struct MHD_Connection *connection,
			       const char *url, const char *method,
			       const char *version, const char *upload,
			       size_t *upload_size, void **context)
{
	struct bmc *bmc = cls;
	struct request *request = *context;

	(void)version;
	if (!request) {
		*context = request_create(bmc, connection, url);
		return *context ? MHD_YES : MHD_NO;
	}
	if (*upload_size) {
		if (upload_add(&request->upload, upload, *upload_size) < 0)
			return MHD_NO;
		*upload_size = 0;
		return MHD_YES;
	}
	if (bmc->stopping || request->parked.conn->broken)
		return request_abandon(request, method, url);
	if (!request->arrived_ns) {
		request->arrived_ns = moment_mono_ns();
		bmc->stats.requests++;
	}
	if (!request->held) {
		request->held = true;
		if (request_hold(request))
			return MHD_YES;
	}
	return request_answer(request, method, url);
}

void redfish_completed(void *cls, struct MHD_Connection *connection,
		       void **context, enum MHD_RequestTerminationCode code)
{
	struct request *request = *context;

	(void)cls;
	(void)connection;
	(void)code;
	if (!request)
		return;
	upload_clear(&request->upload);
	free(request);
	*context = NULL;
}

void redfish_connection(void *cls, struct MHD_Connection *connection,
			void **socket_context,
			enum MHD_ConnectionNotificationCode code)
{
	struct conn *conn = *socket_context;
	struct bmc *bmc = cls;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (conn)
			conn_remove(bmc, conn);
		free(conn);
		return;
	}
	conn = calloc(1, sizeof(*conn));
	if (!conn)
		return;
	conn->fd = MHD_get_connection_info(connection,
			MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	conn_add(bmc, conn);
	*socket_context = conn;
}
