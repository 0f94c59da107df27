/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of OAR's own files on this host: its hooks, and oarstat's module. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/doctor.h"
#include "lib/file.h"
#include "lib/oar_schema.h"

#define SCRIPT_MARK "# Made by wattgate-oar-setup"
#define MODULE_MARK "package OAR::Stat::Wattgate;"
#define MODULE_VERSION "my $SCHEMA_VERSION = "
#define MODULE_NAME "OAR/Stat.pm"

/* The file's begin as a text. -1 with errno. */
static int read_begin(const char *path, char *buf, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = file_read_all(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n < 0 ? -1 : 0;
}

/* ---- oar.conf -------------------------------------------------------------- */

static void check_oar_conf(struct doctor *d)
{
	if (!d->oar_conf.text)
		doctor_find(d, DOCTOR_WARN, "run wattgate doctor on OAR's server too, as root; OARCONFFILE names another file",
			    "%s: OAR's hooks were not checked",
			    d->oar_conf_err.text);
}

/* ---- hooks ----------------------------------------------------------------- */

static const struct hook {
	const char *key, *role;
} hooks[] = {
	{ "SERVER_PROLOGUE_EXEC_FILE", "server_prologue" },
	{ "SERVER_EPILOGUE_EXEC_FILE", "server_epilogue" },
	{ "JUST_AFTER_SUSPEND_EXEC_FILE", "suspend" },
	{ "JUST_BEFORE_RESUME_EXEC_FILE", "resume" },
};

/* The program that the script runs: 'PROGRAM' ROLE "$@" */
static bool hook_program(const char *script, const char *role, char *buf,
			 size_t size)
{
	char call[64];
	const char *end, *begin;

	snprintf(call, sizeof(call), "' %s \"$@\"", role);
	end = strstr(script, call);
	if (!end)
		return false;
	for (begin = end; begin > script && begin[-1] != '\'' &&
			  begin[-1] != '\n'; begin--)
		;
	if (begin == script || begin[-1] != '\'' ||
	    (size_t)(end - begin) >= size)
		return false;
	memcpy(buf, begin, (size_t)(end - begin));
	buf[end - begin] = '\0';
	return true;
}

/*
 * Where oar.conf is that of a container, seen from outside, so are its files:
 * what it calls /etc/oar lies beside it.
 */
static void hook_path(const struct doctor *d, char *path, size_t size)
{
	static const char etc[] = "/etc/oar";
	const char *slash = strrchr(d->oar_conf.path, '/');
	char moved[PATH_MAX];

	path[strcspn(path, " \t")] = '\0';
	if (access(path, F_OK) == 0 || !slash ||
	    strncmp(path, etc, strlen(etc)) != 0 ||
	    snprintf(moved, sizeof(moved), "%.*s%s",
		     (int)(slash - d->oar_conf.path), d->oar_conf.path,
		     path + strlen(etc)) >= (int)size)
		return;
	if (access(moved, F_OK) == 0)
		strcpy(path, moved);
}

/*
 * A hook that OAR cannot run stops all its queues: that fails. One that is
 * not there only makes wattgated look a little later.
 */
static bool check_hook(struct doctor *d, const struct hook *hook)
{
	static const char mend[] = "wattgate-oar-setup install";
	char path[PATH_MAX], script[4096], program[PATH_MAX];

	if (!oar_conf_get(&d->oar_conf, hook->key, path, sizeof(path)) ||
	    !*path)
		return false;
	hook_path(d, path, sizeof(path));
	if (access(path, X_OK) < 0)
		doctor_find(d, DOCTOR_FAIL, "mend it at once, or take the line out: OAR stops its queues over it",
			    "%s: %s names %s: %s", d->oar_conf.path, hook->key,
			    path, strerror(errno));
	else if (read_begin(path, script, sizeof(script)) < 0)
		doctor_find(d, DOCTOR_WARN, "run wattgate doctor as root",
			    "%s cannot be read: %s", path, strerror(errno));
	else if (!strstr(script, SCRIPT_MARK))
		doctor_find(d, DOCTOR_WARN, mend,
			    "%s: %s is the site's own hook, without wattgate's",
			    d->oar_conf.path, hook->key);
	else if (!hook_program(script, hook->role, program, sizeof(program)))
		doctor_find(d, DOCTOR_WARN, mend,
			    "%s does not run wattgate's hook", path);
	else if (access(program, X_OK) < 0)
		doctor_find(d, DOCTOR_WARN, "install wattgate again, then wattgate-oar-setup install",
			    "%s runs %s: %s", path, program, strerror(errno));
	return true;
}

static void check_hooks(struct doctor *d)
{
	char missing[256] = "";

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		const size_t len = strlen(missing);

		if (!check_hook(d, &hooks[i]))
			snprintf(missing + len, sizeof(missing) - len, "%s%s",
				 len ? ", " : "", hooks[i].key);
	}
	if (*missing)
		doctor_find(d, DOCTOR_WARN, "wattgate-oar-setup install; without hooks wattgated only sees jobs some seconds later",
			    "%s sets no %s", d->oar_conf.path, missing);
}

