/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source that docs/sources.md shows does what it says there. */
#include "scratch.h"
#include "source/source.h"

extern const struct source_ops tenths_source;

static struct conf conf;
static struct reading reading;

static void on_done(void *arg, const struct reading *r)
{
	(void)arg;
	reading = *r;
}

static source_t *example_open(struct err *err)
{
	const struct source_env env = {
		.conf = &conf, .meter = &conf.bmc, .ts = timesource_system(),
	};

	strcpy(conf.path, "wattgate.conf");
	strcpy(conf.node, "n1");
	conf.max_gap_ns = SECONDS(15);
	return tenths_source.open(&env, err);
}

static const struct {
	const char *text;
	double watts;		/* 0: none */
	const char *why;
} looks[] = {
	{ "2305\n", 230.5, NULL },
	{ "0\n", 0, "0 W is no power" },
	{ "garbage\n", 0, "'garbage' is not a whole number" },
	{ "99999999\n", 0, "is no power" },
	{ NULL, 0, "No such file" },
};

START_TEST(test_look)
{
	struct err err;
	source_t *s;

	strcpy(conf.bmc.path, scratch_path("power"));
	s = example_open(&err);
	ck_assert_ptr_nonnull(s);
	if (looks[_i].text)
		file_write(conf.bmc.path, looks[_i].text,
			   strlen(looks[_i].text));
	tenths_source.sample(s, on_done, NULL);
	ck_assert(reading.ok == !looks[_i].why);
	ck_assert_str_eq(reading.source, tenths_source.place(s));
	if (reading.ok)
		ck_assert_double_eq(reading.watts, looks[_i].watts);
	else
		ck_assert_ptr_nonnull(strstr(reading.why.text, looks[_i].why));
	tenths_source.close(s, 0);
}
END_TEST

START_TEST(test_no_path)
{
	struct err err = { "" };

	*conf.bmc.path = '\0';
	ck_assert_ptr_null(example_open(&err));
	ck_assert_str_eq(err.text, "wattgate.conf: node n1: source = tenths needs path");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("source_example");
	TCase *tc = tcase_create("example");

	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_add_loop_test(tc, test_look, 0, COUNT(looks));
	tcase_add_test(tc, test_no_path);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
