/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source = tenths: a file in which a driver shows tenths of a watt. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/file.h"
#include "source/meter_text.h"
#include "source/source.h"
#include "source/tally.h"

struct source {
	const char *path;
	timesource_t ts;
	tally_t tally;		/* refuses 0 W, and does sums of counters */
};

static int tenths_check(const struct conf *conf, const struct conf_meter *meter,
			struct err *err)
{
	if (meter->path[0])
		return 0;
	return err_set(err, "%s: node %s: source = tenths needs path",
		       conf->path, conf->node);
}

static source_t *tenths_open(const struct source_env *env, struct err *err)
{
	source_t *s;

	if (tenths_check(env->conf, env->meter, err) < 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->path = env->meter->path;
	s->ts = env->ts;
	tally_init(&s->tally, env->conf->max_gap_ns);
	return s;
}

static int number_read(const source_t *s, uint64_t *number, struct err *err)
{
	char text[METER_TEXT_MAX];
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : file_read_all(fd, text, sizeof(text));

	if (n < 0)
		err_set_errno(err, "%s", s->path);
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 :
	       meter_file_number(text, (size_t)n, "", number, err);
}

static void tenths_sample(source_t *s, source_done_fn done, void *arg)
{
	struct reading r = { .backoff = BACKOFF_NONE };	/* again next period */
	uint64_t tenths;

	if (number_read(s, &tenths, &r.why) == 0)
		tally_take(&s->tally, timesource_boot_ns(&s->ts),
			   (double)tenths / 10, NULL, 0, &r);
	snprintf(r.source, sizeof(r.source), "tenths");
	done(arg, &r);		/* at once; others call it from the loop */
}

static const char *tenths_place(const source_t *s)
{
	(void)s;
	return "tenths";
}

static void tenths_close(source_t *s, int64_t limit_ns)
{
	(void)limit_ns;
	free(s);
}

extern const struct source_ops tenths_source;
const struct source_ops tenths_source = {
	.name = "tenths",
	.check = tenths_check,
	.open = tenths_open,
	.sample = tenths_sample,
	.place = tenths_place,
	.close = tenths_close,
};
