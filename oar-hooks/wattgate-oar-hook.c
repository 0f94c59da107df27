/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wattgate-oar-hook ROLE ARGUMENT...: what OAR runs when a job starts, ends,
 * is suspended or resumed. It leaves a note that makes wattgated look into
 * OAR's database now instead of a little later; the database is the
 * authority, so a note that is lost loses nothing.
 *
 * A hook of OAR's that fails or hangs is an outage of the site: all queues
 * stop, or nodes are suspected one after the other. So this program returns 0
 * whatever happens, within TIME_LIMIT_MS, and says nothing. It does not touch
 * the descriptors that it inherits, starts no process, waits for no disk and
 * no lock, and reads no configuration.
 *
 * A note is a file ROLE.JOB.BOOTTIME.PID in RUN/oar.d, lines of key=value; it
 * appears whole or not at all. docs/formats.md describes it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Of this process's own 50 ms; the rest is for starting it. */
#define TIME_LIMIT_MS 35
/* Nobody reads the notes while wattgated is away, and the spool is memory. */
#define NOTES_MAX 10000
#define NS_PER_S 1000000000LL

struct note {
	const char *role;
	const char *job_id;
	long long wall_ns;
	long long boot_ns;
	char name[96];	/* of its file; tmp. before it while it is written */
	char tmp[100];
};

static void on_alarm(int sig)
{
	(void)sig;
	_exit(0);
}

/* What would end the process from outside, less what is meant to. */
static void guard(void)
{
	struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_value.tv_usec = TIME_LIMIT_MS * 1000 };
	sigset_t set;

	sigaction(SIGALRM, &act, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
	sigaction(SIGXFSZ, &act, NULL);
}

/*
 * At most one line, where somebody asked for it. Where 2 was closed it may be
 * the spool by now: that cannot be written to.
 */
static _Noreturn void leave(const char *why)
{
	char line[160];
	ssize_t written;
	int len;

	if (getenv("WATTGATE_OAR_DEBUG")) {
		len = snprintf(line, sizeof(line), "wattgate-oar-hook: %s\n", why);
		written = write(STDERR_FILENO, line, (size_t)len);
		(void)written;
	}
	_exit(0);
}

static const char *role_find(const char *name)
{
	static const char *const roles[] = {
		"server_prologue", "server_epilogue", "prologue", "epilogue",
		"suspend", "resume",
	};
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		if (strcmp(roles[i], name) == 0)
			return roles[i];
	}
	return NULL;
}

/* A positive int of the database's, as the database prints it. */
static bool job_id_valid(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len >= 1 && len <= 10 && text[len] == '\0' && text[0] != '0' &&
	       strtoll(text, NULL, 10) <= INT_MAX;
}

/* Boot time and pid make the name unique. */
static bool note_begin(struct note *n, int argc, char **argv)
{
	struct timespec wall, boot;
	int arg = 2;

	n->role = argc > 1 ? role_find(argv[1]) : NULL;
	if (!n->role)
		return false;
	/* OAR 2.5 calls the resume hook with a stray word before the job */
	if (argc > 3 && strcmp(n->role, "resume") == 0 &&
	    strcmp(argv[2], "script") == 0)
		arg = 3;
	if (argc <= arg || !job_id_valid(argv[arg]))
		return false;
	n->job_id = argv[arg];
	if (clock_gettime(CLOCK_REALTIME, &wall) != 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
		return false;
	n->wall_ns = wall.tv_sec * NS_PER_S + wall.tv_nsec;
	n->boot_ns = boot.tv_sec * NS_PER_S + boot.tv_nsec;
	snprintf(n->name, sizeof(n->name), "%s.%s.%lld.%d", n->role, n->job_id,
		 n->boot_ns, (int)getpid());
	snprintf(n->tmp, sizeof(n->tmp), "tmp.%s", n->name);
	return true;
}

/* RUN/oar.d itself, not what a link points to; -1 where there is none. */
static int spool_open(void)
{
	const char *run = getenv("WATTGATE_RUN_DIR");
	char path[PATH_MAX];

	if (!run || !*run)
		run = WATTGATE_RUN_DIR;
	if (run[0] != '/' || (size_t)snprintf(path, sizeof(path), "%s/oar.d",
					      run) >= sizeof(path))
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
}

static bool spool_full(int spool)
{
	int fd = fcntl(spool, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int count = 0;

	if (!dir)
		return true;
	while (count < NOTES_MAX + 2 && readdir(dir))
		count++;
	closedir(dir);
	return count >= NOTES_MAX + 2;	/* . and .. */
}

static bool note_write(const struct note *n, int fd)
{
	char host[256], text[512];
	ssize_t len;

	if (gethostname(host, sizeof(host)) != 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	host[strcspn(host, "\n")] = '\0';
	len = snprintf(text, sizeof(text),
		       "role=%s\njob_id=%s\nnode=%s\nwall_ns=%lld\nboot_ns=%lld\n",
		       n->role, n->job_id, host, n->wall_ns, n->boot_ns);
	/* wattgated reads by the group, whatever umask OAR was started with */
	return fchmod(fd, 0640) == 0 && write(fd, text, (size_t)len) == len;
}

static bool note_leave(const struct note *n, int spool)
{
	int fd = openat(spool, n->tmp, O_WRONLY | O_CREAT | O_EXCL |
			O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	bool done;

	if (fd < 0)
		return false;
	done = note_write(n, fd);
	close(fd);
	done = done && renameat(spool, n->tmp, spool, n->name) == 0;
	if (!done)
		unlinkat(spool, n->tmp, 0);
	return done;
}

int main(int argc, char **argv)
{
	struct note note;
	int spool;

	guard();
	if (!note_begin(&note, argc, argv))
		leave("not called as OAR calls it; no note");
	spool = spool_open();
	if (spool < 0)
		leave("no spool directory; no note");
	if (spool_full(spool))
		leave("the spool is full; no note");
	if (!note_leave(&note, spool))
		leave("the note cannot be written");
	leave(note.name);
}
