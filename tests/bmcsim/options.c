/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "knots.h"
#include "moment.h"

const char options_usage[] =
"usage: bmcsim serve --user U --password-file F --program SPEC|FILE\n"
"         (--cert F --key F | --plain)\n"
"         (--shape environment|power|both | --tree DIR)\n"
"         [--listen 127.0.0.1] [--port 0] [--port-file F]\n"
"         [--control-port 0] [--control-port-file F] [--log F|-]\n"
"         [--epoch UNIXSECONDS] [--truth-file F] [--resolution W]\n"
"         [--max-sessions 8] [--session-timeout S] [--retry-after S]\n"
"         [--no-sessions] [--no-basic] [--latency MS[:JITTER]] [--seed N]\n"
"         [--idle-timeout S] [--energy-offset J] [--energy-wrap J]\n"
"         [--site NAME] [--exporter] [--device n1[,n2...]] [--row-step S]\n"
"         [--row-late S] [--window-max S] [--metric M] [--origin NAME]\n"
"SPEC: const:W | step:W@T,... | sine:mean=W,amp=W,period=S[,phase=RAD]\n"
"      | csv-hold:FILE | csv-linear:FILE, T in seconds since the epoch\n"
"DIR holds redfish/v1/.../index.json and, for other statuses, _status.tsv of\n"
"URL<TAB>STATUS lines; \"@WATTS@\", \"@JOULES@\", \"@KWH@\" in it are numbers\n"
"of the program, which a tree without them does not need.\n"
"--site: /stable/sites/NAME/metrics as a Kwollect server, rows of the past\n"
"from the truth file; --exporter: /metrics for a Prometheus. With one of them\n"
"neither --shape nor --tree is needed.\n";

enum {
	OPT_LISTEN = 1, OPT_PORT, OPT_PORT_FILE, OPT_CONTROL_PORT,
	OPT_CONTROL_PORT_FILE, OPT_CERT, OPT_KEY, OPT_PLAIN, OPT_USER,
	OPT_PASSWORD_FILE, OPT_SHAPE, OPT_PROGRAM, OPT_EPOCH, OPT_TRUTH_FILE,
	OPT_LOG, OPT_MAX_SESSIONS, OPT_SESSION_TIMEOUT, OPT_RETRY_AFTER,
	OPT_NO_SESSIONS, OPT_NO_BASIC, OPT_LATENCY, OPT_RESOLUTION,
	OPT_IDLE_TIMEOUT, OPT_SEED, OPT_TREE, OPT_ENERGY_OFFSET,
	OPT_ENERGY_WRAP, OPT_SITE, OPT_EXPORTER, OPT_DEVICE, OPT_METRIC,
	OPT_ORIGIN, OPT_ROW_STEP, OPT_ROW_LATE, OPT_WINDOW_MAX,
};

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "port-file", required_argument, NULL, OPT_PORT_FILE },
	{ "control-port", required_argument, NULL, OPT_CONTROL_PORT },
	{ "control-port-file", required_argument, NULL,
	  OPT_CONTROL_PORT_FILE },
	{ "cert", required_argument, NULL, OPT_CERT },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "plain", no_argument, NULL, OPT_PLAIN },
	{ "user", required_argument, NULL, OPT_USER },
	{ "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
	{ "shape", required_argument, NULL, OPT_SHAPE },
	{ "program", required_argument, NULL, OPT_PROGRAM },
	{ "epoch", required_argument, NULL, OPT_EPOCH },
	{ "truth-file", required_argument, NULL, OPT_TRUTH_FILE },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "max-sessions", required_argument, NULL, OPT_MAX_SESSIONS },
	{ "session-timeout", required_argument, NULL, OPT_SESSION_TIMEOUT },
	{ "retry-after", required_argument, NULL, OPT_RETRY_AFTER },
	{ "no-sessions", no_argument, NULL, OPT_NO_SESSIONS },
	{ "no-basic", no_argument, NULL, OPT_NO_BASIC },
	{ "latency", required_argument, NULL, OPT_LATENCY },
	{ "resolution", required_argument, NULL, OPT_RESOLUTION },
	{ "idle-timeout", required_argument, NULL, OPT_IDLE_TIMEOUT },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "tree", required_argument, NULL, OPT_TREE },
	{ "energy-offset", required_argument, NULL, OPT_ENERGY_OFFSET },
	{ "energy-wrap", required_argument, NULL, OPT_ENERGY_WRAP },
	{ "site", required_argument, NULL, OPT_SITE },
	{ "exporter", no_argument, NULL, OPT_EXPORTER },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "metric", required_argument, NULL, OPT_METRIC },
	{ "origin", required_argument, NULL, OPT_ORIGIN },
	{ "row-step", required_argument, NULL, OPT_ROW_STEP },
	{ "row-late", required_argument, NULL, OPT_ROW_LATE },
	{ "window-max", required_argument, NULL, OPT_WINDOW_MAX },
	{ 0 },
};

