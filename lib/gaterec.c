/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gaterec.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "conf.h"

#define GATEREC_TEXT_MAX 1024

/* As in the ledger: so far from the end of 64 bits that two can be added. */
#define BOOT_MAX_NS (INT64_MAX / 8)
#define WALL_MAX_NS (INT64_MAX / 2)

int gaterec_dir(char *buf, unsigned long size, const char *run_dir,
		const char *node)
{
	int n = snprintf(buf, size, "%s/gate.d/%s",
			 run_dir ? run_dir : conf_run_dir(), node);

	if (n < 0 || (unsigned long)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int check_dir(int fd, const char *path, uint32_t owner, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (st.st_uid != owner || (st.st_mode & 022)) {
		errno = EPERM;
		return err_set(err, "%s: must belong to user %u and not be "
			       "writable by others (systemd-tmpfiles --create "
			       "wattgate.conf sets it up)", path, owner);
	}
	return 0;
}

int gaterec_dir_open(const char *path, bool create, uint32_t owner,
		     struct err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags);

	/* the parent is set-group-id: the new directory gets its group */
	if (fd < 0 && errno == ENOENT && create &&
	    (mkdir(path, 0750) == 0 || errno == EEXIST))
		fd = open(path, flags);
	if (fd < 0)
		return err_set_errno(err, "%s: cannot open (systemd-tmpfiles "
				     "--create wattgate.conf sets it up)", path);
	if (check_dir(fd, path, owner, err) == 0)
		return fd;
	close(fd);
	return -1;
}

char *gaterec_name(const gaterec_t *rec, char *buf, unsigned long size)
{
	if (!strcmp(rec->step, GATEREC_PROLOG))
		snprintf(buf, size, "%u.%s", rec->job_id, rec->step);
	else
		snprintf(buf, size, "%u.%s.%u.%d", rec->job_id, rec->step,
			 rec->restart, rec->stepd_pid);
	return buf;
}

static int format_record(const gaterec_t *rec, char *buf, size_t size)
{
	char body[GATEREC_TEXT_MAX];
	int n = snprintf(body, sizeof(body),
		"job=%u\nstep=%s\nrestart=%u\nuid=%u\nstepd_pid=%d\n"
		"stepd_start=%" PRIu64 "\nboot_id=%s\nstart_ns=%" PRId64 "\n"
		"start_wall_ns=%" PRId64 "\nend_ns=%" PRId64 "\nswept=%d\ncores=%.17g\n"
		"gpus=%.17g\nmem_mb=%.17g\nshare=%.17g\ncum_j=%.17g\n"
		"cum_covered_ns=%" PRId64 "\n",
		rec->job_id, rec->step, rec->restart, rec->uid, rec->stepd_pid,
		rec->stepd_start, rec->boot_id, rec->start_ns,
		rec->start_wall_ns, rec->end_ns, rec->swept, rec->holding.cores,
		rec->holding.gpus, rec->holding.mem_mb, rec->share, rec->cum_j,
		rec->cum_covered_ns);

	if (n < 0 || (size_t)n >= sizeof(body))
		return -1;
	n = snprintf(buf, size, "wattgate-gate 1 %08lx\n%s",
		     crc32(0, (const Bytef *)body, (uInt)n), body);
	return n < 0 || (size_t)n >= size ? -1 : n;
}

int gaterec_write(int dirfd, const gaterec_t *rec, struct err *err)
{
	char text[GATEREC_TEXT_MAX], name[GATEREC_NAME_MAX];
	char tmp[GATEREC_NAME_MAX + 16];
	int fd, n = format_record(rec, text, sizeof(text));

	gaterec_name(rec, name, sizeof(name));
	snprintf(tmp, sizeof(tmp), ".%s.%d", name, (int)getpid());
	if (n < 0)
		return err_set(err, "gate record %s: too long", name);
	unlinkat(dirfd, tmp, 0);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
				O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_set_errno(err, "gate record %s: cannot create", name);
	if (fchmod(fd, 0640) < 0 || write(fd, text, (size_t)n) != n ||
	    renameat(dirfd, tmp, dirfd, name) < 0) {
		err_set_errno(err, "gate record %s: cannot write", name);
		close(fd);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	close(fd);
	return 0;
}

/* ---- reading --------------------------------------------------------------- */

/* "key=" at the front of *text: its value, up to the newline, into buf. */
static int take_value(const char **text, const char *key, char *buf,
		      size_t size)
{
	size_t klen = strlen(key), vlen;
	const char *end;

	if (strncmp(*text, key, klen) || (*text)[klen] != '=')
		return -1;
	*text += klen + 1;
	end = strchr(*text, '\n');
	if (!end)
		return -1;
	vlen = (size_t)(end - *text);
	if (vlen >= size)
		return -1;
	memcpy(buf, *text, vlen);
	buf[vlen] = 0;
	*text = end + 1;
	return 0;
}

static int take_integer(const char **text, const char *key, int64_t min,
			int64_t max, int64_t *out)
{
	char buf[32], *end;

	if (take_value(text, key, buf, sizeof(buf)) < 0)
		return -1;
	errno = 0;
	*out = strtoll(buf, &end, 10);
	return errno || end == buf || *end || *out < min || *out > max ? -1 : 0;
}

static int take_double(const char **text, const char *key, bool may_be_nan,
		       double *out)
{
	char buf[40], *end;

	if (take_value(text, key, buf, sizeof(buf)) < 0)
		return -1;
	*out = strtod(buf, &end);
	if (end == buf || *end || isinf(*out))
		return -1;
	return isnan(*out) ? (may_be_nan ? 0 : -1) : (*out >= 0 ? 0 : -1);
}

static bool step_valid(const char *step)
{
	if (!*step)
		return false;
	for (; *step; step++)
		if (!isalnum((unsigned char)*step) && *step != '+')
			return false;
	return true;
}

static int parse_ids(const char **text, gaterec_t *rec)
{
	int64_t job, restart, uid, pid, start;

	if (take_integer(text, "job", 1, UINT32_MAX, &job) < 0 ||
	    take_value(text, "step", rec->step, sizeof(rec->step)) < 0 ||
	    !step_valid(rec->step) ||
	    take_integer(text, "restart", 0, UINT32_MAX, &restart) < 0 ||
	    take_integer(text, "uid", 0, UINT32_MAX, &uid) < 0 ||
	    take_integer(text, "stepd_pid", 0, INT32_MAX, &pid) < 0 ||
	    take_integer(text, "stepd_start", 0, INT64_MAX, &start) < 0 ||
	    take_value(text, "boot_id", rec->boot_id, sizeof(rec->boot_id)) < 0)
		return -1;
	rec->job_id = (uint32_t)job;
	rec->restart = (uint32_t)restart;
	rec->uid = (uint32_t)uid;
	rec->stepd_pid = (int32_t)pid;
	rec->stepd_start = (uint64_t)start;
	return 0;
}

static int parse_record(const char *text, gaterec_t *rec)
{
	unsigned long crc;
	int64_t swept;
	int skip = 0;

	memset(rec, 0, sizeof(*rec));
	if (sscanf(text, "wattgate-gate 1 %8lx\n%n", &crc, &skip) != 1 || !skip)
		return -1;
	text += skip;
	if (crc32(0, (const Bytef *)text, (uInt)strlen(text)) != crc)
		return -1;
	if (parse_ids(&text, rec) < 0 ||
	    take_integer(&text, "start_ns", 1, BOOT_MAX_NS, &rec->start_ns) < 0 ||
	    take_integer(&text, "start_wall_ns", 0, WALL_MAX_NS,
			 &rec->start_wall_ns) < 0 ||
	    take_integer(&text, "end_ns", 0, BOOT_MAX_NS, &rec->end_ns) < 0 ||
	    take_integer(&text, "swept", 0, 1, &swept) < 0 ||
	    take_double(&text, "cores", false, &rec->holding.cores) < 0 ||
	    take_double(&text, "gpus", false, &rec->holding.gpus) < 0 ||
	    take_double(&text, "mem_mb", false, &rec->holding.mem_mb) < 0 ||
	    take_double(&text, "share", true, &rec->share) < 0 ||
	    take_double(&text, "cum_j", true, &rec->cum_j) < 0 ||
	    take_integer(&text, "cum_covered_ns", 0, BOOT_MAX_NS,
			 &rec->cum_covered_ns) < 0)
		return -1;
	rec->swept = swept;
	return 0;
}

static int read_text(int dirfd, const char *name, uint32_t owner,
		     char *buf, size_t size)
{
	struct stat st;
	ssize_t n;
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
				     O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != owner ||
	    st.st_size >= (off_t)size) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0) {
		errno = EIO;
		return -1;
	}
	buf[n] = 0;
	return 0;
}

