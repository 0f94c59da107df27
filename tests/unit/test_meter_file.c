/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Meters that are files: their text, which files, and what becomes of counters. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

#include "lib/series.h"
#include "scratch.h"
#include "source/meter_file.h"
#include "source/meter_find.h"
#include "source/meter_text.h"
#include "source/tally.h"

#define S NS_PER_S

/* ---- text ---- */

static const struct {
	const char *text, *unit;
	uint64_t number;
	const char *why;	/* NULL: it is one */
} numbers[] = {
	{ "0\n", "", 0, NULL },
	{ "230000000\n", "", 230000000, NULL },
	{ "18446744073709551615\n", "", UINT64_MAX, NULL },
	{ " 7 \n", "", 7, NULL },
	{ "123 W 1700000000000000 us\n", "W", 123, NULL },
	{ "55555 J 1700000000000000 us", "J", 55555, NULL },
	{ "5 J", "J", 5, NULL },
	{ "", "", 0, "'' is not a whole number" },
	{ "\n", "", 0, "'' is not" },
	{ "18446744073709551616\n", "", 0, "is not a whole number" },
	{ "-5\n", "", 0, "'-5' is not" },
	{ "+5\n", "", 0, "'+5' is not" },
	{ "5.5\n", "", 0, "'5.5' is not" },
	{ "0x10\n", "", 0, "'0x10' is not" },
	{ "nan\n", "", 0, "'nan' is not" },
	{ "5 W\n", "", 0, "'5 W' is not" },
	{ "5\n6\n", "", 0, "'5\\x0a6' is not" },
	{ "5 J 1 us\n", "W", 0, "with its unit" },
	{ "5W\n", "W", 0, "with its unit" },
	{ "5\n", "W", 0, "with its unit" },
	{ "5 Watt\n", "W", 0, "with its unit" },
	{ "W\n", "W", 0, "with its unit" },
	{ "111111111111111111111111111111111111111111111111111\n", "", 0, "...' is not" },
};

START_TEST(test_number)
{
	uint64_t number = 0;
	struct err err = { "" };
	int rc = meter_file_number(numbers[_i].text, strlen(numbers[_i].text),
				   numbers[_i].unit, &number, &err);

	ck_assert_msg((rc == 0) == !numbers[_i].why, "%s: %s",
		      numbers[_i].text, err.text);
	if (rc == 0)
		ck_assert_uint_eq(number, numbers[_i].number);
	else
		ck_assert_msg(strstr(err.text, numbers[_i].why) != NULL, "%s",
			      err.text);
}
END_TEST

static const struct {
	const char *text;
	bool energy;
	double value;		/* below 0: it is none */
} amounts[] = {
	{ "230 W", false, 230 }, { "230.5W\n", false, 230.5 },
	{ "0.23 kW\n", false, 230 }, { "230000 mW", false, 230 },
	{ "\t.5\nW\n", false, 0.5 }, { "1e3 W", false, 1000 },
	{ "0 W", false, 0 },
	{ "12345 J\n", true, 12345 }, { "12.345 kJ", true, 12345 },
	{ "1 Wh", true, 3600 }, { "0.5 kWh", true, 1.8e6 },
	{ "", false, -1 }, { "W", false, -1 }, { "230", false, -1 },
	{ "230 w", false, -1 }, { "230 VA", false, -1 },
	{ "-1 W", false, -1 }, { "+1 W", false, -1 }, { "1 W W", false, -1 },
	{ "1 2 W", false, -1 }, { "nan W", false, -1 }, { "inf W", false, -1 },
	{ "1e999 W", false, -1 }, { "1e400 J", false, -1 },
	{ "0x10 W", false, -1 }, { "1e W", false, -1 }, { "1.2.3 W", false, -1 },
	{ "power: 230 W", false, -1 }, { "1 W\nerror\n", false, -1 },
	{ "1,5 W", false, -1 }, { "1e16 J", false, -1 },
	{ "1000000000000000000000000000000000000000000 mW", false, -1 },
};

