/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/child.h"

#include "exec_words.h"
#include "meter_text.h"
#include "tally.h"

/*
 * Its output wakes us; that it has ended does not. So it is looked for, soon at
 * first.
 */
#define LOOK_FIRST_NS (2 * 1000 * 1000)
#define LOOK_LAST_NS (200 * 1000 * 1000)

struct source {
	const struct conf_meter *meter;
	watch_t *watch;
	timesource_t ts;
	struct exec_words words;
	char node_env[300];
	char place[64];
	int timer;
	child_t child;
	int watched;		/* the child's output, while it is; -1 */
	int64_t began_ns, look_ns;
	tally_t tally;
	source_done_fn done;
	void *arg;
};

static char *const env_fixed[] = {
	(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	(char *)"LC_ALL=C",
};
#define ENV_FIXED (sizeof(env_fixed) / sizeof(env_fixed[0]))

static void finish(source_t *s, struct reading *r)
{
	snprintf(r->source, sizeof(r->source), "%s", s->place);
	watch_timer_set(s->timer, 0);
	s->done(s->arg, r);
}

static void fail(source_t *s, const struct err *why)
{
	struct reading r = { .energy_j = NAN, .backoff = BACKOFF_SOON };

	r.why = *why;
	tally_miss(&s->tally, &r);
	finish(s, &r);
}

/* ---- what it printed ---- */

static void take(source_t *s, const struct meter_amount *amount)
{
	const struct tally_count count = { amount->value, 0 };
	/* as well as can be told: amid its run */
	int64_t at_ns = s->began_ns +
			(timesource_boot_ns(&s->ts) - s->began_ns) / 2;
	struct reading r;
	struct err why;

	if (!tally_take(&s->tally, at_ns, amount->energy ? NAN : amount->value,
			&count, amount->energy ? 1 : 0, &r)) {
		why = r.why;
		err_set(&r.why, "%s: %s", s->words.word[0], why.text);
	}
	finish(s, &r);
}

static void child_ended(source_t *s)
{
	const char *name = s->words.word[0];
	struct meter_amount amount;
	struct err err, why;
	bool ok = false;

	if (child_result(&s->child, name, &err) == 0) {
		ok = meter_amount_parse(s->child.output, s->child.size, &amount,
					&why) == 0;
		if (!ok)
			err_set(&err, "%s: %s", name, why.text);
	}
	child_clear(&s->child);
	if (ok)
		take(s, &amount);
	else
		fail(s, &err);
}

/* ---- while it runs ---- */

static void look_again(source_t *s, int64_t now_ns)
{
	int64_t at_ns = now_ns + s->look_ns;

	if (s->look_ns < LOOK_LAST_NS)
		s->look_ns *= 2;
	if (now_ns < s->child.end_ns && at_ns > s->child.end_ns)
		at_ns = s->child.end_ns;
	watch_timer_set(s->timer, at_ns);
}

static void child_look(source_t *s)
{
	int64_t now_ns = timesource_boot_ns(&s->ts);
	enum child_state state = child_run(&s->child, now_ns);

	if (s->watched >= 0 && s->child.fd < 0) {
		watch_remove(s->watch, s->watched);
		s->watched = -1;
		s->look_ns = LOOK_FIRST_NS;	/* it is about to end */
	}
	if (state == CHILD_DONE)
		child_ended(s);
	else
		look_again(s, now_ns);
}

static void on_output(void *arg)
{
	child_look(arg);
}

static void on_timer(void *arg)
{
	source_t *s = arg;

	watch_timer_clear(s->timer);
	if (s->child.state == CHILD_RUNNING)
		child_look(s);
}

static int child_begin(source_t *s, struct err *err)
{
	char *env[ENV_FIXED + 2];

	memcpy(env, env_fixed, sizeof(env_fixed));
	env[ENV_FIXED] = s->node_env;
	env[ENV_FIXED + 1] = NULL;
	if (child_start_apart(&s->child, s->words.word, env,
			      s->began_ns + s->meter->timeout_ns, err) < 0)
		return -1;
	if (watch_add(s->watch, s->child.fd, on_output, s, err) < 0) {
		child_clear(&s->child);
		return -1;
	}
	s->watched = s->child.fd;
	return 0;
}

/* The sampler waits for `done`: there are never two. */
static void exec_sample(source_t *s, source_done_fn done, void *arg)
{
	struct err err;

	s->done = done;
	s->arg = arg;
	s->began_ns = timesource_boot_ns(&s->ts);
	s->look_ns = LOOK_FIRST_NS;
	if (child_begin(s, &err) < 0)
		fail(s, &err);
	else
		look_again(s, s->began_ns);
}

/* ---- life ---- */

static int exec_check(const struct conf *conf, const struct conf_meter *meter,
		      struct err *err)
{
	struct exec_words words;
	struct err why;

	if (exec_words_split(meter->command, &words, &why) == 0)
		return 0;
	return err_set(err, "%s: node %s: %s", conf->path, conf->node,
		       why.text);
}

static const char *exec_place(const source_t *s)
{
	return s->place;
}

static void exec_close(source_t *s, int64_t limit_ns)
{
	(void)limit_ns;
	if (!s)
		return;
	watch_remove(s->watch, s->watched);
	watch_remove(s->watch, s->timer);
	child_clear(&s->child);
	if (s->timer >= 0)
		close(s->timer);
	free(s);
}

static source_t *exec_new(const struct source_env *env, struct err *err)
{
	source_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->meter = env->meter;
	s->watch = env->watch;
	s->ts = env->ts;
	s->watched = s->timer = -1;
	tally_init(&s->tally, env->conf->max_gap_ns);
	snprintf(s->node_env, sizeof(s->node_env), "WATTGATE_NODE=%s",
		 env->conf->node);
	return s;
}

static int exec_prepare(source_t *s, const struct source_env *env,
			struct err *err)
{
	struct err why;

	if (exec_words_split(env->meter->command, &s->words, &why) < 0 ||
	    exec_program_check(s->words.word[0], geteuid(), &why) < 0)
		return err_set(err, "%s: node %s: %s", env->conf->path,
			       env->conf->node, why.text);
	snprintf(s->place, sizeof(s->place), "exec:%.50s",
		 strrchr(s->words.word[0], '/') + 1);
	s->timer = watch_timer(err);
	if (s->timer < 0)
		return -1;
	return watch_add(s->watch, s->timer, on_timer, s, err);
}

static source_t *exec_open(const struct source_env *env, struct err *err)
{
	source_t *s = exec_new(env, err);

	if (s && exec_prepare(s, env, err) < 0) {
		exec_close(s, 0);
		return NULL;
	}
	return s;
}

const struct source_ops exec_source = {
	.name = "exec",
	.check = exec_check,
	.open = exec_open,
	.sample = exec_sample,
	.place = exec_place,
	.close = exec_close,
};
