/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_MOMENT_H
#define BMCSIM_MOMENT_H

#include <stdint.h>

/* Instants: nanoseconds since 1970; as text, unix seconds "1732370000.25". */

#define MOMENT_NS_PER_S INT64_C(1000000000)
#define MOMENT_TEXT_SIZE 40

int64_t moment_wall_ns(void);
int64_t moment_mono_ns(void);	/* for delays and fault ends */

/*
 * Exact for up to nine decimals, more are refused, as is anything else than
 * [-]digits[.digits]. Returns 0 or -1.
 */
int moment_parse(const char *text, int64_t *ns);

/* With nine decimals. Returns buf. */
char *moment_format(int64_t ns, char buf[MOMENT_TEXT_SIZE]);

#endif
