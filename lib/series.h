/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SERIES_H
#define WATTGATE_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "share.h"

/*
 * The series: what a node drew, as cumulative joules and cumulative covered
 * time at each sample. docs/formats.md has the file, byte by byte.
 *
 * Between two samples that are at most max_gap apart, power is the straight
 * line between them (trapezoid rule) and the time is covered. A longer gap is
 * unmeasured: it adds neither joules nor covered time, unless the BMC's energy
 * counter bridges it (bridge.h): then its joules are known and it is covered,
 * and inside it power is their mean. So it is between any two samples of a
 * source that counts joules. Only readings that a meter really gave are
 * appended; there is no "bad sample".
 *
 * Units: nanoseconds of CLOCK_BOOTTIME, watts, joules.
 */

#define SERIES_VERSION 1

struct series_sample {
	int64_t boot_ns;
	int64_t wall_ns;
	double watts;
	double cum_j;		/* joules since the series began */
	int64_t cum_covered_ns;	/* covered time since the series began */
	uint32_t flags;
	uint32_t crc;		/* CRC-32 of the fields before it */
};
#define SERIES_BRIDGED 1u	/* a counter knew the joules since the last one, of */
				/* which the mean is all that is known */

/* What does not change while the file lives. */
struct series_params {
	char node[256];
	char boot_id[BOOT_ID_SIZE];
	char source[64];	/* "redfish:environment", "redfish:power", ... */
	int64_t period_ns;
	int64_t max_gap_ns;
	enum share_mode share;
	hardware_t hw;
	int64_t kill_wait_ns;	/* Slurm's KillWait; 0 = not known */
};

/* The state that changes with each sample: one small block, one pread. */
struct series_head {
	uint64_t count;		/* samples ever appended; 0: the rest is void */
	struct series_sample last;
	int64_t settled_ns;	/* allocations that ended before are in the ledger */
	uint32_t flags;
	uint32_t crc;
};
#define SERIES_REPLACED 1u	/* a newer file stands at the same path */

/* Energy between two instants. */
struct series_span {
	double joules;
	int64_t covered_ns;
	int64_t max_gap_ns;	/* longest stretch without cover inside the span */
	int64_t head_gap_ns;	/* uncovered stretch that the span begins with */
	int64_t tail_gap_ns;	/* uncovered stretch that it ends with */
};

/* Cumulative values at an instant. */
struct series_point {
	double cum_j;
	int64_t cum_covered_ns;
	bool exact;	/* between two samples: later samples will not change it */
};

/* ---- a ring of samples in memory ---------------------------------------- */

typedef struct series series_t;

/* Room for `capacity` samples (at least 2). NULL on lack of memory. */
series_t *series_create(uint32_t capacity, int64_t period_ns,
			int64_t max_gap_ns);
void series_destroy(series_t *s);	/* NULL is fine */

/*
 * Append a reading. Returns the new sample, or NULL with errno EINVAL where
 * time does not advance or watts is not a finite number above 0 and at most
 * SERIES_MAX_W: 0 W means unavailable, never a value. A wall time that cannot
 * be is kept as 0: it is only a label.
 */
#define SERIES_MAX_W 1e6
const struct series_sample *series_append(series_t *s, int64_t boot_ns,
					  int64_t wall_ns, double watts);

/* How a reading joins the sample before it. */
enum series_join {
	SERIES_LINE,	/* as series_append(): by power, where max_gap allows */
	SERIES_MEAN,	/* its source knows the joules in between, however far */
	SERIES_GAP	/* its source knows that the time between was unmeasured */
};

/*
 * Append a reading as its source says that it joins the one before. joules: of
 * SERIES_MEAN, at least 0 and at most SERIES_MAX_W over the time between. NULL
 * with errno EINVAL as above. The first sample joins nothing.
 */
const struct series_sample *series_append_as(series_t *s, int64_t boot_ns,
					     int64_t wall_ns, double watts,
					     enum series_join join,
					     double joules);

/* The sample that series_append_as() would append. 0, or -1 with errno EINVAL. */
int series_next_as(const series_t *s, int64_t boot_ns, int64_t wall_ns,
		   double watts, enum series_join join, double joules,
		   struct series_sample *next);

/*
 * Append a reading that ends a gap of more than max_gap, of which a counter
 * knows the joules. NULL with errno EINVAL where it ends none, or where these
 * are not above 0 and at most SERIES_MAX_W over the gap.
 */
const struct series_sample *series_append_bridged(series_t *s, int64_t boot_ns,
						  int64_t wall_ns, double watts,
						  double joules);

