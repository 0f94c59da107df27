/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_LOG_H
#define WATTGATE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Log lines to a sink that the caller owns: standard error with systemd's
 * <N> priorities for the daemon, slurm_info() and friends in the plugins.
 * There is no global logger.
 */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

typedef struct logger {
	void (*sink)(void *arg, enum log_level level, const char *line);
	void *arg;
	enum log_level level;	/* lines above this level are dropped */
} logger_t;

/*
 * Format one line and hand it to the sink. Control characters are replaced by
 * '?', so that a hostile string cannot forge a line. A NULL logger drops it.
 */
void log_line(const logger_t *log, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(log, ...) log_line(log, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(log, ...)  log_line(log, LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(log, ...)  log_line(log, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_line(log, LOG_LEVEL_DEBUG, __VA_ARGS__)

/*
 * Standard error; with `systemd` set each line starts with "<3>" and so on
 * (sd-daemon(3)), else with the level's name.
 */
logger_t logger_stderr(enum log_level level, bool systemd);

/*
 * A latch for messages that would repeat each period: log_latch_change()
 * returns true when the condition differs from the last one seen, so that the
 * caller logs once when trouble begins and once when it ends.
 */
struct log_latch {
	bool seen;
	bool bad;
};
bool log_latch_change(struct log_latch *latch, bool bad);

/*
 * For messages of what others do, as often as they like: LOG_RATE_MAX in a
 * minute. All zero at first.
 */
#define LOG_RATE_MAX 30
struct log_rate {
	int64_t end_ns;		/* of the minute */
	unsigned count;		/* in it */
};
bool log_rate_allow(struct log_rate *rate, int64_t now_ns);

#endif
