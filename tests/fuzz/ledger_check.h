/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_FUZZ_LEDGER_CHECK_H
#define WATTGATE_FUZZ_LEDGER_CHECK_H

#include <stddef.h>

#include "lib/ledger.h"

/* What holds for every record that was read, whatever the line was. */
void ledger_check(const struct ledger_rec *rec);

/* Give each line of the text its checksum, where it has room for one. */
void ledger_seal(char *text, size_t len);

/*
 * Two files out of one input, parted by a line "--": n.open and n.ledger, with
 * good checksums.
 */
void ledger_put_pair(const uint8_t *data, size_t size);

#endif
