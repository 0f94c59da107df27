/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wattgate-ipmi: reads a BMC's power by IPMI. FreeIPMI's calls block, so this
 * runs beside wattgated, one for each BMC; docs/sources.md has the protocol.
 *
 * Whoever started it writes a command, a line, and reads the answer, a line:
 *
 *   sample     ok WATTS BOOT_NS SOURCE    when it was asked, CLOCK_BOOTTIME
 *              none KIND REASON    unavailable, auth, unreachable, config
 *   explain    note TEXT, any number of these, then as sample
 *
 * It ends, logged out, when its input does. A request that takes too long is
 * answered, and ends it: nothing else can interrupt FreeIPMI.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/clock.h"

#include "bmc.h"
#include "power.h"

enum { EXIT_USAGE = 2 };

#define LINE_MAX_SIZE 1024
#define COMMAND_MAX 32
/* BMCs end a session after 60 s without a request: log out before. */
#define IDLE_MS (45 * 1000)
/* To log out at the end. */
#define FAREWELL_MS 1000

struct helper {
	struct bmc_params params;
	const char *sensor;
	bmc_t *bmc;
	power_t *power;
};

/* What the signal handler says, made beforehand. */
static char too_late[LINE_MAX_SIZE];
static volatile sig_atomic_t too_late_size;	/* 0: nothing */

static void usage(FILE *out)
{
	fputs("usage: wattgate-ipmi [--host HOST --user U --password-file F]\n"
	      "         [--device DEV] [--sensor S] [--timeout MS]\n"
	      "Reads power for wattgated: commands on standard input, answers on\n"
	      "standard output. Without --host in-band, by /dev/ipmi0.\n"
	      "  --sensor S    a sensor's name or its record's number, instead of DCMI\n"
	      "  --timeout MS  for each command, 10 to 60000 [4000]\n", out);
}

/* ---- options ---- */

static int set_timeout(struct helper *h, const char *text)
{
	char *end;
	unsigned long ms = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || ms < 10 || ms > 60000)
		return -1;
	h->params.timeout_ms = (unsigned)ms;
	return 0;
}

/* 0 to go on, else the exit status + 1. */
static int options_parse(int argc, char **argv, struct helper *h)
{
	static const struct option longs[] = {
		{ "host", required_argument, NULL, 'H' },
		{ "device", required_argument, NULL, 'd' },
		{ "user", required_argument, NULL, 'u' },
		{ "password-file", required_argument, NULL, 'p' },
		{ "sensor", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "Vh", longs, NULL)) != -1) {
		if (c == 'H')
			h->params.host = optarg;
		else if (c == 'd')
			h->params.device = optarg;
		else if (c == 'u')
			h->params.user = optarg;
		else if (c == 'p')
			h->params.password_file = optarg;
		else if (c == 's')
			h->sensor = optarg;
		else if (c == 't' && set_timeout(h, optarg) == 0)
			;
		else if (c == 'V')
			return puts("wattgate-ipmi " PACKAGE_VERSION), 1;
		else if (c == 'h')
			return usage(stdout), 1;
		else
			return usage(stderr), EXIT_USAGE + 1;
	}
	if (optind != argc || (h->params.host && (!h->params.user ||
						  !h->params.password_file)))
		return usage(stderr), EXIT_USAGE + 1;
	return 0;
}

/* ---- the process ---- */

