/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Redfish source: logins, sessions left behind, places, failures. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/redfish.h"
#include "source/session_file.h"
#include "lib/statefile.h"
#include "tests/unit/fakebmc.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))
#define SESSIONS "/redfish/v1/SessionService/Sessions"
#define TOKEN "b2dd1c4f0a7e"
#define PASSWORD "pass\"word"
#define POWER "/redfish/v1/Chassis/1/Power"

/* What the BMC does; the test turns the knobs between samples. */
static struct {
	int login_status;	/* 0: gives a session */
	const char *login_body;
	int session;		/* the last one's number */
	int alive;		/* the number that is accepted; 0: none */
	int full_until_deleted;
	int power_status;
	const char *power;
	const char *stale_user;	/* of sessions other than alive */
	bool token_missing;
	bool location_missing;
	bool basic_refused;
	bool token_refused;	/* for anything but the session's own address */
	bool delete_refused;
	int open, open_max;	/* sessions, were they never to time out */
	bool root_without_sessions;
	bool hangs;
	const char *hostile_path;	/* NULL: none is answered so */
	void (*hostile)(struct fake_answer *a);
	int deleted;
} bmc_does;

static fakebmc_t *bmc;
static http_t *http;
static source_t *source;
static struct conf conf;
static struct reading last;
static int readings;
static char dir[32];
static char log_text[65536];
static int64_t later_ns;	/* the source's clock before the system's */

static void log_add(void *arg, enum log_level level, const char *line)
{
	size_t n = strlen(log_text);

	(void)arg;
	(void)level;
	snprintf(log_text + n, sizeof(log_text) - n, "%s\n", line);
}

static const logger_t logger = { log_add, NULL, LOG_LEVEL_DEBUG };

static void login_answer(struct fake_answer *a)
{
	char headers[256], body[128];

	if (bmc_does.full_until_deleted > bmc_does.deleted)
		return fake_answer_set(a, 503, "Retry-After: 7\r\n", "{\"error\":{\"message\":\"RAC0218\"}}");
	if (bmc_does.login_status)
		return fake_answer_set(a, bmc_does.login_status, "",
				       bmc_does.login_body ?
				       bmc_does.login_body : "{}");
	bmc_does.alive = ++bmc_does.session;
	if (++bmc_does.open > bmc_does.open_max)
		bmc_does.open_max = bmc_does.open;
	snprintf(headers, sizeof(headers), "%s%s%d%s",
		 bmc_does.token_missing ? "" : "X-Auth-Token: " TOKEN "\r\n",
		 bmc_does.location_missing ? "X-No: " :
		 "Location: " SESSIONS "/", bmc_does.session, "\r\n");
	snprintf(body, sizeof(body), "{\"@odata.id\":\"" SESSIONS "/%d\"}",
		 bmc_does.session);
	fake_answer_set(a, 201, headers, body);
}

static void session_answer(const struct fake_request *req,
			   struct fake_answer *a)
{
	int number = atoi(req->path + strlen(SESSIONS) + 1);
	char body[128];

	if (strcmp(req->method, "DELETE") == 0) {
		if (bmc_does.delete_refused)
			return fake_answer_set(a, 401, "", "{}");
		bmc_does.deleted++;
		bmc_does.open--;
		if (number == bmc_does.alive)
			bmc_does.alive = 0;
		return fake_answer_set(a, 204, "", "");
	}
	if (!bmc_does.stale_user)
		return fake_answer_set(a, 404, "", "{}");
	snprintf(body, sizeof(body), "{\"UserName\":\"%s\"}",
		 bmc_does.stale_user);
	fake_answer_set(a, 200, "", body);
}

static void tree_answer(const struct fake_request *req, struct fake_answer *a)
{
	if (strcmp(req->path, "/redfish/v1/") == 0)
		fake_answer_set(a, 200, "", bmc_does.root_without_sessions ?
				"{}" : "{\"Links\":{\"Sessions\":{\"@odata.id\":\"" SESSIONS "\"}}}");
	else if (strcmp(req->path, "/redfish/v1/Chassis") == 0)
		fake_answer_set(a, 200, "", "{\"Members\":[{\"@odata.id\":\"/redfish/v1/Chassis/1\"}]}");
	else if (strcmp(req->path, "/redfish/v1/Chassis/1") == 0)
		fake_answer_set(a, 200, "", "{\"Power\":{\"@odata.id\":\"" POWER "\"}}");
	else if (strcmp(req->path, POWER) == 0)
		fake_answer_set(a, bmc_does.power_status, "Retry-After: 9\r\n",
				bmc_does.power);
	else
		fake_answer_set(a, 404, "", "{}");
}

static void answer(void *arg, const struct fake_request *req,
		   struct fake_answer *a)
{
	bool basic = strcasestr(req->head, "\r\nAuthorization: Basic") &&
		     !bmc_does.basic_refused;
	bool session = strncmp(req->path, SESSIONS "/",
			       strlen(SESSIONS) + 1) == 0;
	bool token = strcasestr(req->head, "\r\nX-Auth-Token: " TOKEN "\r\n") &&
		     bmc_does.alive && (session || !bmc_does.token_refused);

