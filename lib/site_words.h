/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_WORDS_H
#define WATTGATE_SITE_WORDS_H

#include <stdio.h>

/* What nodes and their site have to say alike; docs/site-protocol.md. */

#define SITE_VERSION 1
#define SITE_PAYLOAD_MAX 320

/* What a node's munge credential is for. */
static inline void site_payload_format(const char *node, char *buf, size_t size)
{
	snprintf(buf, size, "wattgate-site %d session %s", SITE_VERSION, node);
}

#endif
