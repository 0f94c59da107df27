/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_ANSWER_H
#define BMCSIM_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <microhttpd.h>

#define ANSWER_LOCATION_SIZE 512

/* How the body goes out. */
enum answer_way { ANSWER_WHOLE, ANSWER_TRUNCATED, ANSWER_HUGE, ANSWER_DRIP };

struct answer {
	unsigned int status;
	char *body;			/* malloc'ed; NULL: none */
	size_t size;
	const char *type;		/* Content-Type; NULL: JSON */
	char location[ANSWER_LOCATION_SIZE];	/* headers, or empty */
	char token[40];
	const char *allow;
	unsigned int retry_after_s;	/* 0: no such header */
	bool ask_basic;			/* WWW-Authenticate */
	enum answer_way way;
	uint64_t huge_bytes;
	bool chunked;
	/* ANSWER_DRIP: waits before each byte; -1: no more of them. */
	int (*pause)(void *arg);
	void *pause_arg;
};

/* A stream into answer's body; answer_close() ends it. NULL: no memory. */
FILE *answer_open(struct answer *answer);
void answer_close(struct answer *answer, FILE *out);

void answer_text(struct answer *answer, unsigned int status, const char *type,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A Redfish error: id and text need no escapes. */
void answer_error(struct answer *answer, unsigned int status, const char *id,
		  const char *text);

/* Sends it and takes the body, whatever the result. */
enum MHD_Result answer_queue(struct MHD_Connection *connection,
			     struct answer *answer);

#endif