	(void)arg;
	if (bmc_does.hangs)
		a->hang = true;
	else if (strcmp(req->path, SESSIONS) == 0)
		login_answer(a);
	else if (!basic && !token && strcmp(req->path, "/redfish/v1/"))
		fake_answer_set(a, 401, "", "{}");
	else if (bmc_does.hostile_path &&
		 strcmp(req->path, bmc_does.hostile_path) == 0)
		bmc_does.hostile(a);
	else if (session)
		session_answer(req, a);
	else
		tree_answer(req, a);
}

static void path_write(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static const char *path_read(const char *name)
{
	static char buf[STATEFILE_MAX];

	statefile_read(dir, "n1", name, buf, sizeof(buf), NULL);
	return buf;
}

static int64_t boot_later(void *arg)
{
	(void)arg;
	return clock_boot_ns() + later_ns;
}

static void source_start(const char *boot_id)
{
	timesource_t ts = timesource_system();
	struct source_env env = { .conf = &conf, .meter = &conf.bmc,
				  .suffix = "", .http = http,
				  .ts = { boot_later, ts.wall_ns, NULL },
				  .boot_id = boot_id, .log = &logger };
	struct err err = { "" };

	source = redfish_source.open(&env, &err);
	ck_assert_msg(source != NULL, "%s", err.text);
}

static void setup(void)
{
	memset(&bmc_does, 0, sizeof(bmc_does));
	bmc_does.power_status = 200;
	bmc_does.power = "{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}";
	log_text[0] = '\0';
	later_ns = 0;
	strcpy(dir, "/tmp/test_redfish.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path_write("secret", PASSWORD "\n");
	bmc = fakebmc_start(answer, NULL);
	http = http_create(NULL);
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.node, "n1");
	strcpy(conf.state_dir, dir);
	strcpy(conf.bmc.url, fakebmc_url(bmc));
	strcpy(conf.bmc.user, "admin");
	snprintf(conf.bmc.password_file, sizeof(conf.bmc.password_file),
		 "%s/secret", dir);
	conf.bmc.insecure = true;
	conf.bmc.timeout_ns = NS_PER_S;
	source_start("boot");
}

/* What a kill -9 leaves: session 1 in the file. */
static void source_crash(void)
{
	char text[256];

	redfish_source.close(source, NS_PER_S);
	snprintf(text, sizeof(text), "bmc=%s\nuri=" SESSIONS "/1\n",
		 fakebmc_url(bmc));
	path_write("n1.session", text);
	bmc_does.deleted = 0;
}

/* Not at any level, whatever the test did: as they are, escaped, as base64. */
static void secrets_untold(const char *text)
{
	static const char *const secrets[] = {
		TOKEN, PASSWORD, "pass\\\"word", "YWRtaW46cGFzcyJ3b3Jk",
	};

	for (int i = 0; i < LEN(secrets); i++)
		ck_assert_msg(!strstr(text, secrets[i]), "%s in: %s",
			      secrets[i], text);
}

static void teardown(void)
{
	static const char *const names[] = { "secret", "n1.session", "n1.power" };
	char path[256];

	redfish_source.close(source, NS_PER_S);
	http_destroy(http);
	fakebmc_stop(bmc);
	secrets_untold(log_text);
	for (int i = 0; i < LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	ck_assert_int_eq(rmdir(dir), 0);
}

static void on_reading(void *arg, const struct reading *r)
{
	(void)arg;
	last = *r;
	readings++;
}

static const struct reading *sample(void)
{
	int before = readings;

	redfish_source.sample(source, on_reading, NULL);
	while (readings == before)
		ck_assert_int_eq(http_poll(http, NULL, 0, 1000, NULL), 0);
	ck_assert_int_eq(readings, before + 1);
	secrets_untold(last.why.text);
	return &last;
}

/* The requests since `from` as "METHOD path" lines without /redfish/v1. */
static const char *requests_from(int from)
{
	static char text[8192];
	size_t n = 0;

	text[0] = '\0';
	for (int i = from + 1; i <= fakebmc_requests(bmc); i++) {
		const struct fake_request *r = fakebmc_request(bmc, i);

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s\n",
				      r->method, r->path + 11);
	}
	return text;
}

#define FIND "GET /\nGET /Chassis\nGET /Chassis/1\nGET /Chassis/1/Power\n"
#define LOGIN "POST /SessionService/Sessions\n"
#define READ "GET /Chassis/1/Power\n"

/* ---- the usual ---- */

START_TEST(test_one_request_a_sample)
{
	int64_t before = clock_boot_ns();
	struct stat st;
	char path[64];

	ck_assert_str_eq(redfish_source.place(source), "");
	ck_assert_msg(sample()->ok, "%s", last.why.text);
	ck_assert(last.watts == 614);
	ck_assert_str_eq(last.source, "redfish:power");
	ck_assert(last.boot_ns > before && last.boot_ns < clock_boot_ns());
	ck_assert_str_eq(requests_from(0), LOGIN FIND READ);
	ck_assert_ptr_null(strcasestr(fakebmc_request(bmc, 1)->head,
				      "Authorization"));
	ck_assert_str_eq(fakebmc_request(bmc, 1)->body,
			 "{\"UserName\":\"admin\",\"Password\":\"pass\\\"word\"}");
	for (int i = 0; i < 3; i++)
		ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(6), READ READ READ);
	ck_assert_int_eq(fakebmc_request(bmc, 9)->connection, 1);

	snprintf(path, sizeof(path), "%s/n1.session", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_ptr_nonnull(strstr(path_read("session"), "uri=" SESSIONS "/1\n"));
	ck_assert_ptr_null(strstr(path_read("session"), TOKEN));
	redfish_source.close(source, NS_PER_S);
	source = NULL;
	ck_assert_str_eq(requests_from(9), "DELETE /SessionService/Sessions/1\n");
	ck_assert_str_eq(path_read("session"), "");
}
END_TEST

/* ---- the place ---- */

START_TEST(test_place_kept)
{
	sample();
	redfish_source.close(source, NS_PER_S);
	int from = fakebmc_requests(bmc);

	source_start("boot");
	ck_assert_str_eq(redfish_source.place(source), "redfish:power");
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from), LOGIN READ);
	redfish_source.close(source, NS_PER_S);
	from = fakebmc_requests(bmc);
	source_start("another boot");
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from), LOGIN FIND READ);
}
END_TEST

