/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What wattgate-ipmi makes of a BMC's answers: DCMI's Get Power Reading, and a
 * sensor found among the BMC's records. The answers are written by hand after
 * the specifications (DCMI 1.5, 6.6.1; IPMI 2.0, 33.12 and 43.1); a BMC of a
 * few lines gives them.
 */
#include "ipmi/dcmi.h"
#include "ipmi/power.h"
#include "ipmi/sdr.h"
#include "ipmi/search.h"

#include <math.h>

#include "scratch.h"

/* ---- DCMI's answers --------------------------------------------------------- */

#define TAIL 0x3c, 0x9d, 0x5b, 0x65, 0x10, 0x27, 0x00, 0x00	/* time, 10 s */

static const struct dcmi_case {
	const char *what;
	uint8_t answer[24];
	size_t size;
	enum dcmi_verdict verdict;
	double watts;
	bool inactive;
	const char *why;	/* a part of the reason */
} dcmi_cases[] = {
	{ "300 W, 250 to 420, mean 310, active",
	  { 0x00, 0xdc, 0x2c, 0x01, 0xfa, 0x00, 0xa4, 0x01, 0x36, 0x01, TAIL, 0x40 },
	  19, DCMI_POWER, 300, false, NULL },
	{ "state \"deactivated\", and a live reading: OpenBMC",
	  { 0x00, 0xdc, 0x3f, 0x01, 0x3f, 0x01, 0x3f, 0x01, 0x3f, 0x01,
	    0, 0, 0, 0, 0, 0, 0, 0, 0x00 },
	  19, DCMI_POWER, 319, true, NULL },
	{ "deactivated, 0 W: the host is off, or nothing measures",
	  { 0x00, 0xdc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00 },
	  19, DCMI_UNAVAILABLE, 0, true, "0 W and that power measurement is not active" },
	{ "active, 0 W: never the average",
	  { 0x00, 0xdc, 0, 0, 0xfa, 0x00, 0xa4, 0x01, 0x36, 0x01, TAIL, 0x40 },
	  19, DCMI_UNAVAILABLE, 0, false, "0 W" },
	{ "deactivated, 0 W, with an average",
	  { 0x00, 0xdc, 0, 0, 0xfa, 0x00, 0xa4, 0x01, 0x36, 0x01, TAIL, 0x00 },
	  19, DCMI_UNAVAILABLE, 0, true, "0 W" },
	{ "0xffff",
	  { 0x00, 0xdc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, TAIL, 0x40 },
	  19, DCMI_UNAVAILABLE, 0, false, "0xffff" },
	{ "the largest",
	  { 0x00, 0xdc, 0xfe, 0xff, 0x01, 0x00, 0xfe, 0xff, 0x02, 0x00, TAIL, 0x40 },
	  19, DCMI_POWER, 65534, false, NULL },
	{ "1 W",
	  { 0x00, 0xdc, 0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x01, 0x00, TAIL, 0x40 },
	  19, DCMI_POWER, 1, false, NULL },
	{ "outside of its own minimum and maximum: those are of the past",
	  { 0x00, 0xdc, 0x2c, 0x01, 0, 0, 0, 0, 0, 0, TAIL, 0x40 },
	  19, DCMI_POWER, 300, false, NULL },
	{ "reserved bits of the state",
	  { 0x00, 0xdc, 0x2c, 0x01, 0, 0, 0, 0, 0, 0, TAIL, 0xbf },
	  19, DCMI_POWER, 300, true, NULL },
	{ "bytes behind the end",
	  { 0x00, 0xdc, 0x2c, 0x01, 0, 0, 0, 0, 0, 0, TAIL, 0x40, 0xff, 0xff },
	  21, DCMI_POWER, 300, false, NULL },
	{ "one byte short: no state",
	  { 0x00, 0xdc, 0x2c, 0x01, 0xfa, 0x00, 0xa4, 0x01, 0x36, 0x01, TAIL },
	  18, DCMI_UNAVAILABLE, 0, false, "18 bytes, not 19" },
	{ "a completion code alone, well",
	  { 0x00 }, 1, DCMI_UNAVAILABLE, 0, false, "1 bytes" },
	{ "nothing", { 0 }, 0, DCMI_UNAVAILABLE, 0, false, "0 bytes" },
	{ "another group's answer",
	  { 0x00, 0x00, 0x2c, 0x01, 0xfa, 0x00, 0xa4, 0x01, 0x36, 0x01, TAIL, 0x40 },
	  19, DCMI_UNAVAILABLE, 0, false, "group 0x00" },
	{ "no group, so that all is one byte off",
	  { 0x00, 0x2c, 0x01, 0xfa, 0x00, 0xa4, 0x01, 0x36, 0x01, TAIL, 0x40, 0 },
	  19, DCMI_UNAVAILABLE, 0, false, "group 0x2c" },
	{ "Cisco: no such command", { 0xc1 }, 1, DCMI_NONE, 0, false, "invalid command" },
	{ "refused, with the group", { 0xc1, 0xdc }, 2, DCMI_NONE, 0, false, "0xc1" },
	{ "an error with a reading behind it",
	  { 0xc0, 0xdc, 0x2c, 0x01, 0xfa, 0x00, 0xa4, 0x01, 0x36, 0x01, TAIL, 0x40 },
	  19, DCMI_UNAVAILABLE, 0, false, "node busy" },
	{ "not for this LUN", { 0xc2 }, 1, DCMI_NONE, 0, false, "LUN" },
	{ "mode not known", { 0xcc, 0xdc }, 2, DCMI_NONE, 0, false, "0xcc" },
	{ "parameter", { 0xc9, 0xdc }, 2, DCMI_NONE, 0, false, "0xc9" },
	{ "length", { 0xc7, 0xdc }, 2, DCMI_NONE, 0, false, "0xc7" },
	{ "disabled", { 0xd6, 0xdc }, 2, DCMI_NONE, 0, false, "disabled" },
	{ "not present", { 0xcb, 0xdc }, 2, DCMI_NONE, 0, false, "not present" },
	{ "privilege", { 0xd4 }, 1, DCMI_PRIVILEGE, 0, false, "insufficient" },
	{ "busy", { 0xc0, 0xdc }, 2, DCMI_UNAVAILABLE, 0, false, "busy" },
	{ "timeout", { 0xc3, 0xdc }, 2, DCMI_UNAVAILABLE, 0, false, "timeout" },
	{ "starting", { 0xd2, 0xdc }, 2, DCMI_UNAVAILABLE, 0, false, "initialization" },
	{ "the host's state", { 0xd5, 0xdc }, 2, DCMI_UNAVAILABLE, 0, false, "present state" },
	{ "unspecified", { 0xff, 0xdc }, 2, DCMI_UNAVAILABLE, 0, false, "unspecified" },
	{ "a command's own code", { 0x80, 0xdc }, 2, DCMI_UNAVAILABLE, 0, false, "0x80" },
	{ "an OEM's code", { 0x01, 0xdc }, 2, DCMI_UNAVAILABLE, 0, false, "0x01" },
};

