/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "search.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"

#include "dcmi.h"

#define NETFN_STORAGE 0x0a
#define RESERVE_SDR 0x22
#define GET_SDR 0x23
#define ID_END 0xffff
#define RECORDS_MAX 4096	/* ids that go round in a ring end, too */
#define CHUNK_FIRST 16		/* what all BMCs can */
#define CHUNK_MIN 4
#define REFUSED_MAX 8		/* of one record, in a sample */
#define FAILURES_MAX 3		/* of one record, one in a sample */

/* completion codes that are no end of it */
enum { RESERVATION_CANCELLED = 0xc5, BAD_LENGTH = 0xc7, TOO_LONG = 0xc8,
       TOO_MANY_BYTES = 0xca, CANNOT_PROVIDE = 0xff };

void search_begin(struct search *s)
{
	memset(s, 0, sizeof(*s));
	s->chunk = CHUNK_FIRST;
}

/* ---- requests ---- */

/* Busy or updating passes; a BMC that has no such command stays so. */
static int refused(uint8_t code, const char *what, struct answer *a)
{
	if (code == 0xd4) {
		answer_fail(a, ANSWER_AUTH, "%s: completion code 0xd4: the user's privilege level is too low",
			    what);
		a->low_privilege = true;
		return -1;
	}
	return answer_fail(a, code == 0xc1 ? ANSWER_CONFIG : ANSWER_UNAVAILABLE,
			   "%s: completion code 0x%02x (%s)", what, code,
			   ipmi_completion_text(code));
}

static int reserve(struct search *s, const struct ipmi_bus *bus,
		   struct answer *a)
{
	uint8_t answer[IPMI_ANSWER_MAX];
	int size;

	if (s->reserved)
		return 0;
	size = bus->command(bus->arg, NETFN_STORAGE, RESERVE_SDR, NULL, 0,
			    answer, a);
	if (size < 0)
		return -1;
	if (answer[0] != 0)
		return refused(answer[0], "the BMC's sensor records cannot be reserved",
			       a);
	if (size < 3)
		return answer_fail(a, ANSWER_UNAVAILABLE, "the BMC's sensor records: a reservation of %d bytes",
				   size);
	s->reservation = (uint16_t)(answer[1] | answer[2] << 8);
	s->reserved = true;
	return 0;
}

/*
 * `count` bytes of a record at `offset`: 0; 1: ask again, otherwise; -1 with
 * `a`.
 */
static int get_part(struct search *s, const struct ipmi_bus *bus, uint16_t id,
		    size_t offset, size_t count, uint8_t *to, uint16_t *next_id,
		    struct answer *a)
{
	uint8_t answer[IPMI_ANSWER_MAX], data[6];
	int size;

	if (reserve(s, bus, a) < 0)
		return -1;
	data[0] = (uint8_t)(s->reservation & 0xff);
	data[1] = (uint8_t)(s->reservation >> 8);
	data[2] = (uint8_t)(id & 0xff);
	data[3] = (uint8_t)(id >> 8);
	data[4] = (uint8_t)offset;
	data[5] = (uint8_t)count;
	size = bus->command(bus->arg, NETFN_STORAGE, GET_SDR, data,
			    sizeof(data), answer, a);
	if (size < 0)
		return -1;
	if (answer[0] == RESERVATION_CANCELLED) {
		s->reserved = false;
		return 1;
	}
	if ((answer[0] == TOO_MANY_BYTES || answer[0] == BAD_LENGTH ||
	     answer[0] == TOO_LONG || answer[0] == CANNOT_PROVIDE) &&
	    count > CHUNK_MIN && s->chunk > CHUNK_MIN) {
		s->chunk /= 2;
		return 1;
	}
	if (answer[0] != 0)
		return refused(answer[0], "the BMC's sensor records", a);
	if ((size_t)size < 3 + count)
		return answer_fail(a, ANSWER_UNAVAILABLE, "the BMC's sensor records: record %u has %d bytes where %zu were asked for",
				   id, size - 3, count);
	*next_id = (uint16_t)(answer[1] | answer[2] << 8);
	memcpy(to, answer + 3, count);
	return 0;
}