static const char *const bad_places[] = {
	"rules=0\nboot_id=boot\nbmc=%s\nnode=\nurl=/x\npointer=/p\nsource=s\n",
	"rules=2\nboot_id=\nbmc=%s\nnode=\nurl=/x\npointer=/p\nsource=s\n",
	"rules=2\nboot_id=boot\nbmc=%s0\nnode=\nurl=/x\npointer=/p\nsource=s\n",
	"rules=2\nboot_id=boot\nbmc=%s\nnode=\nurl=x\npointer=/p\nsource=s\n",
	"rules=2\nboot_id=boot\nbmc=%s\nnode=\nurl=/x\npointer=p\nsource=s\n",
	"rules=2\nboot_id=boot\nbmc=%s\nnode=\nurl=/x\npointer=/p\n",
	"rules=2\nboot_id=boot\nbmc=%s\nnode=Node1\nurl=/x\npointer=/p\nsource=s\n",
	"rules=2\nboot_id=boot\nbmc=%s\nnode=\nurl=/x\npointer=/p + q\nsource=s\n",
	"\n\n=\n", "rules", "",
};

START_TEST(test_place_bad)
{
	char text[512];

	redfish_source.close(source, NS_PER_S);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
	snprintf(text, sizeof(text), bad_places[_i], fakebmc_url(bmc));
#pragma GCC diagnostic pop
	path_write("n1.power", text);
	source_start("boot");
	ck_assert_str_eq(redfish_source.place(source), "");
}
END_TEST

/* Ten answers without power, and the search runs again; the old place stays. */
START_TEST(test_found_again)
{
	int from;

	sample();
	bmc_does.power = "{\"PowerControl\":[{\"PowerConsumedWatts\":null}]}";
	for (int i = 0; i < 10; i++) {
		ck_assert(!sample()->ok);
		ck_assert_int_eq(last.backoff, BACKOFF_NONE);
		ck_assert_ptr_nonnull(strstr(last.why.text, "is null"));
	}
	from = fakebmc_requests(bmc);
	sample();
	ck_assert_str_eq(requests_from(from), FIND READ);
	/* the resource goes: looked for sooner, not found, and back at once */
	bmc_does.power_status = 404;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(sample()->backoff, BACKOFF_SOON);
	from = fakebmc_requests(bmc);
	ck_assert_int_eq(sample()->backoff, BACKOFF_SLOW);
	ck_assert_str_eq(requests_from(from), FIND);
	bmc_does.power_status = 200;
	bmc_does.power = "{\"PowerControl\":[{\"PowerConsumedWatts\":7}]}";
	from = fakebmc_requests(bmc);
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from), READ);
}
END_TEST

/* ---- logins ---- */

START_TEST(test_session_lost)
{
	sample();
	bmc_does.alive = 0;	/* the BMC restarted */
	int from = fakebmc_requests(bmc);

	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from),
			 READ "DELETE /SessionService/Sessions/1\n" LOGIN
			 "GET /SessionService/Sessions/1\n" READ);
	ck_assert_ptr_null(strstr(path_read("session"), "Sessions/1\n"));
	ck_assert_ptr_nonnull(strstr(path_read("session"), "Sessions/2\n"));
	/* once a sample, even where it does not help */
	bmc_does.alive = 0;
	bmc_does.login_status = 401;
	from = fakebmc_requests(bmc);
	ck_assert(!sample()->ok);
	ck_assert_int_eq(last.backoff, BACKOFF_SLOW);
	ck_assert_ptr_nonnull(strstr(last.why.text, "refuses user admin"));
	ck_assert_str_eq(requests_from(from), READ
			 "DELETE /SessionService/Sessions/2\n" LOGIN "GET /\n");
}
END_TEST

/* A BMC that gives sessions and takes none of them: basic authentication. */
START_TEST(test_sessions_refused)
{
	int from;

	sample();
	bmc_does.token_refused = true;
	from = fakebmc_requests(bmc);
	ck_assert(!sample()->ok);
	ck_assert_int_eq(last.backoff, BACKOFF_SLOW);
	ck_assert_ptr_nonnull(strstr(last.why.text, POWER ": status 401"));
	ck_assert_str_eq(requests_from(from),
			 READ "DELETE /SessionService/Sessions/1\n" LOGIN READ);
	from = fakebmc_requests(bmc);
	ck_assert(sample()->ok);
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from),
			 "DELETE /SessionService/Sessions/2\n" READ READ);
	ck_assert_ptr_nonnull(strstr(log_text, "trying basic authentication"));
	ck_assert_int_eq(bmc_does.open, 0);
	ck_assert_str_eq(path_read("session"), "");
	/* and back, where that is refused one day */
	bmc_does.token_refused = false;
	bmc_does.basic_refused = true;
	from = fakebmc_requests(bmc);
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from), READ LOGIN READ);
	bmc_does.token_refused = true;
	bmc_does.basic_refused = false;
	ck_assert(!sample()->ok);
	ck_assert(sample()->ok);
	ck_assert_int_eq(bmc_does.open_max, 1);
}
END_TEST

