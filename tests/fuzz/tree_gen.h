/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_FUZZ_TREE_GEN_H
#define WATTGATE_FUZZ_TREE_GEN_H

#include <stddef.h>

#include "fuzz.h"

/*
 * Resources as BMCs have them, made up on demand: the URL tells what kind is
 * asked for, bytes of the input choose what is in it and what is wrong with
 * it. So nearly every input is a BMC, and none of its links lead nowhere. 0
 * chooses what is most usual.
 */

#define TREE_GEN_MAX (256 * 1024)

/*
 * The answer to a GET of url: its status, with the body, which ends in a NUL,
 * in buf of TREE_GEN_MAX bytes.
 */
long tree_gen_answer(struct fuzz_input *in, const char *url, char *buf,
		     size_t *size);

#endif
