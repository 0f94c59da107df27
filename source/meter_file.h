/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_METER_FILE_H
#define WATTGATE_METER_FILE_H

#include "source.h"

/*
 * Meters that the kernel shows as files: hwmon, powercap (RAPL) and Cray's
 * pm_counters. Files stay open and are read anew each time; what vanishes is
 * looked for again.
 */

extern const struct source_ops hwmon_source;
extern const struct source_ops powercap_source;
extern const struct source_ops pm_counters_source;

#endif