START_TEST(dcmi_answers)
{
	const struct dcmi_case *c = &dcmi_cases[_i];
	struct dcmi_power power;
	struct err why = { "" };
	/* in memory of its size: whoever reads on is found out */
	uint8_t *answer = malloc(c->size ? c->size : 1);

	memcpy(answer, c->answer, c->size);
	ck_assert_msg(dcmi_parse_power(answer, c->size, &power, &why) ==
		      c->verdict, "%s: %s", c->what, why.text);
	free(answer);
	ck_assert_double_eq(power.watts, c->watts);
	ck_assert_msg(power.inactive == c->inactive, "%s", c->what);
	if (c->why)
		ck_assert_msg(strstr(why.text, c->why) != NULL, "%s: %s",
			      c->what, why.text);
	else
		ck_assert_msg(why.text[0] == '\0', "%s", why.text);
}
END_TEST

START_TEST(dcmi_statistics)
{
	struct dcmi_power power;

	ck_assert_int_eq(dcmi_parse_power(dcmi_cases[0].answer, 19, &power,
					  NULL), DCMI_POWER);
	ck_assert_uint_eq(power.min_w, 250);
	ck_assert_uint_eq(power.max_w, 420);
	ck_assert_uint_eq(power.average_w, 310);
	ck_assert_uint_eq(power.period_ms, 10000);
}
END_TEST

/* ---- records ------------------------------------------------------------------ */

