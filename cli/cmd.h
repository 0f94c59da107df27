/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_CMD_H
#define WATTGATE_CLI_CMD_H

#include <stdint.h>

/*
 * The commands of wattgate. argv[0] is the command's name; each returns the
 * exit status.
 */

enum exit_status {
	EXIT_OK = 0,
	EXIT_TROUBLE = 1,
	EXIT_USAGE = 2,
	EXIT_UNAVAILABLE = 3	/* probe: the BMC answers, and has no power to tell */
};

int cmd_report(int argc, char **argv);
int cmd_track(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_backfill(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_annotate(int argc, char **argv);

/*
 * "wattgate COMMAND: text" on standard error, control characters replaced:
 * names of users' making may be in it.
 */
void cmd_note(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Which command runs, for notes of what several of them share: "report" until
 * it is told. name has to stay.
 */
void cmd_begin(const char *name);
const char *cmd_running(void);

/* The same as cmd_note() and "see wattgate COMMAND --help"; returns EXIT_USAGE. */
int cmd_usage_error(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * What of `names`, NULL at their end, an option was given: EXIT_OK with *out =
 * its place, or a usage error.
 */
int cmd_choose(const char *command, const char *option,
	       const char *const *names, const char *name, int *out);

/* A time as an option tells it, by lib/when.h: EXIT_OK, or a usage error. */
int cmd_time(const char *command, const char *option, const char *text,
	     int64_t now_ns, int64_t *ns);

/*
 * [from, to) as --from and --to tell it, by lib/when.h: EXIT_OK, or a usage
 * error where one of them is no time, or they are not in order.
 */
int cmd_window(const char *command, const char *from, const char *to,
	       int64_t now_ns, int64_t *from_ns, int64_t *to_ns);

/* Standard output is whole (not cut by a full disk): EXIT_OK or EXIT_TROUBLE. */
int cmd_finish_output(const char *command);

#endif