/* Bytes [from, to) of a record into their place. */
static int get_range(struct search *s, const struct ipmi_bus *bus, uint16_t id,
		     size_t from, size_t to, uint8_t *record, uint16_t *next_id,
		     struct answer *a)
{
	unsigned again = 0;
	size_t count;
	int rc;

	while (from < to) {
		count = to - from < s->chunk ? to - from : s->chunk;
		rc = get_part(s, bus, id, from, count, record + from, next_id,
			      a);
		if (rc < 0)
			return -1;
		if (rc == 0)
			from += count;
		else if (++again > REFUSED_MAX)
			return answer_fail(a, ANSWER_UNAVAILABLE, "the BMC's sensor records: reservations are cancelled again and again");
	}
	return 0;
}

/* ---- records ---- */

/* As far as it takes to tell what it is, and all of it where it is watts. */
static int get_record(struct search *s, const struct ipmi_bus *bus, uint16_t id,
		      bool whole, uint8_t record[SDR_MAX], size_t *size,
		      uint16_t *next_id, struct answer *a)
{
	size_t total, read = SDR_HEAD;

	if (get_range(s, bus, id, 0, SDR_HEAD, record, next_id, a) < 0)
		return -1;
	total = sdr_size(record);
	if (sdr_type(record) == SDR_TYPE_FULL && total >= SDR_UNITS_END) {
		read = SDR_UNITS_END;
		if (get_range(s, bus, id, SDR_HEAD, read, record, next_id,
			      a) < 0)
			return -1;
		whole |= sdr_reads_watts(record, read);
	}
	if (whole && get_range(s, bus, id, read, total, record, next_id, a) < 0)
		return -1;
	*size = whole ? total : read;
	return 0;
}

int search_record(struct search *s, const struct ipmi_bus *bus, uint16_t id,
		  uint8_t record[SDR_MAX], size_t *size, struct answer *a)
{
	uint16_t next_id;

	return get_record(s, bus, id, true, record, size, &next_id, a);
}

static void found_add(struct search *s, const uint8_t *record, size_t size)
{
	struct search_found *f;

	if (s->found_count < SEARCH_FOUND_MAX) {
		f = &s->found[s->found_count];
		f->id = sdr_id(record);
		sdr_name(record, size, f->name);
	}
	s->found_count++;
}

static void search_advance(struct search *s, uint16_t next_id)
{
	s->failures = 0;
	s->records++;
	s->next_id = next_id;
	s->done = next_id == ID_END || s->records >= RECORDS_MAX;
}

int search_run(struct search *s, const struct ipmi_bus *bus, struct answer *a)
{
	uint8_t record[SDR_MAX];
	uint16_t next_id;
	size_t size;

	while (!s->done) {
		if (clock_boot_ns() >= bus->late_ns)
			return answer_fail(a, ANSWER_UNAVAILABLE, "looking through the BMC's sensors, %u records so far",
					   s->records);
		next_id = ID_END;
		if (get_record(s, bus, s->next_id, false, record, &size,
			       &next_id, a) == 0) {
			if (sdr_reads_watts(record, size))
				found_add(s, record, size);
		} else if (a->kind != ANSWER_UNAVAILABLE ||
			   ++s->failures < FAILURES_MAX) {
			return -1;
		}
		search_advance(s, next_id);
	}
	return 0;
}

unsigned search_list(const struct search *s, const char *name, char *buf,
		     size_t size)
{
	unsigned count = 0, listed = s->found_count;
	size_t len = 0;

	if (listed > SEARCH_FOUND_MAX)
		listed = SEARCH_FOUND_MAX;
	buf[0] = '\0';
	for (unsigned i = 0; i < listed; i++) {
		const struct search_found *f = &s->found[i];

		if (name ? strcmp(f->name, name) != 0 :
			   sdr_name_is_limit(f->name))
			continue;
		if (len < size)
			len += (size_t)snprintf(buf + len, size - len,
						"%s%u '%s'", count ? ", " : "",
						f->id, f->name);
		count++;
	}
	return count;
}
