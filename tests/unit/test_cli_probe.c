/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wattgate probe: its ends, what it prints, what it measures and records. */

#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/json_probe.h"
#include "cli/json_trace.h"
#include "cli/probe.h"
#include "cli/probe_redact.h"
#include "cli/probe_text.h"
#include "cli/probe_trace.h"
#include "cli/probe_watch.h"
#include "source/json_doc.h"
#include "tests/unit/fakebmc.h"
#include "tests/unit/scratch.h"

/* ---- redaction of texts ------------------------------------------------------ */

static const struct {
	const char *text, *redacted;
} redactions[] = {
	/* names, types and links stay */
	{ "", "" },
	{ "System Power Control", "System Power Control" },
	{ "/redfish/v1/Chassis/System.Embedded.1/Power#/PowerControl/0",
	  "/redfish/v1/Chassis/System.Embedded.1/Power#/PowerControl/0" },
	{ "iDRAC.Embedded.1#SystemBoardPwrConsumption",
	  "iDRAC.Embedded.1#SystemBoardPwrConsumption" },
	{ "#Sensor.v1_2_0.Sensor", "#Sensor.v1_2_0.Sensor" },
	{ "#Power.1.0.1.Power", "#Power.1.0.1.Power" },
	{ "ChassisVoltageRegulator0InputPower",
	  "ChassisVoltageRegulator0InputPower" },
	{ "HGX_GPU_SXM_1 PWR_SYSTEM 205L0", "HGX_GPU_SXM_1 PWR_SYSTEM 205L0" },
	{ "Chassis_0_TotalHSC_Power_0", "Chassis_0_TotalHSC_Power_0" },
	{ "CPU1VR0 P12V PSU0 DIMM12", "CPU1VR0 P12V PSU0 DIMM12" },
	{ "ProLiant DL380a Gen11", "ProLiant DL380a Gen11" },
	{ "PowerEdge R750", "PowerEdge R750" },
	{ "12:30 and a::", "12:30 and redacted-1" },
	{ "sha256//no", "sha256//no" },
	{ "12345", "12345" },
	/* addresses */
	{ "10.1.2.3", "redacted-1" },
	{ "http://10.1.2.3:8080/x", "http://redacted-1:8080/x" },
	{ "at 10.1.2.3.", "at redacted-1." },
	{ "256.1.2.3", "256.1.2.3" },
	{ "ip-10-1-2-3", "ip-redacted-1" },
	{ "fe80::1", "redacted-1" },
	{ "::1", "redacted-1" },
	{ "[2001:db8:0:1:2:3:4:5]:443", "[redacted-1" "]:443" },
	{ "::ffff:10.1.2.3", "redacted-1" },
	{ "fe80%3A%3A1/x", "redacted-1/x" },
	{ "00:1a:2b:3c:4d:5e", "redacted-1" },
	{ "00-1A-2B-3C-4D-5E", "redacted-1" },
	{ "00%3A1a%3A2b%3A3c%3A4d%3A5e", "redacted-1" },
	{ "NIC_00_1A_2B_3C_4D_5E", "NIC_redacted-1" },
	{ "001a.2b3c.4d5e", "redacted-1" },
	{ "001A2B3C4D5E", "redacted-1" },
	{ "aabbccddeeff", "redacted-1" },
	{ "50:01:43:80:12:34:56:78", "redacted-1" },
	/* names of hosts */
	{ "node7.example.org", "redacted-1" },
	{ "BMC-7.HPC.EXAMPLE.ORG", "redacted-1" },
	{ "https://node7.example.org:8443/", "https://redacted-1:8443/" },
	{ "admin@node7", "redacted-1" },
	{ "Bob.Smith@example.org", "redacted-1" },
	/* UUIDs and serial numbers */
	{ "4c4c4544-0042-3510-8054-b7c04f564432", "redacted-1" },
	{ "node-4C4C4544-0042-3510-8054-B7C04F564432-x",
	  "node-redacted-1-x" },
	{ "4c4c45440042351080", "redacted-1" },
	{ "/redfish/v1/Systems/QSBP74100021",
	  "/redfish/v1/Systems/redacted-1" },
	{ "/redfish/v1/Systems/QSBP74100021/", "/redfish/v1/Systems/redacted-1/" },
	{ "a%2FQSBP74100021%2Fb", "a%2Fredacted-1%2Fb" },
	{ "CZJ0430Q7X", "redacted-1" },
	{ "JH7DBC2", "redacted-1" },
	{ "sn7410002145", "redacted-1" },
	{ "21061954", "redacted-1" },
	{ "\xc3\xa9QSBP74100021\xc3\xa9", "\xc3\xa9redacted-1\xc3\xa9" },
	/* the same is the same, in either case */
	{ "QSBP74100021 10.1.2.3 qsbp74100021 10.1.2.30",
	  "redacted-1 redacted-2 redacted-1 redacted-3" },
};

START_TEST(test_redact)
{
	redact_t *r = redact_create();
	char *text = redact_text(r, redactions[_i].text);

	ck_assert_str_eq(text, redactions[_i].redacted);
	free(text);
	redact_destroy(r);
}
END_TEST

static void expect_redacted(redact_t *r, const char *text, const char *wanted)
{
	char *got = redact_text(r, text);

	ck_assert_str_eq(got, wanted);
	free(got);
}

START_TEST(test_redact_learn)
{
	redact_t *r = redact_create();

	redact_learn(r, "  mars ");
	redact_learn(r, "Rack Seven");
	redact_learn(r, "mars-two");
	redact_learn(r, "Server");	/* names have it */
	redact_learn(r, "1");
	redact_learn(r, "");
	redact_learn(r, "    ");
	redact_learn(r, "/redfish/v1/Chassis");
	expect_redacted(r, "/redfish/v1/Chassis/MARS", "/redfish/v1/Chassis/redacted-1");
	expect_redacted(r, "mars", "redacted-1");
	expect_redacted(r, "marsh mars1 1 Server", "marsh mars1 1 Server");
	expect_redacted(r, "in rack seven, mars_two", "in redacted-2, redacted-1_two");
	expect_redacted(r, "mars-two", "redacted-3");	/* the longest */
	/* there is an end to it, and nothing comes through then */
	for (int i = 0; i < 2100; i++) {
		char text[32], *got;

		snprintf(text, sizeof(text), "X%dY%d", 1000 + i, 1000 + i);
		got = redact_text(r, text);
		ck_assert_int_eq(strncmp(got, "redacted-", 9), 0);
		if (i == 2050)
			ck_assert_str_eq(got, "redacted-0");
		free(got);
	}
	redact_destroy(r);
}
END_TEST