START_TEST(test_amount)
{
	struct meter_amount amount = { 0 };
	struct err err = { "" };
	int rc = meter_amount_parse(amounts[_i].text, strlen(amounts[_i].text),
				    &amount, &err);

	ck_assert_msg((rc == 0) == (amounts[_i].value >= 0), "%s: %s",
		      amounts[_i].text, err.text);
	if (rc < 0) {
		ck_assert_ptr_nonnull(strstr(err.text, "is not one number"));
		return;
	}
	ck_assert(amount.energy == amounts[_i].energy);
	ck_assert_double_eq_tol(amount.value, amounts[_i].value, 1e-9);
}
END_TEST

START_TEST(test_amount_nul)
{
	struct meter_amount amount;
	struct err err;

	ck_assert_int_eq(meter_amount_parse("1\0 W", 4, &amount, &err), -1);
	ck_assert_str_eq(err.text, "'1\\x00 W' is not one number with a unit of W, kW, mW, J, kJ, Wh, kWh");
	ck_assert_int_eq(meter_amount_parse("1 W\0", 4, &amount, &err), -1);
}
END_TEST

/* ---- looks ---- */

static tally_t tally;
static char got[512];

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	size_t len = strlen(got);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(got + len, sizeof(got) - len, fmt, ap);
	va_end(ap);
}

static const char *join_name(enum series_join join)
{
	return join == SERIES_MEAN ? "mean" : join == SERIES_GAP ? "gap" : "line";
}

/* "line 5s 200W", "mean 10s 200W 1000J"; a sample before it, and a ','. */
static const char *spell(const struct reading *r)
{
	got[0] = '\0';
	for (unsigned i = 0; i < r->past_count; i++)
		say("%s %gs %gW %gJ, ", join_name(r->past[i].join),
		    ns_to_s(r->past[i].boot_ns), r->past[i].watts,
		    r->past[i].joules);
	if (!r->ok) {
		say("%s", r->nothing_new ? "nothing" : r->why.text);
		return got;
	}
	say("%s %gs %gW", join_name(r->join), ns_to_s(r->boot_ns), r->watts);
	if (r->join == SERIES_MEAN)
		say(" %gJ", r->joules);
	if (!isnan(r->energy_j))
		say(" of %g", r->energy_j);
	return got;
}

#define NONE -1.0		/* no power, or no counter */
#define STEPS_MAX 8

/* RAPL's range: 2^32 of 61.035 uJ. */
#define RANGE 262143.328850