/* The newest sample, or NULL; the oldest one still held, or NULL. */
const struct series_sample *series_last(const series_t *s);
const struct series_sample *series_first(const series_t *s);
uint32_t series_size(const series_t *s);
/* i-th of the held samples, 0 = oldest. */
const struct series_sample *series_get(const series_t *s, uint32_t i);

/*
 * Energy in [from_ns, to_ns) by what the ring holds; nothing is held beyond
 * the last sample here. Time outside the ring is uncovered. from <= to.
 */
void series_between(const series_t *s, int64_t from_ns, int64_t to_ns,
		    struct series_span *out);

/*
 * Join the span `next` to `sum`, which ends where `next` begins and covers
 * sum_ns; next_ns is the length of `next`.
 */
void series_span_join(struct series_span *sum, int64_t sum_ns,
		      const struct series_span *next, int64_t next_ns);

/* The point at t_ns between neighbouring samples a and b. */
void series_segment_point(const struct series_sample *a,
			  const struct series_sample *b, int64_t t_ns,
			  struct series_point *out);

/* Wall time of an instant, by the sample nearest to it; 0 if there is none. */
int64_t series_wall_ns(const series_t *s, int64_t boot_ns);

/* ---- the file: one writer ----------------------------------------------- */

typedef struct series_writer series_writer_t;

/*
 * Open RUNDIR/NODE/series for writing, creating it where needed (0640, by
 * rename; preallocated). A file of the same boot goes on, with its samples:
 * a restart loses nothing. Where parameters changed the samples move to a new
 * file and the old one is marked SERIES_REPLACED.
 * capacity: samples in the ring; at least an hour's worth.
 */
series_writer_t *series_writer_open(const char *path,
				    const struct series_params *params,
				    uint32_t capacity, struct err *err);
void series_writer_close(series_writer_t *w);	/* NULL is fine */

/* The samples in memory; valid until close. */
const series_t *series_writer_series(const series_writer_t *w);

/* As series_append(), and writes it to the file. -1 with a text on failure. */
int series_writer_append(series_writer_t *w, int64_t boot_ns, int64_t wall_ns,
			 double watts, struct err *err);
/* As series_append_as(). */
int series_writer_append_as(series_writer_t *w, int64_t boot_ns,
			    int64_t wall_ns, double watts,
			    enum series_join join, double joules,
			    struct err *err);
/* As series_append_bridged(). */
int series_writer_append_bridged(series_writer_t *w, int64_t boot_ns,
				 int64_t wall_ns, double watts, double joules,
				 struct err *err);
int series_writer_set_settled(series_writer_t *w, int64_t settled_ns,
			      struct err *err);
int64_t series_writer_settled(const series_writer_t *w);

/* ---- the file: any number of readers ------------------------------------ */

/*
 * A reader has no buffer of its own making: open once, then every call is a
 * few preads, no allocation. It never trusts the file: sizes, checksums and
 * numbers are checked at each read.
 */
typedef struct series_reader {
	int fd;			/* -1: closed */
	uint32_t capacity;
	struct series_params params;
} series_reader_t;

/* Returns 0, or -1 with a text; errno ENOENT where there is no series. */
int series_reader_open(series_reader_t *r, const char *path, struct err *err);
void series_reader_close(series_reader_t *r);

/* The head. 0, or -1 (short file, torn write three times over). */
int series_reader_head(const series_reader_t *r, struct series_head *head);

/*
 * The live point at boot time t_ns, for a t at or after head->last: the last
 * reading is held for at most one period past it, and no further.
 */
void series_head_point(const struct series_head *head, int64_t period_ns,
		       int64_t t_ns, struct series_point *out);

/*
 * The point at any instant, from the ring where t lies before the last
 * sample. Before the first sample of the series: its zero, exact. Returns 0;
 * -1 where the ring no longer reaches back to t, or the file is unreadable.
 */
int series_reader_point(const series_reader_t *r, const struct series_head *head,
			int64_t t_ns, struct series_point *out);

/*
 * The samples later than after_ns, oldest first, at most `max` of them, without
 * those that are damaged. *more: there are others behind them. Returns how many.
 */
unsigned series_reader_after(const series_reader_t *r,
			     const struct series_head *head, int64_t after_ns,
			     struct series_sample *out, unsigned max,
			     bool *more);
/* Boot time of the oldest sample that is held; -1 where there is none. */
int64_t series_reader_first_ns(const series_reader_t *r,
			       const struct series_head *head);

/* All samples of the file into a new series (the caller destroys it). */
series_t *series_reader_load(const series_reader_t *r, struct err *err);

/*
 * As series_reader_load(), but only the newest ones: back to the last of which
 * the wall time is at or before wall_ns. Where the file's samples all lie
 * later, those.
 */
series_t *series_reader_load_since(const series_reader_t *r, int64_t wall_ns,
				   struct err *err);

#endif
