/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SECRET_H
#define WATTGATE_SECRET_H

#include <stddef.h>

#include "err.h"

#define SECRET_MAX 512

/*
 * Read the first line of a secret file into buf (size at least SECRET_MAX),
 * without its newline. The file must be regular and not a link, owned by the
 * calling user, with no bit for group or other; its directory must belong to
 * that user or root and not be writable by group or others (sticky directories
 * excepted). systemd credentials (in $CREDENTIALS_DIRECTORY) meet these rules,
 * save that they may belong to root, with its group's read bit.
 * Returns 0, or -1 with a text that names the file and says what to do, never
 * its content. The caller wipes buf with secret_wipe().
 */
int secret_read(const char *path, char *buf, size_t size, struct err *err);

/*
 * The checks of secret_read() alone, for another owner than the caller
 * (`owner` is the uid that has to read it); for `wattgate doctor`.
 */
int secret_check(const char *path, unsigned owner, struct err *err);

/* Zero size bytes at buf; not optimised away. */
void secret_wipe(void *buf, size_t size);

#endif
