/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_SERVER_H
#define BMCSIM_SERVER_H

#include "fail.h"
#include "options.h"

/* Serves until SIGTERM or SIGINT. Returns 0, or -1 with the reason. */
int server_run(const struct options *opt, struct fail *fail);

#endif
