/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/json_probe.h"
#include "cli/probe.h"
#include "cli/probe_ipmi.h"
#include "cli/probe_text.h"
#include "cli/probe_watch.h"
#include "cli/text.h"
#include "lib/conf_values.h"

static const char usage[] =
	"usage: wattgate probe URL [OPTION...]\n"
	"\n"
	"Asks a BMC for the power of its node, by Redfish, and explains what it offers\n"
	"and which number is the node. URL is https://HOST or https://HOST:PORT; by IPMI\n"
	"ipmi://HOST, and ipmi:// for this host's own BMC.\n"
	"\n"
	"  --user U           log in as U [ask without a login]\n"
	"  --password-file F  whose first line is the password; mode 0600\n"
	"  --auth HOW         session (falls back to basic) or basic [session]\n"
	"  --node SELECTOR    of a BMC that serves several nodes: the last part of the\n"
	"                     URL of its chassis or system\n"
	"  --sensor S         by IPMI: this sensor, by its name or its record's number,\n"
	"                     instead of DCMI\n"
	"  --ca FILE          CAs that the BMC's certificate is verified by [the system's]\n"
	"  --public-key PIN   the key that the BMC must have: sha256//BASE64\n"
	"  --insecure         take plain http, and certificates that nobody vouches for\n"
	"  --timeout D        for each answer, 100ms to 60s [10s]\n"
	"  --json             as JSON\n"
	"  --watch            sample on, and measure period, latency and sensor;\n"
	"                     Ctrl-C ends it\n"
	"  --period D         between samples, 20ms to 5m [5s]\n"
	"  --count N          end after N samples\n"
	"  --trace DIR        record what the BMC says in a new directory, without serial\n"
	"                     numbers, addresses and names of hosts\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 there is power, 3 the BMC has none to tell, 1 an error (no\n"
	"connection, no login, ...), 2 usage.\n";

struct options {
	const char *url, *user, *password_file, *auth, *node, *sensor, *ca, *public_key;
	const char *timeout, *period, *count, *trace;
	bool insecure, json, watch, help;
};

/* ---- options ---- */

enum { USER = 256, PASSWORD_FILE, PASSWORD, AUTH, NODE, SENSOR, CA, PUBLIC_KEY,
       INSECURE, TIMEOUT, JSON, WATCH, PERIOD, COUNT, TRACE };

static int set_option(struct options *o, int c)
{
	switch (c) {
	case USER: o->user = optarg; break;
	case PASSWORD_FILE: o->password_file = optarg; break;
	case AUTH: o->auth = optarg; break;
	case NODE: o->node = optarg; break;
	case SENSOR: o->sensor = optarg; break;
	case CA: o->ca = optarg; break;
	case PUBLIC_KEY: o->public_key = optarg; break;
	case INSECURE: o->insecure = true; break;
	case TIMEOUT: o->timeout = optarg; break;
	case JSON: o->json = true; break;
	case WATCH: o->watch = true; break;
	case PERIOD: o->period = optarg; break;
	case COUNT: o->count = optarg; break;
	case TRACE: o->trace = optarg; break;
	case 'h': o->help = true; break;
	case PASSWORD:	/* would else be taken for a short --password-file */
		return cmd_usage_error("probe", "a password is no argument: everyone on this host could read it; name a file by --password-file");
	default:
		return cmd_usage_error("probe", "bad option");
	}
	return EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "user", required_argument, NULL, USER },
		{ "password-file", required_argument, NULL, PASSWORD_FILE },
		{ "password", required_argument, NULL, PASSWORD },
		{ "auth", required_argument, NULL, AUTH },
		{ "node", required_argument, NULL, NODE },
		{ "sensor", required_argument, NULL, SENSOR },
		{ "ca", required_argument, NULL, CA },
		{ "public-key", required_argument, NULL, PUBLIC_KEY },
		{ "insecure", no_argument, NULL, INSECURE },
		{ "timeout", required_argument, NULL, TIMEOUT },
		{ "json", no_argument, NULL, JSON },
		{ "watch", no_argument, NULL, WATCH },
		{ "period", required_argument, NULL, PERIOD },
		{ "count", required_argument, NULL, COUNT },
		{ "trace", required_argument, NULL, TRACE },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c, rc = EXIT_OK;

	while (rc == EXIT_OK &&
	       (c = getopt_long(argc, argv, "h", table, NULL)) != -1)
		rc = set_option(o, c);
	if (rc != EXIT_OK || o->help)
		return rc;
	if (optind == argc)
		return cmd_usage_error("probe", "there is no URL");
	o->url = argv[optind++];
	if (optind < argc)
		return cmd_usage_error("probe", "\"%s\" is one argument too many",
				       argv[optind]);
	return EXIT_OK;
}

