/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SERIES_IMPL_H
#define WATTGATE_SERIES_IMPL_H

#include <stddef.h>

#include "series.h"

/* Shared by series.c, series_writer.c, series_reader.c and bridge.c; no one else. */

struct series {
	uint64_t count;		/* samples ever pushed */
	uint32_t capacity;
	int64_t period_ns;
	int64_t max_gap_ns;
	struct series_sample *ring;
};

/* Put a finished sample (its cumulative values known) into the ring. */
void series_push(series_t *s, const struct series_sample *sample);

bool series_watts_valid(double watts);

/* ---- the file ---------------------------------------------------------- */

#define SERIES_MAGIC "WGSERIES"
#define SERIES_HEAD_OFFSET 4096
#define SERIES_RING_OFFSET 8192
#define SERIES_CAPACITY_MAX 1000000u

/* Beyond these a file is damaged: sums of them must not overflow. */
#define SERIES_BOOT_MAX_NS (INT64_MAX / 8)	/* 36 years */
#define SERIES_WALL_MAX_NS (INT64_MAX / 2)	/* until 2116 */
#define SERIES_COUNT_MAX (UINT64_MAX / 2)

/* Offset 0. Host byte order: the file never leaves its host. */
struct series_static {
	char magic[8];
	uint32_t version;
	uint32_t capacity;
	uint32_t sample_size;
	uint32_t share;
	char node[256];
	char boot_id[BOOT_ID_SIZE];
	char source[64];
	int64_t period_ns;
	int64_t max_gap_ns;
	int64_t kill_wait_ns;
	double cores, gpus, mem_mb, core_w, gpu_w, mem_w_per_gb;
	uint32_t threads_per_core;
	uint32_t mem_consumable;
	uint32_t reserved;
	uint32_t crc;
};

/* CRC-32 of the bytes before the member `crc` that ends a record. */
#define SERIES_CRC(rec) \
	series_crc((rec), offsetof(__typeof__(*(rec)), crc))
uint32_t series_crc(const void *data, size_t size);

static inline int64_t series_sample_offset(uint32_t capacity, uint64_t index)
{
	return SERIES_RING_OFFSET +
	       (int64_t)(index % capacity) * (int64_t)sizeof(struct series_sample);
}

void series_static_fill(struct series_static *st,
			const struct series_params *params, uint32_t capacity);

/*
 * Read and check the static block. 0, or -1 with a text (errno EINVAL for a
 * file that is none of ours, EPROTO for another version).
 */
int series_static_read(int fd, const char *path, struct series_params *params,
		       uint32_t *capacity, struct err *err);

/* Sample `index` (counted since the series began). 0, or -1 if damaged. */
int series_sample_read(int fd, uint32_t capacity, uint64_t index,
		       struct series_sample *out);

/* The head, checked. 0 or -1. */
int series_head_read(int fd, struct series_head *head);

/*
 * All samples that the ring still holds into an empty series. Damaged ones are
 * left out and -1 is returned. numbered: number them as in the file, so that
 * both rings use the same slots (of no use where -1 is returned).
 */
int series_load_ring(int fd, uint32_t capacity, const struct series_head *head,
		     series_t *into, bool numbered);

#endif
