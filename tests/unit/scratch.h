/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

/*
 * What the unit tests share: a scratch directory for each test, whole files in
 * one call, and numbers that are random but can be had again.
 */

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

#define SECONDS(x) ((int64_t)((x) * 1e9))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the scratch directory ------------------------------------------------- */

static char scratch[64];

/* In memory where there is room for it: fsync() takes its time elsewhere. */
static inline void scratch_setup(void)
{
	snprintf(scratch, sizeof(scratch), "%s/wattgate-unit.XXXXXX",
		 access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static inline int scratch_remove_one(const char *path, const struct stat *st,
				     int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Remove a directory and all in it; 0, or -1. */
static inline int tree_remove(const char *dir)
{
	return nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_teardown(void)
{
	ck_assert_int_eq(tree_remove(scratch), 0);
}

/* SCRATCH/name into a static buffer, sixteen of them in turn. */
static inline const char *scratch_path(const char *name)
{
	static char paths[16][256];
	static unsigned turn;
	char *path = paths[turn++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

/* ---- whole files ----------------------------------------------------------- */

static inline void file_write(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0640);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* The caller frees it. One byte more than *size is there, and is 0. */
static inline char *file_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *data;

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(fstat(fd, &st), 0);
	data = calloc(1, (size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	*size = (size_t)st.st_size;
	return data;
}

static inline ino_t file_inode(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s", path);
	return st.st_ino;
}

static inline mode_t file_mode(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s", path);
	return st.st_mode;
}

/* ---- random numbers -------------------------------------------------------- */

static uint64_t random_state;

/*
 * Starts from $WATTGATE_TEST_SEED or from the clock, and says from what, so
 * that a failure can be had again.
 */
static inline uint64_t random_start(const char *what)
{
	const char *text = getenv("WATTGATE_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0)
			     : (uint64_t)clock_boot_ns();

	printf("%s: WATTGATE_TEST_SEED=%" PRIu64 "\n", what, seed);
	fflush(stdout);
	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	return seed;
}

static inline uint64_t random_u64(void)	/* splitmix64 */
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* [0, 1) */
static inline double random_unit(void)
{
	return (double)(random_u64() >> 11) / 9007199254740992.0;
}

/* [from, to] */
static inline int64_t random_between(int64_t from, int64_t to)
{
	return from + (int64_t)(random_u64() % (uint64_t)(to - from + 1));
}

/* ---- running --------------------------------------------------------------- */

/* All in one process, as under valgrind: there everything takes its time. */
static inline bool run_is_slow(void)
{
	const char *fork_mode = getenv("CK_FORK");

	return fork_mode && !strcmp(fork_mode, "no");
}

static inline int suite_run(Suite *suite)
{
	SRunner *sr = srunner_create(suite);
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