static bool is_ipmi(const struct options *o)
{
	return strncmp(o->url, PROBE_IPMI_SCHEME,
		       strlen(PROBE_IPMI_SCHEME)) == 0;
}

/* What IPMI has not. */
static int check_ipmi(const struct options *o)
{
	if (!is_ipmi(o))
		return o->sensor ? cmd_usage_error("probe", "--sensor goes with ipmi://") :
				   EXIT_OK;
	if (o->watch || o->trace || o->auth || o->node || o->insecure || o->ca ||
	    o->public_key)
		return cmd_usage_error("probe", "ipmi:// goes with --user, --password-file, --sensor, --timeout and --json");
	if (o->url[strlen(PROBE_IPMI_SCHEME)] && !o->user)
		return cmd_usage_error("probe", "ipmi://HOST needs --user and --password-file");
	return EXIT_OK;
}

static int check_options(const struct options *o)
{
	struct err err;

	if (o->public_key && value_public_key(o->public_key, &err) < 0)
		return cmd_usage_error("probe", "--public-key: %s", err.text);
	if (!o->user != !o->password_file)
		return cmd_usage_error("probe", "--user and --password-file go together");
	if (o->insecure && (o->ca || o->public_key))
		return cmd_usage_error("probe", "--insecure does not go with --ca or --public-key");
	if (o->watch && o->json)
		return cmd_usage_error("probe", "--json does not go with --watch");
	if (!o->watch && (o->period || o->count))
		return cmd_usage_error("probe", "--period and --count go with --watch");
	if (o->auth && !o->user)
		return cmd_usage_error("probe", "--auth goes with --user");
	if (o->auth && strcmp(o->auth, "basic") != 0 &&
	    strcmp(o->auth, "session") != 0)
		return cmd_usage_error("probe", "--auth cannot be \"%s\"",
				       o->auth);
	return check_ipmi(o);
}

/* ---- the configuration that they make ---- */

static int copy_text(const char *option, const char *text, char *to,
		     size_t size)
{
	if (!text)
		return EXIT_OK;
	if (!*text || strlen(text) >= size)
		return cmd_usage_error("probe", "%s is %s", option,
				       *text ? "too long" : "empty");
	strcpy(to, text);
	return EXIT_OK;
}

static int copy_duration(const char *option, const char *text, const char *min,
			 const char *max, int64_t *ns)
{
	struct err err;
	double value;

	if (!text)
		return EXIT_OK;
	if (quantity_read(QUANTITY_DURATION, text, min, max, &value, &err) < 0)
		return cmd_usage_error("probe", "%s: %s", option, err.text);
	*ns = (int64_t)value;
	return EXIT_OK;
}