/* Nor basic authentication: sessions do not pile up, and nothing is quick. */
START_TEST(test_all_refused)
{
	bmc_does.token_refused = true;
	bmc_does.basic_refused = true;
	for (int i = 0; i < 15; i++) {
		ck_assert(!sample()->ok);
		ck_assert_int_eq(last.backoff, BACKOFF_SLOW);
		ck_assert_ptr_nonnull(strstr(last.why.text, "status 401"));
		ck_assert_int_le(bmc_does.open, 1);
	}
	ck_assert_int_eq(bmc_does.open_max, 1);
	bmc_does.token_refused = false;
	ck_assert(sample()->ok);
	redfish_source.close(source, NS_PER_S);
	source = NULL;
	ck_assert_int_eq(bmc_does.open, 0);
}
END_TEST

/* Nor their end: two, and then one each ten minutes. */
START_TEST(test_all_refused_for_ever)
{
	bmc_does.token_refused = true;
	bmc_does.basic_refused = true;
	bmc_does.delete_refused = true;
	for (int i = 0; i < 10; i++) {
		ck_assert(!sample()->ok);
		ck_assert_int_eq(last.backoff, BACKOFF_SLOW);
		later_ns += 55 * NS_PER_S;
	}
	ck_assert_int_eq(bmc_does.session, 2);
	later_ns += 60 * NS_PER_S;
	sample();
	sample();
	ck_assert_int_eq(bmc_does.session, 3);
	bmc_does.basic_refused = false;
	ck_assert(sample()->ok);
}
END_TEST

/* Any 200 but the root's, which is open to all, ends the count. */
START_TEST(test_refused_now_and_then)
{
	for (int i = 0; i < 10; i++) {
		ck_assert(sample()->ok);
		bmc_does.alive = 0;
		ck_assert(sample()->ok);
	}
	ck_assert_int_eq(bmc_does.session, 11);
	ck_assert_ptr_null(strstr(log_text, "basic"));
}
END_TEST

/* Firmware that quotes its input. */
static const struct {
	int status;
	bool login;
	const char *body;
} echoes[] = {
	{ 400, true, "{\"error\":{\"message\":\"The value '" "pass\\\"word" "' for Password is bad\"}}" },
	{ 500, true, "{\"error\":{\"@Message.ExtendedInfo\":[{\"Message\":\"pass\\\"word\"}]}}" },
	{ 500, false, "{\"error\":{\"message\":\"Token " TOKEN " is not usable\"}}" },
	{ 401, false, "{\"error\":{\"message\":\"Token " TOKEN " is not valid\"}}" },
	{ 503, false, "{\"error\":{\"message\":\"" TOKEN "\"}}" },
};

START_TEST(test_echo)
{
	if (!echoes[_i].login)
		sample();
	bmc_does.login_status = echoes[_i].login ? echoes[_i].status : 0;
	bmc_does.login_body = echoes[_i].body;
	bmc_does.power_status = echoes[_i].status;
	bmc_does.power = echoes[_i].body;
	ck_assert(!sample()->ok);
	ck_assert_msg(strstr(last.why.text, "(its message repeats a secret)") != NULL,
		      "%s", last.why.text);
}
END_TEST

/* What a BMC says must not act on the terminal of who reads the log. */
START_TEST(test_message_cleaned)
{
	sample();
	bmc_does.power_status = 500;
	bmc_does.power = "{\"error\":{\"message\":\"a\\u001b[2Jb\\nc\xff\xc3\xa4\"}}";
	ck_assert(!sample()->ok);
	ck_assert_msg(strstr(last.why.text, "(a?[2Jb?c??" "?)") != NULL, "%s",
		      last.why.text);
}
END_TEST

static const struct {
	int status;
	bool basic;		/* falls back */
	enum backoff_kind backoff;
} logins[] = {
	{ 404, true, BACKOFF_NONE }, { 405, true, BACKOFF_NONE },
	{ 501, true, BACKOFF_NONE }, { 401, false, BACKOFF_SLOW },
	{ 403, false, BACKOFF_SLOW }, { 400, false, BACKOFF_SOON },
	{ 500, false, BACKOFF_SOON }, { 503, false, BACKOFF_SOON },
};

START_TEST(test_login_status)
{
	bmc_does.login_status = logins[_i].status;
	ck_assert_int_eq(sample()->ok, logins[_i].basic);
	if (logins[_i].basic) {
		int from = fakebmc_requests(bmc);

		ck_assert(sample()->ok);
		ck_assert_str_eq(requests_from(from), READ);
		ck_assert_ptr_nonnull(strstr(log_text, "basic authentication"));
	} else {
		ck_assert_int_eq(last.backoff, logins[_i].backoff);
		ck_assert_str_eq(requests_from(0),
				 logins[_i].backoff == BACKOFF_SLOW ?
				 LOGIN "GET /\n" : LOGIN);
	}
}
END_TEST

