/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without libFuzzer, for `make check`: every seed as it is,
 * then seeds changed at random, for a while.
 *
 *   fuzz_NAME              seeds in $srcdir/tests/fuzz/seeds/NAME, then changes
 *   fuzz_NAME FILE...      these inputs only
 *   FUZZ_SECONDS           how long to go on with changes (a decimal number)
 *   FUZZ_SEED              begin there: the n-th input is the same each time
 *
 * A child process does the work. The parent sees it fail or hang and keeps the
 * input, in fuzz_NAME.failed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX 65536
#define SEEDS_MAX 1024
#define HANG_S 20
#ifdef __SANITIZE_ADDRESS__
#define SECONDS_DEFAULT 2
#else
#define SECONDS_DEFAULT 0.2
#endif

struct input {
	size_t size;
	uint8_t data[INPUT_MAX];
};

/* What the parent sees of the child, also after it has died. */
struct shared {
	volatile uint64_t number;	/* inputs begun */
	char name[NAME_MAX + 1];	/* of a seed; "" = a changed one */
	struct input input;
};

struct corpus {
	struct input *inputs[SEEDS_MAX];
	char *names[SEEDS_MAX];
	size_t len;
};

static const char *program;
static struct shared *shared;

static void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program, what, strerror(errno));
	exit(99);
}

/* ---- seeds ---- */

static void corpus_add(struct corpus *c, const char *path, const char *name)
{
	struct input *input = calloc(1, sizeof(*input));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (c->len == SEEDS_MAX)
		errno = E2BIG;
	if (!input || fd < 0 || c->len == SEEDS_MAX ||
	    (n = read(fd, input->data, INPUT_MAX)) < 0)
		die(path);
	input->size = (size_t)n;
	close(fd);
	c->names[c->len] = strdup(name);
	c->inputs[c->len++] = input;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names, so that a run can be repeated. */
static void corpus_read(struct corpus *c, const char *target)
{
	const char *srcdir = getenv("srcdir");
	char dir[PATH_MAX], path[2 * PATH_MAX];
	struct dirent **entries;
	int n;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/seeds/%s",
		 srcdir ? srcdir : ".", target);
	n = scandir(dir, &entries, visible, alphasort);
	if (n == 0)
		errno = ENOENT;
	if (n <= 0)
		die(dir);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		corpus_add(c, path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void corpus_free(struct corpus *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->inputs[i]);
		free(c->names[i]);
	}
}

/* ---- changes ---- */

/* splitmix64 */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t random_below(uint64_t *state, size_t n)
{
	return n ? (size_t)(random_next(state) % n) : 0;
}

/* Replace `cut` bytes at `at` by `len` bytes; what does not fit is left off. */
static void input_splice(struct input *in, size_t at, size_t cut,
			 const void *bytes, size_t len)
{
	size_t tail = in->size - at - cut;

	if (len > INPUT_MAX - at - tail)
		return;
	memmove(in->data + at + len, in->data + at + cut, tail);
	if (len)
		memcpy(in->data + at, bytes, len);
	in->size = at + len + tail;
}

static void change_bytes(struct input *in, uint64_t *r)
{
	static const uint8_t odd[] = "\0\n \t\r\"'#%+,-./0189:;=[\\]_{|}~\x7f\x80\xff";
	size_t at = random_below(r, in->size);

	if (!in->size)
		return;
	switch (random_below(r, 4)) {
	case 0:
		in->data[at] ^= (uint8_t)(1u << random_below(r, 8));
		break;
	case 1:
		in->data[at] = (uint8_t)random_next(r);
		break;
	case 2:
		in->data[at] = odd[random_below(r, sizeof(odd) - 1)];
		break;
	default:
		in->data[at] = (uint8_t)(in->data[at] + (random_next(r) & 1 ? 1 : -1));
	}
}

/* Numbers in binary that lie on an edge. */
static void change_integer(struct input *in, uint64_t *r)
{
	static const uint64_t edges[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, INT32_MAX,
		UINT64_C(0x80000000), UINT32_MAX, INT64_MAX, UINT64_MAX,
		UINT64_C(0x8000000000000000),
		UINT64_C(0x7ff0000000000000),	/* infinity as a double */
		UINT64_C(0x7ff8000000000000),	/* NaN */
		UINT64_C(0x3ff0000000000000),	/* 1 */
	};
	uint64_t v = edges[random_below(r, sizeof(edges) / sizeof(edges[0]))];
	size_t width = (size_t)1 << random_below(r, 4);

	if (in->size >= width)
		memcpy(in->data + random_below(r, in->size - width + 1), &v,
		       width);
}

/* A number in text takes another's place. */
static void change_digits(struct input *in, uint64_t *r)
{
	static const char *const numbers[] = {
		"0", "1", "-1", "00", "2147483647", "2147483648", "4294967295",
		"4294967296", "9223372036854775807", "9223372036854775808",
		"18446744073709551615", "18446744073709551616", "0.1", "1e15",
		"1e308", "1e309", "1e-320", "0x10", "nan", "inf", "",
		"99999999999999999999999999999999999999999",
	};
	const char *text = numbers[random_below(r, sizeof(numbers) /
						   sizeof(numbers[0]))];
	size_t at = random_below(r, in->size), end;

	while (at < in->size && (in->data[at] < '0' || in->data[at] > '9'))
		at++;
	for (end = at; end < in->size && in->data[end] >= '0' &&
	     in->data[end] <= '9'; end++)
		;
	input_splice(in, at, end - at, text, strlen(text));
}

