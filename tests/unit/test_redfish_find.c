/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which number is the node's, on small trees written by hand. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/redfish_find.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

struct page {
	const char *url;
	const char *json;	/* NULL: the status alone */
	long status;		/* 0 = 200 */
};

#define ROOT { "/redfish/v1/", "{\"Chassis\":{\"@odata.id\":\"/redfish/v1/Chassis\"}}", 0 }
#define MEMBERS(list) { "/redfish/v1/Chassis", "{\"Members\":[" list "]}", 0 }
#define REF(url) "{\"@odata.id\":\"" url "\"}"
#define C1 "/redfish/v1/Chassis/1"
#define C2 "/redfish/v1/Chassis/2"
#define POWER_OF(c) "\"Power\":" REF(c "/Power")
#define ENV_OF(c) "\"EnvironmentMetrics\":" REF(c "/EnvironmentMetrics")

static const struct tree {
	const char *what;
	const char *url;	/* of the place; NULL: none */
	const char *pointer;	/* of the place, or in the reason */
	unsigned requests;	/* 0: any number */
	struct page pages[8];
} trees[] = {
	{ "one PowerControl", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}", 0 } } },
	{ "EnvironmentMetrics before Power", C1 "/EnvironmentMetrics", "/PowerWatts/Reading", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", "{\"PowerWatts\":{\"Reading\":700}}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "EnvironmentMetrics without watts", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", "{\"PowerLimitWatts\":{\"SetPoint\":700}}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "EnvironmentMetrics null, Power alive", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", "{\"PowerWatts\":{\"Reading\":null}}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "EnvironmentMetrics 500", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "," ENV_OF(C1) "}", 0 },
	    { C1 "/EnvironmentMetrics", NULL, 500 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "parts stand before and behind the server", C1 "/Power", "/PowerControl/1/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"Name\":\"CPU Sub-system Power\",\"PowerConsumedWatts\":89},{\"Name\":\"Server Power Control\",\"PowerConsumedWatts\":708},{\"Name\":\"Memory Sub-system Power\",\"PowerConsumedWatts\":24}]}", 0 } } },
	{ "a part by its PhysicalContext", C1 "/Power", "/PowerControl/1/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PhysicalContext\":\"GPU\",\"PowerConsumedWatts\":89},{\"PowerConsumedWatts\":708}]}", 0 } } },
	{ "a total says PowerSupply", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PhysicalContext\":\"PowerSupply\",\"PowerConsumedWatts\":378}]}", 0 } } },
	{ "only parts", NULL, "no chassis", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"Name\":\"CPU\",\"PowerConsumedWatts\":89},{\"Name\":\"GPU1\",\"PowerConsumedWatts\":500}]}", 0 } } },
	{ "no PowerConsumedWatts", NULL, "no chassis", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerLimit\":{}}]}", 0 } } },
	{ "an empty PowerControl", NULL, "no chassis", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[]}", 0 } } },
	{ "PowerControl is an object", NULL, "no chassis", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":{\"PowerConsumedWatts\":5}}", 0 } } },
	{ "0 W is the place all the same", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 0,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":0}]}", 0 } } },
	{ "a node without a reading is not its neighbour", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{" POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":null}]}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "the first member is not there", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, NULL, 404 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "a card is a part", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{\"ChassisType\":\"Card\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":40}]}", 0 },
	    { C2, "{" POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "an enclosure comes last", C2 "/Power", "/PowerControl/0/PowerConsumedWatts", 5,
	  { ROOT, MEMBERS(REF(C1) "," REF(C2)), { C1, "{\"ChassisType\":\"Enclosure\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":4000}]}", 0 },
	    { C2, "{\"ChassisType\":\"Blade\"," POWER_OF(C2) "}", 0 },
	    { C2 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":300}]}", 0 } } },
	{ "an enclosure alone", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"ChassisType\":\"Enclosure\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":400}]}", 0 } } },
	{ "a GPU board by its name", NULL, "no chassis", 3,
	  { ROOT, MEMBERS(REF("/redfish/v1/Chassis/HGX_0")),
	    { "/redfish/v1/Chassis/HGX_0", "{\"ChassisType\":\"RackMount\"," POWER_OF(C1) "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":400}]}", 0 } } },
	{ "links with slashes and fragments", "/redfish/v1/Chassis/1/Power/", "/PowerControl/0/PowerConsumedWatts", 4,
	  { { "/redfish/v1/", "{\"Chassis\":{\"@odata.id\":\"/redfish/v1/Chassis/#x\"}}", 0 },
	    MEMBERS(REF("/redfish/v1/Chassis/1/")),
	    { C1, "{\"Power\":" REF("/redfish/v1/Chassis/1/Power/#frag") "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":614}]}", 0 } } },
	{ "no link to Power, no root", C1 "/Power", "/PowerControl/0/PowerConsumedWatts", 4,
	  { MEMBERS(REF(C1)), { C1, "{\"Name\":\"old\"}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":\"120.5\"}]}", 0 } } },
	{ "nothing is guessed beside PowerSubsystem", NULL, "no chassis", 3,
	  { ROOT, MEMBERS(REF(C1)), { C1, "{\"PowerSubsystem\":" REF(C1 "/PowerSubsystem") "}", 0 },
	    { C1 "/Power", "{\"PowerControl\":[{\"PowerConsumedWatts\":5}]}", 0 } } },
	{ "Chassis is forbidden", NULL, "status 403", 2,
	  { ROOT, { "/redfish/v1/Chassis", NULL, 403 } } },
	{ "links out of the BMC are not followed", NULL, "no chassis", 2,
	  { ROOT, MEMBERS(REF("http://evil.example/redfish/v1/Chassis/1") "," REF("//evil.example/x") "," REF("/a b") "," "5,null,{}") } },
	{ "everything is a login page", NULL, "status 200", 2,
	  { { "/redfish/v1/", "<html>", 0 }, { "/redfish/v1/Chassis", "<html>", 0 } } },
	{ "Members is not a list", NULL, "no chassis", 2,
	  { ROOT, { "/redfish/v1/Chassis", "{\"Members\":{\"0\":1}}", 0 } } },
};