/* Who is not known gets 401 for what is not there, too. */
START_TEST(test_no_session_service)
{
	bmc_does.login_status = 401;
	bmc_does.root_without_sessions = true;
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(0), LOGIN "GET /\n" FIND READ);
	ck_assert_ptr_null(strcasestr(fakebmc_request(bmc, 2)->head,
				      "Authorization"));
}
END_TEST

START_TEST(test_token_missing)
{
	bmc_does.token_missing = true;
	ck_assert(sample()->ok);
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(0), LOGIN FIND READ READ);
}
END_TEST

START_TEST(test_location_missing)
{
	bmc_does.location_missing = true;
	ck_assert(sample()->ok);
	redfish_source.close(source, NS_PER_S);
	source = NULL;
	ck_assert_int_eq(bmc_does.deleted, 1);
}
END_TEST

START_TEST(test_basic)
{
	redfish_source.close(source, NS_PER_S);
	conf.bmc.basic = true;
	source_start("boot");
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(0), FIND READ);
	/* a new password is read when the old one is refused */
	bmc_does.basic_refused = true;
	ck_assert(!sample()->ok);
	bmc_does.basic_refused = false;
	ck_assert(sample()->ok);
}
END_TEST

START_TEST(test_secret_refused)
{
	struct source_env env = { .conf = &conf, .meter = &conf.bmc,
				  .suffix = "", .http = http,
				  .ts = timesource_system(), .boot_id = "b",
				  .log = &logger };
	struct err err = { "" };
	char path[64];

	snprintf(path, sizeof(path), "%s/secret", dir);
	chmod(path, 0644);
	ck_assert_ptr_null(redfish_source.open(&env, &err));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_ptr_null(strstr(err.text, "pass\""));
}
END_TEST

/* ---- sessions left behind ---- */

START_TEST(test_left_behind)
{
	sample();
	source_crash();
	bmc_does.stale_user = "admin";
	int from = fakebmc_requests(bmc);

	source_start("boot");
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from), LOGIN
			 "GET /SessionService/Sessions/1\n"
			 "DELETE /SessionService/Sessions/1\n" READ);
	ck_assert_ptr_null(strstr(path_read("session"), "Sessions/1\n"));
	ck_assert_ptr_nonnull(strstr(path_read("session"), "Sessions/2\n"));
}
END_TEST

START_TEST(test_left_behind_foreign)
{
	sample();
	source_crash();
	bmc_does.stale_user = "root";	/* the BMC counts from 1 again */
	source_start("boot");
	ck_assert(sample()->ok);
	ck_assert_int_eq(bmc_does.deleted, 0);
	ck_assert_ptr_null(strstr(path_read("session"), "Sessions/1\n"));
}
END_TEST

START_TEST(test_left_behind_elsewhere)
{
	redfish_source.close(source, NS_PER_S);
	path_write("n1.session", "bmc=https://another\nuri=" SESSIONS "/1\n");
	bmc_does.stale_user = "admin";
	source_start("boot");
	ck_assert(sample()->ok);
	ck_assert_int_eq(bmc_does.deleted, 0);
}
END_TEST

/* Ours fill the BMC: make room by basic authentication. */
START_TEST(test_full)
{
	sample();
	source_crash();
	bmc_does.stale_user = "admin";
	bmc_does.full_until_deleted = 1;
	int from = fakebmc_requests(bmc);

	source_start("boot");
	ck_assert(sample()->ok);
	ck_assert_str_eq(requests_from(from), LOGIN
			 "GET /SessionService/Sessions/1\n"
			 "DELETE /SessionService/Sessions/1\n" LOGIN READ);
	/* others fill it: nothing to delete, no loop */
	bmc_does.alive = 0;
	bmc_does.full_until_deleted = 100;
	ck_assert(!sample()->ok);
	ck_assert_ptr_nonnull(strstr(last.why.text, "RAC0218"));
	ck_assert_int_eq(last.backoff, BACKOFF_SOON);
	ck_assert_int_eq(last.retry_after_ns, 7 * NS_PER_S);
}
END_TEST

/* ---- failures ---- */

START_TEST(test_failures)
{
	sample();
	bmc_does.power_status = 503;
	bmc_does.power = "{\"error\":{\"@Message.ExtendedInfo\":[{\"Message\":\"Not now.\"}]}}";
	ck_assert(!sample()->ok);
	ck_assert_int_eq(last.backoff, BACKOFF_SOON);
	ck_assert_int_eq(last.retry_after_ns, 9 * NS_PER_S);
	ck_assert_ptr_nonnull(strstr(last.why.text, "status 503 (Not now.)"));
	bmc_does.power_status = 206;	/* well for HTTP, and no reading */
	ck_assert(!sample()->ok);
	ck_assert_ptr_nonnull(strstr(last.why.text, POWER ": status 206"));
	bmc_does.power_status = 200;
	bmc_does.power = "<html>";
	ck_assert(!sample()->ok);
	ck_assert_ptr_nonnull(strstr(last.why.text, "not JSON"));
	ck_assert_ptr_nonnull(strstr(last.why.text, POWER));
}
END_TEST

/* ---- hostile answers ---- */