/* ---- oarstat's module ------------------------------------------------------ */

/* Where OAR's programs look for modules first. */
static const char *oar_dir(void)
{
	const char *dir = getenv("OARDIR");

	return dir && *dir ? dir : WATTGATE_OAR_DIR;
}

struct stock {
	const struct stat *ours;
	bool found;
};

static int take_inc(char *line, void *arg)
{
	struct stock *s = arg;
	char path[PATH_MAX];
	struct stat st;

	if (line && *line == '/' &&
	    snprintf(path, sizeof(path), "%s/" MODULE_NAME, line) <
	    (int)sizeof(path) && stat(path, &st) == 0 &&
	    (st.st_dev != s->ours->st_dev || st.st_ino != s->ours->st_ino))
		s->found = true;
	return 0;
}

/* It puts itself around OAR's own, which perl must find further on. */
static void check_stock(struct doctor *d, const struct stat *ours)
{
	char *const argv[] = { (char *)"perl", (char *)"-e",
			       (char *)"print map { qq($_\\n) } @INC", NULL };
	/* the caller's own directories are not those of oarstat */
	char *const env[] = { (char *)"PERL5LIB=", (char *)"PERL5OPT=", NULL };
	struct stock s = { .ours = ours };
	struct err err;

	if (child_lines(argv, env, 10000, take_inc, &s, &err) != 0)
		doctor_find(d, DOCTOR_WARN, "is perl there, as OAR needs it?",
			    "perl's directories are not known: %s", err.text);
	else if (!s.found)
		doctor_find(d, DOCTOR_FAIL, "install OAR's own modules (Debian: liboar-perl), or take wattgate's out",
			    "perl finds no " MODULE_NAME " of OAR's own: oarstat cannot run");
}

static void check_module_text(struct doctor *d, const char *path,
			      const char *text)
{
	const char *version = strstr(text, MODULE_VERSION);

	if (!strstr(text, MODULE_MARK))
		doctor_find(d, DOCTOR_WARN, "is it the site's own? Then oarstat shows no energy",
			    "%s is not wattgate's", path);
	else if (!version || atoi(version + strlen(MODULE_VERSION)) !=
			     OAR_SCHEMA_VERSION)
		doctor_find(d, DOCTOR_WARN, "install the one that comes with this wattgate",
			    "%s is for another version of schema wattgate than %d: oarstat shows no energy",
			    path, OAR_SCHEMA_VERSION);
}

static void check_module(struct doctor *d)
{
	char path[PATH_MAX], text[8192];
	struct stat st;

	snprintf(path, sizeof(path), "%s", oar_dir());
	if (stat(path, &st) < 0) {
		doctor_find(d, DOCTOR_WARN, "run wattgate doctor where users run oarstat too; OARDIR names another directory",
			    "%s: %s: oarstat was not checked", path,
			    strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%s/" MODULE_NAME, oar_dir());
	if (stat(path, &st) < 0) {
		doctor_find(d, DOCTOR_WARN, "install wattgate's module there (configure --with-oar-libdir)",
			    "%s: %s: oarstat shows no energy", path,
			    strerror(errno));
		return;
	}
	if (st.st_uid != 0 || (st.st_mode & 022))
		doctor_find(d, DOCTOR_FAIL, "chown root, chmod 0644",
			    "%s can be changed by others than root, and oarstat runs it as user oar",
			    path);
	if (!(st.st_mode & 04))
		doctor_find(d, DOCTOR_FAIL, "chmod 0644",
			    "user oar may not read %s, so that oarstat cannot run",
			    path);
	if (read_begin(path, text, sizeof(text)) == 0)
		check_module_text(d, path, text);
	check_stock(d, &st);
}

const struct doctor_check doctor_oar_checks[] = {
	{ "oar-conf", "OAR's configuration is readable", NEEDS_OAR,
	  check_oar_conf },
	{ "oar-hooks", "OAR runs wattgate's hooks", NEEDS_OAR_CONF,
	  check_hooks },
	{ "oarstat", "oarstat's module is in its place, before OAR's own",
	  NEEDS_OAR, check_module },
};
const size_t doctor_oar_checks_len =
	sizeof(doctor_oar_checks) / sizeof(doctor_oar_checks[0]);