static const struct {
	const char *name;
	double wrap_j;
	struct {
		double at_s, watts, joules;
		const char *want;	/* how it begins; NULL: no more steps */
	} step[STEPS_MAX];
} looks[] = {
	{ "power", 0, { { 0, 200, NONE, "line 0s 200W" },
			{ 5, 0, NONE, "0 W is no power of a node" },
			{ 10, 1e6, NONE, "line 10s 1e+06W" },
			{ 15, 1.1e6, NONE, "1.1e+06 W is no power" } } },
	{ "a counter", 0, { { 0, NONE, 5000, "nothing" },
			    { 5, NONE, 6000, "line 0s 200W of 5000" },
			    { 10, NONE, 7500, "mean 5s 200W 1000J, mean 10s 300W 1500J of 7500" },
			    { 15, NONE, 8000, "mean 15s 100W 500J of 8000" } } },
	{ "2^32 uJ", 4294.967296, { { 0, NONE, 4294, "nothing" },
				    { 1, NONE, 4294.5, "line 0s 0.5W of 4294" },
				    { 2, NONE, 0.5, "mean 1s 0.5W 0.5J, mean 2s 0.967296W 0.967296J of 0.5" } } },
	{ "RAPL", RANGE, { { 0, NONE, RANGE - 500, "nothing" },
			   { 5, NONE, 500, "line 0s 200W" },
			   { 10, NONE, 1500, "mean 5s 200W 1000J, mean 10s 200W 1000J of 1500" } } },
	{ "64 bits", 0, { { 0, NONE, 1.8446744e13, "nothing" },
			  { 5, NONE, 1.8446744e13 + 1000, "line 0s 200W" },
			  { 10, NONE, 10, "mean 5s 200W 1000J" },
			  { 15, NONE, 1010, "line 10s 200W of 10" } } },
	{ "reset", 0, { { 0, NONE, 5000, "nothing" },
			{ 5, NONE, 6000, "line 0s 200W" },
			{ 10, NONE, 7000, "mean 5s" },
			{ 15, NONE, 100, "the counter fell from 7000 to 100 J: it was set back" },
			{ 20, NONE, 1100, "line 15s 200W of 100" },
			{ 25, NONE, 2100, "mean 20s 200W 1000J, mean 25s 200W 1000J" } } },
	{ "jump", 0, { { 0, NONE, 5000, "nothing" },
		       { 5, NONE, 6000, "line 0s" },
		       { 10, NONE, 7000, "mean 5s" },
		       { 15, NONE, 5.1e6, "the counter grew by 5.093e+06 J in 5 s: it was set" },
		       { 20, NONE, 5.101e6, "line 15s 200W" } } },
	{ "not above its range", 1000, { { 0, NONE, 500, "nothing" },
					 { 5, NONE, 510, "line 0s 2W" },
					 { 10, NONE, 515, "mean 5s" },
					 { 15, NONE, 5000, "the counter is at 5000 J, and starts again at 1000" },
					 { 20, NONE, 10, "the counter fell" } } },
	{ "a small range", 1000, { { 0, NONE, 500, "nothing" },
				   { 5, NONE, 990, "in 5 s the counter may have gone round more than once" },
				   { 10, NONE, 1000, "line 5s 2W" } } },
	{ "stuck", 0, { { 0, NONE, 5000, "nothing" },
			{ 5, NONE, 6000, "line 0s" },
			{ 10, NONE, 7000, "mean 5s" },
			{ 15, NONE, 7000, "nothing" },
			{ 25, NONE, 7000, "nothing" },
			{ 26, NONE, 7000, "the counter has stood still for 16 s" },
			{ 30, NONE, 8000, "mean 30s 50W 1000J" } } },
	{ "held back", 0, { { 0, NONE, 5000, "nothing" },
			    { 5, NONE, 6000, "line 0s 200W" },
			    { 10, NONE, 6000, "mean 5s 200W 1000J" },
			    { 15, NONE, 8000, "mean 15s 200W 2000J of 8000" } } },
	{ "a gap", 0, { { 0, NONE, 5000, "nothing" },
			{ 5, NONE, 6000, "line 0s" },
			{ 10, NONE, 7000, "mean 5s" },
			{ 500, NONE, 105000, "mean 500s 200W 98000J of 105000" } } },
	{ "too long", 0, { { 0, NONE, 5000, "nothing" },
			   { 5, NONE, 6000, "line 0s" },
			   { 10, NONE, 7000, "mean 5s" },
			   { 611, NONE, 127000, "nothing" },
			   { 616, NONE, 128000, "line 611s 200W of 127000" } } },
	{ "too long at first", 0, { { 0, NONE, 5000, "nothing" },
				    { 16, NONE, 8000, "nothing" },
				    { 21, NONE, 9000, "line 16s 200W" } } },
	{ "both", 0, { { 0, 210, 5000, "line 0s 210W of 5000" },
		       { 5, 190, 6000, "mean 5s 190W 1000J of 6000" },
		       { 10, 0, 7000, "0 W is no power" },
		       { 15, 220, 8000, "mean 15s 220W 2000J of 8000" },
		       { 20, 200, 8000, "nothing" } } },
	{ "now power", 0, { { 0, NONE, 5000, "nothing" },
			    { 5, NONE, 6000, "line 0s" },
			    { 10, 300, NONE, "mean 5s 200W 1000J, line 10s 300W" },
			    { 15, NONE, 9000, "nothing" } } },
	{ "time stands", 0, { { 5, NONE, 5000, "nothing" },
			      { 5, NONE, 6000, "nothing" },
			      { 4, NONE, 6000, "nothing" },
			      { 10, NONE, 6000, "line 5s 200W" } } },
};

