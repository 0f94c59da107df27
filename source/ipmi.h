/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SOURCE_IPMI_H
#define WATTGATE_SOURCE_IPMI_H

#include "source.h"

/*
 * IPMI: a helper program for each BMC (wattgate-ipmi), since FreeIPMI blocks.
 * It is told "sample" and has the meter's timeout to answer; one that does
 * not, or that says what it should not, is killed, and the next sample starts
 * another.
 */
extern const struct source_ops ipmi_source;

#define IPMI_DEVICE "/dev/ipmi0"	/* in-band */

/* Its path: $WATTGATE_IPMI, else the one built in. */
const char *ipmi_program(void);

/* From now on each sample tells what else the BMC has, a line for each call. */
void ipmi_explain(source_t *s, void (*note)(void *arg, const char *line),
		  void *arg);

#endif
