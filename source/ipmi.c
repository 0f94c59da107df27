/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipmi.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/coproc.h"
#include "lib/secret.h"

#include "ipmi_answer.h"

#define ARGS_MAX 12

struct source {
	const struct conf_meter *meter;
	const logger_t *log;
	timesource_t ts;
	watch_t *watch;
	int timer;		/* of the sample under way */
	coproc_t helper;
	bool watched;		/* its output is in watch */
	char timeout_ms[16];
	char place[64];

	/* the sample under way */
	source_done_fn done;	/* NULL: there is none */
	void *arg;
	int64_t sent_ns;

	void (*note)(void *arg, const char *line);	/* NULL: nobody asks */
	void *note_arg;
};

const char *ipmi_program(void)
{
	const char *path = getenv("WATTGATE_IPMI");

	return path && *path ? path : WATTGATE_LIBEXEC_DIR "/wattgate-ipmi";
}

/* ---- the end of a sample ---- */

static void sample_end(source_t *s, const struct reading *r)
{
	source_done_fn done = s->done;

	if (!done)
		return;
	s->done = NULL;
	watch_timer_set(s->timer, 0);
	done(s->arg, r);
}

static void sample_fail(source_t *s, enum backoff_kind backoff,
			const char *why)
{
	struct reading r = { .backoff = backoff, .energy_j = NAN };

	err_set(&r.why, "%s", why);
	sample_end(s, &r);
}

/*
 * The helper knows best when it asked the BMC: before that it may have logged
 * in. It is believed as far as it can be true.
 */
static int64_t measured_ns(const source_t *s, int64_t boot_ns)
{
	int64_t now_ns = timesource_boot_ns(&s->ts);

	if (boot_ns >= s->sent_ns && boot_ns <= now_ns)
		return boot_ns;
	return s->sent_ns + (now_ns - s->sent_ns) / 2;
}

static void sample_good(source_t *s, const struct ipmi_answer *a)
{
	struct reading r = { .ok = true, .watts = a->watts,
			     .energy_j = NAN };

	r.boot_ns = measured_ns(s, a->boot_ns);
	snprintf(r.source, sizeof(r.source), "ipmi:%s", a->text);
	snprintf(s->place, sizeof(s->place), "%s", r.source);
	sample_end(s, &r);
}

/* ---- the helper ---- */

/* It is not listened to any more. */
static void helper_unwatch(source_t *s)
{
	if (s->watched)
		watch_remove(s->watch, s->helper.out);
	s->watched = false;
}

static void helper_kill(source_t *s)
{
	helper_unwatch(s);
	coproc_kill(&s->helper);
	coproc_gone(&s->helper);	/* else before the next sample */
}

/* What it said or did makes no sense: it is not to be trusted any more. */
static void helper_broken(source_t *s, const char *why)
{
	helper_kill(s);
	sample_fail(s, BACKOFF_SOON, why);
}

static void on_answer(source_t *s, const char *line)
{
	struct ipmi_answer a;

	ipmi_answer_parse(line, &a);
	switch (a.kind) {
	case IPMI_OK:
		sample_good(s, &a);
		break;
	case IPMI_NOTE:
		if (s->note)
			s->note(s->note_arg, a.text);
		else
			helper_broken(s, "wattgate-ipmi told what it was not asked");
		break;
	case IPMI_UNAVAILABLE:	/* the BMC is well */
		sample_fail(s, BACKOFF_NONE, a.text);
		break;
	case IPMI_UNREACHABLE:
		sample_fail(s, BACKOFF_SOON, a.text);
		break;
	case IPMI_AUTH:		/* wrong passwords in quick succession lock accounts */
		sample_fail(s, BACKOFF_SLOW, a.text);
		break;
	case IPMI_CONFIG:	/* what worked may be back: a BMC that starts */
		sample_fail(s, s->place[0] ? BACKOFF_SOON : BACKOFF_SLOW,
			    a.text);
		break;
	default:
		helper_broken(s, "wattgate-ipmi gave an answer that cannot be read");
	}
}

/* One read's worth; a flood does not keep the loop. */
static void on_output(void *arg)
{
	char line[COPROC_LINE_MAX];
	source_t *s = arg;
	enum coproc_line got = coproc_line(&s->helper, line);

	while (got == COPROC_LINE && s->done) {
		on_answer(s, line);
		if (!s->watched)
			return;
		got = coproc_has_line(&s->helper) ?
		      coproc_line(&s->helper, line) : COPROC_NOTHING;
	}
	if (got == COPROC_LINE) {
		log_warn(s->log, "wattgate-ipmi spoke unasked and was killed: %s",
			 line);
		helper_kill(s);
	} else if (got == COPROC_ENDED) {
		helper_broken(s, "wattgate-ipmi ended without an answer");
	}
}

static void on_timer(void *arg)
{
	source_t *s = arg;

	watch_timer_clear(s->timer);
	if (s->done)
		helper_broken(s, "wattgate-ipmi did not answer in time and was killed");
}

