/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_STREAM_H
#define BMCSIM_STREAM_H

#include "answer.h"

/*
 * A response whose body goes out in one of the unpleasant ways: cut half-way,
 * after much padding, or drop by drop. Takes body. NULL: no memory.
 */
struct MHD_Response *stream_response(const struct answer *answer, char *body);

#endif
