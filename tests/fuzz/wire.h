/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_FUZZ_WIRE_H
#define WATTGATE_FUZZ_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"

/*
 * A server on a loopback port, for the real client: it answers what a script
 * says, byte by byte. It runs on the caller's thread, a step at a time, so
 * that an input does the same each time. Whatever else this process tries to
 * connect to fails the input.
 *
 * A script is a list of answers with lines "----" between them. The first line
 * of each says how it is given, one character each, in any order:
 *
 *   12   so many requests are answered by default before it
 *   c    the connection is closed behind it
 *   h    the rest of it never comes: the client runs into its time limit
 *   k    the connection is cut off (a reset) behind it
 *   s    it comes in pieces of a few bytes
 *   r    it is repeated up to WIRE_ANSWER_MAX bytes
 *   j    the host's clock jumps by 70 s meanwhile
 *
 * The rest goes out as it is, save that "127.0.0.1:11111" becomes the server's
 * own address. Behind the end of the script all answers are by default.
 */

#define WIRE_ANSWER_MAX (400 * 1024)

struct wire_request {
	char method[16];
	char path[4096];
	char head[8192];	/* the whole head, with its empty line */
	char body[8192];
	bool scripted;		/* the script has its answer */
};

/* Look at a request; an answer by default goes into buf. Its size. */
typedef size_t (*wire_fn)(void *arg, const struct wire_request *req, char *buf,
			  size_t size);

typedef struct wire wire_t;

wire_t *wire_create(void);
const char *wire_url(const wire_t *w);	/* "http://127.0.0.1:PORT" */

/* Begin with a script, which stays the caller's; end it and all connections. */
void wire_begin(wire_t *w, const uint8_t *script, size_t size, wire_fn fn,
		void *arg);
void wire_end(wire_t *w);

/* The client has given up: what it said and has not been read is void. */
void wire_drop(wire_t *w);

/*
 * Accept, read and write what can be done at once. True where the client may
 * have something to do now.
 */
bool wire_step(wire_t *w);

/*
 * So many answers may be kept from the client until it runs into its limit
 * (0 after wire_begin()); beyond that, "h" is as good as nothing.
 */
void wire_hangs(wire_t *w, unsigned count);

/*
 * The client waits and nothing is under way: the server closes, or, true, time
 * has to pass.
 */
bool wire_stall(wire_t *w);

unsigned wire_requests(const wire_t *w);	/* since wire_begin() */
/* Forget the rest of the script, and of the answer under way. */
void wire_script_end(wire_t *w);

/*
 * Did an answer of the script go out in one piece that the client need not have
 * read to its end? What is left of it then stands before the next answer.
 */
bool wire_sent_much(const wire_t *w);

/* A clock of its own, which goes on by 0.1 ms each time it is read. */
timesource_t wire_clock(wire_t *w);
/*
 * From here on, reading the clock is a step of the server: for a client that
 * waits in a loop of its own, where it looks at the clock.
 */
void wire_clock_steps(wire_t *w);
void wire_clock_jump(wire_t *w);	/* as by "j" */

/* The value of a header, or NULL where there is none; its number of lines. */
const char *wire_header(const char *head, const char *name, char *buf,
			size_t size, unsigned *lines);

/*
 * Is `text` in `in`? Unlike strstr(), engines do not see what is looked for,
 * and cannot put it into inputs.
 */
bool wire_has(const char *in, const char *text);

/* A text of letters that differs from each earlier one. */
#define WIRE_SECRET_MARK "(((secret)))"
#define WIRE_SECRET_SIZE sizeof(WIRE_SECRET_MARK)
void wire_secret(char buf[WIRE_SECRET_SIZE]);

/*
 * What WIRE_SECRET_MARK stands for in the script's next answer; NULL: itself.
 * Called while the request is looked at.
 */
void wire_tells(wire_t *w, const char *secret);

#endif