START_TEST(test_looks)
{
	struct reading r;

	tally_init(&tally, 15 * S);
	for (int k = 0; k < STEPS_MAX && looks[_i].step[k].want; k++) {
		double watts = looks[_i].step[k].watts;
		double joules = looks[_i].step[k].joules;
		struct tally_count count = { joules, looks[_i].wrap_j };
		const char *want = looks[_i].step[k].want;
		bool ok = tally_take(&tally, SECONDS(looks[_i].step[k].at_s),
				     watts == NONE ? NAN : watts, &count,
				     joules == NONE ? 0 : 1, &r);

		ck_assert(ok == r.ok);
		ck_assert_msg(strncmp(spell(&r), want, strlen(want)) == 0,
			      "%s, step %d: %s, not %s", looks[_i].name, k,
			      got, want);
	}
}
END_TEST

/* Each goes round on its own; the sum is the node's. */
START_TEST(test_several_counters)
{
	struct tally_count count[2] = { { 990, 1000 }, { 10, 1e6 } };
	struct reading r;

	tally_init(&tally, 15 * S);
	ck_assert(!tally_take(&tally, 0, NAN, count, 2, &r));
	count[0].joules = 5;
	count[1].joules = 15;
	ck_assert(tally_take(&tally, 1 * S, NAN, count, 2, &r));
	ck_assert_str_eq(spell(&r), "line 0s 20W of 0");
	count[0].joules = 20;
	ck_assert(tally_take(&tally, 2 * S, NAN, count, 2, &r));
	ck_assert_str_eq(spell(&r), "mean 1s 20W 20J, mean 2s 15W 15J of 35");
	ck_assert_double_eq(r.energy_wrap_j, 0);
	/* another set of them is another meter */
	ck_assert(!tally_take(&tally, 3 * S, NAN, count, 1, &r));
	ck_assert(r.nothing_new);
}
END_TEST

/*
 * A counter that is read at random moments, and goes round at random: no joule
 * is lost, none counts twice.
 */
START_TEST(test_random_counter)
{
	series_t *s = series_create(20000, 5 * S, 15 * S);
	double true_j = 1e5, first_j = NAN, range = 50000;
	int64_t now_ns = 1000 * S;
	struct reading r;

	random_start("test_random_counter");
	tally_init(&tally, 15 * S);
	for (int i = 0; i < 5000; i++) {
		struct tally_count count = { fmod(true_j, range), range };
		int64_t dt_ns = random_between(S / 10, 10 * S);

		if (tally_take(&tally, now_ns, NAN, &count, 1, &r)) {
			for (unsigned k = 0; k < r.past_count; k++)
				ck_assert_ptr_nonnull(series_append_as(s,
					r.past[k].boot_ns, 0, r.past[k].watts,
					r.past[k].join, r.past[k].joules));
			ck_assert_ptr_nonnull(series_append_as(s, r.boot_ns, 0,
				r.watts, r.join, r.joules));
		}
		if (isnan(first_j))
			first_j = true_j;
		if (series_size(s) > 1 && r.join == SERIES_MEAN)
			ck_assert_double_eq_tol(series_last(s)->cum_j,
						true_j - first_j, 1e-3);
		now_ns += dt_ns;
		true_j += ns_to_s(dt_ns) * (100 + 300 * random_unit());
	}
	ck_assert_uint_gt(series_size(s), 4990);
	ck_assert_int_eq(series_last(s)->cum_covered_ns,
			 series_last(s)->boot_ns - 1000 * S);
	series_destroy(s);
}
END_TEST

/* ---- which files ---- */

static void put(const char *name, const char *text)
{
	char path[128];

	for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
		mkdir(scratch_path(path), 0755);
	}
	file_write(scratch_path(name), text, strlen(text));
}

static void zone_put(const char *dir, const char *name)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/energy_uj", dir);
	put(file, "1000000\n");
	snprintf(file, sizeof(file), "%s/max_energy_range_uj", dir);
	put(file, "262143328850\n");
	if (!name)
		return;
	snprintf(file, sizeof(file), "%s/name", dir);
	put(file, name);
}