/* Whatever a text may be, an address in the midst of it does not come through. */
START_TEST(test_redact_random)
{
	static const char letters[] = "aAfFgGzZ0123.:-_%@/ #[]\xc3\xa9";
	char text[80];

	random_start("test_redact_random");
	for (int i = 0; i < 3000; i++) {
		redact_t *r = redact_create();
		int n = (int)random_between(0, 30), m = (int)random_between(0, 20);
		char *got;

		for (int j = 0; j < n + m; j++)
			text[j] = letters[random_between(0, sizeof(letters) - 2)];
		memmove(text + n + 14, text + n, (size_t)m);
		memcpy(text + n, " QSBP7410-0021", 14);
		text[n + 14] = m ? '/' : '\0';
		text[n + m + 14] = '\0';
		redact_learn(r, "QSBP7410-0021");
		got = redact_text(r, text);
		ck_assert_msg(!strstr(got, "7410"), "%s: %s", text, got);
		free(got);
		redact_destroy(r);
	}
}
END_TEST

/* ---- redaction of answers ---------------------------------------------------- */

static char *trace_text(const char *json)
{
	redact_t *r = redact_create();
	char *text;

	json_trace_learn(r, json, strlen(json));
	text = json_trace_redact(r, json, strlen(json));
	redact_destroy(r);
	return text;
}

/* What was kept, on one line and without blanks. */
static const char *kept(const char *json)
{
	static char buf[4096];
	char *text = trace_text(json), *to = buf;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_lt(strlen(text), sizeof(buf));
	for (char *c = text; *c; c++)
		if (!strchr(" \n\t", *c))
			*to++ = *c;
	*to = '\0';
	free(text);
	return buf;
}

static const struct {
	const char *json, *kept;
} traces[] = {
	{ "{}", "{}" },
	{ "[]", "[]" },
	{ "\xef\xbb\xbf{\"Id\":\"1\"}", "{\"Id\":\"1\"}" },
	{ "{\"SerialNumber\":\"x\",\"Location\":{\"Info\":\"here\"},\"Id\":\"1\"}",
	  "{\"Id\":\"1\"}" },
	{ "{\"Description\":\"of mine\",\"AssetTag\":\"me\",\"@odata.etag\":\"W/1\"}",
	  "{}" },
	/*
	 * Readings stay, whatever they are called; a text in place of one goes,
	 * and null says that there was something.
	 */
	{ "{\"PowerWatts\":{\"Reading\":374.5,\"ReadingTime\":\"now\"}}",
	  "{\"PowerWatts\":{\"Reading\":374.5}}" },
	{ "{\"Oem\":{\"Public\":{\"TotalPower\":7,\"PowerOwner\":\"Ann\",\"PowerW\":\"120.5\"}}}",
	  "{\"Oem\":{\"Public\":{\"TotalPower\":7,\"PowerOwner\":null,\"PowerW\":\"120.5\"}}}" },
	{ "{\"PowerSerialNumber\":74100021,\"PowerUUID\":1,\"PowerTokenId\":5}",
	  "{}" },
	{ "{\"EnergykWh\":7.25,\"EnergyJoules\":8,\"PowerConsumedWatts\":null}",
	  "{\"EnergykWh\":7.25,\"EnergyJoules\":8,\"PowerConsumedWatts\":null}" },
	{ "{\"Power of QSBP74100021\":1,\"PowerQSBP74100021\":1,\"Power\xe2\x82\xac\":1}",
	  "{}" },
	/* arrays keep their order */
	{ "{\"PowerControl\":[7,\"x\",{\"Name\":\"a\",\"X\":1},null,[\"8\"]]}",
	  "{\"PowerControl\":[7,null,{\"Name\":\"a\"},null,[\"8\"]]}" },
	{ "{\"RelatedItem\":[\"/redfish/v1/Systems/QSBP74100021\",{\"@odata.id\":\"/x\"}]}",
	  "{\"RelatedItem\":[\"/redfish/v1/Systems/redacted-1\",{\"@odata.id\":\"/x\"}]}" },
	/* numbers as names only while they are small */
	{ "{\"MemberId\":3,\"Id\":74100021,\"Name\":true}",
	  "{\"MemberId\":3,\"Id\":null,\"Name\":true}" },
	/* what is dropped is known elsewhere */
	{ "{\"HostName\":\"mars\",\"Name\":\"Powerofmars\",\"Id\":\"mars\"}",
	  "{\"Name\":\"Powerofmars\",\"Id\":\"redacted-1\"}" },
	{ "{\"Identifiers\":[{\"DurableName\":\"qqqq\"}],\"Members\":[{\"@odata.id\":\"/redfish/v1/Chassis/qqqq\"}]}",
	  "{\"Members\":[{\"@odata.id\":\"/redfish/v1/Chassis/redacted-1\"}]}" },
	/* escapes hide nothing, and are put out again */
	{ "{\"Name\":\"\\u0051SBP74100021\\u001b[31m\"}",
	  "{\"Name\":\"redacted-1\\u001b[31m\"}" },
	{ "{\"Name\":\"a\\u0000QSBP74100021\"}", "{\"Name\":null}" },
	{ "{\"error\":{\"code\":\"Base.1.0\",\"message\":\"Ann may not\",\"@Message.ExtendedInfo\":[{\"MessageId\":\"Base.1.8.PasswordChangeRequired\",\"Message\":\"x\"}]}}",
	  "{\"error\":{\"code\":\"Base.1.0\",\"@Message.ExtendedInfo\":[{\"MessageId\":\"Base.1.8.PasswordChangeRequired\"}]}}" },
	{ "{\"error\":\"of Ann\"}", "{\"error\":\"ofAnn\"}" },
};

START_TEST(test_trace_text)
{
	ck_assert_str_eq(kept(traces[_i].json), traces[_i].kept);
}
END_TEST

START_TEST(test_trace_no_json)
{
	static const char *const bad[] = {
		"", " ", "null", "7", "<html>", "{", "{}x",
	};
	char deep[200] = "", name[400], json[500];

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!trace_text(bad[i]), "%s", bad[i]);
	memset(deep, '[', 100);
	ck_assert_ptr_null(trace_text(deep));
	/* a name of 300 characters is none */
	memset(name, 'a', 300);
	name[300] = '\0';
	snprintf(json, sizeof(json), "{\"Name\":\"%s\"}", name);
	ck_assert_str_eq(kept(json), "{\"Name\":null}");
}
END_TEST

/* ---- a BMC that is full of secrets ------------------------------------------- */

#define SYSTEM "/redfish/v1/Systems/QSBP74100021"
#define CHASSIS "/redfish/v1/Chassis/mars"

static const char *const secrets[] = {
	"QSBP7410", "4c4c4544", "mars", "10.20.30.40", "fe80", "00:1a",
	"5e:6f", "Venus", "P12345-B21", "Basement", "Ann", "ASSET-77",
	"example.org", "hush-token", "74100099",
};

