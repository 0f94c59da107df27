/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slurmdb/ask.h"

#include <errno.h>
#include <stdbool.h>

#include "slurmdb/slurm_compat.h"
#include "slurmdb/socket.h"

void ask_begin(int socket)
{
	socket_hurry(socket);
	errno = 0;
}

int ask_failed(struct err *err, const char *what)
{
	const bool silent = errno == 0 || errno == EAGAIN || errno == ETIMEDOUT;

	return err_set(err, "%s: %s", what,
		       silent ? "it does not answer" : slurm_strerror(errno));
}