static void two_packages(void)
{
	zone_put("powercap/intel-rapl:0", "package-0\n");
	zone_put("powercap/intel-rapl:0:0", "core\n");
	zone_put("powercap/intel-rapl:0:1", "dram\n");
	zone_put("powercap/intel-rapl:1", "package-1\n");
	zone_put("powercap/intel-rapl:1:0", "dram\n");
	zone_put("powercap/intel-rapl-mmio:0", "package-0\n");
	mkdir(scratch_path("powercap/intel-rapl"), 0755);
}

/* The same zone once more, as sysfs has it. */
static void two_packages_twice(void)
{
	two_packages();
	ck_assert_int_eq(symlink("intel-rapl:0",
				 scratch_path("powercap/again")), 0);
}

static void with_psys(void)
{
	two_packages();
	zone_put("powercap/intel-rapl:2", "psys\n");
}

static void with_two_psys(void)
{
	with_psys();
	zone_put("powercap/intel-rapl:3", "psys\n");
}

static void only_cores(void)
{
	zone_put("powercap/intel-rapl:0:0", "core\n");
	zone_put("powercap/intel-rapl:0:1", "uncore\n");
}

static void one_package(void)
{
	zone_put("powercap/intel-rapl:0", "package-0\n");
}

static void two_hwmon(void)
{
	put("hwmon/hwmon1/power1_input", "200000000\n");
	put("hwmon/hwmon2/power1_input", "200000000\n");
	put("hwmon/hwmon2/energy1_input", "5000000\n");
	put("hwmon/hwmon2/temp1_input", "5000000\n");
	put("hwmon/hwmon2/power1_average", "5000000\n");
}

static void cray(void)
{
	put("pm/power", "200 W 1 us\n");
	put("pm/energy", "5000 J 1 us\n");
	put("pm/freshness", "1\n");
}

static void cray_power(void)
{
	put("pm/power", "200 W 1 us\n");
}

static void fifo(void)
{
	ck_assert_int_eq(mkdir(scratch_path("hwmon"), 0755), 0);
	ck_assert_int_eq(mkfifo(scratch_path("hwmon/power1_input"), 0644), 0);
}

static void nothing(void)
{
}

static const struct {
	void (*make)(void);
	const char *source, *path;
	unsigned count;		/* 0: none are found */
	const char *place;	/* or what is wrong */
} finds[] = {
	{ two_hwmon, "hwmon", "hwmon/hwmon1/power1_input", 1, "hwmon:power1_input" },
	{ two_hwmon, "hwmon", "hwmon/*/energy1_input", 1, "hwmon:energy1_input" },
	{ two_hwmon, "hwmon", "hwmon/hwmon*/power1_average", 1, "hwmon:power1_average" },
	{ two_hwmon, "hwmon", "hwmon/hwmon*/power1_input", 0, "name one" },
	{ two_hwmon, "hwmon", "hwmon/hwmon2", 0, "name the file in it" },
	{ two_hwmon, "hwmon", "hwmon/hwmon2/temp1_input", 0, "no file of hwmon that is known" },
	{ two_hwmon, "hwmon", "hwmon/hwmon3/power1_input", 0, "No such file" },
	{ fifo, "hwmon", "hwmon/power1_input", 0, "not a regular file" },
	{ one_package, "powercap", "powercap", 1, "powercap:package-0 (a part of the node)" },
	{ two_packages, "powercap", "powercap", 4, "powercap:package+dram (a part of the node)" },
	{ two_packages_twice, "powercap", "powercap", 4, "powercap:package+dram (a part" },
	{ two_packages, "powercap", "powercap/intel-rapl:*", 4, "powercap:package+dram (a part" },
	{ two_packages, "powercap", "powercap/intel-rapl:?", 2, "powercap:package (a part" },
	{ two_packages, "powercap", "powercap/intel-rapl:*/energy_uj", 4, "powercap:package+dram" },
	{ two_packages, "powercap", "powercap/intel-rapl:1", 1, "powercap:package-1 (a part" },
	{ with_psys, "powercap", "powercap", 1, "powercap:psys" },
	{ with_psys, "powercap", "powercap/intel-rapl:2/energy_uj", 1, "powercap:psys" },
	{ with_two_psys, "powercap", "powercap", 0, "2 zones psys" },
	{ only_cores, "powercap", "powercap", 0, "neither psys nor a package among its 2 zones" },
	{ only_cores, "powercap", "powercap/intel-rapl:0:0/name", 0, "no file of powercap" },
	{ nothing, "powercap", "powercap", 0, "No such file" },
	{ cray, "pm_counters", "pm", 2, "pm_counters:energy" },
	{ cray_power, "pm_counters", "pm", 1, "pm_counters:power" },
	{ cray, "pm_counters", "pm/power", 0, "Not a directory" },
	{ two_hwmon, "pm_counters", "hwmon", 0, "neither power nor energy" },
};

