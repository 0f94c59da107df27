/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/when.h"

#include "cli/progress.h"

static const char *running = "report";

void cmd_begin(const char *name)
{
	running = name;
}

const char *cmd_running(void)
{
	return running;
}

static void note_va(const char *command, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void note_va(const char *command, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	progress_clear();
	fprintf(stderr, "wattgate %s: %s\n", command, text);
}

void cmd_note(const char *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_va(command, fmt, ap);
	va_end(ap);
}

int cmd_usage_error(const char *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_va(command, fmt, ap);
	va_end(ap);
	fprintf(stderr, "wattgate %s --help tells the options\n", command);
	return EXIT_USAGE;
}

int cmd_choose(const char *command, const char *option,
	       const char *const *names, const char *name, int *out)
{
	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*out = i;
		return EXIT_OK;
	}
	return cmd_usage_error(command, "%s cannot be \"%s\"", option, name);
}

int cmd_time(const char *command, const char *option, const char *text,
	     int64_t now_ns, int64_t *ns)
{
	if (when_parse(text, now_ns, ns) < 0)
		return cmd_usage_error(command, "%s: \"%s\" is no time", option,
				       text);
	return EXIT_OK;
}

int cmd_window(const char *command, const char *from, const char *to,
	       int64_t now_ns, int64_t *from_ns, int64_t *to_ns)
{
	if (cmd_time(command, "--from", from, now_ns, from_ns) != EXIT_OK ||
	    cmd_time(command, "--to", to, now_ns, to_ns) != EXIT_OK)
		return EXIT_USAGE;
	if (*from_ns >= *to_ns)
		return cmd_usage_error(command, "--from is not before --to");
	return EXIT_OK;
}

int cmd_finish_output(const char *command)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_OK;
	cmd_note(command, "cannot write to standard output: %s",
		 strerror(errno));
	return EXIT_TROUBLE;
}