int options_number(const char *text, double min, double max, double *value)
{
	if (knots_number(text, value) < 0 || *value < min || *value > max)
		return -1;
	return 0;
}

static int whole_number(const char *text, double max, unsigned int *value)
{
	double number;

	if (options_number(text, 0, max, &number) < 0 ||
	    number != (unsigned int)number)
		return -1;
	*value = (unsigned int)number;
	return 0;
}

static int shape_parse(struct options *opt, const char *text)
{
	if (strcmp(text, "environment") == 0)
		opt->shapes = SHAPE_ENVIRONMENT;
	else if (strcmp(text, "power") == 0)
		opt->shapes = SHAPE_POWER;
	else if (strcmp(text, "both") == 0)
		opt->shapes = SHAPE_ENVIRONMENT | SHAPE_POWER;
	else
		return -1;
	return 0;
}

static int latency_parse(struct options *opt, char *text)
{
	char *jitter = strchr(text, ':');

	if (jitter)
		*jitter++ = '\0';
	if (options_number(text, 0, 3.6e6, &opt->latency_ms) < 0)
		return -1;
	return jitter ? options_number(jitter, 0, 3.6e6, &opt->jitter_ms) : 0;
}

/* The user's name is written into JSON and compared, nothing more. */
static int user_check(const char *user)
{
	size_t n = strlen(user);

	for (size_t i = 0; i < n; i++)
		if (user[i] <= ' ' || user[i] > '~' || strchr("\"\\:", user[i]))
			return -1;
	return n >= 1 && n <= 64 ? 0 : -1;
}

static int number_set(struct options *opt, int which, const char *arg)
{
	unsigned int seed;

	switch (which) {
	case OPT_PORT:
		return whole_number(arg, 65535, &opt->port);
	case OPT_CONTROL_PORT:
		opt->control = true;
		return whole_number(arg, 65535, &opt->control_port);
	case OPT_EPOCH:
		opt->epoch_given = true;
		return moment_parse(arg, &opt->epoch_ns);
	case OPT_MAX_SESSIONS:
		return whole_number(arg, 10000, &opt->max_sessions);
	case OPT_SESSION_TIMEOUT:
		return options_number(arg, 0.01, 1e9, &opt->session_timeout_s);
	case OPT_RETRY_AFTER:
		return whole_number(arg, 86400, &opt->retry_after_s);
	case OPT_RESOLUTION:
		return options_number(arg, 0, 1e6, &opt->resolution_w);
	case OPT_IDLE_TIMEOUT:
		return whole_number(arg, 86400, &opt->idle_timeout_s);
	case OPT_ENERGY_OFFSET:
		return options_number(arg, 0, 1e15, &opt->energy_offset_j);
	case OPT_ENERGY_WRAP:
		return options_number(arg, 1, 1e15, &opt->energy_wrap_j);
	case OPT_ROW_STEP:
		return options_number(arg, 0.001, 3600, &opt->row_step_s);
	case OPT_ROW_LATE:
		return options_number(arg, 0, 86400, &opt->row_late_s);
	case OPT_WINDOW_MAX:
		return options_number(arg, 0, 1e9, &opt->window_max_s);
	case OPT_SEED:
		if (whole_number(arg, 4e9, &seed) < 0)
			return -1;
		opt->seed = seed;
		return 0;
	default:
		return -1;
	}
}