START_TEST(test_find)
{
	static struct meter_set set;
	struct err err = { "" };
	int rc;

	finds[_i].make();
	rc = meter_find(finds[_i].source, scratch_path(finds[_i].path), &set,
			&err);
	ck_assert_msg((rc == 0) == (finds[_i].count > 0), "%s: %s",
		      finds[_i].path, err.text);
	ck_assert_msg(strstr(rc ? err.text : set.place, finds[_i].place) != NULL,
		      "%s: %s", finds[_i].path, rc ? err.text : set.place);
	if (rc == 0)
		ck_assert_uint_eq(set.count, finds[_i].count);
}
END_TEST

/* ---- as a source ---- */

static struct conf conf;
static int64_t fake_ns;
static struct reading reading;
static int done_count;
static struct past_sample past;

static int64_t fake_now(void *arg)
{
	(void)arg;
	return fake_ns;
}

static void on_done(void *arg, const struct reading *r)
{
	(void)arg;
	reading = *r;
	if (r->past_count) {
		past = *r->past;
		reading.past = &past;
	}
	done_count++;
}

static source_t *meter_start(const struct source_ops *ops, const char *path,
			     struct err *err)
{
	struct source_env env = {
		.conf = &conf, .meter = &conf.bmc, .suffix = "",
		.ts = { fake_now, fake_now, NULL },
	};

	strcpy(conf.path, "wattgate.conf");
	strcpy(conf.node, "n1");
	conf.max_gap_ns = 15 * S;
	strcpy(conf.bmc.path, scratch_path(path));
	fake_ns = 1000 * S;
	done_count = 0;
	return ops->open(&env, err);
}

static const char *meter_look(const struct source_ops *ops, source_t *s)
{
	int before = done_count;

	ops->sample(s, on_done, NULL);
	ck_assert_int_eq(done_count, before + 1);
	fake_ns += 5 * S;
	return spell(&reading);
}