static const struct {
	const char *what;	/* its name, or the body itself */
	size_t size;		/* of the body; 0: made below */
	const char *why;	/* of a sample that reads it; NULL: 614 W */
} hostile[] = {
#define BODY(text, why) { text, sizeof(text) - 1, why }
#define WATTS(value, why) BODY("{\"PowerControl\":[{\"PowerConsumedWatts\":" value "}]}", why)
	WATTS("null", "is null"),
	WATTS("NaN", "not a finite number"),
	WATTS("nan", "not JSON"),
	WATTS("Infinity", "not a finite number"),
	WATTS("-Infinity", "not a finite number"),
	WATTS("1e400", "not a finite number"),
	WATTS("\"1e400\"", "not a finite number"),
	WATTS("1e9", "more than a node can draw"),
	WATTS("0", "cannot draw"),
	WATTS("-0.0", "cannot draw"),
	WATTS("1e-400", "cannot draw"),
	WATTS("-614", "cannot draw"),
	WATTS("\"-614\"", "cannot draw"),
	WATTS("true", "not a number"),
	WATTS("\"\"", "not a number"),
	WATTS("\"N/A\"", "not a number"),
	WATTS("\"614 W\"", "not a number"),
	WATTS("\"6\xff" "14\"", "not a number"),
	WATTS("\"614\0\"", "not JSON"),
	WATTS("[614]", "not a number"),
	WATTS("{\"Reading\":614}", "not a number"),
	BODY("{\"PowerControl\":[{\"PowerConsumedWatts\":614}],\"PowerControl\":[{}]}",
	     "there is no"),
	WATTS("614,\"PowerConsumedWatts\":null", "is null"),
	WATTS("614,\"PowerConsumedWatts\":\"x\"", "not a number"),
	WATTS("6\xc3\x28", "not JSON"),
	WATTS("614\0", "not JSON"),
	WATTS("0x266", "not JSON"),
	WATTS("614 // W", "not JSON"),
	BODY("{}", "there is no"),
	BODY("[]", "there is no"),
	BODY("null", "JSON"),
	BODY("614", "JSON"),
	BODY("\"614\"", "not JSON"),
	BODY("", "empty"),
	BODY("   \r\n", "empty"),
	BODY("\0", "not JSON"),
	BODY("\xef\xbb\xbf", "empty"),
	BODY("\xff\xfe{\0}\0", "not JSON"),		/* UTF-16 */
	BODY("{\"error\":\"busy\"}", "there is no"),
	BODY("{\"error\":{\"code\":\"x\",\"message\":\"busy\"}}", "there is no"),
	BODY("{\"PowerControl\":{\"PowerConsumedWatts\":614}}", "there is no"),
	BODY("{\"PowerControl\":null}", "there is no"),
	BODY("{\"PowerControl\":\"x\"}", "there is no"),
	BODY("{\"PowerControl\":[]}", "there is no"),
	BODY("{\"PowerControl\":[null]}", "there is no"),
	BODY("{\"PowerControl\":[[]]}", "there is no"),
	BODY("<html><body><form>Log in</form></body></html>", "not JSON"),
	BODY("{\"PowerControl\":[{\"PowerConsumedWatts\":614}]", "too early"),
	BODY("{\"PowerControl\":[{\"PowerConsumedWatts\":6", "too early"),
	BODY("{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}{}", "followed by"),
	BODY("{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}\0", "followed by"),
	{ "10000 deep", 0, "nested too deeply" },
	{ "100 MB", 0, "larger than 256 KB" },
	{ "cut off", 0, POWER },
	/* odd, and none the worse for it */
	BODY("\xef\xbb\xbf{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}", NULL),
	BODY("{\"Name\":\"\xff\xc0\xaf\",\"PowerControl\":[{\"PowerConsumedWatts\":614}]}", NULL),
	WATTS("null,\"PowerConsumedWatts\":614", NULL),
	WATTS("\"614\"", NULL),
};

static int hostile_at;

static void hostile_deep(struct fake_answer *a)
{
	FILE *out = open_memstream(&a->data, &a->size);

	fprintf(out, "HTTP/1.0 200 x\r\n\r\n");
	for (int i = 0; i < 10000; i++)
		fputs("{\"PowerControl\":[", out);
	fclose(out);
	a->close = true;
}

static void hostile_answer(struct fake_answer *a)
{
	const char *what = hostile[hostile_at].what;
	size_t size = hostile[hostile_at].size;

	if (strcmp(what, "10000 deep") == 0)
		return hostile_deep(a);
	FILE *out = open_memstream(&a->data, &a->size);

	a->close = true;
	if (size || !*what)
		fprintf(out, "HTTP/1.1 200 x\r\nContent-Length: %zu\r\n\r\n",
			size);
	else if (strcmp(what, "100 MB") == 0)
		fprintf(out, "HTTP/1.1 200 x\r\nContent-Length: %zu\r\n\r\n",
			a->blanks = 100 * 1024 * 1024);
	else
		fprintf(out, "HTTP/1.1 200 x\r\nContent-Length: 70\r\n\r\n{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}");
	fwrite(what, 1, size, out);
	fclose(out);
}

