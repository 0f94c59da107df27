/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acct_gather_energy/wattgate: Slurm's entry points, and nothing else. Slurm
 * calls them under one mutex of its own; none waits for anything.
 */

#include <math.h>
#include <time.h>

#include "daemon.h"
#include "energy_node.h"
#include "energy_step.h"
#include "slurm_compat.h"

const char plugin_name[] = "wattgate: gated energy from the node's BMC";
const char plugin_type[] = "acct_gather_energy/wattgate";
const uint32_t plugin_version = SLURM_VERSION_NUMBER;

int init(void);
int fini(void);
int acct_gather_energy_p_update_node_energy(void);
int acct_gather_energy_p_get_data(enum acct_energy_type type, void *data);
int acct_gather_energy_p_set_data(enum acct_energy_type type, void *data);
void acct_gather_energy_p_conf_options(s_p_options_t **options, int *count);
void acct_gather_energy_p_conf_set(int context_id, s_p_hashtbl_t *table);
void acct_gather_energy_p_conf_values(compat_list_t data);

/* What a plugin of Slurm's has no other place for. */
static struct {
	enum daemon daemon;
	energy_node_t node;
	energy_step_t step;
	uint64_t previous_j;
} plugin;

int init(void)
{
	plugin.daemon = daemon_which();
	energy_node_init(&plugin.node);
	energy_step_init(&plugin.step);
	return SLURM_SUCCESS;
}

int fini(void)
{
	energy_node_close(&plugin.node);
	energy_step_close(&plugin.step);
	return SLURM_SUCCESS;
}

int acct_gather_energy_p_update_node_energy(void)
{
	return SLURM_SUCCESS;	/* wattgated does that */
}

static void fill_step(acct_gather_energy_t *energy)
{
	struct energy_answer answer;
	uint64_t joules;

	energy_step_poll(&plugin.step, &answer);
	joules = (uint64_t)llround(answer.joules);
	energy->base_consumed_energy = 0;
	energy->previous_consumed_energy = plugin.previous_j;
	energy->consumed_energy = joules;
	energy->current_watts = (uint32_t)lround(answer.watts);
	energy->ave_watts = 0;
	if (answer.elapsed_s > 0)
		energy->ave_watts =
			(uint32_t)lround(answer.joules / answer.elapsed_s);
	energy->poll_time = time(NULL);
	plugin.previous_j = joules;
}

static void fill_node(acct_gather_energy_t *energy)
{
	struct node_answer answer;

	energy_node_poll(&plugin.node, &answer);
	energy->base_consumed_energy = 0;
	energy->previous_consumed_energy = plugin.previous_j;
	energy->consumed_energy = (uint64_t)llround(answer.joules);
	energy->current_watts = NO_VAL;	/* "n/s": unknown is not 0 */
	energy->ave_watts = NO_VAL;
	if (answer.known) {
		energy->current_watts = (uint32_t)lround(answer.watts);
		energy->ave_watts = (uint32_t)lround(answer.average_w);
	}
	energy->poll_time = time(NULL);
	plugin.previous_j = energy->consumed_energy;
}

int acct_gather_energy_p_get_data(enum acct_energy_type type, void *data)
{
	switch (type) {
	case ENERGY_DATA_JOULES_TASK:
	case ENERGY_DATA_STRUCT:
	case ENERGY_DATA_NODE_ENERGY:
	case ENERGY_DATA_NODE_ENERGY_UP:
		if (plugin.daemon == DAEMON_STEPD)
			fill_step(data);
		else if (plugin.daemon == DAEMON_SLURMD)
			fill_node(data);
		return SLURM_SUCCESS;
	case ENERGY_DATA_LAST_POLL:
		*(time_t *)data = time(NULL);
		return SLURM_SUCCESS;
	case ENERGY_DATA_SENSOR_CNT:
		*(uint16_t *)data = 1;
		return SLURM_SUCCESS;
	default:
		return SLURM_ERROR;
	}
}

int acct_gather_energy_p_set_data(enum acct_energy_type type, void *data)
{
	(void)type;
	(void)data;
	return SLURM_SUCCESS;	/* nothing of Slurm's private structs is used */
}

/*
 * No key of acct_gather.conf is ours: slurmd pipes that file to each step, and
 * a key that the controller does not know is fatal there.
 */
void acct_gather_energy_p_conf_options(s_p_options_t **options, int *count)
{
	(void)options;
	(void)count;
}

void acct_gather_energy_p_conf_set(int context_id, s_p_hashtbl_t *table)
{
	(void)context_id;
	(void)table;
}

void acct_gather_energy_p_conf_values(compat_list_t data)
{
	(void)data;
}