/* Written over where it stands, as the kernel shows another number. */
static void change(const char *name, const char *text)
{
	int fd = open(scratch_path(name), O_WRONLY | O_TRUNC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

START_TEST(test_hwmon_power)
{
	struct err err;
	source_t *s;

	put("power1_input", "200500000\n");
	s = meter_start(&hwmon_source, "power1_input", &err);
	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(meter_look(&hwmon_source, s), "line 1000s 200.5W");
	ck_assert_str_eq(reading.source, "hwmon:power1_input");
	ck_assert_str_eq(hwmon_source.place(s), "hwmon:power1_input");
	change("power1_input", "0\n");
	ck_assert_ptr_nonnull(strstr(meter_look(&hwmon_source, s),
				     "power1_input: 0 W is no power of a node"));
	change("power1_input", "garbage\n");
	ck_assert_ptr_nonnull(strstr(meter_look(&hwmon_source, s),
				     "power1_input: 'garbage' is not a whole number"));
	change("power1_input", "");
	ck_assert(!reading.ok && !reading.nothing_new);
	ck_assert_int_eq(reading.backoff, BACKOFF_NONE);
	change("power1_input", "300000000\n");
	ck_assert_str_eq(meter_look(&hwmon_source, s), "line 1015s 300W");
	hwmon_source.close(s, 0);
}
END_TEST

/* As a module that is loaded anew: the same name, another file. */
START_TEST(test_vanishes)
{
	struct err err;
	source_t *s;

	put("hwmon1/energy1_input", "5000000000\n");
	s = meter_start(&hwmon_source, "hwmon*/energy1_input", &err);
	ck_assert_str_eq(meter_look(&hwmon_source, s), "nothing");
	change("hwmon1/energy1_input", "6000000000\n");
	ck_assert_str_eq(meter_look(&hwmon_source, s), "line 1000s 200W of 5000");
	ck_assert_int_eq(unlink(scratch_path("hwmon1/energy1_input")), 0);
	/* what was known is given yet */
	ck_assert_str_eq(meter_look(&hwmon_source, s), "mean 1005s 200W 1000J");
	ck_assert_ptr_nonnull(strstr(meter_look(&hwmon_source, s), "No such file"));
	ck_assert_str_eq(reading.source, "hwmon:energy1_input");
	put("hwmon7/energy1_input", "9000000000\n");
	ck_assert_str_eq(meter_look(&hwmon_source, s), "nothing");
	change("hwmon7/energy1_input", "9500000000\n");
	ck_assert_str_eq(meter_look(&hwmon_source, s), "line 1020s 100W of 9000");
	hwmon_source.close(s, 0);
}
END_TEST

START_TEST(test_hostile_file)
{
	static char big[100000];
	struct err err;
	source_t *s;

	put("power1_input", "1\n");
	s = meter_start(&hwmon_source, "power1_input", &err);
	memset(big, '7', sizeof(big) - 1);
	change("power1_input", big);
	ck_assert_ptr_nonnull(strstr(meter_look(&hwmon_source, s),
				     "longer than a number is"));
	change("power1_input", "\x1b[2J\n");
	ck_assert_ptr_nonnull(strstr(meter_look(&hwmon_source, s),
				     "'\\x1b[2J' is not"));
	/* another file takes its place, which would block */
	ck_assert_int_eq(unlink(scratch_path("power1_input")), 0);
	ck_assert_int_eq(mkfifo(scratch_path("power1_input"), 0644), 0);
	ck_assert_ptr_nonnull(strstr(meter_look(&hwmon_source, s),
				     "not a regular file"));
	hwmon_source.close(s, 0);
}
END_TEST

START_TEST(test_powercap)
{
	struct err err;
	source_t *s;

	zone_put("intel-rapl:0", "package-0\n");
	zone_put("intel-rapl:1", "package-1\n");
	change("intel-rapl:0/energy_uj", "262142328850\n");
	s = meter_start(&powercap_source, "intel-rapl:*", &err);
	ck_assert_str_eq(meter_look(&powercap_source, s), "nothing");
	change("intel-rapl:0/energy_uj", "499000000\n");	/* round: 500 J */
	change("intel-rapl:1/energy_uj", "501000000\n");	/* 500 J */
	ck_assert_str_eq(meter_look(&powercap_source, s), "line 1000s 200W of 0");
	ck_assert_str_eq(reading.source, "powercap:package (a part of the node)");
	change("intel-rapl:0/energy_uj", "999000000\n");
	ck_assert_str_eq(meter_look(&powercap_source, s),
			 "mean 1005s 200W 1000J, mean 1010s 100W 500J of 1500");
	powercap_source.close(s, 0);
}
END_TEST

START_TEST(test_powercap_no_range)
{
	struct err err;

	put("energy_uj", "5\n");
	ck_assert_ptr_null(meter_start(&powercap_source, "energy_uj", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "max_energy_range_uj"));
}
END_TEST

static void cray_put(const char *power, const char *energy, const char *fresh)
{
	put("pm/power", power);
	put("pm/energy", energy);
	put("pm/freshness", fresh);
}

START_TEST(test_cray)
{
	struct err err;
	source_t *s;

	cray_put("210 W 1 us\n", "5000 J 1 us\n", "1\n");
	put("pm/startup", "7\n");
	put("pm/generation", "3\n");
	s = meter_start(&pm_counters_source, "pm", &err);
	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(meter_look(&pm_counters_source, s), "line 1000s 210W of 5000");
	ck_assert_str_eq(reading.source, "pm_counters:energy");
	cray_put("190 W 2 us\n", "6000 J 2 us\n", "51\n");
	ck_assert_str_eq(meter_look(&pm_counters_source, s),
			 "mean 1005s 190W 1000J of 6000");
	/* the same number again, however much it says */
	cray_put("190 W 2 us\n", "6500 J 2 us\n", "51\n");
	ck_assert_str_eq(meter_look(&pm_counters_source, s), "nothing");
	ck_assert_str_eq(meter_look(&pm_counters_source, s), "nothing");
	fake_ns += 10 * S;
	ck_assert_ptr_nonnull(strstr(meter_look(&pm_counters_source, s),
				     "freshness has stood still for 25 s"));
	cray_put("190 W 3 us\n", "12000 J 3 us\n", "99\n");
	ck_assert_str_eq(meter_look(&pm_counters_source, s),
			 "mean 1035s 190W 6000J of 12000");
	/* started anew: counters mean nothing to those of before */
	cray_put("200 W 3 us\n", "13000 J 3 us\n", "2\n");
	put("pm/startup", "8\n");
	ck_assert_str_eq(meter_look(&pm_counters_source, s),
			 "line 1040s 200W of 13000");
	cray_put("200 W 3 us\n", "14000 J 3 us\n", "3\n");
	put("pm/generation", "4\n");
	ck_assert_str_eq(meter_look(&pm_counters_source, s),
			 "line 1045s 200W of 14000");
	pm_counters_source.close(s, 0);
}
END_TEST

static const struct {
	const struct source_ops *ops;
	const char *path, *why;
} refusals[] = {
	{ &hwmon_source, "none/power1_input", "No such file" },
	{ &powercap_source, "none", "No such file" },
	{ &pm_counters_source, "none", "Not a directory" },
};

START_TEST(test_refused)
{
	struct err err = { "" };

	ck_assert_ptr_null(meter_start(refusals[_i].ops, refusals[_i].path,
				       &err));
	ck_assert_ptr_nonnull(strstr(err.text, refusals[_i].why));
	ck_assert_ptr_nonnull(strstr(err.text, "wattgate.conf: node n1: "));
	ck_assert_ptr_nonnull(strstr(err.text, scratch));
}
END_TEST

START_TEST(test_permission)
{
	struct err err = { "" };

	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	put("power1_input", "1\n");
	ck_assert_int_eq(chmod(scratch_path("power1_input"), 0), 0);
	ck_assert_ptr_null(meter_start(&hwmon_source, "power1_input", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "the right to read it"));
}
END_TEST

static void permission_setup(void)
{
	scratch_setup();
	if (geteuid() == 0)
		ck_assert_int_eq(chown(scratch, 65534, 65534), 0);
}

static void permission_teardown(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	scratch_teardown();
}

static Suite *meter_suite(void)
{
	Suite *s = suite_create("meter_file");
	TCase *pure = tcase_create("pure"), *files = tcase_create("files");
	TCase *permission = tcase_create("permission");

	tcase_add_loop_test(pure, test_number, 0, COUNT(numbers));
	tcase_add_loop_test(pure, test_amount, 0, COUNT(amounts));
	tcase_add_test(pure, test_amount_nul);
	tcase_add_loop_test(pure, test_looks, 0, COUNT(looks));
	tcase_add_test(pure, test_several_counters);
	tcase_add_test(pure, test_random_counter);
	suite_add_tcase(s, pure);
	tcase_add_checked_fixture(files, scratch_setup, scratch_teardown);
	tcase_add_loop_test(files, test_find, 0, COUNT(finds));
	tcase_add_test(files, test_hwmon_power);
	tcase_add_test(files, test_vanishes);
	tcase_add_test(files, test_hostile_file);
	tcase_add_test(files, test_powercap);
	tcase_add_test(files, test_powercap_no_range);
	tcase_add_test(files, test_cray);
	tcase_add_loop_test(files, test_refused, 0, COUNT(refusals));
	suite_add_tcase(s, files);
	tcase_add_checked_fixture(permission, permission_setup,
				  permission_teardown);
	tcase_add_test(permission, test_permission);
	suite_add_tcase(s, permission);
	return s;
}

int main(void)
{
	return suite_run(meter_suite());
}
