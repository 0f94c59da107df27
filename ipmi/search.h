/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_IPMI_SEARCH_H
#define WATTGATE_IPMI_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "power.h"
#include "sdr.h"

/*
 * A walk over the records of a BMC, for sensors in watts. Records that are not
 * of such are read as far as their units only: two requests each, since a BMC
 * may take 20 ms for one and have hundreds of them.
 */

#define SEARCH_FOUND_MAX 32

struct search_found {
	uint16_t id;
	char name[SDR_NAME_MAX];
};

struct search {
	bool done;
	uint16_t next_id;	/* 0: begin */
	unsigned records;	/* so far */
	unsigned found_count;	/* sensors in watts; the list may be shorter */
	struct search_found found[SEARCH_FOUND_MAX];
	uint16_t reservation;
	bool reserved;
	uint8_t chunk;		/* bytes to ask for at once */
	unsigned failures;	/* of the record at hand */
};

void search_begin(struct search *s);

/*
 * Go on until the end (0; done is set) or until it is late or the BMC refuses
 * (-1 with `a`; the next call goes on). A record that is refused three times is
 * passed over, or the end where it does not say what comes next.
 */
int search_run(struct search *s, const struct ipmi_bus *bus, struct answer *a);

/* Read one record whole. 0, or -1 with `a`. */
int search_record(struct search *s, const struct ipmi_bus *bus, uint16_t id,
		  uint8_t record[SDR_MAX], size_t *size, struct answer *a);

/*
 * "1 'PS1 Power', 7 'Pwr Consumption'" of the sensors found, those with such a
 * name only where `name` is not NULL, else none that is a limit by its name.
 * Returns how many there are.
 */
unsigned search_list(const struct search *s, const char *name, char *buf,
		     size_t size);

#endif