/* A full record as a BMC has it; its size. */
static size_t record_make(uint8_t *r, uint16_t id, uint8_t units,
			  uint8_t base_unit, const char *name)
{
	size_t len = strlen(name);

	memset(r, 0, SDR_MAX);
	r[0] = (uint8_t)(id & 0xff);
	r[1] = (uint8_t)(id >> 8);
	r[2] = 0x51;
	r[3] = 0x01;
	r[4] = (uint8_t)(43 + len);
	r[5] = 0x20;		/* the BMC's own */
	r[7] = (uint8_t)id;	/* sensor number */
	r[8] = 7;		/* system board */
	r[9] = 1;
	r[12] = 0x0b;		/* other units */
	r[13] = 0x01;		/* thresholds: analog */
	r[20] = units;
	r[21] = base_unit;
	r[24] = 1;		/* M */
	r[47] = (uint8_t)(0xc0 | len);
	memcpy(r + 48, name, len);
	return 48 + len;
}

START_TEST(record_units)
{
	static const struct {
		uint8_t type, event, units, base;
		bool watts;
	} cases[] = {
		{ 1, 1, 0x00, 6, true },
		{ 1, 1, 0x80, 6, true },	/* two's complement */
		{ 1, 1, 0x40, 6, true },	/* one's complement */
		{ 1, 1, 0xc0, 6, false },	/* no analog reading */
		{ 1, 1, 0x01, 6, false },	/* percent of something */
		{ 1, 1, 0x08, 6, false },	/* per microsecond */
		{ 1, 1, 0x02, 6, false },	/* watts / modifier */
		{ 1, 1, 0x04, 6, false },	/* watts * modifier */
		{ 1, 1, 0x00, 7, false },	/* joules */
		{ 1, 1, 0x00, 5, false },	/* amperes */
		{ 1, 1, 0x00, 0, false },
		{ 1, 0x6f, 0x00, 6, false },	/* discrete */
		{ 2, 1, 0x00, 6, false },	/* a compact record: no analog one */
		{ 3, 1, 0x00, 6, false },
	};
	uint8_t r[SDR_MAX];
	size_t size;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size = record_make(r, 1, cases[i].units, cases[i].base, "P");
		r[3] = cases[i].type;
		r[13] = cases[i].event;
		ck_assert_msg(sdr_reads_watts(r, size) == cases[i].watts,
			      "%zu", i);
	}
	record_make(r, 1, 0, 6, "P");
	ck_assert(sdr_reads_watts(r, SDR_UNITS_END));
	ck_assert(!sdr_reads_watts(r, SDR_UNITS_END - 1));
	ck_assert(!sdr_reads_watts(r, 0));
}
END_TEST

