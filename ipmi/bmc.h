/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_IPMI_BMC_H
#define WATTGATE_IPMI_BMC_H

#include <stdbool.h>
#include <stdint.h>

#include "power.h"
#include "sdr.h"

/*
 * A connection to a BMC, by FreeIPMI: in-band through the kernel's device, or
 * over LAN by IPMI 2.0 (RMCP+). IPMI 1.5 is not spoken: it leaves what is said
 * in the clear. All calls block; the caller sees to it that they end.
 */

struct bmc_params {
	const char *host;	/* NAME, NAME:PORT, [V6]:PORT; NULL: in-band */
	const char *device;	/* in-band: /dev/ipmi0 */
	const char *user;
	const char *password_file;	/* read at each login */
	unsigned timeout_ms;	/* within which the caller ends it */
};

typedef struct bmc bmc_t;

/* NULL: no memory. No traffic. */
bmc_t *bmc_create(const struct bmc_params *params);
/* Logs out. NULL is fine. */
void bmc_destroy(bmc_t *b);

bool bmc_is_open(const bmc_t *b);

/* Log in, or open the device. 0, or -1 with `a`. */
int bmc_open(bmc_t *b, struct answer *a);
/* Log out; closed already is fine. */
void bmc_close(bmc_t *b);

/*
 * Logins ask for privilege level User. Is there a higher one to try (Operator,
 * which some BMCs want for DCMI), and: log in with that from now on. A user who
 * may not have it is logged in as before, and there is none to try any more.
 */
bool bmc_can_raise(const bmc_t *b);
void bmc_raise(bmc_t *b);

/* As struct ipmi_bus has them; after a failure the connection is closed. */
int bmc_command(void *bmc, uint8_t netfn, uint8_t cmd, const uint8_t *data,
		size_t size, uint8_t answer[IPMI_ANSWER_MAX], struct answer *a);
int bmc_read_sensor(void *bmc, const uint8_t *record, size_t size,
		    double *reading, struct answer *a);

#endif