/* Cut a piece out, double it, or take one from another seed. */
static void change_piece(struct input *in, const struct input *other,
			 uint64_t *r)
{
	static uint8_t piece[INPUT_MAX];
	size_t at = random_below(r, in->size + 1);
	size_t limit = random_next(r) & 1 ? 8 : 256;
	size_t len = random_below(r, in->size - at + 1), from;

	if (len > limit)
		len = limit;
	switch (random_below(r, 3)) {
	case 0:
		input_splice(in, at, len, NULL, 0);
		break;
	case 1:
		memcpy(piece, in->data + at, len);
		input_splice(in, random_below(r, in->size + 1), 0, piece, len);
		break;
	default:
		from = random_below(r, other->size + 1);
		len = random_below(r, other->size - from + 1);
		input_splice(in, at, random_below(r, in->size - at + 1),
			     other->data + from, len);
	}
}

static void input_change(struct input *in, const struct corpus *c, uint64_t *r)
{
	size_t n = (size_t)1 << random_below(r, 5);

	while (n--) {
		switch (random_below(r, 6)) {
		case 0:
			change_integer(in, r);
			break;
		case 1:
			change_digits(in, r);
			break;
		case 2:
			change_piece(in, c->inputs[random_below(r, c->len)], r);
			break;
		default:
			change_bytes(in, r);
		}
	}
}

/* ---- the child ---- */

/* From memory of its exact size, so that reading beyond it is seen. */
static void input_run(void)
{
	size_t size = shared->input.size;
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		die("memory");
	memcpy(copy, shared->input.data, size);
	shared->number++;
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_seeds(const struct corpus *c)
{
	for (size_t i = 0; i < c->len; i++) {
		snprintf(shared->name, sizeof(shared->name), "%s", c->names[i]);
		shared->input = *c->inputs[i];
		input_run();
	}
	shared->name[0] = '\0';
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void run_changes(const struct corpus *c, uint64_t seed, double seconds)
{
	const double end = now_s() + seconds;

	for (uint64_t i = 0; now_s() < end; i++) {
		uint64_t r = seed + i;
		const struct input *base;

		random_next(&r);
		base = c->inputs[random_below(&r, c->len)];
		shared->input.size = base->size;
		memcpy(shared->input.data, base->data, base->size);
		input_change(&shared->input, c, &r);
		input_run();
	}
}

/* Signals that end a run wait in the parent, which has to tidy up. */
static sigset_t ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

static pid_t child_start(struct corpus *c, uint64_t seed, double seconds)
{
	const sigset_t ending = ending_signals();
	pid_t pid;

	sigprocmask(SIG_BLOCK, &ending, NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	sigprocmask(SIG_UNBLOCK, &ending, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_seeds(c);
	if (seconds > 0)
		run_changes(c, seed, seconds);
	corpus_free(c);
	exit(0);
}

/* ---- the parent ---- */

/* Its status; a child that stays at one input is killed, and so by a signal. */
static int child_wait(pid_t pid, bool *hung, bool *ended)
{
	const struct timespec pause = { 0, 10000000 };
	const sigset_t ending = ending_signals();
	uint64_t number = 0;
	double since = now_s();
	int status;

	*hung = *ended = false;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (number != shared->number)
			since = now_s();
		number = shared->number;
		if (sigtimedwait(&ending, NULL, &pause) > 0)
			*ended = true;
		else if (now_s() - since > HANG_S)
			*hung = true;
		if (*ended || *hung)
			kill(pid, SIGKILL);
	}
	return status;
}

static void keep_input(const char *why)
{
	char path[NAME_MAX];
	FILE *f;

	if (*shared->name) {
		printf("%s: %s at input %s\n", program, why, shared->name);
		return;
	}
	snprintf(path, sizeof(path), "%s.failed", program);
	f = fopen(path, "we");
	if (!f || fwrite(shared->input.data, 1, shared->input.size, f) !=
	    shared->input.size || fclose(f) != 0)
		die(path);
	printf("%s: %s; the input is in %s: run %s with it as argument\n",
	       program, why, path, program);
}

static uint64_t seed_choose(void)
{
	const char *text = getenv("FUZZ_SEED");
	uint64_t seed = 0;

	if (text && *text)
		return strtoull(text, NULL, 0);
	if (getrandom(&seed, 4, 0) < 0)
		die("getrandom");
	return seed;
}

static void dir_make(char *dir)
{
	if (!mkdtemp(dir) || setenv("FUZZ_DIR", dir, 1) < 0)
		die(dir);
}

static void dir_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	const char *seconds = getenv("FUZZ_SECONDS"), *slash;
	char dir[] = "/dev/shm/wattgate-fuzz-XXXXXX";
	char dir_tmp[] = "/tmp/wattgate-fuzz-XXXXXX";
	char *own_dir = access("/dev/shm", W_OK) == 0 ? dir : dir_tmp;
	struct corpus corpus = { .len = 0 };
	uint64_t seed = seed_choose();
	double limit = seconds ? strtod(seconds, NULL) : SECONDS_DEFAULT;
	bool hung, ended;
	int status;

	slash = strrchr(argv[0], '/');
	program = slash ? slash + 1 : argv[0];
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (int i = 1; i < argc; i++)
		corpus_add(&corpus, argv[i], argv[i]);
	if (argc < 2)
		corpus_read(&corpus, program + strlen("fuzz_"));
	else
		limit = 0;
	printf("%s: %zu inputs, then changed ones for %g s, FUZZ_SEED=%" PRIu64 "\n",
	       program, corpus.len, limit, seed);
	fflush(stdout);
	dir_make(own_dir);
	status = child_wait(child_start(&corpus, seed, limit), &hung, &ended);
	dir_remove(own_dir);
	corpus_free(&corpus);
	printf("%s: %" PRIu64 " inputs\n", program, (uint64_t)shared->number);
	if (status == 0 && shared->number >= 1)
		return 0;
	if (ended)
		return 99;
	keep_input(hung ? "does not end" : "failed");
	return 1;
}
