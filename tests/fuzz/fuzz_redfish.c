/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source at work: it logs in, looks for the place, samples, logs out. The
 * server behaves well, save for the answers of the script (wire.h). The first
 * line of the input says, one character each:
 *
 *   b a    basic authentication; no user at all. Else sessions
 *   e      a BMC with an energy counter
 *   l      the time limit is short
 *   j      the clock jumps between samples
 *   c      it is closed while the script may go on, m: and in a sample
 *
 * Behind the script it finds its way back to good readings, and at the end it
 * leaves no session behind that it was not kept from deleting.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/json_power.h"
#include "source/redfish.h"
#include "fuzz.h"
#include "wire.h"

#define SAMPLES 6
/* Until a place is given up, and sessions are tried again. */
#define SAMPLES_BACK 45
#define SESSIONS_MAX 64
#define SESSIONS_URL "/redfish/v1/SessionService/Sessions"
/* A search, the logins before it, and what is asked again, of one sample. */
#define REQUESTS_MAX (4 * REDFISH_FIND_REQUESTS_MAX + 100)

struct session {
	bool alive;
	char token[WIRE_SECRET_SIZE];
};

struct rig {
	wire_t *wire;
	http_t *http;
	source_t *source;
	const char *flags;
	char password[WIRE_SECRET_SIZE];

	struct session sessions[SESSIONS_MAX];
	unsigned sessions_len;
	unsigned scripted;	/* answers of the script so far */

	bool running, closed;
	int64_t start_ns;
	bool good;		/* the last reading */
};

/* ---- secrets ---- */

/* Words with a URL apart: what a BMC puts into its URLs is no secret to it. */
static void check_secrets(const struct rig *r, const char *text)
{
	char word[1024];

	while (*text) {
		size_t len = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		for (unsigned i = 0; i < r->sessions_len && !strchr(word, '/');
		     i++)
			FUZZ_CHECK(!wire_has(word, r->sessions[i].token));
		if (!strchr(word, '/'))
			FUZZ_CHECK(!wire_has(word, r->password));
		text += len;
		text += strspn(text, " ");
	}
}

