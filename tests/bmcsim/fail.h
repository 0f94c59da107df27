/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_FAIL_H
#define BMCSIM_FAIL_H

/*
 * Why a call failed, in one sentence. The simulator takes nothing from lib/:
 * it is the witness against which the code in there is judged.
 */
struct fail {
	char text[512];
};

/* Formats the reason; always returns -1. */
int fail_set(struct fail *fail, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
