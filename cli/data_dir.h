/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_DATA_DIR_H
#define WATTGATE_CLI_DATA_DIR_H

#include <stddef.h>

/*
 * What comes with wattgate: PREFIX/share/wattgate/NAME, or $WATTGATE_DATA/NAME
 * for a wattgate that is not installed. The path, in buf.
 */
const char *data_dir(const char *name, char *buf, size_t size);

#endif
