/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PROBE_REDACT_H
#define WATTGATE_CLI_PROBE_REDACT_H

/*
 * Texts of a BMC without what tells whose it is: addresses, UUIDs, names of
 * hosts and serial numbers become "redacted-1" and so on, each the same one
 * wherever it stands, so that links still lead where they led. Upper and lower
 * case are the same.
 *
 * They are known by their form, and by redact_learn(). What has the form of a
 * plain name is kept.
 */

typedef struct redact redact_t;

redact_t *redact_create(void);
void redact_destroy(redact_t *r);	/* NULL is fine */

/*
 * A value that must not be seen: a serial number, the host's name. Too short
 * ones, and words that BMCs put where they know nothing, are passed over.
 */
void redact_learn(redact_t *r, const char *secret);

/* A new string. */
char *redact_text(redact_t *r, const char *text);

#endif
