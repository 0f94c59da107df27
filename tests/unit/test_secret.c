/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/secret.h"

#define WORD "correct horse"

static char dir[] = "/tmp/test_secret.XXXXXX";
static char file[64];
static char other[64];
static char buf[SECRET_MAX];
static struct err err;

static void put(const void *text, size_t len)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(file, 0600), 0);
}

static void setup(void)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/secret", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	memset(buf, 'Z', sizeof(buf));
	memset(&err, 0, sizeof(err));
	put(WORD "\n", sizeof(WORD));
}

static void teardown(void)
{
	unlink(file);
	rmdir(file);
	unlink(other);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void taken(const char *path, const char *word)
{
	ck_assert_msg(secret_read(path, buf, sizeof(buf), &err) == 0, "%s",
		      err.text);
	ck_assert_str_eq(buf, word);
	ck_assert_msg(secret_check(path, geteuid(), &err) == 0, "%s",
		      err.text);
}

/* Refused by what is read; the text has `why` and the path, never the word. */
static void not_read(const char *path, const char *why)
{
	memset(buf, 'Z', sizeof(buf));
	ck_assert_int_eq(secret_read(path, buf, sizeof(buf), &err), -1);
	ck_assert_msg(strstr(err.text, why) != NULL, "no '%s' in: %s", why,
		      err.text);
	ck_assert_msg(strstr(err.text, path) != NULL, "no path in: %s",
		      err.text);
	ck_assert_ptr_null(strstr(err.text, "horse"));
	ck_assert_int_eq(buf[0], 'Z');
}

/* Refused by what it is: secret_check() says the same. */
static void refused(const char *path, const char *why)
{
	not_read(path, why);
	ck_assert_int_eq(secret_check(path, geteuid(), &err), -1);
	ck_assert_msg(strstr(err.text, why) != NULL, "no '%s' in: %s", why,
		      err.text);
}

/* ---- taken ----------------------------------------------------------------- */

START_TEST(test_plain)
{
	taken(file, WORD);
	ck_assert_int_eq(chmod(file, 0400), 0);
	taken(file, WORD);
}
END_TEST

#define W64 "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
#define W448 W64 W64 W64 W64 W64 W64 W64
#define W511 W448 "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"

static const struct {
	const char *text, *word;
} contents[] = {
	{ "word\n", "word" },
	{ "word", "word" },
	{ "word\r\n", "word" },
	{ "word\nsecond line\n", "word" },
	{ " two words \n", " two words " },
	{ "\xc3\xa4\xff\x01\n", "\xc3\xa4\xff\x01" },
	{ W511, W511 },
	{ W511 "\n", W511 },
	{ W511 "\r\n", W511 },
	{ W511 "\n" W511, W511 },
};

START_TEST(test_content)
{
	put(contents[_i].text, strlen(contents[_i].text));
	taken(file, contents[_i].word);
}
END_TEST

START_TEST(test_relative_path)
{
	ck_assert_int_eq(chdir(dir), 0);
	taken("secret", WORD);
	taken("./secret", WORD);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* A directory for all is fine where each can remove only their own. */
START_TEST(test_sticky_directory)
{
	ck_assert_int_eq(chmod(dir, 01777), 0);
	taken(file, WORD);
}
END_TEST

/* ---- refused for what it is --------------------------------------------------- */

START_TEST(test_missing)
{
	refused(other, "No such file");
}
END_TEST

START_TEST(test_missing_directory)
{
	refused("/nonexistent/wattgate/secret", "No such file");
}
END_TEST

START_TEST(test_not_a_path)
{
	refused("/", "directory's name");
	refused("/tmp/", "directory's name");
	ck_assert_int_eq(secret_read("", buf, sizeof(buf), &err), -1);
}
END_TEST

START_TEST(test_long_path)
{
	char path[PATH_MAX + 64];

	memset(path, 'x', sizeof(path));
	path[0] = path[PATH_MAX + 32] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(secret_read(path, buf, sizeof(buf), &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "too long"));
}
END_TEST

START_TEST(test_directory)
{
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkdir(file, 0700), 0);
	refused(file, "not a regular file");
}
END_TEST

START_TEST(test_link)
{
	ck_assert_int_eq(rename(file, other), 0);
	ck_assert_int_eq(symlink(other, file), 0);
	refused(file, "symbolic link");
	taken(other, WORD);
}
END_TEST

START_TEST(test_dangling_link)
{
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(symlink("nowhere", file), 0);
	refused(file, "symbolic link");
}
END_TEST

/* Must not wait for a writer. */
START_TEST(test_fifo)
{
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	refused(file, "not a regular file");
}
END_TEST

START_TEST(test_socket)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(file), 0);
	strcpy(addr.sun_path, file);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(secret_check(file, geteuid(), &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
	not_read(file, "");
	close(fd);
}
END_TEST

static const unsigned modes[] = {
	0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666, 0777, 04600, 02600,
	01600
};

START_TEST(test_mode)
{
	ck_assert_int_eq(chmod(file, (mode_t)modes[_i]), 0);
	refused(file, "chmod 0600");
}
END_TEST

static const unsigned dir_modes[] = { 0770, 0720, 0702, 0777, 0757 };

START_TEST(test_directory_mode)
{
	ck_assert_int_eq(chmod(dir, (mode_t)dir_modes[_i]), 0);
	refused(file, "chmod go-w");
	ck_assert_int_eq(chmod(dir, 0700), 0);
}
END_TEST

/* The file of one user, checked for another. */
START_TEST(test_owner)
{
	unsigned someone = geteuid() + 1000;

	ck_assert_int_eq(chmod(dir, 01777), 0);
	ck_assert_int_eq(secret_check(file, someone, &err), -1);
	if (geteuid() == 0)	/* root's directory is fine, the file is not */
		ck_assert_ptr_nonnull(strstr(err.text, "secret file"));
	ck_assert_ptr_nonnull(strstr(err.text, "belongs to uid"));
	ck_assert_ptr_nonnull(strstr(err.text, "chown it to"));
}
END_TEST

/* What only root can set up. */
START_TEST(test_owner_of_file)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(file, 12345, 0), 0);
	refused(file, "belongs to uid 12345");
	ck_assert_int_eq(secret_check(file, 12345, &err), 0);
}
END_TEST