int gaterec_read(int dirfd, const char *name, uint32_t owner, gaterec_t *rec,
		 struct err *err)
{
	char text[GATEREC_TEXT_MAX], own_name[GATEREC_NAME_MAX];

	if (read_text(dirfd, name, owner, text, sizeof(text)) < 0)
		return err_set_errno(err, "gate record %s: cannot read", name);
	if (parse_record(text, rec) < 0 ||
	    strcmp(gaterec_name(rec, own_name, sizeof(own_name)), name)) {
		errno = EINVAL;
		return err_set(err, "gate record %s: damaged", name);
	}
	return 0;
}

uint64_t process_start_ticks(int32_t pid)
{
	char path[32], buf[1024], *p;
	unsigned long long start;
	char state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	p = strrchr(buf, ')');	/* the name may hold anything */
	if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			 "%*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
			 &start) != 2)
		return 0;
	if (state == 'Z' || state == 'X')	/* ended, not yet reaped */
		return 0;
	return start;
}

bool gaterec_alive(const gaterec_t *rec, const char *boot_id)
{
	return rec->stepd_pid > 0 && !strcmp(rec->boot_id, boot_id) &&
	       process_start_ticks(rec->stepd_pid) == rec->stepd_start &&
	       rec->stepd_start != 0;
}