static void args_make(source_t *s, const char *argv[ARGS_MAX])
{
	const struct conf_meter *m = s->meter;
	int n = 0;

	argv[n++] = ipmi_program();
	argv[n++] = "--timeout";
	argv[n++] = s->timeout_ms;
	if (m->sensor[0]) {
		argv[n++] = "--sensor";
		argv[n++] = m->sensor;
	}
	if (m->host[0]) {
		argv[n++] = "--host";
		argv[n++] = m->host;
		argv[n++] = "--user";
		argv[n++] = m->user;
		argv[n++] = "--password-file";
		argv[n++] = m->password_file;
	}
	argv[n] = NULL;
}

static int helper_start(source_t *s, struct err *err)
{
	const char *argv[ARGS_MAX];

	if (s->watched)
		return 0;
	if (!coproc_gone(&s->helper))
		return err_set(err, "the wattgate-ipmi that was killed is there still");
	args_make(s, argv);
	if (coproc_start(&s->helper, (char *const *)argv, err) < 0)
		return -1;
	if (watch_add(s->watch, s->helper.out, on_output, s, err) < 0) {
		coproc_kill(&s->helper);
		return -1;
	}
	s->watched = true;
	return 0;
}

/* ---- the source ---- */

static int ipmi_check(const struct conf *conf, const struct conf_meter *meter,
		      struct err *err)
{
	if (!meter->host[0] && conf->mode == CONF_MODE_SITE)
		return err_set(err, "%s: source = ipmi without host would read this host's own BMC for node %s: set host",
			       conf->path, conf->node);
	if (meter->host[0] && (!meter->user[0] || !meter->password_file[0]))
		return err_set(err, "%s: source = ipmi with host = %s needs user and password_file for node %s",
			       conf->path, meter->host, conf->node);
	return 0;
}

static void ipmi_close(source_t *s, int64_t limit_ns)
{
	if (!s)
		return;
	helper_unwatch(s);
	coproc_stop(&s->helper, limit_ns);
	if (s->timer >= 0) {
		watch_remove(s->watch, s->timer);
		close(s->timer);
	}
	free(s);
}

static int check_program(struct err *err)
{
	if (access(ipmi_program(), X_OK) == 0)
		return 0;
	return err_set_errno(err, "source = ipmi needs %s, which is built where FreeIPMI's library is",
			     ipmi_program());
}

static source_t *ipmi_open(const struct source_env *env, struct err *err)
{
	const struct conf_meter *meter = env->meter;
	source_t *s;

	if (ipmi_check(env->conf, meter, err) < 0 || check_program(err) < 0)
		return NULL;
	if (meter->host[0] &&
	    secret_check(meter->password_file, geteuid(), err) < 0)
		return NULL;
	s = env->watch ? calloc(1, sizeof(*s)) : NULL;
	if (!s) {
		err_set(err, "node %s: no memory for its source",
			env->conf->node);
		return NULL;
	}
	s->meter = meter;
	s->log = env->log;
	s->ts = env->ts;
	s->watch = env->watch;
	coproc_init(&s->helper);
	/* it ends a request itself, a little earlier than we kill it */
	snprintf(s->timeout_ms, sizeof(s->timeout_ms), "%" PRId64,
		 meter->timeout_ns * 9 / 10 / (NS_PER_S / 1000));
	s->timer = watch_timer(err);
	if (s->timer >= 0 &&
	    watch_add(s->watch, s->timer, on_timer, s, err) == 0)
		return s;
	if (s->timer >= 0)
		close(s->timer);
	free(s);
	return NULL;
}

static void ipmi_sample(source_t *s, source_done_fn done, void *arg)
{
	struct err err;

	s->done = done;
	s->arg = arg;
	s->sent_ns = timesource_boot_ns(&s->ts);
	if (helper_start(s, &err) < 0) {
		sample_fail(s, BACKOFF_SOON, err.text);
		return;
	}
	watch_timer_set(s->timer, ns_add(s->sent_ns, s->meter->timeout_ns));
	if (coproc_say(&s->helper, s->note ? "explain\n" : "sample\n",
		       &err) < 0) {
		char why[600];

		snprintf(why, sizeof(why), "wattgate-ipmi: %s", err.text);
		helper_broken(s, why);
	}
}

static const char *ipmi_place(const source_t *s)
{
	return s->place;
}

/* It logs out when its input ends. */
static void ipmi_stop(source_t *s)
{
	helper_unwatch(s);
	s->done = NULL;
	coproc_dismiss(&s->helper);
}

void ipmi_explain(source_t *s, void (*note)(void *arg, const char *line),
		  void *arg)
{
	s->note = note;
	s->note_arg = arg;
}

const struct source_ops ipmi_source = {
	.name = "ipmi",
	.check = ipmi_check,
	.open = ipmi_open,
	.sample = ipmi_sample,
	.place = ipmi_place,
	.stop = ipmi_stop,
	.close = ipmi_close,
};
