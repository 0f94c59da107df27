/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source.h"

#include "redfish.h"

static const struct source_ops *const sources[] = {
	&redfish_source,
};

const struct source_ops *source_find(const struct conf *conf, struct err *err)
{
	for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (sources[i]->wanted(conf))
			return sources[i];
	err_set(err, "%s: there is no power source for node %s; set url in [bmc]",
		conf->path, conf->node);
	return NULL;
}
