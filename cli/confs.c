/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/confs.h"

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/mem.h"

int confs_load(struct confs *confs, const char *path_arg, struct err *err)
{
	char node[256];

	memset(confs, 0, sizeof(*confs));
	confs->path = conf_path(path_arg);
	if (!path_arg && !getenv("WATTGATE_CONF") &&
	    access(confs->path, F_OK) < 0 && errno == ENOENT) {
		confs->absent = true;
		strcpy(confs->all.pue, "1");
		return 0;
	}
	if (conf_node_name(NULL, node, sizeof(node), NULL) < 0)
		strcpy(node, "localhost");
	return conf_load(confs->path, node, &confs->all, err);
}

bool confs_follow_oar(const struct confs *confs)
{
	return !confs->absent && confs->all.mode == CONF_MODE_SITE &&
	       *confs->all.oar.database;
}

/* ---- hardware by node ------------------------------------------------------ */

struct node_hardware {
	char *node;
	hardware_t set;		/* as the file says; 0 where it does not */
};

static int compare_nodes(const void *a, const void *b)
{
	const struct node_hardware *x = a, *y = b;

	return strcmp(x->node, y->node);
}

static void free_node(void *ptr)
{
	struct node_hardware *n = ptr;

	free(n->node);
	free(n);
}

void confs_clear(struct confs *confs)
{
	tdestroy(confs->nodes, free_node);
	confs->nodes = NULL;
}

/* The file is read once for each node. */
static const hardware_t *hardware_set(struct confs *confs, const char *node)
{
	struct node_hardware key = { .node = (char *)(size_t)node }, *n;
	struct node_hardware **found = tfind(&key, &confs->nodes, compare_nodes);
	struct conf conf;

	if (found)
		return &(*found)->set;
	n = mem_zeroed(1, sizeof(*n));
	n->node = mem_string(node);
	if (!confs->absent && conf_load(confs->path, node, &conf, NULL) == 0)
		n->set = conf.hw;
	if (!tsearch(n, &confs->nodes, compare_nodes))
		mem_failed();
	return &n->set;
}

static double or_default(double v, double def)
{
	return v > 0 ? v : def;
}

/*
 * Where the file does not say how much the node has, what is held is believed:
 * the scheduler knows, and only the watts of it are wanted here.
 */
static hardware_t hardware_for(const hardware_t *set, const holding_t *part)
{
	hardware_t hw = *set;

	hw.core_w = or_default(hw.core_w, SHARE_DEFAULT_CORE_W);
	hw.gpu_w = or_default(hw.gpu_w, SHARE_DEFAULT_GPU_W);
	hw.mem_w_per_gb = or_default(hw.mem_w_per_gb, SHARE_DEFAULT_MEM_W_PER_GB);
	hw.gpus = or_default(hw.gpus, part->gpus);
	hw.mem_mb = or_default(hw.mem_mb, part->mem_mb);
	if (part->mem_mb > 0)
		hw.mem_consumable = true;
	return hw;
}

void confs_hardware(struct confs *confs, const char *node,
		    const struct held *held, double *cores, double *model_w)
{
	const hardware_t *set = hardware_set(confs, node);
	const double threads = set->threads_per_core > 0 ?
			       set->threads_per_core : 1;
	hardware_t hw;
	holding_t part;

	*cores = held->cpus / threads;
	part.cores = *cores / held->nodes;
	part.gpus = isnan(held->gpus) ? 0 : held->gpus / held->nodes;
	part.mem_mb = isnan(held->mem_mb) ? 0 : held->mem_mb / held->nodes;
	hw = hardware_for(set, &part);
	*model_w = share_model_w(&hw, &part) * held->nodes;
}