START_TEST(test_owner_of_directory)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(dir, 12345, 0), 0);
	refused(file, "belongs to uid 12345");
	ck_assert_int_eq(chmod(dir, 01777), 0);	/* its owner may still */
	refused(file, "belongs to uid 12345");
}
END_TEST

START_TEST(test_unreadable)
{
	if (geteuid() != 0)
		return;
	/* as another user: no look at the file without leave */
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(seteuid(12345), 0);
	not_read(file, "Permission denied");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* ---- refused for what it holds -------------------------------------------------- */

static const struct {
	const char *text;
	size_t len;
	const char *why;
} bad_contents[] = {
	{ "", 0, "first line is empty" },
	{ "\n", 1, "first line is empty" },
	{ "\r\n", 2, "first line is empty" },
	{ "\nhorse\n", 7, "first line is empty" },
	{ "correct\0horse\n", 14, "NUL byte" },
	{ "\0\n", 2, "NUL byte" },
	{ W511 "w", 512, "longer than 511" },
	{ W511 "w\n", 513, "longer than 511" },
	{ W511 W511 "\n", 1023, "longer than 511" },
};

START_TEST(test_bad_content)
{
	put(bad_contents[_i].text, bad_contents[_i].len);
	not_read(file, bad_contents[_i].why);
}
END_TEST

START_TEST(test_small_buffer)
{
	ck_assert_int_eq(secret_read(file, buf, SECRET_MAX - 1, &err), -1);
	ck_assert_int_eq(buf[0], 'Z');
	ck_assert_int_eq(secret_read(file, buf, SECRET_MAX, NULL), 0);
}
END_TEST

/* ---- systemd credentials ----------------------------------------------------------- */

/* As systemd leaves them: root's, with an ACL that shows as 0440. */
START_TEST(test_credential)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(file, 0440), 0);
	ck_assert_int_eq(secret_check(file, 12345, &err), -1);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	ck_assert_msg(secret_check(file, 12345, &err) == 0, "%s", err.text);
	taken(file, WORD);
	ck_assert_int_eq(chown(file, 0, 12345), 0);	/* a real group's bit */
	refused(file, "chmod 0600");
	ck_assert_int_eq(chown(file, 54321, 0), 0);
	refused(file, "belongs to uid 54321");
}
END_TEST

START_TEST(test_credential_modes)
{
	static const mode_t credential_modes[] = { 0444, 0460, 0640, 0404 };

	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	ck_assert_int_eq(chmod(file, credential_modes[_i]), 0);
	if (credential_modes[_i] == 0640 && geteuid() == 0)
		taken(file, WORD);	/* 0440 and the owner's own bit */
	else
		refused(file, "chmod 0600");
}
END_TEST

/* Only that very directory, not one of the same beginning or below. */
START_TEST(test_credential_elsewhere)
{
	char longer[64];

	ck_assert_int_eq(chmod(file, 0440), 0);
	snprintf(longer, sizeof(longer), "%s/..", dir);
	setenv("CREDENTIALS_DIRECTORY", longer, 1);
	refused(file, "chmod 0600");
	setenv("CREDENTIALS_DIRECTORY", "", 1);
	refused(file, "chmod 0600");
	setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
	refused(file, "chmod 0600");
}
END_TEST

START_TEST(test_wipe)
{
	char word[8] = "horse";

	secret_wipe(word, sizeof(word));
	for (size_t i = 0; i < sizeof(word); i++)
		ck_assert_int_eq(word[i], 0);
}
END_TEST

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

static Suite *secret_suite(void)
{
	Suite *s = suite_create("secret");
	TCase *tc = tcase_create("secret");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_plain);
	tcase_add_loop_test(tc, test_content, 0, LEN(contents));
	tcase_add_test(tc, test_relative_path);
	tcase_add_test(tc, test_sticky_directory);
	tcase_add_test(tc, test_missing);
	tcase_add_test(tc, test_missing_directory);
	tcase_add_test(tc, test_not_a_path);
	tcase_add_test(tc, test_long_path);
	tcase_add_test(tc, test_directory);
	tcase_add_test(tc, test_link);
	tcase_add_test(tc, test_dangling_link);
	tcase_add_test(tc, test_fifo);
	tcase_add_test(tc, test_socket);
	tcase_add_loop_test(tc, test_mode, 0, LEN(modes));
	tcase_add_loop_test(tc, test_directory_mode, 0, LEN(dir_modes));
	tcase_add_test(tc, test_owner);
	tcase_add_test(tc, test_owner_of_file);
	tcase_add_test(tc, test_owner_of_directory);
	tcase_add_test(tc, test_unreadable);
	tcase_add_loop_test(tc, test_bad_content, 0, LEN(bad_contents));
	tcase_add_test(tc, test_small_buffer);
	tcase_add_test(tc, test_credential);
	tcase_add_loop_test(tc, test_credential_modes, 0, 4);
	tcase_add_test(tc, test_credential_elsewhere);
	tcase_add_test(tc, test_wipe);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(secret_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
