/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A BMC that answers IPMI requests with whatever comes: DCMI's reading and a
 * search through its records, some samples long. The first line is the sensor
 * that was chosen; each answer is a size and so many bytes. The answers are in
 * memory of their size.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ipmi/power.h"
#include "ipmi/sdr.h"

#define SAMPLES 6

static struct fuzz_input in;

static int command(void *arg, uint8_t netfn, uint8_t cmd, const uint8_t *data,
		   size_t size, uint8_t answer[IPMI_ANSWER_MAX],
		   struct answer *a)
{
	struct ipmi_bus *bus = arg;
	size_t len = fuzz_byte(&in);

	(void)netfn;
	(void)cmd;
	FUZZ_CHECK(size == 0 || data);
	if (in.left == 0 || len == 0) {
		bus->late_ns = 0;
		return answer_fail(a, ANSWER_UNREACHABLE, "nobody");
	}
	fuzz_bytes(&in, answer, len);
	return (int)len;
}

static int read_sensor(void *arg, const uint8_t *record, size_t size,
		       double *reading, struct answer *a)
{
	double value;

	(void)arg;
	FUZZ_CHECK(sdr_reads_watts(record, size) && size <= SDR_MAX);
	fuzz_bytes(&in, &value, sizeof(value));
	if (fuzz_byte(&in) & 1)
		return answer_fail(a, ANSWER_UNAVAILABLE, "not scanned");
	*reading = value;
	return 0;
}

static void check_text(const char *text, size_t size)
{
	FUZZ_CHECK(memchr(text, 0, size));
	for (; *text; text++)	/* a line end would be a line of the protocol */
		FUZZ_CHECK(*text >= ' ' && *text <= '~');
}

static void check_answer(const struct answer *a)
{
	if (a->kind == ANSWER_OK) {
		FUZZ_CHECK(isfinite(a->watts) && a->watts > 0);
		FUZZ_CHECK(a->source[0] && a->boot_ns > 0);
	} else {
		FUZZ_CHECK(a->why.text[0]);
		FUZZ_CHECK(a->watts == 0);
	}
	FUZZ_CHECK(*answer_kind_word(a->kind));
	check_text(a->source, sizeof(a->source));
}

static void note(void *arg, const char *line)
{
	(void)arg;
	FUZZ_CHECK(*line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipmi_bus bus = { .command = command,
				.read_sensor = read_sensor };
	struct answer a;
	char *sensor;
	power_t *p;

	bus.arg = &bus;
	in = (struct fuzz_input){ data, size };
	sensor = fuzz_line(&in);
	p = power_create(sensor);
	FUZZ_CHECK(p);
	for (int i = 0; i < SAMPLES && in.left > 0; i++) {
		uint8_t how = fuzz_byte(&in);

		memset(&a, 0xa5, sizeof(a));
		bus.can_raise = how & 1;
		bus.late_ns = INT64_MAX;
		if (how & 2)
			power_reconnected(p);
		if (how & 4)
			power_explain(p, &bus, &a, note, NULL);
		else
			power_sample(p, &bus, &a);
		check_answer(&a);
	}
	power_destroy(p);
	free(sensor);
	return 0;
}
