/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source.h"

#include <stdio.h>
#include <string.h>

#include "exec.h"
#include "kwollect.h"
#include "meter_file.h"
#include "prometheus.h"
#include "ipmi.h"
#include "redfish.h"
#include "site.h"

static const struct source_ops *const sources[] = {
	&redfish_source,
	&ipmi_source,
	&site_source,
	&kwollect_source,
	&prometheus_source,
	&hwmon_source,
	&powercap_source,
	&pm_counters_source,
	&exec_source,
};
#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

static int unknown(const struct conf *conf, const struct conf_meter *meter,
		   struct err *err)
{
	char names[256] = "";

	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		size_t len = strlen(names);

		snprintf(names + len, sizeof(names) - len, "%s%s",
			 len ? ", " : "", sources[i]->name);
	}
	return err_set(err, "%s:%d: source: '%s' is none of %s", conf->path,
		       meter->source_line, meter->source, names);
}

const struct source_ops *source_find(const struct conf *conf,
				     const struct conf_meter *meter,
				     struct err *err)
{
	for (size_t i = 0; i < SOURCE_COUNT; i++)
		if (strcmp(sources[i]->name, meter->source) == 0)
			return sources[i];
	unknown(conf, meter, err);
	return NULL;
}

int source_check(const struct conf *conf, const struct conf_meter *meter,
		 struct err *err)
{
	const struct source_ops *ops = source_find(conf, meter, err);

	if (!ops)
		return -1;
	return ops->check ? ops->check(conf, meter, err) : 0;
}