/* A password must not end up in a core, nor in a debugger of the same user. */
static void process_harden(void)
{
	struct rlimit none = { 0, 0 };

	umask(077);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	/* a stop of the service stops us, too: we end when wattgated does */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void timer_set(unsigned ms)
{
	struct itimerval t = { { 0, 0 }, { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static void on_timer(int sig)
{
	ssize_t n = write(STDOUT_FILENO, too_late, (size_t)too_late_size);

	(void)sig;
	(void)n;
	_exit(EXIT_SUCCESS);
}

static void timer_prepare(const struct helper *h)
{
	const char *whom = h->params.host ? h->params.host : h->params.device;
	int len = snprintf(too_late, sizeof(too_late),
			   "none unreachable %.200s: no answer in time\n", whom);

	too_late_size = len;
	signal(SIGALRM, on_timer);
}

/* ---- answers ---- */

/* One line, one write; 0, or -1 where nobody reads it. */
__attribute__((format(printf, 1, 2)))
static int say(const char *fmt, ...)
{
	char line[LINE_MAX_SIZE];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);

	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	line[len] = '\n';
	return write(STDOUT_FILENO, line, (size_t)len + 1) == len + 1 ? 0 : -1;
}

static void say_note(void *arg, const char *line)
{
	(void)arg;
	say("note %s", line);
}

static int say_answer(const struct answer *a)
{
	if (a->kind == ANSWER_OK)
		return say("ok %.9g %" PRId64 " %s", a->watts, a->boot_ns,
			   a->source);
	return say("none %s %s", answer_kind_word(a->kind), a->why.text);
}

/* ---- a request ---- */

static void ask_once(struct helper *h, bool explain, int64_t late_ns,
		     struct answer *a)
{
	struct ipmi_bus bus = { .command = bmc_command,
				.read_sensor = bmc_read_sensor,
				.arg = h->bmc, .late_ns = late_ns,
				.can_raise = bmc_can_raise(h->bmc) };

	if (!bmc_is_open(h->bmc)) {
		if (bmc_open(h->bmc, a) < 0)
			return;
		power_reconnected(h->power);
	}
	if (explain)
		power_explain(h->power, &bus, a, say_note, NULL);
	else
		power_sample(h->power, &bus, a);
}

static int serve_request(struct helper *h, bool explain)
{
	struct answer a = { .kind = ANSWER_UNAVAILABLE };
	/* half of the time is a search's */
	int64_t late_ns = clock_boot_ns() +
		h->params.timeout_ms * (NS_PER_S / 1000) / 2;

	timer_set(h->params.timeout_ms);
	ask_once(h, explain, late_ns, &a);
	if (a.kind == ANSWER_AUTH && a.low_privilege && bmc_can_raise(h->bmc)) {
		bmc_raise(h->bmc);
		ask_once(h, explain, late_ns, &a);
	}
	timer_set(0);
	return say_answer(&a);
}

/* ---- the loop ---- */

/* Nobody waits for an answer: where it takes too long, we just end. */
static void log_out(struct helper *h)
{
	too_late_size = 0;
	timer_set(FAREWELL_MS);
	bmc_close(h->bmc);
	timer_set(0);
	timer_prepare(h);
}

/* A line of the input without its newline: its length; -1: there are no more. */
static int read_command(struct helper *h, char buf[COMMAND_MAX])
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int len = 0;
	ssize_t n;

	for (;;) {
		if (poll(&in, 1, bmc_is_open(h->bmc) ? IDLE_MS : -1) == 0) {
			log_out(h);
			continue;
		}
		n = read(STDIN_FILENO, buf + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		if (buf[len] == '\n')
			return buf[len] = '\0', len;
		if (++len == COMMAND_MAX)
			return -1;
	}
}

static int serve(struct helper *h)
{
	char command[COMMAND_MAX];
	int rc = 0;

	while (rc == 0 && read_command(h, command) >= 0) {
		if (strcmp(command, "sample") == 0)
			rc = serve_request(h, false);
		else if (strcmp(command, "explain") == 0)
			rc = serve_request(h, true);
		else
			rc = say("none config there is no command \"%s\"",
				 command);
	}
	log_out(h);
	bmc_destroy(h->bmc);
	power_destroy(h->power);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct helper h = { .params = { .device = "/dev/ipmi0",
					.timeout_ms = 4000 },
			    .sensor = "" };
	int rc = options_parse(argc, argv, &h);

	if (rc)
		return rc - 1;
	process_harden();
	timer_prepare(&h);
	h.bmc = bmc_create(&h.params);
	h.power = power_create(h.sensor);
	if (!h.bmc || !h.power) {
		fputs("wattgate-ipmi: no memory\n", stderr);
		return EXIT_FAILURE;
	}
	return serve(&h);
}