/* URL, answer; the power is the second entry's. */
static const struct {
	const char *url, *body;
} tree[] = {
	{ "/redfish/v1/",
	  "{\"@odata.id\":\"/redfish/v1/\",\"UUID\":\"4c4c4544-0042-3510-8054-b7c04f564432\","
	  "\"RedfishVersion\":\"1.8.0\",\"Name\":\"BMC of mars.example.org at 10.20.30.40\","
	  "\"Oem\":{\"Dell\":{\"ServiceTag\":\"JH7ABC2\",\"ManagerMACAddress\":\"00:1a:2b:3c:4d:5e\"}},"
	  "\"Chassis\":{\"@odata.id\":\"/redfish/v1/Chassis\"}}" },
	{ "/redfish/v1/Chassis",
	  "{\"Members\":[{\"@odata.id\":\"" CHASSIS "\"}],\"Members@odata.count\":1}" },
	{ CHASSIS,
	  "{\"@odata.id\":\"" CHASSIS "\",\"Id\":\"mars\",\"Name\":\"Chassis JH7ABC2\","
	  "\"ChassisType\":\"RackMount\",\"SerialNumber\":\"QSBP74100021\",\"SKU\":\"74100099\","
	  "\"PartNumber\":\"P12345-B21\",\"AssetTag\":\"ASSET-77\",\"HostName\":\"mars\","
	  "\"Location\":{\"Info\":\"Basement, ask Ann\"},\"Manufacturer\":\"Acme\","
	  "\"Links\":{\"ComputerSystems\":[{\"@odata.id\":\"" SYSTEM "\"}],"
	  "\"ManagersInChassis\":[{\"@odata.id\":\"/redfish/v1/Managers/Venus\"}]},"
	  "\"Oem\":{\"Acme\":{\"Token\":\"hush-token\",\"IPv6\":\"fe80::21a\"}},"
	  "\"Power\":{\"@odata.id\":\"" CHASSIS "/Power\"}}" },
	{ CHASSIS "/Power",
	  "{\"@odata.id\":\"" CHASSIS "/Power\",\"PowerControl\":["
	  "{\"Name\":\"CPU Power\",\"PowerConsumedWatts\":100},"
	  "{\"Name\":\"Server Power of QSBP74100021\",\"PowerConsumedWatts\":321.5,"
	  "\"RelatedItem\":[{\"@odata.id\":\"" SYSTEM "\"}]}],"
	  "\"PowerSupplies\":[{\"Name\":\"PSU1 at 00:1a:2b:3c:5e:6f\",\"SerialNumber\":\"PS74100099\","
	  "\"PowerInputWatts\":330,\"Oem\":{\"Acme\":{\"PowerOwner\":\"Ann\"}}}]}" },
};

static const char *body_of(const char *url)
{
	size_t n = strlen(url);

	for (size_t i = 0; i < COUNT(tree); i++) {
		size_t m = strlen(tree[i].url);

		m -= tree[i].url[m - 1] == '/';
		if (strncmp(url, tree[i].url, m) == 0 &&
		    (n == m || (n == m + 1 && url[m] == '/')))
			return tree[i].body;
	}
	return NULL;
}

/* Search, by answers of `get`; hands them to the trace where there is one. */
static double search(char *(*get)(const char *url), trace_t *trace)
{
	redfish_find_t *f = redfish_find_create(NULL);
	const struct redfish_place *place;
	double watts = NAN;
	char *body;

	while (redfish_find_next(f) == REDFISH_FIND_ASK) {
		const char *url = redfish_find_url(f);
		char text[512];

		body = get(url);
		snprintf(text, sizeof(text), "%s", url);
		if (trace)
			trace_add(trace, text, body ? 200 : 404,
				  body ? body : "{}", strlen(body ? body : "{}"));
		redfish_find_answer(f, body ? 200 : 404, body ? body : "{}",
				    strlen(body ? body : "{}"));
		free(body);
	}
	if (redfish_find_next(f) == REDFISH_FIND_FOUND) {
		place = redfish_find_place(f);
		body = get(place->power.url);
		ck_assert_ptr_nonnull(body);
		ck_assert_int_eq(redfish_power_read(&place->power, body,
						    strlen(body), &watts, NULL), 0);
		free(body);
	}
	redfish_find_destroy(f);
	return watts;
}

static char *get_tree(const char *url)
{
	const char *body = body_of(url);

	return body ? strdup(body) : NULL;
}

static char *get_trace(const char *url)
{
	char path[512];
	size_t size;

	snprintf(path, sizeof(path), "%s/trace%s%sindex.json", scratch, url,
		 url[strlen(url) - 1] == '/' ? "" : "/");
	return access(path, R_OK) == 0 ? file_read(path, &size) : NULL;
}

/* grep -r: does any file or name under the trace have it? */
static bool trace_has(const char *text)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "grep -rqiF -e '%s' '%s/trace' || find '%s/trace' -iname '*%s*' | grep -q .",
		 text, scratch, scratch, text);
	return system(command) == 0;
}

