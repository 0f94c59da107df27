/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "site.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/statefile.h"

#include "json_site.h"
#include "site_client.h"
#include "site_track.h"

#define LATE_NS (3600 * NS_PER_S)
#define STATE_MAX 2048

struct source {
	struct source_env env;
	site_client_t *client;
	struct site_track track;
	struct site_rhythm rhythm;
	bool restored;		/* the track is an earlier process', for now */
	bool caught_up;		/* there has been an answer */
	int64_t opened_ns;
	char place[64];
	char path[HTTP_PATH_MAX];	/* of the request under way */
	char state_path[CONF_PATH_MAX];
	struct log_latch state_latch;
	source_done_fn done;
	void *arg;
	struct site_series series;
	struct past_sample samples[SITE_SAMPLES_MAX];
};

/* ---- over a restart: RUN/NODE/site ---- */

static bool text_is(const char *text, const char *key, const char *want)
{
	char buf[STATE_MAX];

	return statefile_get(text, key, buf, sizeof(buf)) == 0 &&
	       strcmp(buf, want) == 0;
}

static void state_load(source_t *s)
{
	char text[STATE_MAX];
	int fd = open(s->state_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? 0 : file_read_all(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	s->restored = text_is(text, "boot_id", s->env.boot_id) &&
		      text_is(text, "url", s->env.conf->site.url) &&
		      site_track_parse(&s->track, text) == 0;
}

/* It lies beside the series, and lives as long. */
static void state_save(source_t *s)
{
	char text[STATE_MAX], track[512];
	struct err err = { "" };
	bool bad;
	int n;

	if (site_track_format(&s->track, track, sizeof(track)) < 0)
		return;
	n = snprintf(text, sizeof(text), "boot_id=%s\nurl=%s\n%s",
		     s->env.boot_id, s->env.conf->site.url, track);
	if (n < 0 || (size_t)n >= sizeof(text))
		return;
	bad = file_replace(s->state_path, text, (size_t)n, 0600, false,
			   &err) < 0;
	if (log_latch_change(&s->state_latch, bad) && bad)
		log_warn(s->env.log, "node %s: what the site measures while wattgated restarts will stay unmeasured: %s",
			 s->env.conf->node, err.text);
}

/* ---- readings ---- */

static int64_t again_ns(source_t *s, bool got)
{
	return site_rhythm_next(&s->rhythm, &s->track, got, s->series.period_ns,
				s->env.conf->period_ns,
				timesource_boot_ns(&s->env.ts));
}

static void deliver(source_t *s, struct reading *r)
{
	source_done_fn done = s->done;

	s->done = NULL;
	r->energy_j = NAN;
	snprintf(r->source, sizeof(r->source), "%s", s->place);
	done(s->arg, r);
}

static void trouble(source_t *s, enum backoff_kind kind, int64_t retry_after_ns,
		    const char *why)
{
	struct reading r = { .backoff = kind, .retry_after_ns = retry_after_ns };

	err_set(&r.why, "%s", why);
	deliver(s, &r);
}

/* The site is well; is the BMC? */
static void nothing_new(source_t *s)
{
	int64_t age_ns = s->series.now_ns - s->track.at_ns;
	int64_t most_ns = s->env.conf->max_gap_ns;
	struct reading r = { .nothing_new = true,
			     .again_ns = again_ns(s, false) };

	if (s->series.period_ns > most_ns)
		most_ns = s->series.period_ns;
	if (!s->track.known || age_ns > most_ns) {
		r.nothing_new = false;
		r.backoff = BACKOFF_NONE;
		if (s->track.known)
			err_set(&r.why, "the site has had no power of this node for %.0f s; its log says why",
				ns_to_s(age_ns));
		else
			err_set(&r.why, "the site has had no power of this node yet; its log says why");
	}
	deliver(s, &r);
}

static void samples_deliver(source_t *s, unsigned count)
{
	const struct past_sample *last = &s->samples[count - 1];
	struct reading r = {
		.ok = true, .watts = last->watts, .boot_ns = last->boot_ns,
		.join = last->join, .joules = last->joules,
		.past = s->samples, .past_count = count - 1,
		.again_ns = again_ns(s, true),
	};

	snprintf(s->place, sizeof(s->place), "site:%.58s", s->series.source);
	deliver(s, &r);
	state_save(s);
}

/* ---- the request ---- */

static void ask(source_t *s);

/*
 * The first answer after the site could not be asked for a while: what it
 * measured since we are here is ours, now that its clock is known.
 */
static bool first_again(source_t *s, const struct site_moment *m)
{
	struct site_track *t = &s->track;

	if (s->caught_up || s->restored ||
	    m->received_ns - s->opened_ns < 2 * s->env.conf->period_ns)
		return false;
	t->offset_ns = site_offset(true, 0, s->series.now_ns, m);
	snprintf(t->boot_id, sizeof(t->boot_id), "%s", s->series.boot_id);
	t->known = false;
	t->at_ns = s->opened_ns + t->offset_ns;
	if (t->at_ns < 0)
		t->at_ns = 0;
	s->caught_up = true;
	return true;
}

static void on_series(void *arg, const struct site_reply *reply)
{
	const struct http_reply *h = reply->http;
	source_t *s = arg;
	struct site_moment m;
	struct err err;
	unsigned count;

	if (*reply->why.text) {
		trouble(s, reply->backoff, reply->retry_after_ns,
			reply->why.text);
		return;
	}
	if (json_site_series(h->body, h->size, s->env.conf->node, &s->series,
			     &err) < 0) {
		trouble(s, BACKOFF_SLOW, 0, err.text);
		return;
	}
	if (h->slept) {
		trouble(s, BACKOFF_NONE, 0, "this host slept while it asked the site");
		return;
	}
	m = (struct site_moment){ h->sent_ns, h->received_ns };
	if (first_again(s, &m)) {
		ask(s);
		return;
	}
	s->caught_up = true;
	s->restored = false;
	count = site_track_take(&s->track, &s->series, &m,
				s->env.conf->max_gap_ns, s->samples);
	if (count)
		samples_deliver(s, count);
	else
		nothing_new(s);
}

/*
 * A restored track is asked for once more with its last sample, so that all
 * that follows joins exactly that.
 */
static void path_format(source_t *s)
{
	const struct site_track *t = &s->track;
	int n = snprintf(s->path, sizeof(s->path), "/v1/nodes/%s/series",
			 s->env.conf->node);

	if (*t->boot_id)
		snprintf(s->path + n, sizeof(s->path) - (size_t)n,
			 "?boot=%s&after=%" PRId64, t->boot_id,
			 s->restored && t->at_ns > 0 ? t->at_ns - 1 : t->at_ns);
}

static void ask(source_t *s)
{
	const struct http_request request = { .method = HTTP_GET,
					      .path = s->path };

	path_format(s);
	site_client_ask(s->client, &request, on_series, s);
}

static void site_sample(source_t *s, source_done_fn done, void *arg)
{
	s->done = done;
	s->arg = arg;
	ask(s);
}

/* ---- life ---- */

static const char *site_place(const source_t *s)
{
	return s->place;
}

static void site_close(source_t *s, int64_t limit_ns)
{
	int saved = errno;

	(void)limit_ns;
	if (!s)
		return;
	site_client_destroy(s->client);
	free(s);
	errno = saved;
}

static int site_prepare(source_t *s, struct err *err)
{
	const struct conf *conf = s->env.conf;

	if (conf->mode == CONF_MODE_SITE)
		return err_set(err, "%s:%d: source = site: a site has none to ask; say how it reads this node's power itself",
			       conf->path, s->env.meter->source_line);
	if (!s->env.watch)
		return err_set(err, "source = site: only wattgated asks a site");
	if (snprintf(s->state_path, sizeof(s->state_path), "%s/%s/site%s",
		     conf_run_dir(), conf->node, s->env.suffix) >=
	    (int)sizeof(s->state_path))
		return err_set(err, "%s: the path is too long",
			       conf_run_dir());
	return 0;
}

static source_t *site_open(const struct source_env *env, struct err *err)
{
	source_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->env = *env;
	s->opened_ns = timesource_boot_ns(&env->ts);
	if (site_prepare(s, err) == 0)
		s->client = site_client_create(env->conf, env->http, env->watch,
					       &s->env.ts, err);
	if (s->client) {
		state_load(s);
		return s;
	}
	free(s);
	return NULL;
}

const struct source_ops site_source = {
	.name = "site",
	.late_ns = LATE_NS,
	.times_kept = true,
	.open = site_open,
	.sample = site_sample,
	.place = site_place,
	.close = site_close,
};