static long rss_max_kb(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

/* One reason, that says of what, in one line. */
static void reason_clear(const char *path, const char *why)
{
	char url[256];

	snprintf(url, sizeof(url), "%s%s", fakebmc_url(bmc), path);
	ck_assert_msg(strstr(last.why.text, url) != NULL, "no %s in: %s", url,
		      last.why.text);
	ck_assert_msg(strstr(last.why.text, why) != NULL, "no %s in: %s", why,
		      last.why.text);
	for (const char *p = last.why.text; *p; p++)
		ck_assert_msg(*p >= ' ' && *p <= '~', "%s", last.why.text);
}

/* Where power is read: no reading, the reason, and the next one is well. */
START_TEST(test_hostile_read)
{
	const char *why = hostile[_i].why;
	long rss_kb;

	sample();
	hostile_at = _i;
	bmc_does.hostile = hostile_answer;
	bmc_does.hostile_path = POWER;
	rss_kb = rss_max_kb();
	sample();
	ck_assert_int_lt(rss_max_kb() - rss_kb, 4096);
	ck_assert_msg(last.ok == !why, "%s: %g W, %s", hostile[_i].what,
		      last.watts, last.why.text);
	if (why)
		reason_clear(POWER, why);
	else
		ck_assert(last.watts == 614);
	bmc_does.hostile_path = NULL;
	ck_assert_msg(sample()->ok, "%s", last.why.text);
	ck_assert(last.watts == 614);
}
END_TEST

static const char *const on_the_way[] = {
	"/redfish/v1/", "/redfish/v1/Chassis", "/redfish/v1/Chassis/1", POWER,
};

/* And on the way there. The search may do without what it did not get. */
START_TEST(test_hostile_search)
{
	int from;

	hostile_at = _i;
	bmc_does.hostile = hostile_answer;
	for (int i = 0; i < LEN(on_the_way); i++) {
		long rss_kb = rss_max_kb();

		bmc_does.hostile_path = on_the_way[i];
		from = fakebmc_requests(bmc);
		sample();
		ck_assert_int_lt(rss_max_kb() - rss_kb, 8192);
		ck_assert_int_le(fakebmc_requests(bmc) - from, 70);
		if (last.ok)
			ck_assert(last.watts == 614);
		else
			reason_clear("", "");
		bmc_does.hostile_path = NULL;
		ck_assert_msg(sample()->ok, "%s", last.why.text);
		ck_assert(last.watts == 614);
		redfish_source.close(source, NS_PER_S);
		source_start(on_the_way[i]);	/* another boot: no place */
	}
}
END_TEST

/* Every other type, and every address that is none, at each pointer. */
static const char *const types[] = {
	"null", "true", "7", "\"\"", "\"x\"", "[]", "{}", "[[]]", "[null]",
	"{\"@odata.id\":null}", "{\"@odata.id\":[]}", "[{\"@odata.id\":7}]",
	"\"http://127.0.0.1:1/x\"", "\"//127.0.0.1:1/x\"", "\"/a b\"",
	"\"/x\\r\\nHost: y\"", "\"/redfish/v1/../../etc/passwd\"",
	"\"/redfish/v1/Chassis\"",
};

static const struct {
	const char *path, *before, *after;
} pointers[] = {
	{ "/redfish/v1/", "{\"Chassis\":", "}" },
	{ "/redfish/v1/", "{\"Chassis\":{\"@odata.id\":", "}}" },
	{ "/redfish/v1/Chassis", "{\"Members\":", "}" },
	{ "/redfish/v1/Chassis", "{\"Members\":[", "]}" },
	{ "/redfish/v1/Chassis", "{\"Members\":[{\"@odata.id\":", "}]}" },
	{ "/redfish/v1/Chassis/1", "{\"Power\":", "}" },
	{ "/redfish/v1/Chassis/1", "{\"Power\":{\"@odata.id\":", "}}" },
	{ "/redfish/v1/Chassis/1", "{\"ChassisType\":", ",\"Power\":7}" },
	{ POWER, "{\"PowerControl\":", "}" },
	{ POWER, "{\"PowerControl\":[", "]}" },
	{ POWER, "{\"PowerControl\":[{\"Name\":", "}]}" },
};

static char typed_body[256];

static void typed_answer(struct fake_answer *a)
{
	fake_answer_set(a, 200, "", typed_body);
}

START_TEST(test_wrong_type)
{
	char boot[16];
	int from;

	bmc_does.hostile = typed_answer;
	for (int i = 0; i < LEN(types); i++) {
		bmc_does.hostile_path = pointers[_i].path;
		snprintf(typed_body, sizeof(typed_body), "%s%s%s",
			 pointers[_i].before, types[i], pointers[_i].after);
		from = fakebmc_requests(bmc);
		sample();
		ck_assert_int_le(fakebmc_requests(bmc) - from, 70);
		if (last.ok)	/* what is wrong was not needed */
			ck_assert_msg(last.watts == 614, "%s: %g W",
				      typed_body, last.watts);
		else
			reason_clear("", "");
		bmc_does.hostile_path = NULL;
		ck_assert_msg(sample()->ok, "%s: %s", typed_body,
			      last.why.text);
		redfish_source.close(source, NS_PER_S);
		fakebmc_stop(bmc);	/* it remembers so many requests */
		bmc = fakebmc_start(answer, NULL);
		strcpy(conf.bmc.url, fakebmc_url(bmc));
		snprintf(boot, sizeof(boot), "%d", i);
		source_start(boot);
	}
}
END_TEST

/* A BMC that hangs, at login or at a read, while we stop. */
START_TEST(test_close_under_way)
{
	int before, from;

	if (_i)
		sample();
	bmc_does.hangs = true;
	before = readings;
	from = fakebmc_requests(bmc);
	redfish_source.sample(source, on_reading, NULL);
	while (fakebmc_requests(bmc) == from)
		ck_assert_int_eq(http_poll(http, NULL, 0, 10, NULL), 0);
	redfish_source.close(source, NS_PER_S / 2);
	source = NULL;
	ck_assert_int_eq(readings, before);
	/* one that gives up by itself meanwhile */
	source_start("boot");
	redfish_source.sample(source, on_reading, NULL);
	redfish_source.close(source, 4 * NS_PER_S);
	source = NULL;
	ck_assert_int_eq(readings, before);
}
END_TEST

/* ---- the file of sessions ---- */

START_TEST(test_session_file)
{
	session_file_t f;
	char uri[64];

	ck_assert_int_eq(session_file_load(&f, dir, "n1", "", "http://b", NULL), 0);
	ck_assert_uint_eq(f.count, 0);
	ck_assert_int_eq(session_file_add(&f, "x", NULL), -1);
	ck_assert_int_eq(session_file_add(&f, "//evil/x", NULL), -1);
	ck_assert_int_eq(session_file_add(&f, "/a\nuri=/b", NULL), -1);
	for (int i = 0; i < SESSION_FILE_MAX + 2; i++) {
		snprintf(uri, sizeof(uri), "/s/%d", i);
		ck_assert_int_eq(session_file_add(&f, uri, NULL), 0);
	}
	ck_assert_uint_eq(f.count, SESSION_FILE_MAX);
	ck_assert_str_eq(f.uri[0], "/s/2");
	ck_assert_int_eq(session_file_add(&f, "/s/2", NULL), 0);
	ck_assert_str_eq(f.uri[0], "/s/3");
	ck_assert_int_eq(session_file_load(&f, dir, "n1", "", "http://b", NULL), 0);
	ck_assert_uint_eq(f.count, SESSION_FILE_MAX);
	ck_assert_str_eq(f.uri[SESSION_FILE_MAX - 1], "/s/2");
	while (f.count)
		ck_assert_int_eq(session_file_remove(&f, f.uri[0], NULL), 0);
	ck_assert_str_eq(path_read("session"), "");
}
END_TEST

START_TEST(test_state_file)
{
	char path[64], link[64], buf[STATEFILE_MAX], small[4];
	struct err err;

	ck_assert_int_eq(statefile_read(dir, "n1", "x", buf, sizeof(buf), &err), 0);
	ck_assert_int_eq(statefile_write(dir, "n1", "x", "a=1\nbb=2\nb=3\n", &err), 0);
	ck_assert_int_eq(statefile_read(dir, "n1", "x", buf, sizeof(buf), &err), 13);
	ck_assert_int_eq(statefile_get(buf, "b", small, sizeof(small)), 0);
	ck_assert_str_eq(small, "3");
	ck_assert_int_eq(statefile_get(buf, "c", small, sizeof(small)), -1);
	ck_assert_int_eq(statefile_get("a=1234", "a", small, sizeof(small)), -1);
	ck_assert_str_eq(small, "");
	ck_assert_int_eq(statefile_read(dir, "n1", "x", buf, 13, &err), -1);
	snprintf(path, sizeof(path), "%s/n1.x", dir);
	snprintf(link, sizeof(link), "%s/n1.y", dir);
	ck_assert_int_eq(symlink(path, link), 0);
	ck_assert_int_eq(statefile_read(dir, "n1", "y", buf, sizeof(buf), &err), -1);
	unlink(link);
	ck_assert_int_eq(mkdir(link, 0700), 0);
	ck_assert_int_eq(statefile_read(dir, "n1", "y", buf, sizeof(buf), &err), -1);
	ck_assert_int_eq(statefile_write(dir, "n1", "y", "a=1\n", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, link));
	rmdir(link);
	ck_assert_int_eq(statefile_write(dir, "n1", "x", "", &err), 0);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(statefile_write("/nonexistent", "n1", "x", "a", &err), -1);
}
END_TEST

static Suite *redfish_suite(void)
{
	Suite *s = suite_create("redfish");
	TCase *tc = tcase_create("redfish");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_one_request_a_sample);
	tcase_add_test(tc, test_place_kept);
	tcase_add_loop_test(tc, test_place_bad, 0, LEN(bad_places));
	tcase_add_test(tc, test_found_again);
	tcase_add_test(tc, test_session_lost);
	tcase_add_test(tc, test_sessions_refused);
	tcase_add_test(tc, test_all_refused);
	tcase_add_test(tc, test_all_refused_for_ever);
	tcase_add_test(tc, test_refused_now_and_then);
	tcase_add_loop_test(tc, test_echo, 0, LEN(echoes));
	tcase_add_test(tc, test_message_cleaned);
	tcase_add_loop_test(tc, test_login_status, 0, LEN(logins));
	tcase_add_test(tc, test_no_session_service);
	tcase_add_test(tc, test_token_missing);
	tcase_add_test(tc, test_location_missing);
	tcase_add_test(tc, test_basic);
	tcase_add_test(tc, test_secret_refused);
	tcase_add_test(tc, test_left_behind);
	tcase_add_test(tc, test_left_behind_foreign);
	tcase_add_test(tc, test_left_behind_elsewhere);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_failures);
	tcase_add_loop_test(tc, test_hostile_read, 0, LEN(hostile));
	tcase_add_loop_test(tc, test_hostile_search, 0, LEN(hostile));
	tcase_add_loop_test(tc, test_wrong_type, 0, LEN(pointers));
	tcase_add_loop_test(tc, test_close_under_way, 0, 2);
	tcase_add_test(tc, test_session_file);
	tcase_add_test(tc, test_state_file);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(redfish_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