static int make_conf(const struct options *o, struct conf *conf)
{
	int rc = EXIT_OK;

	strcpy(conf->path, "wattgate probe");
	strcpy(conf->node, "probe");
	conf->period_ns = 5 * NS_PER_S;
	conf->bmc.timeout_ns = 10 * NS_PER_S;
	conf->bmc.insecure = o->insecure;
	conf->bmc.basic = o->auth && strcmp(o->auth, "basic") == 0;
	rc |= copy_text("the URL", o->url, conf->bmc.url,
			sizeof(conf->bmc.url));
	if (is_ipmi(o) && o->url[strlen(PROBE_IPMI_SCHEME)])
		rc |= copy_text("the host", o->url + strlen(PROBE_IPMI_SCHEME),
				conf->bmc.host, sizeof(conf->bmc.host));
	rc |= copy_text("--sensor", o->sensor, conf->bmc.sensor,
			sizeof(conf->bmc.sensor));
	rc |= copy_text("--user", o->user, conf->bmc.user,
			sizeof(conf->bmc.user));
	rc |= copy_text("--password-file", o->password_file,
			conf->bmc.password_file,
			sizeof(conf->bmc.password_file));
	rc |= copy_text("--ca", o->ca, conf->bmc.ca_file,
			sizeof(conf->bmc.ca_file));
	rc |= copy_text("--public-key", o->public_key, conf->bmc.public_key,
			sizeof(conf->bmc.public_key));
	rc |= copy_text("--node", o->node, conf->bmc.node,
			sizeof(conf->bmc.node));
	rc |= copy_duration("--period", o->period, "20ms", "5m",
			    &conf->period_ns);
	rc |= copy_duration("--timeout", o->timeout, "100ms", "60s",
			    &conf->bmc.timeout_ns);
	conf->max_gap_ns = 3 * conf->period_ns;
	return rc;
}

static int parse_count(const char *text, unsigned long *count)
{
	char *end;

	if (!text)
		return EXIT_OK;
	errno = 0;
	*count = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || *count == 0)
		return cmd_usage_error("probe", "--count cannot be \"%s\"",
				       text);
	return EXIT_OK;
}

/* ---- the process ---- */