static const struct page *page_get(const struct tree *tree, const char *url)
{
	size_t len = strlen(url);

	while (len > 1 && url[len - 1] == '/' && strcmp(url, "/redfish/v1/"))
		len--;
	for (int i = 0; i < LEN(tree->pages) && tree->pages[i].url; i++)
		if (strlen(tree->pages[i].url) == len &&
		    strncmp(tree->pages[i].url, url, len) == 0)
			return &tree->pages[i];
	return NULL;
}

static enum redfish_find_step find(redfish_find_t *f, const struct tree *tree)
{
	enum redfish_find_step step;

	while ((step = redfish_find_next(f)) == REDFISH_FIND_ASK) {
		const struct page *p = page_get(tree, redfish_find_url(f));
		const char *json = p && p->json ? p->json : "";

		redfish_find_answer(f, !p ? 404 : p->status ? p->status : 200,
				    json, strlen(json));
		ck_assert_uint_le(redfish_find_requests(f),
				  REDFISH_FIND_REQUESTS_MAX);
	}
	return step;
}

START_TEST(test_tree)
{
	const struct tree *tree = &trees[_i];
	redfish_find_t *f = redfish_find_create(NULL);
	enum redfish_find_step step = find(f, tree);

	if (tree->url) {
		ck_assert_msg(step == REDFISH_FIND_FOUND, "%s: %s", tree->what,
			      redfish_find_reason(f));
		ck_assert_msg(strcmp(redfish_find_place(f)->power.url, tree->url) == 0 &&
			      strcmp(redfish_find_place(f)->power.pointer[0],
				     tree->pointer) == 0, "%s: %s#%s",
			      tree->what, redfish_find_place(f)->power.url,
			      redfish_find_place(f)->power.pointer[0]);
	} else {
		ck_assert_msg(step == REDFISH_FIND_NONE, "%s: %s", tree->what,
			      redfish_find_place(f)->power.url);
		ck_assert_msg(strstr(redfish_find_reason(f), tree->pointer) !=
			      NULL, "%s: %s", tree->what,
			      redfish_find_reason(f));
	}
	if (tree->requests)
		ck_assert_msg(redfish_find_requests(f) == tree->requests,
			      "%s: %u requests", tree->what,
			      redfish_find_requests(f));
	redfish_find_destroy(f);
}
END_TEST

/* A BMC that always has one more chassis gets no more than 64 requests. */
START_TEST(test_endless)
{
	redfish_find_t *f = redfish_find_create(NULL);
	char *list = malloc(65536), json[128];
	enum redfish_find_step step;
	size_t n = 0;

	n += (size_t)sprintf(list, "{\"Members\":[");
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(list + n, "%s" REF("/c/%d"), i ? "," : "", i);
	sprintf(list + n, "]}");
	while ((step = redfish_find_next(f)) == REDFISH_FIND_ASK) {
		const char *url = redfish_find_url(f);

		snprintf(json, sizeof(json), "{\"Power\":" REF("%s/p") "}", url);
		if (strcmp(url, "/redfish/v1/Chassis") == 0)
			redfish_find_answer(f, 200, list, strlen(list));
		else
			redfish_find_answer(f, 200, json, strlen(json));
	}
	ck_assert_int_eq(step, REDFISH_FIND_NONE);
	ck_assert_uint_eq(redfish_find_requests(f), REDFISH_FIND_REQUESTS_MAX);
	ck_assert_ptr_nonnull(strstr(redfish_find_reason(f), "64 requests"));
	redfish_find_destroy(f);
	free(list);
}
END_TEST

/* Huge answers end the search before memory does. */
START_TEST(test_huge_answers)
{
	redfish_find_t *f = redfish_find_create(NULL);
	const size_t size = 256 * 1024;
	char *json = malloc(size);
	int asked = 0;

	memset(json, ' ', size);
	while (redfish_find_next(f) == REDFISH_FIND_ASK) {
		int n = snprintf(json, size, "{\"Members\":[" REF("/c/1") "," REF("/c/2") "," REF("/c/3") "," REF("/c/4") "," REF("/c/5") "," REF("/c/6") "," REF("/c/7") "," REF("/c/8") "," REF("/c/9") "," REF("/c/10") "]}");

		json[n] = ' ';
		redfish_find_answer(f, 200, json, size);
		ck_assert_int_le(++asked, 8);
	}
	redfish_find_destroy(f);
	free(json);
}
END_TEST

static Suite *find_suite(void)
{
	Suite *s = suite_create("redfish_find");
	TCase *tc = tcase_create("redfish_find");

	tcase_add_loop_test(tc, test_tree, 0, LEN(trees));
	tcase_add_test(tc, test_endless);
	tcase_add_test(tc, test_huge_answers);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(find_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
