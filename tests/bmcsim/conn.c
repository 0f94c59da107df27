/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/socket.h>

#include "bmc.h"
#include "moment.h"

void conn_add(struct bmc *bmc, struct conn *conn)
{
	conn->id = ++bmc->stats.connections_total;
	bmc->stats.connections_open++;
	conn->next = bmc->conns;
	if (conn->next)
		conn->next->prev = conn;
	bmc->conns = conn;
}

void conn_remove(struct bmc *bmc, struct conn *conn)
{
	bmc->stats.connections_open--;
	if (conn->next)
		conn->next->prev = conn->prev;
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		bmc->conns = conn->next;
}

void conn_reset(struct conn *conn)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };

	/* Linux answers this by an RST and forgets the connection. */
	conn->broken = true;
	connect(conn->fd, &unspec, sizeof(unspec));
}

void parked_add(struct bmc *bmc, struct parked *parked)
{
	parked->prev = NULL;
	parked->next = bmc->parked;
	if (parked->next)
		parked->next->prev = parked;
	bmc->parked = parked;
	parked->on_list = true;
	MHD_suspend_connection(parked->connection);
}

void parked_release(struct bmc *bmc, struct parked *parked)
{
	if (!parked->on_list)
		return;
	parked->on_list = false;
	if (parked->next)
		parked->next->prev = parked->prev;
	if (parked->prev)
		parked->prev->next = parked->next;
	else
		bmc->parked = parked->next;
	MHD_resume_connection(parked->connection);
}

static bool parked_is_due(const struct bmc *bmc, const struct parked *parked,
			  int64_t now_ns)
{
	if (parked->until_sound)
		return !fault_acts(&bmc->faults, FAULT_SILENCE, parked->power,
				   now_ns);
	return now_ns >= parked->due_ns;
}

void parked_release_due(struct bmc *bmc, int64_t now_ns)
{
	struct parked *parked, *next;

	for (parked = bmc->parked; parked; parked = next) {
		next = parked->next;
		if (bmc->stopping || parked_is_due(bmc, parked, now_ns))
			parked_release(bmc, parked);
	}
}

int64_t parked_next_due(const struct bmc *bmc)
{
	int64_t due_ns = INT64_MAX;

	for (const struct parked *parked = bmc->parked; parked;
	     parked = parked->next)
		if (!parked->until_sound && parked->due_ns < due_ns)
			due_ns = parked->due_ns;
	return due_ns;
}
