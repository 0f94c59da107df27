/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_EXEC_H
#define WATTGATE_EXEC_H

#include "source.h"

/*
 * Power by a command of the site's own, which prints one number with a unit.
 * It runs beside the loop, with neither shell, environment nor descriptors of
 * wattgated's, and is killed with its group after the meter's timeout.
 */

extern const struct source_ops exec_source;

#endif