/* Written into JSON and labels as they are. */
static int name_set(const char **to, const char *arg)
{
	*to = arg;
	return user_check(arg);
}

static int record_set(struct options *opt, int which, const char *arg)
{
	switch (which) {
	case OPT_SITE:
		return name_set(&opt->row_site, arg);
	case OPT_DEVICE:
		return name_set(&opt->row_device, arg);
	case OPT_METRIC:
		return name_set(&opt->row_metric, arg);
	case OPT_ORIGIN:
		return name_set(&opt->row_origin, arg);
	case OPT_EXPORTER:
		opt->exporter = true;
		return 0;
	default:
		return number_set(opt, which, arg);
	}
}

static int option_set(struct options *opt, int which, char *arg)
{
	switch (which) {
	case OPT_LISTEN:
		opt->listen = arg;
		return 0;
	case OPT_PORT_FILE:
		opt->port_file = arg;
		return 0;
	case OPT_CONTROL_PORT_FILE:
		opt->control = true;
		opt->control_port_file = arg;
		return 0;
	case OPT_CERT:
		opt->cert_file = arg;
		return 0;
	case OPT_KEY:
		opt->key_file = arg;
		return 0;
	case OPT_PLAIN:
		opt->plain = true;
		return 0;
	case OPT_USER:
		opt->user = arg;
		return user_check(arg);
	case OPT_PASSWORD_FILE:
		opt->password_file = arg;
		return 0;
	case OPT_SHAPE:
		return shape_parse(opt, arg);
	case OPT_TREE:
		opt->tree_dir = arg;
		return 0;
	case OPT_PROGRAM:
		opt->program = arg;
		return 0;
	case OPT_TRUTH_FILE:
		opt->truth_file = arg;
		return 0;
	case OPT_LOG:
		opt->log_file = arg;
		return 0;
	case OPT_NO_SESSIONS:
		opt->no_sessions = true;
		return 0;
	case OPT_NO_BASIC:
		opt->no_basic = true;
		return 0;
	case OPT_LATENCY:
		return latency_parse(opt, arg);
	default:
		return record_set(opt, which, arg);
	}
}

static int options_check(const struct options *opt, struct fail *fail)
{
	if (!opt->user || !opt->password_file)
		return fail_set(fail, "needs --user and --password-file");
	if (!opt->shapes == !opt->tree_dir &&
	    (opt->shapes || !(opt->row_site || opt->exporter)))
		return fail_set(fail, "needs --shape or --tree, one of them");
	if (opt->row_site && !opt->truth_file)
		return fail_set(fail, "--site needs --truth-file");
	if (!opt->program && !opt->tree_dir)
		return fail_set(fail, "needs --program");
	if (opt->plain == (opt->cert_file && opt->key_file) ||
	    !opt->cert_file != !opt->key_file)
		return fail_set(fail, "needs --cert and --key, or --plain");
	return 0;
}

int options_parse(int argc, char **argv, struct options *opt,
		  struct fail *fail)
{
	int c, which;

	*opt = (struct options){
		.listen = "127.0.0.1",
		.max_sessions = 8,
		.session_timeout_s = 1800,
		.retry_after_s = 5,
		.seed = 1,
		.row_device = "n1",
		.row_metric = "bmc_node_power_watt",
		.row_step_s = 1,
	};
	opterr = 0;
	while ((c = getopt_long(argc, argv, "", long_options, &which)) != -1) {
		if (c == '?')
			return fail_set(fail, "%s: unknown or incomplete "
					"option", argv[optind - 1]);
		if (option_set(opt, c, optarg) < 0)
			return fail_set(fail, "--%s does not take \"%s\"",
					long_options[which].name, optarg);
	}
	if (optind < argc)
		return fail_set(fail, "%s: unexpected", argv[optind]);
	return options_check(opt, fail);
}
