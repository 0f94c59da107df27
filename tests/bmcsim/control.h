/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_CONTROL_H
#define BMCSIM_CONTROL_H

#include "bmc.h"

/*
 * The control port, for the shell (plain http, no login):
 *
 *	POST /fault?kind=K[&for=S][&count=N][&scope=power|all][&ms=..]...
 *	POST /clear[?kind=K]
 *	POST /program[?epoch=now|E]	with a SPEC as the body
 *	GET /stats
 *
 * Answers 200, or 400 with the reason in a line of text.
 */
enum MHD_Result control_handle(void *cls, struct MHD_Connection *connection,
			       const char *url, const char *method,
			       const char *version, const char *data,
			       size_t *data_size, void **context);

void control_completed(void *cls, struct MHD_Connection *connection,
		       void **context, enum MHD_RequestTerminationCode code);

#endif