int gaterec_each(int dirfd, const char *prefix,
		 int (*fn)(const char *name, void *arg), void *arg)
{
	size_t plen = prefix ? strlen(prefix) : 0;
	/* a description of our own: the position is not shared */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int rc = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (!rc && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || strncmp(d->d_name, prefix ? prefix : "",
						   plen))
			continue;
		rc = fn(d->d_name, arg);
	}
	closedir(dir);
	return rc;
}

struct sweep {
	int dirfd;
	uint32_t owner;
	const char *boot_id;
	int64_t now_ns;
	int64_t settled_ns;
	int left;
	int removed;
};

/* In the ledger, of another boot, or a note that no extern step took up. */
static bool sweepable(const struct sweep *s, const gaterec_t *rec)
{
	if (strcmp(rec->boot_id, s->boot_id))
		return true;
	if (!strcmp(rec->step, GATEREC_PROLOG))
		return s->now_ns - rec->start_ns > GATEREC_PROLOG_MAX_NS;
	return rec->end_ns && (rec->end_ns <= s->settled_ns ||
			       s->now_ns - rec->end_ns > GATEREC_KEEP_NS);
}

/* It may have written its end, and gone, since we read it: that one stands. */
static void mark_vanished(const struct sweep *s, const char *name)
{
	gaterec_t rec;

	if (gaterec_read(s->dirfd, name, s->owner, &rec, NULL) < 0 ||
	    rec.end_ns)
		return;
	rec.end_ns = s->now_ns;
	rec.swept = true;
	gaterec_write(s->dirfd, &rec, NULL);
}

static int sweep_one(const char *name, void *arg)
{
	struct sweep *s = arg;
	gaterec_t rec;

	if (s->left-- <= 0)
		return 1;
	if (gaterec_read(s->dirfd, name, s->owner, &rec, NULL) < 0)
		return 0;
	if (sweepable(s, &rec)) {
		if (unlinkat(s->dirfd, name, 0) == 0)
			s->removed++;
	} else if (!rec.end_ns && strcmp(rec.step, GATEREC_PROLOG) &&
		   !gaterec_alive(&rec, s->boot_id)) {
		mark_vanished(s, name);
	}
	return 0;
}

int gaterec_sweep(int dirfd, uint32_t owner, const char *boot_id,
		  int64_t now_ns, int64_t settled_ns, int limit)
{
	struct sweep s = { .dirfd = dirfd, .owner = owner, .boot_id = boot_id,
			   .now_ns = now_ns, .settled_ns = settled_ns,
			   .left = limit };

	gaterec_each(dirfd, NULL, sweep_one, &s);
	return s.removed;
}
