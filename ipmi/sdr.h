/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_IPMI_SDR_H
#define WATTGATE_IPMI_SDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sensor data records (IPMI 2.0, chapter 43): what of one has to be known to
 * tell a sensor of power. How its raw reading becomes watts is FreeIPMI's.
 */

#define SDR_HEAD 5		/* record id, version, type, length of the rest */
#define SDR_MAX (SDR_HEAD + 255)
#define SDR_UNITS_END 24	/* a full record's bytes up to its units, and one */
#define SDR_NAME_MAX 17		/* 16 bytes and NUL */
#define SDR_TYPE_FULL 0x01	/* the only one that has analog readings */

/* Of a record's head: the size of the whole record. */
size_t sdr_size(const uint8_t *head);
uint16_t sdr_id(const uint8_t *head);
uint8_t sdr_type(const uint8_t *head);

/*
 * Of the first `size` bytes of a record, at least SDR_UNITS_END where this is
 * to be true: an analog sensor whose reading is in plain watts, not in a
 * percentage, a rate or something in which watts are a part.
 */
bool sdr_reads_watts(const uint8_t *record, size_t size);

/*
 * A full record's name, without blanks at its end; bytes that are not
 * printable ASCII become '?'. Empty where it has none or is too short for it.
 */
void sdr_name(const uint8_t *record, size_t size, char name[SDR_NAME_MAX]);

/* Is it, by its name, a limit, a rating or a budget, and no measurement? */
bool sdr_name_is_limit(const char *name);

#endif