static void check_text(const char *text, size_t size)
{
	FUZZ_CHECK(memchr(text, 0, size));
	for (; *text; text++)
		FUZZ_CHECK((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void on_log(void *arg, enum log_level level, const char *line)
{
	(void)level;
	check_secrets(arg, line);
}

/* ---- the server's good behaviour ---- */

static size_t reply_write(char *buf, size_t size, const char *status,
			  const char *headers, const char *body)
{
	return (size_t)snprintf(buf, size, "HTTP/1.1 %s\r\n%s"
				"Content-Length: %zu\r\n\r\n%s", status,
				headers, strlen(body), body);
}

static struct session *session_find(struct rig *r, const char *token)
{
	for (unsigned i = 0; i < r->sessions_len; i++)
		if (r->sessions[i].alive &&
		    strcmp(r->sessions[i].token, token) == 0)
			return &r->sessions[i];
	return NULL;
}

static bool request_allowed(struct rig *r, const struct wire_request *q)
{
	char value[512];

	if (strchr(r->flags, 'a') || strcmp(q->path, "/redfish/v1/") == 0)
		return true;
	if (wire_header(q->head, "X-Auth-Token", value, sizeof(value), NULL))
		return session_find(r, value);
	return wire_header(q->head, "Authorization", value, sizeof(value), NULL);
}

static size_t login_write(struct rig *r, const struct wire_request *q, char *buf,
			  size_t size)
{
	char headers[256];
	struct session *s;

	if (!wire_has(q->body, r->password))
		return reply_write(buf, size, "401 Unauthorized", "", "{}");
	if (r->sessions_len == SESSIONS_MAX)
		return reply_write(buf, size, "503 Service Unavailable", "", "{}");
	s = &r->sessions[r->sessions_len];
	s->alive = true;
	wire_secret(s->token);
	snprintf(headers, sizeof(headers),
		 "X-Auth-Token: %s\r\nLocation: " SESSIONS_URL "/%u\r\n",
		 s->token, r->sessions_len++);
	return reply_write(buf, size, "201 Created", headers, "{}");
}

static size_t session_write(struct rig *r, const struct wire_request *q,
			    char *buf, size_t size)
{
	unsigned long i = strtoul(q->path + strlen(SESSIONS_URL "/"), NULL, 10);

	if (i >= r->sessions_len || !r->sessions[i].alive)
		return reply_write(buf, size, "404 Not Found", "", "{}");
	if (strcmp(q->method, "DELETE") != 0)
		return reply_write(buf, size, "200 OK", "",
				   "{\"UserName\":\"operator\"}");
	r->sessions[i].alive = false;
	return reply_write(buf, size, "204 No Content", "", "");
}

struct resource {
	const char *path, *body;
};

#define CHASSIS "/redfish/v1/Chassis"
#define LINK(name, url) "\"" name "\":{\"@odata.id\":\"" url "\"}"
#define SENSORS CHASSIS "/Node0/Sensors"

static const struct resource plain[] = {
	{ "/redfish/v1/", "{" LINK("Chassis", CHASSIS) ","
	  LINK("SessionService", "/redfish/v1/SessionService") "}" },
	{ CHASSIS, "{\"Members\":[{\"@odata.id\":\"" CHASSIS "/1\"}]}" },
	{ CHASSIS "/1", "{\"ChassisType\":\"RackMount\","
	  LINK("Power", CHASSIS "/1/Power") "}" },
	{ CHASSIS "/1/Power", "{\"PowerControl\":[{\"Name\":\"Server\","
	  "\"PowerConsumedWatts\":412}]}" },
	{ NULL, NULL }
};

static const struct resource counting[] = {
	{ "/redfish/v1/", "{" LINK("Chassis", CHASSIS) ","
	  LINK("SessionService", "/redfish/v1/SessionService") "}" },
	{ CHASSIS, "{\"Members\":[{\"@odata.id\":\"" CHASSIS "/Node0\"}]}" },
	{ CHASSIS "/Node0", "{\"ChassisType\":\"Blade\","
	  LINK("Sensors", SENSORS) "}" },
	{ SENSORS, "{\"Members\":[{\"@odata.id\":\"" SENSORS
	  "/ChassisVoltageRegulator0InputPower\"},{\"@odata.id\":\"" SENSORS
	  "/ChassisVoltageRegulator0InputEnergy\"}]}" },
	{ SENSORS "/ChassisVoltageRegulator0InputPower",
	  "{\"Name\":\"Node\",\"ReadingUnits\":\"W\",\"Reading\":500}" },
	{ SENSORS "/ChassisVoltageRegulator0InputEnergy",
	  "{\"Name\":\"Node\",\"ReadingUnits\":\"J\",\"Reading\":1234567}" },
	{ NULL, NULL }
};

static size_t resource_write(struct rig *r, const struct wire_request *q,
			     char *buf, size_t size)
{
	const struct resource *i = strchr(r->flags, 'e') ? counting : plain;

	for (; i->path; i++)
		if (strcmp(i->path, q->path) == 0)
			return reply_write(buf, size, "200 OK", "", i->body);
	return reply_write(buf, size, "404 Not Found", "", "{}");
}

/* The password goes nowhere but into a login's body, and as a header's. */
static void check_request(const struct rig *r, const struct wire_request *q)
{
	bool post = strcmp(q->method, "POST") == 0;
	char value[512];
	unsigned tokens, logins;

	wire_header(q->head, "X-Auth-Token", value, sizeof(value), &tokens);
	wire_header(q->head, "Authorization", value, sizeof(value), &logins);
	FUZZ_CHECK(tokens + logins <= 1);
	FUZZ_CHECK(!post || tokens + logins == 0);
	FUZZ_CHECK(post || !*q->body);
	FUZZ_CHECK(!strchr(r->flags, 'a') || (!post && !tokens && !logins));
	FUZZ_CHECK(!strchr(r->flags, 'b') || (!post && !tokens));
	FUZZ_CHECK(!r->closed);
}

/* A BMC may quote what it was given, and knows no more than that. */
static const char *secret_given(struct rig *r, const struct wire_request *q)
{
	struct session *s;
	char value[512];

	if (strcmp(q->method, "POST") == 0 ||
	    wire_header(q->head, "Authorization", value, sizeof(value), NULL))
		return r->password;
	if (!wire_header(q->head, "X-Auth-Token", value, sizeof(value), NULL))
		return NULL;
	s = session_find(r, value);
	return s ? s->token : NULL;
}

static size_t on_request(void *arg, const struct wire_request *q, char *buf,
			 size_t size)
{
	struct rig *r = arg;

	check_request(r, q);
	if (q->scripted) {
		r->scripted++;
		wire_tells(r->wire, secret_given(r, q));
		return 0;
	}
	if (strcmp(q->method, "POST") == 0)
		return login_write(r, q, buf, size);
	if (!request_allowed(r, q))
		return reply_write(buf, size, "401 Unauthorized", "", "{}");
	if (strncmp(q->path, SESSIONS_URL "/", strlen(SESSIONS_URL "/")) == 0)
		return session_write(r, q, buf, size);
	return resource_write(r, q, buf, size);
}

/* ---- readings ---- */

static void check_energy(const struct rig *r, const struct reading *d)
{
	if (isnan(d->energy_j))
		return;
	FUZZ_CHECK(isfinite(d->energy_j) && d->energy_j >= 0);
	FUZZ_CHECK(isfinite(d->energy_wrap_j) && d->energy_wrap_j >= 0);
	FUZZ_CHECK(d->energy_ns >= r->start_ns);
}

static void check_reading(const struct rig *r, const struct reading *d)
{
	if (d->ok) {
		FUZZ_CHECK(d->watts > 0 && d->watts <= POWER_MAX_W);
		FUZZ_CHECK(d->boot_ns >= r->start_ns);
		FUZZ_CHECK(strncmp(d->source, "redfish:", 8) == 0);
		check_text(d->source, sizeof(d->source));
		check_energy(r, d);
		return;
	}
	FUZZ_CHECK(*d->why.text);
	FUZZ_CHECK(memchr(d->why.text, 0, sizeof(d->why.text)));
	check_secrets(r, d->why.text);
	FUZZ_CHECK(d->backoff <= BACKOFF_SLOW && d->retry_after_ns >= 0 &&
		   d->retry_after_ns < 86400 * NS_PER_S);
}

static void on_reading(void *arg, const struct reading *d)
{
	struct rig *r = arg;

	FUZZ_CHECK(r->running && !r->closed);
	r->running = false;
	r->good = d->ok;
	check_reading(r, d);
}

static void sample_start(struct rig *r)
{
	timesource_t ts = wire_clock(r->wire);

	if (strchr(r->flags, 'j'))
		wire_clock_jump(r->wire);
	r->start_ns = timesource_boot_ns(&ts);
	r->running = true;
	redfish_source.sample(r->source, on_reading, r);
}

static void sample_run(struct rig *r)
{
	unsigned idle = 0, waits = 0, before = wire_requests(r->wire);

	while (r->running) {
		int wait_ms = 0;

		idle = wire_step(r->wire) ? 0 : idle + 1;
		if (idle > 40) {
			idle = 0;
			wait_ms = wire_stall(r->wire) ? 8 : 1;
			FUZZ_CHECK(++waits < 4000);
		}
		FUZZ_CHECK(http_poll(r->http, NULL, 0, wait_ms, NULL) == 0);
		FUZZ_CHECK(wire_requests(r->wire) - before < REQUESTS_MAX);
	}
}

/* With a BMC that behaves, it ends well, whatever was before. */
static void samples_back(struct rig *r)
{
	unsigned tries = strchr(r->flags, 'l') ? 4 * SAMPLES_BACK : SAMPLES_BACK;

	wire_script_end(r->wire);
	r->good = false;
	while (!r->good && tries--) {
		wire_clock_jump(r->wire);
		sample_start(r);
		sample_run(r);
	}
	FUZZ_CHECK(r->good);
	FUZZ_CHECK(redfish_source.place(r->source)[0] &&
		   redfish_place(r->source));
}

/* ---- an input ---- */

static void conf_fill(struct conf *c, const struct rig *r)
{
	memset(c, 0, sizeof(*c));
	strcpy(c->path, "/etc/wattgate/wattgate.conf");
	strcpy(c->node, "n1");
	c->period_ns = 5 * NS_PER_S;
	c->max_gap_ns = 15 * NS_PER_S;
	snprintf(c->bmc.url, sizeof(c->bmc.url), "%s", wire_url(r->wire));
	c->bmc.insecure = true;
	c->bmc.basic = strchr(r->flags, 'b');
	c->bmc.timeout_ns = strchr(r->flags, 'l') ? NS_PER_S / 125 :
						    5 * NS_PER_S;
	if (strchr(r->flags, 'a'))
		return;
	strcpy(c->bmc.user, "operator");
	fuzz_put("bmc.secret", r->password, strlen(r->password));
	fuzz_path(c->bmc.password_file, sizeof(c->bmc.password_file),
		  "bmc.secret");
}

static void source_start(struct rig *r)
{
	static struct conf conf;
	static logger_t log;
	struct source_env env = {
		.conf = &conf, .meter = &conf.bmc, .suffix = "",
		.http = r->http, .ts = wire_clock(r->wire),
		.boot_id = "00000000-0000-0000-0000-000000000000", .log = &log,
	};
	struct err err = { "" };

	log = (logger_t){ on_log, r, LOG_LEVEL_DEBUG };
	conf_fill(&conf, r);
	r->source = redfish_source.open(&env, &err);
	if (!r->source)
		fuzz_fail(__FILE__, __LINE__, err.text);
}

/*
 * Each answer of the script may have kept one session from its end; so may a
 * limit that is too short for a good answer on a busy machine.
 */
static void source_stop(struct rig *r)
{
	unsigned alive = 0;

	if (strchr(r->flags, 'm')) {
		sample_start(r);
		for (int i = 0; i < 3 && r->running; i++) {
			wire_step(r->wire);
			http_poll(r->http, NULL, 0, 0, NULL);
		}
		if (r->running)		/* nothing is reported any more */
			r->running = false;
	}
	wire_clock_steps(r->wire);
	redfish_source.close(r->source, NS_PER_S / 10);
	r->closed = true;
	for (unsigned i = 0; i < r->sessions_len; i++)
		alive += r->sessions[i].alive;
	FUZZ_CHECK(alive <= r->scripted || strchr(r->flags, 'l'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static wire_t *wire;
	static http_t *http;
	static struct rig r;
	struct fuzz_input in = { data, size };
	char *flags = fuzz_line(&in);

	if (!wire) {
		wire = wire_create();
		http = http_create(NULL);
		FUZZ_CHECK(http);
	}
	memset(&r, 0, sizeof(r));
	r.wire = wire;
	r.http = http;
	r.flags = flags;
	wire_secret(r.password);
	wire_begin(wire, in.at, in.left, on_request, &r);
	wire_hangs(wire, strchr(flags, 'l') ? 2 : 0);
	source_start(&r);
	for (int i = 0; i < SAMPLES; i++) {
		sample_start(&r);
		sample_run(&r);
	}
	if (!strchr(flags, 'c'))
		samples_back(&r);
	source_stop(&r);
	wire_end(wire);
	free(flags);
	return 0;
}
