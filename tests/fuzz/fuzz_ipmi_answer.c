/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a helper writes: cut into lines, and each line understood. */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/coproc.h"
#include "source/ipmi_answer.h"

static void check_line(const char *line)
{
	struct ipmi_answer a;

	FUZZ_CHECK(strlen(line) < COPROC_LINE_MAX);
	for (const char *p = line; *p; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~');
	ipmi_answer_parse(line, &a);
	if (a.kind == IPMI_OK)
		FUZZ_CHECK(isfinite(a.watts) && a.watts > 0 &&
			   a.watts <= 1e6 && a.boot_ns >= 0);
	else
		FUZZ_CHECK(a.watts == 0 && a.boot_ns == 0);
	if (a.kind == IPMI_BAD)
		FUZZ_CHECK(!a.text);
	else
		FUZZ_CHECK(a.text > line && a.text < line + strlen(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[COPROC_LINE_MAX];
	enum coproc_line got;
	size_t lines = 0;
	coproc_t c;
	int fds[2];

	if (size > 60000)	/* what a pipe takes at once */
		size = 60000;
	FUZZ_CHECK(pipe(fds) == 0);
	FUZZ_CHECK(write(fds[1], data, size) == (ssize_t)size);
	close(fds[1]);
	coproc_init(&c);
	c.out = fds[0];
	while ((got = coproc_line(&c, line)) != COPROC_ENDED)
		if (got == COPROC_LINE) {
			check_line(line);
			lines++;
		}
	FUZZ_CHECK(lines <= size);
	coproc_kill(&c);
	return 0;
}