/* A password must not end up in a core, nor in a debugger of the same user. */
static void process_harden(void)
{
	struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

/*
 * Signals come by a descriptor, so that however it ends, it logs out. Those
 * that the caller ignores (nohup) stay ignored. -1: then they just kill.
 */
static int signals_open(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigaction(ends[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Nobody is logged in any more: signals kill, save those that have been heard. */
static void signals_close(int fd)
{
	struct signalfd_siginfo info;
	sigset_t all;

	while (fd >= 0 && read(fd, &info, sizeof(info)) > 0)
		;
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

/* ---- a run ---- */

struct run {
	const struct options *o;
	const struct conf *conf;
	struct watch_params watch;
	trace_t *trace;
	int stop_fd;
	bool utf8;
};

/* The BMC's name as the URL has it. */
static void host_of(const char *url, char *buf, size_t size)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	host += *host == '[';
	snprintf(buf, size, "%.*s", (int)strcspn(host, "]:/"), host);
}

static void log_out(const struct run *run, probe_t *p)
{
	probe_logout(p);
	signals_close(run->stop_fd);
}

static int status_of(enum probe_end end)
{
	return end == PROBE_POWER ? EXIT_OK :
	       end == PROBE_UNAVAILABLE ? EXIT_UNAVAILABLE : EXIT_TROUBLE;
}

static void note_error(const struct run *run, const struct probe_result *r)
{
	char *text = probe_words(r->reason.text);
	bool anonymous = !run->conf->bmc.user[0] &&
			 r->end == PROBE_ERROR && strstr(text, "status 401");

	cmd_note("probe", "%s%s", text,
		 anonymous ? "; log in by --user and --password-file" : "");
	free(text);
}

static int save_trace(const struct run *run)
{
	struct err err;

	if (!run->trace)
		return EXIT_OK;
	if (trace_write(run->trace, &err) < 0) {
		cmd_note("probe", "%s", err.text);
		return EXIT_TROUBLE;
	}
	cmd_note("probe", "what the BMC said is in %s, less what tells whose it is: read it before you send it",
		 run->o->trace);
	return EXIT_OK;
}

static int print_result(const struct run *run, const struct probe_result *r)
{
	struct probe_look look = {
		.utf8 = run->utf8,
		.bold = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
	};

	if (r->end == PROBE_ERROR || r->end == PROBE_INTERRUPTED)
		note_error(run, r);
	if (run->o->json) {
		json_print_probe(stdout, r);
	} else {
		probe_print_tree(stdout, r, &look);
		if (r->end == PROBE_POWER || r->end == PROBE_UNAVAILABLE) {
			fputs(r->notes_len ? "\n" : "", stdout);
			probe_print_summary(stdout, r, run->conf, run->trace,
					    run->utf8);
		}
	}
	return cmd_finish_output("probe");
}

static int watch(const struct run *run, probe_t *p,
		 const struct probe_result *r)
{
	struct watch_stats stats = { 0 };
	enum probe_end end;
	int rc;

	if (run->watch.live)
		printf("%s%s, each %g s; Ctrl-C ends it\n", run->conf->bmc.url,
		       r->place->power.url, ns_to_s(run->watch.period_ns));
	end = probe_watch(p, r, &run->watch, &stats);
	log_out(run, p);
	watch_print_summary(stdout, &stats, run->watch.period_ns,
			    run->watch.live ? "" : "# ");
	rc = cmd_finish_output("probe");
	if (rc != EXIT_OK || end == PROBE_INTERRUPTED || stats.good)
		return rc;
	return status_of(end);
}

/* What is not a number now may be one at the next sample; no place stays none. */
static int run_probe(const struct run *run, probe_t *p)
{
	const struct probe_result *r = probe_sample(p);
	int rc, saved;

	if (run->o->watch && r->place && (r->end == PROBE_POWER ||
					  r->end == PROBE_UNAVAILABLE)) {
		rc = watch(run, p, r);
	} else {
		log_out(run, p);
		rc = print_result(run, r);
		if (rc == EXIT_OK)
			rc = status_of(r->end);
	}
	saved = save_trace(run);
	return saved == EXIT_OK ? rc : saved;
}

/* Before there was any traffic. */
static int refuse(const struct run *run, const struct err *err)
{
	struct probe_result none = { .end = PROBE_ERROR, .reason = *err };

	print_result(run, &none);
	return EXIT_TROUBLE;
}

static int run_all(struct run *run)
{
	bool progress = isatty(STDERR_FILENO);
	struct probe_params params = {
		.conf = run->conf, .stop_fd = run->stop_fd,
		.progress = progress ? stderr : NULL,
	};
	char host[sizeof(run->conf->bmc.url)];
	struct err err = { "" };
	probe_t *p = NULL;
	int rc;

	host_of(run->conf->bmc.url, host, sizeof(host));
	if (run->o->trace)
		run->trace = trace_create(run->o->trace, host, &err);
	params.trace = run->trace;
	if (run->trace || !run->o->trace)
		p = probe_open(&params, &err);
	rc = p ? run_probe(run, p) : refuse(run, &err);
	probe_close(p);
	trace_destroy(run->trace);
	return rc;
}

static int run_ipmi(const struct run *run)
{
	struct probe_ipmi_params params = {
		.conf = run->conf, .stop_fd = run->stop_fd,
		.json = run->o->json,
		.look = { .utf8 = run->utf8, .bold = false },
	};

	return probe_ipmi(&params);
}

int cmd_probe(int argc, char **argv)
{
	static struct conf conf;
	struct options o = { 0 };
	struct run run = { .o = &o, .conf = &conf,
			   .utf8 = text_locale_utf8() };
	struct err err;
	int rc = parse_options(argc, argv, &o);

	if (rc == EXIT_OK && o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (rc == EXIT_OK)
		rc = check_options(&o);
	if (rc == EXIT_OK)
		rc = make_conf(&o, &conf);
	if (rc == EXIT_OK)
		rc = parse_count(o.count, &run.watch.count);
	if (rc != EXIT_OK)
		return rc;
	if (!is_ipmi(&o) && value_url(conf.bmc.url, &err) < 0)
		return refuse(&run, &err);
	run.watch.period_ns = conf.period_ns;
	run.watch.live = isatty(STDOUT_FILENO);
	run.watch.utf8 = run.utf8;
	process_harden();
	run.stop_fd = signals_open();
	return is_ipmi(&o) ? run_ipmi(&run) : run_all(&run);
}