static trace_t *trace_open(void)
{
	struct err err = { "" };
	trace_t *t = trace_create(scratch_path("trace"), "mars.example.org",
				  &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

START_TEST(test_trace)
{
	trace_t *t = trace_open();
	struct err err = { "" };

	ck_assert_double_eq(search(get_tree, t), 321.5);
	trace_add(t, "/redfish/v1/Systems/QSBP74100021", 503, "busy", 4);
	ck_assert_msg(trace_write(t, &err) == 0, "%s", err.text);
	trace_destroy(t);
	for (size_t i = 0; i < COUNT(secrets); i++)
		ck_assert_msg(!trace_has(secrets[i]), "%s", secrets[i]);
	ck_assert(trace_has("redacted-1"));
	ck_assert(trace_has("Server Power of redacted-"));
	ck_assert_double_eq(search(get_trace, NULL), 321.5);
	ck_assert_int_eq(file_mode(scratch_path("trace")) & 0777, 0700);
	ck_assert_int_eq(file_mode(scratch_path("trace/_status.tsv")) & 0777,
			 0600);
}
END_TEST

/* The BMC's own name is known by the URL, dots or not. */
START_TEST(test_trace_host)
{
	trace_t *t = trace_create(scratch_path("trace"), "pluto.lan", NULL);

	ck_assert_ptr_nonnull(t);
	trace_add(t, "/redfish/v1/Chassis/pluto", 200,
		  "{\"Name\":\"Pluto at pluto.lan\",\"Model\":\"Plutonium\"}", 49);
	ck_assert_int_eq(trace_write(t, NULL), 0);
	trace_destroy(t);
	ck_assert(!trace_has("pluto.lan"));
	ck_assert(!trace_has("Chassis/pluto"));
	ck_assert(!trace_has("Pluto at"));
	ck_assert(trace_has("Plutonium"));
}
END_TEST

START_TEST(test_trace_status)
{
	trace_t *t = trace_open();
	char *text;
	size_t size;

	trace_add(t, "/redfish/v1/Chassis/1", 404, "{}", 2);
	trace_add(t, "/redfish/v1/Chassis/1", 403, "{\"error\":\"no\"}", 14);
	trace_add(t, "/redfish/v1/Chassis/2/", 200, "<html>QSBP74100021", 18);
	trace_add(t, "/redfish/v1/Chassis/3", 204, "", 0);
	ck_assert_int_eq(trace_write(t, NULL), 0);
	trace_destroy(t);
	text = file_read(scratch_path("trace/_status.tsv"), &size);
	ck_assert_str_eq(text, "/redfish/v1/Chassis/1\t403\n"
			 "# /redfish/v1/Chassis/2: 18 bytes that are not JSON\n"
			 "# /redfish/v1/Chassis/3: status 204\n"
			 "# /redfish/v1/Chassis/3: 0 bytes that are not JSON\n");
	free(text);
	text = file_read(scratch_path("trace/redfish/v1/Chassis/1/index.json"),
			 &size);
	ck_assert_ptr_nonnull(strstr(text, "\"no\""));
	free(text);
}
END_TEST

/* A BMC chooses the names: nothing lands outside, nothing is written over. */
START_TEST(test_trace_paths)
{
	static const char *const paths[] = {
		"/redfish/v1/../../../out", "/../out", "/redfish/v1/./x",
		"/redfish//v1", "/redfish/v1/Chassis/index.json",
		"/redfish/v1/Chassis/index.json/x", "/_status.tsv",
		"/redfish/v1/a\nb", "/", "",
	};
	char longer[600] = "/redfish/v1/";
	trace_t *t = trace_open();

	memset(longer + 12, 'x', 300);
	trace_add(t, longer, 200, "{}", 2);
	for (size_t i = 0; i < COUNT(paths); i++)
		trace_add(t, paths[i], 200, "{\"Id\":\"bad\"}", 12);
	trace_add(t, "/redfish/v1/Chassis", 200, "{\"Id\":\"fine\"}", 13);
	ck_assert_int_eq(trace_write(t, NULL), 0);
	trace_destroy(t);
	ck_assert_int_ne(access(scratch_path("out"), F_OK), 0);
	ck_assert(trace_has("\"fine\""));
	ck_assert(trace_has("cannot be the name of a file"));
	ck_assert_int_ne(access(scratch_path("trace/out"), F_OK), 0);
	ck_assert_int_eq(access(scratch_path("trace/redfish/v1/a?b/index.json"),
				F_OK), 0);
}
END_TEST

START_TEST(test_trace_refused)
{
	struct err err;

	/* an empty one is taken */
	ck_assert_int_eq(mkdir(scratch_path("trace"), 0700), 0);
	trace_destroy(trace_open());
	file_write(scratch_path("trace/x"), "", 0);
	ck_assert_ptr_null(trace_create(scratch_path("trace"), "h", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "is not empty"));
	ck_assert_ptr_null(trace_create(scratch_path("no/where"), "h", &err));
	ck_assert_ptr_null(trace_create(scratch_path("trace/x"), "h", &err));
	ck_assert_int_eq(mkdir(scratch_path("open"), 0700), 0);
	ck_assert_int_eq(chmod(scratch_path("open"), 0777), 0);
	ck_assert_ptr_null(trace_create(scratch_path("open"), "h", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "writable by others"));
}
END_TEST

/* ---- JSON -------------------------------------------------------------------- */

#define HOSTILE "\033[31m\"\\\n\xff</script>\xe2\x80\xae"

static const struct redfish_note notes[] = {
	{ 0, REDFISH_SEEN, 0, "/redfish/v1", "", "Acme" },
	{ 1, REDFISH_SEEN, 0, "/redfish/v1/Chassis/1", "", "RackMount" },
	{ 2, REDFISH_REJECTED, 100, "/redfish/v1/Chassis/1/Power",
	  "/PowerControl/0/PowerConsumedWatts", "a CPU" },
	{ 2, REDFISH_CHOSEN, 614.25, "", "/PowerControl/1/PowerConsumedWatts",
	  "Server" },
	{ 2, REDFISH_COUNTER, 0, "/redfish/v1/Chassis/1/Sensors/e", "/Reading",
	  "" },
	{ 1, REDFISH_CANDIDATE, 7, "/redfish/v1/Chassis/2", "", HOSTILE },
};

static const struct redfish_place place = {
	.power = { "/redfish/v1/Chassis/1/Power", 2,
		   { "/PowerSupplies/0/PowerInputWatts",
		     "/PowerSupplies/1/PowerInputWatts" } },
	.energy = { "/redfish/v1/Chassis/1/Sensors/e", 1, { "/Reading" } },
	.energy_unit_j = 1, .source = "redfish:psu",
};

static const struct probe_result found = {
	.end = PROBE_POWER, .place = &place, .requests = 9, .login = "session",
	.reading = { .ok = true, .watts = 614, .energy_j = 1222273783 },
	.notes = notes, .notes_len = COUNT(notes), .latency_ns = 41000000,
};

static json_doc_t *json_of(const struct probe_result *r, char **text)
{
	size_t size = 0;
	struct err err;
	FILE *f = open_memstream(text, &size);
	json_doc_t *doc;

	json_print_probe(f, r);
	fclose(f);
	doc = json_doc_parse(*text, size, &err);
	ck_assert_msg(doc != NULL, "%s: %s", err.text, *text);
	return doc;
}

static void expect_string(const json_doc_t *doc, const char *pointer,
			  const char *wanted)
{
	char got[600];

	ck_assert_int_eq(json_doc_string(doc, pointer, got, sizeof(got)), 0);
	ck_assert_str_eq(got, wanted);
}

static void expect_number(const json_doc_t *doc, const char *pointer,
			  enum json_number kind, double wanted)
{
	double got;

	ck_assert_int_eq(json_doc_number(doc, pointer, &got), kind);
	ck_assert_double_eq(got, wanted);
}

START_TEST(test_json_found)
{
	char *text;
	json_doc_t *doc = json_of(&found, &text);

	ck_assert_ptr_nonnull(strstr(text, "\"watts\": 614.0,"));
	ck_assert_ptr_nonnull(strstr(text, "\"requests\": 9,"));
	expect_number(doc, "/watts", JSON_NUMBER_OK, 614);
	expect_number(doc, "/energy_j", JSON_NUMBER_OK, 1222273783);
	expect_string(doc, "/url", "/redfish/v1/Chassis/1/Power");
	expect_string(doc, "/pointer", "/PowerSupplies/0/PowerInputWatts + "
		      "/PowerSupplies/1/PowerInputWatts");
	ck_assert_ptr_null(strstr(text, "\"reason\""));
	ck_assert_int_eq(json_doc_length(doc, "/notes"), COUNT(notes));
	expect_string(doc, "/notes/0/verdict", "seen");
	expect_string(doc, "/notes/2/verdict", "rejected");
	expect_string(doc, "/notes/3/verdict", "chosen");
	expect_string(doc, "/notes/4/verdict", "counter");
	expect_string(doc, "/notes/5/verdict", "candidate");
	expect_number(doc, "/notes/0/watts", JSON_NUMBER_NULL, 0);
	expect_number(doc, "/notes/3/watts", JSON_NUMBER_OK, 614.25);
	/* the line above's */
	expect_string(doc, "/notes/3/url", "/redfish/v1/Chassis/1/Power");
	expect_string(doc, "/notes/3/pointer",
		      "/PowerControl/1/PowerConsumedWatts");
	/* what is no UTF-8 becomes U+FFFD; no control character goes out */
	expect_string(doc, "/notes/5/text",
		      "\033[31m\"\\\n\xef\xbf\xbd</script>\xe2\x80\xae");
	ck_assert_ptr_null(strchr(text, '\033'));
	json_doc_destroy(doc);
	free(text);
}
END_TEST

START_TEST(test_json_unavailable)
{
	struct probe_result r = { .end = PROBE_UNAVAILABLE, .requests = 2,
				  .reading.energy_j = 5, .reading.watts = 5,
				  .reason = { HOSTILE } };
	char *text;
	json_doc_t *doc = json_of(&r, &text);

	expect_number(doc, "/watts", JSON_NUMBER_NULL, 0);
	expect_number(doc, "/energy_j", JSON_NUMBER_NULL, 0);
	expect_number(doc, "/url", JSON_NUMBER_NULL, 0);
	expect_number(doc, "/pointer", JSON_NUMBER_NULL, 0);
	expect_number(doc, "/requests", JSON_NUMBER_OK, 2);
	ck_assert_int_eq(json_doc_length(doc, "/notes"), 0);
	expect_string(doc, "/reason",
		      "\033[31m\"\\\n\xef\xbf\xbd</script>\xe2\x80\xae");
	json_doc_destroy(doc);
	free(text);
}
END_TEST

START_TEST(test_json_no_counter)
{
	struct probe_result r = found;
	char *text;
	json_doc_t *doc;

	r.reading.energy_j = NAN;
	doc = json_of(&r, &text);
	expect_number(doc, "/energy_j", JSON_NUMBER_NULL, 0);
	json_doc_destroy(doc);
	free(text);
}
END_TEST

/* ---- for people -------------------------------------------------------------- */

static char *tree_of(const struct probe_result *r, bool utf8)
{
	struct probe_look look = { .utf8 = utf8 };
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	probe_print_tree(f, r, &look);
	fclose(f);
	return text;
}

START_TEST(test_tree)
{
	char *text = tree_of(&found, false);

	ck_assert_str_eq(text,
		"/redfish/v1  Acme\n"
		"|- /redfish/v1/Chassis/1  RackMount\n"
		"|  |- no: /redfish/v1/Chassis/1/Power#/PowerControl/0/PowerConsumedWatts  100 W  a CPU\n"
		"|  |- => /PowerControl/1/PowerConsumedWatts  614.25 W  Server\n"
		"|  `- => /redfish/v1/Chassis/1/Sensors/e#/Reading\n"
		"`- or: /redfish/v1/Chassis/2  7 W  ?[31m\"\\??" "</script>?\n");
	free(text);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return;
	text = tree_of(&found, true);
	ck_assert_ptr_nonnull(strstr(text, "\n│  ├─ no: /redfish"));
	ck_assert_ptr_nonnull(strstr(text, "\n└─ or: /redfish/v1/Chassis/2  7 W  ?[31m\"\\??" "</script>?\n"));
	free(text);
	setlocale(LC_CTYPE, "C");
}
END_TEST

START_TEST(test_tree_odd)
{
	static const struct redfish_note deep[] = {
		{ 4000000000, REDFISH_SEEN, 0, "/a", "", "" },
		{ 0, REDFISH_SEEN, 0, "", "", "" },
		{ 5, REDFISH_CHOSEN, 1, "", "", "" },
	};
	struct probe_result r = { .notes = deep, .notes_len = COUNT(deep) };
	char *text = tree_of(&r, false);

	ck_assert_uint_lt(strlen(text), 200);
	ck_assert_ptr_nonnull(strstr(text, "`- => 1 W\n"));
	free(text);
	r.notes_len = 0;
	text = tree_of(&r, false);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

static char *summary_of(const struct probe_result *r, const struct conf *conf)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	probe_print_summary(f, r, conf, false, false);
	fclose(f);
	return text;
}

static void expect_summary(const struct probe_result *r,
			   const struct conf *conf, const char *line)
{
	char *text = summary_of(r, conf);

	ck_assert_msg(strstr(text, line) != NULL, "no \"%s\" in\n%s", line,
		      text);
	ck_assert_ptr_null(strchr(text, '\033'));
	free(text);
}

START_TEST(test_summary)
{
	struct conf conf = { .bmc = { .url = "https://bmc", .user = "ann" } };
	struct probe_result r = found;

	expect_summary(&r, &conf, "power     614 W\n");
	expect_summary(&r, &conf, "at        https://bmc/redfish/v1/Chassis/1/Power#/PowerSupplies/0/PowerInputWatts + /PowerSupplies/1/PowerInputWatts (redfish:psu)\n");
	expect_summary(&r, &conf, "energy    1222273783 J (339.52 kWh), at /redfish/v1/Chassis/1/Sensors/e\n");
	expect_summary(&r, &conf, "requests  9\n");
	expect_summary(&r, &conf, "TLS       verified by the system's CAs\n");
	expect_summary(&r, &conf, "login     ann, by a session\n");
	r.login = "basic";
	r.reading.energy_j = NAN;
	strcpy(conf.bmc.ca_file, "ca");
	expect_summary(&r, &conf, "its counter did not answer\n");
	expect_summary(&r, &conf, "verified by the CA that --ca names\n");
	expect_summary(&r, &conf, "ann, with each request (basic)\n");
	strcpy(conf.bmc.public_key, "sha256//x");
	expect_summary(&r, &conf, "verified by the CA that --ca names, and it has the key that --public-key names\n");
	conf.bmc.ca_file[0] = '\0';
	expect_summary(&r, &conf, "TLS       verified: it has the key that --public-key names\n");
	conf.bmc.public_key[0] = '\0';
	conf.bmc.insecure = true;
	expect_summary(&r, &conf, "NOT verified");
	strcpy(conf.bmc.url, "http://bmc");
	expect_summary(&r, &conf, "none: plain http");
}
END_TEST

START_TEST(test_summary_unavailable)
{
	struct conf conf = { .bmc = { .url = "https://bmc" } };
	struct probe_result r = { .end = PROBE_UNAVAILABLE, .login = "none",
				  .reason = { "needs insecure = true " HOSTILE } };

	expect_summary(&r, &conf, "power     unavailable\n");
	expect_summary(&r, &conf, "reason    needs --insecure ?[31m\"\\??" "</script>");
	expect_summary(&r, &conf, "--node NAME");
	expect_summary(&r, &conf, "Nobody was logged in");
	expect_summary(&r, &conf, "--trace DIR");
	strcpy(conf.bmc.node, "Node0");
	expect_summary(&r, &conf, "Try without");
	r.place = &place;
	expect_summary(&r, &conf, "Is the node on?");
	strcpy(r.reason.text, "/redfish/v1/Chassis answers status 403");
	expect_summary(&r, &conf, "May this user read it?");
}
END_TEST

/* ---- watching ---------------------------------------------------------------- */

#define MS INT64_C(1000000)

static void watch_stats_put(struct watch_stats *s, int64_t at_ms, int64_t latency_ms,
		      double watts)
{
	struct watch_sample sample = { at_ms * MS, latency_ms * MS, watts };

	watch_stats_add(s, &sample);
}

START_TEST(test_watch_stats)
{
	struct watch_stats s = { 0 };

	ck_assert_double_nan(watch_period_s(&s));
	/* read each second; the sensor is refreshed each three */
	for (int i = 0; i < 12; i++)
		watch_stats_put(&s, 1000 * i, i % 2 ? 50 : 30,
			  600 + (i / 3 % 2 ? 0.5 : 0) + i / 3);
	ck_assert_uint_eq(s.asked, 12);
	ck_assert_uint_eq(s.good, 12);
	ck_assert_uint_eq(s.periods, 11);
	ck_assert_double_eq_tol(watch_period_s(&s), 1, 1e-9);
	ck_assert_double_eq_tol(s.mean_latency_ns, 40e6, 1);
	/* of the values 30 and 50, six each: 10 * sqrt(12 / 11) */
	ck_assert_double_eq_tol(watch_jitter_s(&s), 10.4447e-3, 1e-6);
	ck_assert_int_eq(s.min_latency_ns, 30 * MS);
	ck_assert_int_eq(s.max_latency_ns, 50 * MS);
	ck_assert_uint_eq(s.changes, 3);
	ck_assert_double_eq_tol(s.step_w, 0.5, 1e-9);
	ck_assert_double_eq_tol(watch_refresh_s(&s), 3, 1e-9);
	ck_assert_int_eq(s.shortest_ns, 3000 * MS);
	ck_assert_double_eq(s.min_w, 600);
	ck_assert_double_eq(s.max_w, 603.5);
}
END_TEST

START_TEST(test_watch_gap)
{
	struct watch_stats s = { 0 };

	watch_stats_add(&s, NULL);
	watch_stats_put(&s, 1000, 10, 100);
	watch_stats_put(&s, 2000, 10, 100);
	watch_stats_add(&s, NULL);
	watch_stats_add(&s, NULL);
	watch_stats_put(&s, 5000, 10, 100 + 1e-12);	/* no step */
	watch_stats_put(&s, 6100, 10, 90);
	ck_assert_uint_eq(s.asked, 7);
	ck_assert_uint_eq(s.good, 4);
	ck_assert_uint_eq(s.periods, 2);
	ck_assert_int_eq(s.period_ns, 1100 * MS);
	ck_assert_double_eq_tol(watch_period_s(&s), 1.05, 1e-9);
	ck_assert_uint_eq(s.changes, 1);
	ck_assert_double_nan(watch_refresh_s(&s));
}
END_TEST

static void expect_watch(const struct watch_stats *s, const char *wanted)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	watch_print_summary(f, s, NS_PER_S, "# ");
	fclose(f);
	ck_assert_msg(strstr(text, wanted) != NULL, "no \"%s\" in\n%s", wanted,
		      text);
	ck_assert_ptr_null(strstr(text, "nan"));
	ck_assert_ptr_null(strstr(text, "inf"));
	free(text);
}

START_TEST(test_watch_summary)
{
	struct watch_stats s = { 0 };

	watch_stats_add(&s, NULL);
	expect_watch(&s, "# samples   1, 0 of them with power\n");
	watch_stats_put(&s, 0, 10, 100);
	expect_watch(&s, "# power     100 W mean, 100 to 100 W\n");
	expect_watch(&s, "# latency   10 ms mean, 10 to 10 ms\n");
	watch_stats_put(&s, 1000, 10, 100);
	expect_watch(&s, "the value did not change in 1 s\n");
	watch_stats_put(&s, 2000, 10, 101);
	expect_watch(&s, "smallest step 1 W; changed once\n");
	watch_stats_put(&s, 3000, 10, 104);
	expect_watch(&s, "changes as often as it is read, each 1 s or faster\n");
	expect_watch(&s, "# period    1 s mean, 1 s wanted\n");
	for (int i = 4; i < 20; i++)
		watch_stats_put(&s, 1000 * i, 10, 104 + i / 4);
	expect_watch(&s, "smallest step 1 W; changes each ");
}
END_TEST

/* ---- a probe at work --------------------------------------------------------- */

static struct {
	const char *power;	/* of the answer */
	const char *second;	/* from the third answer on, or NULL */
	int chassis_status, power_status, login_status;
	int second_status;	/* of the answers from the second on */
	bool hangs;
	int logins, logouts, samples;
} bmc_does;

static fakebmc_t *bmc;
static struct conf conf;
static int stop[2];

#define SESSIONS "/redfish/v1/SessionService/Sessions"

static void answer_power(struct fake_answer *a)
{
	const char *text = ++bmc_does.samples > 2 && bmc_does.second ?
			   bmc_does.second : bmc_does.power;

	if (bmc_does.samples > 1 && bmc_does.second_status)
		fake_answer_set(a, bmc_does.second_status, "", "{}");
	else
		fake_answer_set(a, bmc_does.power_status ?
				bmc_does.power_status : 200, "", text);
}

static void answer(void *arg, const struct fake_request *req,
		   struct fake_answer *a)
{
	(void)arg;
	if (bmc_does.hangs) {
		a->hang = true;
	} else if (strcmp(req->method, "POST") == 0) {
		bmc_does.logins++;
		if (bmc_does.login_status)
			fake_answer_set(a, bmc_does.login_status, "", "{}");
		else
			fake_answer_set(a, 201, "X-Auth-Token: t\r\nLocation: " SESSIONS "/1\r\n", "{}");
	} else if (strcmp(req->method, "DELETE") == 0) {
		bmc_does.logouts++;
		fake_answer_set(a, 204, "", "");
	} else if (strcmp(req->path, "/redfish/v1/") == 0) {
		fake_answer_set(a, 200, "", "{\"Chassis\":{\"@odata.id\":\"/redfish/v1/Chassis\"},\"Links\":{\"Sessions\":{\"@odata.id\":\"" SESSIONS "\"}}}");
	} else if (bmc_does.chassis_status &&
		   strstr(req->path, "/Chassis")) {
		fake_answer_set(a, bmc_does.chassis_status, "", "{}");
	} else if (strcmp(req->path, "/redfish/v1/Chassis") == 0) {
		fake_answer_set(a, 200, "", "{\"Members\":[{\"@odata.id\":\"/redfish/v1/Chassis/1\"}]}");
	} else if (strcmp(req->path, "/redfish/v1/Chassis/1") == 0) {
		fake_answer_set(a, 200, "", "{\"ChassisType\":\"RackMount\",\"Power\":{\"@odata.id\":\"/redfish/v1/Chassis/1/Power\"}}");
	} else if (strcmp(req->path, "/redfish/v1/Chassis/1/Power") == 0) {
		answer_power(a);
	} else {
		fake_answer_set(a, 404, "", "{}");
	}
}

#define POWER(w) "{\"PowerControl\":[{\"Name\":\"System Power Control\",\"PowerConsumedWatts\":" w "}]}"

static void setup(void)
{
	scratch_setup();
	memset(&bmc_does, 0, sizeof(bmc_does));
	bmc_does.power = POWER("614");
	bmc = fakebmc_start(answer, NULL);
	ck_assert_int_eq(pipe(stop), 0);
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.node, "probe");
	strcpy(conf.bmc.url, fakebmc_url(bmc));
	conf.bmc.insecure = true;
	conf.bmc.timeout_ns = 2 * NS_PER_S;
	conf.period_ns = NS_PER_S;
	conf.max_gap_ns = 3 * NS_PER_S;
}

