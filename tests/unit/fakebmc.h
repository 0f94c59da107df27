/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_TEST_FAKEBMC_H
#define WATTGATE_TEST_FAKEBMC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A server on a thread of the test that answers plain HTTP, byte by byte what
 * the test's handler says. For transport tests; tests/bmcsim is the BMC.
 */

typedef struct fakebmc fakebmc_t;

struct fake_request {
	char method[16];
	char path[512];
	char head[4096];	/* the whole head */
	char body[4096];
	int connection;		/* 1, 2, ... */
	int number;		/* of the request, from 1 */
};

struct fake_answer {
	char *data;		/* freed by the server */
	size_t size;
	size_t blanks;		/* sent behind data, as long as the client reads */
	int drip_ms;		/* data goes byte by byte, with such pauses */
	bool close;		/* afterwards */
	bool hang;		/* say nothing until the client goes */
};

typedef void (*fake_handler)(void *arg, const struct fake_request *req,
			     struct fake_answer *answer);

fakebmc_t *fakebmc_start(fake_handler fn, void *arg);
void fakebmc_stop(fakebmc_t *f);
const char *fakebmc_url(const fakebmc_t *f);

/* The n-th request (from 1) once the client has its answer; NULL: none. */
const struct fake_request *fakebmc_request(const fakebmc_t *f, int n);
int fakebmc_requests(const fakebmc_t *f);
int fakebmc_connections(const fakebmc_t *f);	/* that came, whatever they said */

/* An answer with a Content-Length; headers end in "\r\n" each, or "". */
void fake_answer_set(struct fake_answer *a, int status, const char *headers,
		     const char *body);

#endif