START_TEST(record_names)
{
	char name[SDR_NAME_MAX];
	uint8_t r[SDR_MAX];
	size_t size;

	size = record_make(r, 1, 0, 6, "Pwr Consumption ");
	sdr_name(r, size, name);
	ck_assert_str_eq(name, "Pwr Consumption");
	sdr_name(r, size - 5, name);	/* cut */
	ck_assert_str_eq(name, "Pwr Consump");
	sdr_name(r, 48, name);
	ck_assert_str_eq(name, "");
	sdr_name(r, 5, name);
	ck_assert_str_eq(name, "");
	memcpy(r + 48, "a\n\x1b[2Jb\0c\xff", 9);
	sdr_name(r, size, name);
	ck_assert_str_eq(name, "a??[2Jb");
	r[47] = 0xdf;			/* 31 bytes, more than there may be */
	memset(r + 48, 'x', 31);
	sdr_name(r, 48 + 31, name);
	ck_assert_str_eq(name, "xxxxxxxxxxxxxxxx");
	r[47] = 0x90;			/* six-bit: not read */
	sdr_name(r, 48 + 31, name);
	ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(names_of_limits)
{
	static const char *const limits[] = {
		"Power Limit", "PWR_CAP", "Power Cap", "MAX Power", "Pwr Max",
		"Avg Power", "Power Budget", "PSU Rated Power", "Peak Power",
		"power-limit-1",
	};
	static const char *const powers[] = {
		"Pwr Consumption", "System Level", "Total_Power", "Capella Power",
		"Node Power", "HSC Input Power", "Sys Power", "Maximus", "",
		"PS1 Input Power", "CPU Power",
	};

	for (size_t i = 0; i < COUNT(limits); i++)
		ck_assert_msg(sdr_name_is_limit(limits[i]), "%s", limits[i]);
	for (size_t i = 0; i < COUNT(powers); i++)
		ck_assert_msg(!sdr_name_is_limit(powers[i]), "%s", powers[i]);
}
END_TEST

/* ---- a BMC ---------------------------------------------------------------------- */

struct fake {
	const struct dcmi_case *dcmi;
	struct {
		uint8_t bytes[SDR_MAX];
		size_t size;
		double watts;
		uint8_t code;		/* refuses to be read */
	} records[40];
	unsigned count;
	uint16_t ring;			/* next id of the last; 0xffff: the end */
	unsigned chunk_max;		/* bytes at once; 0: any */
	uint8_t too_many;		/* ... and what more are answered with */
	unsigned cancel_each;		/* each so many requests a reservation goes */
	uint8_t reserve_code;
	unsigned requests, sensor_requests;
	unsigned late_after;		/* requests; 0: never */
	bool dead;
	struct ipmi_bus bus;
	uint16_t reservation;
};

static void fake_add(struct fake *f, uint8_t units, uint8_t base,
		     const char *name, double watts)
{
	unsigned i = f->count++;

	ck_assert_uint_lt(i, COUNT(f->records));
	f->records[i].size = record_make(f->records[i].bytes,
					 (uint16_t)(i + 1), units, base, name);
	f->records[i].watts = watts;
}

static int fake_get_sdr(struct fake *f, const uint8_t *data, uint8_t *answer)
{
	unsigned id = data[2] | (unsigned)data[3] << 8, next;
	unsigned offset = data[4], count = data[5];

	if (id == 0)
		id = 1;
	if ((data[0] | data[1] << 8) != f->reservation)
		return answer[0] = 0xc5, 1;
	if (id > f->count)
		return answer[0] = 0xcb, 1;
	if (f->records[id - 1].code)
		return answer[0] = f->records[id - 1].code, 1;
	if ((f->chunk_max && count > f->chunk_max) ||
	    offset + count > f->records[id - 1].size)
		return answer[0] = f->too_many ? f->too_many : 0xca, 1;
	next = id < f->count ? id + 1 : f->ring;
	answer[0] = 0;
	answer[1] = (uint8_t)(next & 0xff);
	answer[2] = (uint8_t)(next >> 8);
	memcpy(answer + 3, f->records[id - 1].bytes + offset, count);
	return (int)count + 3;
}

static int fake_command(void *arg, uint8_t netfn, uint8_t cmd,
			const uint8_t *data, size_t size,
			uint8_t answer[IPMI_ANSWER_MAX], struct answer *a)
{
	struct fake *f = arg;

	if (f->dead)
		return answer_fail(a, ANSWER_UNREACHABLE, "dead");
	if (f->late_after && ++f->requests % f->late_after == 0)
		f->bus.late_ns = 0;
	if (netfn == DCMI_NETFN) {
		static const uint8_t asked[] = { 0xdc, 1, 0, 0 };

		ck_assert_int_eq(cmd, 2);
		ck_assert_mem_eq(data, asked, sizeof(asked));
		memcpy(answer, f->dcmi->answer, f->dcmi->size);
		return (int)f->dcmi->size;
	}
	ck_assert_int_eq(netfn, 0x0a);
	if (f->cancel_each && ++f->sensor_requests % f->cancel_each == 0)
		f->reservation++;
	if (cmd == 0x22) {
		ck_assert_uint_eq(size, 0);
		answer[0] = f->reserve_code;
		f->reservation++;
		answer[1] = (uint8_t)(f->reservation & 0xff);
		answer[2] = (uint8_t)(f->reservation >> 8);
		return f->reserve_code ? 1 : 3;
	}
	ck_assert_int_eq(cmd, 0x23);
	ck_assert_uint_eq(size, 6);
	return fake_get_sdr(f, data, answer);
}

static int fake_read(void *arg, const uint8_t *record, size_t size,
		     double *reading, struct answer *a)
{
	struct fake *f = arg;
	unsigned i = sdr_id(record) - 1u;

	if (f->dead)
		return answer_fail(a, ANSWER_UNREACHABLE, "dead");
	ck_assert_uint_lt(i, f->count);
	ck_assert_uint_eq(size, f->records[i].size);
	ck_assert_mem_eq(record, f->records[i].bytes, size);
	if (isnan(f->records[i].watts))
		return answer_fail(a, ANSWER_UNAVAILABLE, "scanning disabled");
	*reading = f->records[i].watts;
	return 0;
}

/* Two sensors in watts, one of them a limit, among others. */
static void fake_init(struct fake *f, const struct dcmi_case *dcmi)
{
	memset(f, 0, sizeof(*f));
	f->dcmi = dcmi;
	f->ring = 0xffff;
	f->bus = (struct ipmi_bus){ .command = fake_command,
				    .read_sensor = fake_read, .arg = f,
				    .late_ns = INT64_MAX };
	fake_add(f, 0, 1, "Inlet Temp", 20);
	fake_add(f, 0, 6, "Pwr Consumption", 123.5);
	fake_add(f, 0, 6, "Power Limit", 900);
	fake_add(f, 0, 5, "Current 1", 0.4);
	memset(f->records[3].bytes, 0, SDR_MAX);	/* a short one: a FRU locator */
	memcpy(f->records[3].bytes, "\x04\x00\x51\x12\x0b", 5);
	f->records[3].size = 16;
}

static const struct dcmi_case no_dcmi = { .answer = { 0xc1 }, .size = 1 };
static struct fake bmc;
static power_t *power;
static struct answer got;

static void setup(void)
{
	fake_init(&bmc, &no_dcmi);
	power = NULL;
}

static void teardown(void)
{
	power_destroy(power);
}

static void use(const char *sensor)
{
	power_destroy(power);
	power = power_create(sensor);
	ck_assert_ptr_nonnull(power);
}

static void ask(void)
{
	memset(&got, 0x5a, sizeof(got));
	bmc.bus.late_ns = INT64_MAX;
	power_sample(power, &bmc.bus, &got);
}

static void expect_watts(double watts, const char *source)
{
	int64_t now_ns = clock_boot_ns();

	ask();
	ck_assert_msg(got.kind == ANSWER_OK, "%s", got.why.text);
	ck_assert_double_eq(got.watts, watts);
	ck_assert_str_eq(got.source, source);
	ck_assert(got.boot_ns >= now_ns && got.boot_ns <= clock_boot_ns());
}

static void expect_none(enum answer_kind kind, const char *why)
{
	ask();
	ck_assert_msg(got.kind == kind && strstr(got.why.text, why),
		      "%s: %s", answer_kind_word(got.kind), got.why.text);
}

START_TEST(reads_dcmi)
{
	bmc.dcmi = &dcmi_cases[0];
	use("");
	expect_watts(300, "dcmi");
	bmc.dcmi = &dcmi_cases[2];
	expect_none(ANSWER_UNAVAILABLE, "0 W");
	bmc.dead = true;
	expect_none(ANSWER_UNREACHABLE, "dead");
	bmc.dead = false;
	bmc.dcmi = &dcmi_cases[1];
	expect_watts(319, "dcmi");
}
END_TEST

/* The text names what there is to choose, and no limit. */
START_TEST(tells_candidates)
{
	use("");
	expect_none(ANSWER_CONFIG, "set sensor");
	ck_assert_ptr_nonnull(strstr(got.why.text, "2 'Pwr Consumption'"));
	ck_assert_ptr_null(strstr(got.why.text, "Limit"));
	bmc.records[1].bytes[21] = 1;
	power_reconnected(power);
	expect_none(ANSWER_CONFIG, "nor any sensor in watts among 4 records");
	bmc.reserve_code = 0xc1;	/* no records at all */
	power_reconnected(power);
	expect_none(ANSWER_CONFIG, "DCMI");
}
END_TEST

START_TEST(many_candidates)
{
	while (bmc.count < COUNT(bmc.records))
		fake_add(&bmc, 0, 6, "A name as long i", 1);
	use("");
	expect_none(ANSWER_CONFIG, "2 'Pwr Consumption', 5 'A name as long i'");
	use("nothing");
	expect_none(ANSWER_CONFIG, "no sensor 'nothing'");
}
END_TEST

/* A refused level is tried higher; then it is as if there were no DCMI. */
START_TEST(low_privilege)
{
	static const struct dcmi_case refused = { .answer = { 0xd4 }, .size = 1 };

	bmc.dcmi = &refused;
	bmc.bus.can_raise = true;
	use("");
	expect_none(ANSWER_AUTH, "0xd4");
	ck_assert(got.low_privilege);
	bmc.bus.can_raise = false;
	expect_none(ANSWER_CONFIG, "2 'Pwr Consumption'");
}
END_TEST

START_TEST(reads_sensor)
{
	use("Pwr Consumption");
	expect_watts(123.5, "sensor Pwr Consumption");
	bmc.records[1].watts = 200;
	bmc.requests = 0;
	bmc.late_after = 1000;
	expect_watts(200, "sensor Pwr Consumption");
	ck_assert_uint_eq(bmc.requests, 0);	/* the reading alone */
	bmc.records[1].watts = 0;
	expect_none(ANSWER_UNAVAILABLE, "reads 0 W");
	bmc.records[1].watts = -5;
	expect_none(ANSWER_UNAVAILABLE, "reads -5 W");
	bmc.records[1].watts = INFINITY;
	expect_none(ANSWER_UNAVAILABLE, "inf");
	bmc.records[1].watts = NAN;
	expect_none(ANSWER_UNAVAILABLE, "scanning disabled");
	use("2");
	bmc.records[1].watts = 7;
	expect_watts(7, "sensor Pwr Consumption");
	use("0x2");
	expect_watts(7, "sensor Pwr Consumption");
}
END_TEST

START_TEST(refuses_sensors)
{
	use("Inlet Temp");
	expect_none(ANSWER_CONFIG, "set sensor to one of 2 'Pwr Consumption'");
	use("pwr consumption");
	expect_none(ANSWER_CONFIG, "no sensor");
	use("1");
	expect_none(ANSWER_CONFIG, "record 1 of the BMC is no sensor in watts");
	use("4");
	expect_none(ANSWER_CONFIG, "record 4 of the BMC is no sensor in watts");
	use("99");
	expect_none(ANSWER_UNAVAILABLE, "0xcb");
	use("Power Limit");
	expect_none(ANSWER_CONFIG, "no measurement of power; if it is one, set sensor = 3");
	use("3");		/* who says so knows better */
	expect_watts(900, "sensor Power Limit");
	fake_add(&bmc, 0, 6, "Pwr Consumption", 1);
	use("Pwr Consumption");
	expect_none(ANSWER_CONFIG, "2 sensors 'Pwr Consumption'");
	ck_assert_ptr_nonnull(strstr(got.why.text, "2 'Pwr Consumption', 5 'Pwr"));
}
END_TEST

/* A new session asks whether the record is still the same, once. */
START_TEST(another_session)
{
	use("Pwr Consumption");
	expect_watts(123.5, "sensor Pwr Consumption");
	power_reconnected(power);
	expect_watts(123.5, "sensor Pwr Consumption");
	/* new firmware: it is the third now */
	record_make(bmc.records[1].bytes, 2, 0, 1, "Pwr Consumption");
	bmc.records[2].size = record_make(bmc.records[2].bytes, 3, 0, 6,
					  "Pwr Consumption");
	power_reconnected(power);
	expect_watts(900, "sensor Pwr Consumption");
	bmc.dead = true;
	power_reconnected(power);
	expect_none(ANSWER_UNREACHABLE, "dead");
	bmc.dead = false;
	expect_watts(900, "sensor Pwr Consumption");
}
END_TEST

/* A search that takes too long goes on at the next sample. */
START_TEST(slow_search)
{
	unsigned samples = 0;

	while (bmc.count < COUNT(bmc.records) - 1)
		fake_add(&bmc, 0, 1, "Temp", 1);
	fake_add(&bmc, 0, 6, "Last", 77);
	use("Last");
	bmc.late_after = 20;
	for (ask(); got.kind == ANSWER_UNAVAILABLE; ask()) {
		ck_assert_ptr_nonnull(strstr(got.why.text, "looking through"));
		ck_assert_uint_lt(++samples, 10);
	}
	ck_assert_uint_gt(samples, 2);
	ck_assert_msg(got.kind == ANSWER_OK, "%s", got.why.text);
	ck_assert_double_eq(got.watts, 77);
	use("");
	expect_none(ANSWER_CONFIG, "looking through");
}
END_TEST

/* BMCs that cannot send 16 bytes at once, and their ways to say so. */
START_TEST(small_answers)
{
	static const uint8_t codes[] = { 0xca, 0xc7, 0xc8, 0xff };

	for (size_t i = 0; i < COUNT(codes); i++) {
		bmc.too_many = codes[i];
		for (bmc.chunk_max = 5; bmc.chunk_max <= 17; bmc.chunk_max++) {
			use("Pwr Consumption");
			expect_watts(123.5, "sensor Pwr Consumption");
		}
	}
	bmc.chunk_max = 3;
	use("Pwr Consumption");
	expect_none(ANSWER_UNAVAILABLE, "sensor records");
}
END_TEST

START_TEST(reservations)
{
	bmc.cancel_each = 4;
	use("Pwr Consumption");
	expect_watts(123.5, "sensor Pwr Consumption");
	bmc.cancel_each = 1;
	use("Pwr Consumption");
	expect_none(ANSWER_UNAVAILABLE, "again and again");
	bmc.cancel_each = 0;
	bmc.reserve_code = 0xc1;
	use("Pwr Consumption");
	expect_none(ANSWER_CONFIG, "0xc1");
	bmc.reserve_code = 0xd0;
	use("Pwr Consumption");
	expect_none(ANSWER_UNAVAILABLE, "update mode");
}
END_TEST

/* Records that cannot be read are passed over, and ids may go round in a ring. */
START_TEST(bad_records)
{
	bmc.records[0].code = 0xc3;
	use("Pwr Consumption");
	expect_none(ANSWER_UNAVAILABLE, "0xc3");
	expect_none(ANSWER_UNAVAILABLE, "0xc3");
	expect_none(ANSWER_CONFIG, "no sensor");	/* its next is not known */
	bmc.records[0].code = 0;
	bmc.records[3].code = 0xc3;			/* the last one */
	use("Pwr Consumption");
	expect_none(ANSWER_UNAVAILABLE, "0xc3");
	expect_none(ANSWER_UNAVAILABLE, "0xc3");
	expect_watts(123.5, "sensor Pwr Consumption");
	bmc.records[3].code = 0;
	bmc.ring = 1;
	use("Pwr Consumption");
	expect_none(ANSWER_CONFIG, "sensors 'Pwr Consumption'");
	use("2");
	expect_watts(123.5, "sensor Pwr Consumption");
}
END_TEST

static unsigned notes;
static char noted[16][256];

static void note(void *arg, const char *line)
{
	ck_assert_ptr_eq(arg, &notes);
	ck_assert_uint_lt(notes, COUNT(noted));
	snprintf(noted[notes++], sizeof(noted[0]), "%s", line);
}

START_TEST(explains)
{
	bmc.dcmi = &dcmi_cases[1];
	bmc.records[2].watts = NAN;
	use("");
	notes = 0;
	power_explain(power, &bmc.bus, &got, note, &notes);
	ck_assert_int_eq(got.kind, ANSWER_OK);
	ck_assert_double_eq(got.watts, 319);
	ck_assert_uint_eq(notes, 4);
	ck_assert_ptr_nonnull(strstr(noted[0], "DCMI reads 319 W"));
	ck_assert_ptr_nonnull(strstr(noted[1], "not active"));
	ck_assert_str_eq(noted[2], "sensor 2 'Pwr Consumption' reads 123.5 W");
	ck_assert_ptr_nonnull(strstr(noted[3], "scanning disabled"));
	bmc.dead = true;
	notes = 0;
	power_explain(power, &bmc.bus, &got, note, &notes);
	ck_assert_int_eq(got.kind, ANSWER_UNREACHABLE);
	ck_assert_uint_eq(notes, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ipmi");
	TCase *tc = tcase_create("parse");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, dcmi_answers, 0, COUNT(dcmi_cases));
	tcase_add_test(tc, dcmi_statistics);
	tcase_add_test(tc, record_units);
	tcase_add_test(tc, record_names);
	tcase_add_test(tc, names_of_limits);
	suite_add_tcase(s, tc);
	tc = tcase_create("power");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reads_dcmi);
	tcase_add_test(tc, tells_candidates);
	tcase_add_test(tc, many_candidates);
	tcase_add_test(tc, low_privilege);
	tcase_add_test(tc, reads_sensor);
	tcase_add_test(tc, refuses_sensors);
	tcase_add_test(tc, another_session);
	tcase_add_test(tc, slow_search);
	tcase_add_test(tc, small_answers);
	tcase_add_test(tc, reservations);
	tcase_add_test(tc, bad_records);
	tcase_add_test(tc, explains);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
