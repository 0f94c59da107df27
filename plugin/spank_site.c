/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank_site.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "lib/conf.h"

/* The prolog's process has an environment of Slurm's making: arguments carry. */
static const char *run_dir_option(int ac, char **av)
{
	int i;

	for (i = 0; i < ac; i++)
		if (!strncmp(av[i], "run_dir=", 8) && av[i][8] == '/')
			return av[i] + 8;
	return conf_run_dir();
}

int spank_site_open(spank_site_t *site, int ac, char **av, struct err *err)
{
	char path[PATH_MAX];

	site->gate_dirfd = -1;
	if (daemon_node_name(site->node, sizeof(site->node), err) < 0)
		return -1;
	if (clock_boot_id(site->boot_id) < 0)
		return err_set_errno(err, "cannot read the boot id");
	snprintf(site->run_dir, sizeof(site->run_dir), "%s",
		 run_dir_option(ac, av));
	if (gaterec_dir(path, sizeof(path), site->run_dir, site->node) < 0)
		return err_set(err, "%s: path too long", site->run_dir);
	site->gate_dirfd = gaterec_dir_open(path, true, 0, err);
	return site->gate_dirfd < 0 ? -1 : 0;
}

void spank_site_close(spank_site_t *site)
{
	if (site->gate_dirfd >= 0)
		close(site->gate_dirfd);
	site->gate_dirfd = -1;
}

int spank_site_series(const spank_site_t *site, series_reader_t *series,
		      struct err *err)
{
	char path[PATH_MAX];

	series->fd = -1;
	if (snprintf(path, sizeof(path), "%s/%s/series", site->run_dir,
		     site->node) >= (int)sizeof(path))
		return err_set(err, "%s: path too long", site->run_dir);
	return series_reader_open(series, path, err);
}
