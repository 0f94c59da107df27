/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_BMC_H
#define BMCSIM_BMC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <microhttpd.h>

#include "fail.h"
#include "fault.h"
#include "files.h"
#include "listener.h"
#include "options.h"
#include "program.h"
#include "session.h"

/* A TCP connection to the BMC. */
struct conn {
	struct conn *next, *prev;
	unsigned long id;
	int fd;
	bool broken;		/* we shut it: nothing goes out any more */
};

/* A request that waits: for an instant, or for the silence to end. */
struct parked {
	struct parked *next, *prev;
	struct MHD_Connection *connection;
	struct conn *conn;
	int64_t due_ns;
	bool until_sound, power;
	bool on_list;
};

struct stats {
	unsigned long requests;
	unsigned long samples_served;
	unsigned long connections_total, connections_open;
	unsigned long sessions_created, sessions_deleted;
	unsigned long logins_failed;
	unsigned long logins_with_authorization;
};

/* Wall time of which a site's data base has no rows. */
#define GAPS_MAX 64
struct gap {
	int64_t from_ns, to_ns;
};

/* The simulated BMC. One thread does it all. */
struct bmc {
	const struct options *opt;
	char *password;
	files_t *files;		/* NULL: a shape of our own */
	program_t *program;	/* NULL: none yet, and none needed */
	int64_t epoch_ns;
	int64_t energy_ns;	/* until here is energy_j */
	long double energy_j;	/* since the start */
	struct faults faults;
	sessions_t *sessions;
	struct listener listener;
	struct conn *conns;
	struct parked *parked;
	struct stats stats;
	FILE *log;
	uint64_t rng;
	bool stopping;
	struct gap gap[GAPS_MAX];	/* of what records.h keeps */
	unsigned gap_count;
};

int bmc_open(struct bmc *bmc, const struct options *opt, struct fail *fail);
void bmc_close(struct bmc *bmc);

/*
 * Another program from wall_ns, which is now, on. Recorded in the truth file
 * first. Returns -1 with the reason and nothing changed.
 */
int bmc_program_set(struct bmc *bmc, const char *spec, int64_t wall_ns,
		    int64_t epoch_ns, struct fail *fail);

/* Seconds since the epoch at an instant of wall time. */
long double bmc_time(const struct bmc *bmc, int64_t wall_ns);

/* The program's watts, rounded to the resolution. */
double bmc_watts(const struct bmc *bmc, int64_t wall_ns);

/* Joules delivered since the start, as a counter with offset and wrap tells. */
double bmc_joules(const struct bmc *bmc, int64_t wall_ns);

/* Starts a fault, or ends it (fault NULL); a refusal takes effect at once. */
void bmc_fault_set(struct bmc *bmc, enum fault_kind kind,
		   const struct fault *fault);

/* Opens or closes the door as the refuse fault wants it now. */
void bmc_door_sync(struct bmc *bmc);

/* ms plus a random part of jitter_ms, in nanoseconds. */
int64_t bmc_delay(struct bmc *bmc, double ms, double jitter_ms);

void conn_add(struct bmc *bmc, struct conn *conn);
void conn_remove(struct bmc *bmc, struct conn *conn);
void conn_reset(struct conn *conn);	/* at once, by RST */

/* Suspends the connection; the handler is called again when it is due. */
void parked_add(struct bmc *bmc, struct parked *parked);
void parked_release(struct bmc *bmc, struct parked *parked);

/* Releases those that are due, all of them when the BMC stops. */
void parked_release_due(struct bmc *bmc, int64_t now_ns);

/* When the next is due, INT64_MAX if none is. */
int64_t parked_next_due(const struct bmc *bmc);

#endif