static void teardown(void)
{
	fakebmc_stop(bmc);
	close(stop[0]);
	close(stop[1]);
	scratch_teardown();
}

static probe_t *probe_start(void)
{
	struct probe_params params = { .conf = &conf, .stop_fd = stop[0] };
	struct err err = { "" };
	probe_t *p = probe_open(&params, &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	return p;
}

static void with_login(void)
{
	file_write(scratch_path("secret"), "hush\n", 5);
	ck_assert_int_eq(chmod(scratch_path("secret"), 0600), 0);
	strcpy(conf.bmc.user, "ann");
	strcpy(conf.bmc.password_file, scratch_path("secret"));
}

START_TEST(test_probe_power)
{
	const struct probe_result *r;
	probe_t *p;

	with_login();
	p = probe_start();
	r = probe_sample(p);
	ck_assert_msg(r->end == PROBE_POWER, "%s", r->reason.text);
	ck_assert_double_eq(r->reading.watts, 614);
	ck_assert(isnan(r->reading.energy_j));
	ck_assert_str_eq(r->place->power.url, "/redfish/v1/Chassis/1/Power");
	ck_assert_str_eq(r->login, "session");
	/* root, chassis, member, power; and the sample. No logins */
	ck_assert_uint_eq(r->requests, 5);
	ck_assert_int_gt(r->latency_ns, 0);
	probe_logout(p);
	ck_assert_int_eq(bmc_does.logins, 1);
	ck_assert_int_eq(bmc_does.logouts, 1);
	/* the result outlives the session */
	ck_assert_str_eq(r->place->power.url, "/redfish/v1/Chassis/1/Power");
	probe_close(p);
	ck_assert_int_eq(bmc_does.logouts, 1);
}
END_TEST

static const struct {
	const char *power;
	int power_status, chassis_status;
	enum probe_end end;
	const char *reason;
} ends[] = {
	{ POWER("0"), 0, 0, PROBE_UNAVAILABLE, "" },
	{ POWER("null"), 0, 0, PROBE_UNAVAILABLE, "" },
	{ POWER("-3"), 0, 0, PROBE_UNAVAILABLE, "" },
	{ POWER("\"off\""), 0, 0, PROBE_UNAVAILABLE, "" },
	{ "{\"PowerControl\":[]}", 0, 0, PROBE_UNAVAILABLE, "" },
	{ "<html>", 0, 0, PROBE_UNAVAILABLE, "" },
	{ "{}", 500, 0, PROBE_UNAVAILABLE, "" },
	{ "{}", 0, 403, PROBE_UNAVAILABLE, "403" },
	{ "{}", 0, 404, PROBE_UNAVAILABLE, "404" },
	{ "{}", 0, 401, PROBE_ERROR, "status 401" },
	{ "{}", 0, 503, PROBE_ERROR, "status 503" },
	{ POWER("\"120.5\""), 0, 0, PROBE_POWER, "" },
};

START_TEST(test_probe_ends)
{
	const struct probe_result *r;
	probe_t *p;

	bmc_does.power = ends[_i].power;
	bmc_does.power_status = ends[_i].power_status;
	bmc_does.chassis_status = ends[_i].chassis_status;
	p = probe_start();
	r = probe_sample(p);
	ck_assert_msg(r->end == ends[_i].end, "%d: %s", r->end, r->reason.text);
	ck_assert_msg(strstr(r->reason.text, ends[_i].reason) != NULL, "%s",
		      r->reason.text);
	ck_assert_int_eq(r->reason.text[0] != '\0', r->end != PROBE_POWER);
	ck_assert_str_eq(r->login, "none");
	probe_close(p);
}
END_TEST

/* It was there when it was found: that is trouble, not a BMC without power. */
START_TEST(test_probe_sample_fails)
{
	const struct probe_result *r;
	probe_t *p = probe_start();

	bmc_does.second_status = 500;
	r = probe_sample(p);
	ck_assert_int_eq(r->end, PROBE_ERROR);
	ck_assert_ptr_nonnull(strstr(r->reason.text, "status 500"));
	ck_assert_ptr_nonnull(r->place);
	ck_assert_uint_eq(r->requests, 5);
	probe_close(p);
}
END_TEST

START_TEST(test_probe_login_refused)
{
	const struct probe_result *r;
	probe_t *p;

	with_login();
	bmc_does.login_status = 401;
	p = probe_start();
	r = probe_sample(p);
	ck_assert_int_eq(r->end, PROBE_ERROR);
	ck_assert_ptr_nonnull(strstr(r->reason.text, "refuses user ann"));
	ck_assert_uint_eq(r->requests, 0);
	probe_close(p);
}
END_TEST

START_TEST(test_probe_nobody)
{
	const struct probe_result *r;
	probe_t *p;

	strcpy(conf.bmc.url, "http://127.0.0.1:1");
	p = probe_start();
	r = probe_sample(p);
	ck_assert_int_eq(r->end, PROBE_ERROR);
	ck_assert_uint_eq(r->requests, 0);
	probe_close(p);
}
END_TEST

START_TEST(test_probe_refuses)
{
	struct probe_params params = { .conf = &conf, .stop_fd = -1 };
	struct err err;

	conf.bmc.insecure = false;
	ck_assert_ptr_null(probe_open(&params, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "insecure"));
	conf.bmc.insecure = true;
	strcpy(conf.bmc.user, "ann");
	strcpy(conf.bmc.password_file, "/etc/passwd");
	ck_assert_ptr_null(probe_open(&params, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "/etc/passwd"));
}
END_TEST

START_TEST(test_probe_interrupted)
{
	int64_t began = clock_boot_ns();
	const struct probe_result *r;
	probe_t *p;

	bmc_does.hangs = true;
	conf.bmc.timeout_ns = 60 * NS_PER_S;
	p = probe_start();
	ck_assert_int_eq(write(stop[1], "x", 1), 1);
	r = probe_sample(p);
	ck_assert_int_eq(r->end, PROBE_INTERRUPTED);
	ck_assert_int_eq(probe_wait(p, clock_boot_ns() + 60 * NS_PER_S), -1);
	probe_close(p);
	ck_assert_int_lt(clock_boot_ns() - began, 20 * NS_PER_S);
}
END_TEST

/* Standard output goes to a file meanwhile. */
static enum probe_end probe_watch_run(probe_t *p, const struct watch_params *params,
				struct watch_stats *stats, char **out)
{
	const struct probe_result *r;
	enum probe_end end;
	int saved;
	size_t size;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	ck_assert_ptr_nonnull(freopen(scratch_path("out"), "w", stdout));
	r = probe_sample(p);
	end = probe_watch(p, r, params, stats);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	*out = file_read(scratch_path("out"), &size);
	return end;
}

static int lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

START_TEST(test_probe_watch)
{
	struct watch_params params = { .period_ns = 20 * MS, .count = 5 };
	struct watch_stats s = { 0 };
	char *out;
	probe_t *p;

	with_login();
	bmc_does.second = POWER("620");
	p = probe_start();
	ck_assert_int_eq(probe_watch_run(p, &params, &s, &out), PROBE_POWER);
	probe_close(p);
	ck_assert_uint_eq(s.asked, 5);
	ck_assert_uint_eq(s.good, 5);
	ck_assert_uint_eq(s.changes, 1);
	ck_assert_double_eq(s.step_w, 6);
	ck_assert_int_eq(lines(out), 5);
	ck_assert_ptr_nonnull(strstr(out, "Z  614 W  latency "));
	ck_assert_ptr_nonnull(strstr(out, "Z  620 W  period 0.0"));
	free(out);
	ck_assert_int_eq(bmc_does.logins, 1);
	ck_assert_int_eq(bmc_does.logouts, 1);
}
END_TEST

START_TEST(test_probe_watch_without)
{
	struct watch_params params = { .period_ns = 20 * MS, .count = 4 };
	struct watch_stats s = { 0 };
	char *out;
	probe_t *p = probe_start();

	bmc_does.second = POWER("0");
	ck_assert_int_eq(probe_watch_run(p, &params, &s, &out), PROBE_UNAVAILABLE);
	probe_close(p);
	ck_assert_uint_eq(s.asked, 4);
	ck_assert_uint_eq(s.good, 1);
	ck_assert_int_eq(lines(out), 4);
	ck_assert_ptr_nonnull(strstr(out, "Z  -  http"));
	free(out);
}
END_TEST

START_TEST(test_probe_watch_stopped)
{
	struct watch_params params = { .period_ns = 60 * NS_PER_S };
	struct watch_stats s = { 0 };
	char *out;
	probe_t *p;

	with_login();
	p = probe_start();
	/* seen only by the wait: the first sample is over by then or is not */
	ck_assert_int_eq(probe_sample(p)->end, PROBE_POWER);
	ck_assert_int_eq(write(stop[1], "x", 1), 1);
	ck_assert_int_eq(probe_watch_run(p, &params, &s, &out), PROBE_INTERRUPTED);
	probe_close(p);
	free(out);
	ck_assert_int_eq(bmc_does.logins, 1);
	ck_assert_int_eq(bmc_does.logouts, 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("cli_probe");
	TCase *pure = tcase_create("texts");
	TCase *files = tcase_create("traces");
	TCase *work = tcase_create("probe");

	tcase_add_loop_test(pure, test_redact, 0, COUNT(redactions));
	tcase_add_test(pure, test_redact_learn);
	tcase_add_test(pure, test_redact_random);
	tcase_add_loop_test(pure, test_trace_text, 0, COUNT(traces));
	tcase_add_test(pure, test_trace_no_json);
	tcase_add_test(pure, test_json_found);
	tcase_add_test(pure, test_json_unavailable);
	tcase_add_test(pure, test_json_no_counter);
	tcase_add_test(pure, test_tree);
	tcase_add_test(pure, test_tree_odd);
	tcase_add_test(pure, test_summary);
	tcase_add_test(pure, test_summary_unavailable);
	tcase_add_test(pure, test_watch_stats);
	tcase_add_test(pure, test_watch_gap);
	tcase_add_test(pure, test_watch_summary);
	suite_add_tcase(suite, pure);
	tcase_add_checked_fixture(files, scratch_setup, scratch_teardown);
	tcase_add_test(files, test_trace);
	tcase_add_test(files, test_trace_host);
	tcase_add_test(files, test_trace_status);
	tcase_add_test(files, test_trace_paths);
	tcase_add_test(files, test_trace_refused);
	suite_add_tcase(suite, files);
	tcase_add_checked_fixture(work, setup, teardown);
	tcase_set_timeout(work, 30);
	tcase_add_test(work, test_probe_power);
	tcase_add_loop_test(work, test_probe_ends, 0, COUNT(ends));
	tcase_add_test(work, test_probe_sample_fails);
	tcase_add_test(work, test_probe_login_refused);
	tcase_add_test(work, test_probe_nobody);
	tcase_add_test(work, test_probe_refuses);
	tcase_add_test(work, test_probe_interrupted);
	tcase_add_test(work, test_probe_watch);
	tcase_add_test(work, test_probe_watch_without);
	tcase_add_test(work, test_probe_watch_stopped);
	suite_add_tcase(suite, work);
	return suite;
}

int main(void)
{
	return suite_run(make_suite());
}
