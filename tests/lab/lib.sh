# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that work with a lab of slurm.sh: `. tests/lab/lib.sh; lab_enter`
# with LAB_DIR set to a lab that is up. Functions return 0 for success; what
# they print is their result.
for part in common knobs proc ports netns slurm-conf slurm-daemons wattgate slurm-site settle; do
	# shellcheck disable=SC1090
	. "${BASH_SOURCE[0]%/*}/$part.sh" || exit 1
done

# Into the environment: SLURM_CONF, PATH, knobs, ...
lab_enter() {
	lab_settle_dir
	eval "$(lab_print_env)"
	knobs_load
	ports_load
	addresses_load
}

# ---- users and jobs ---------------------------------------------------------

# lab_as USER COMMAND...: in a directory where every user may write
lab_as() {
	local user=$1
	shift
	(cd "$LAB_DIR/jobs" && HOME=$LAB_DIR/jobs USER=$user LOGNAME=$user \
		exec setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@")
}

# lab_submit USER SBATCH-ARGUMENTS...: prints the job's id. Output goes to
# $LAB_DIR/jobs/ID.out where the arguments don't say otherwise.
lab_submit() {
	local user=$1 id
	shift
	id=$(lab_as "$user" sbatch --parsable --output="$LAB_DIR/jobs/%A.out" "$@") || return 1
	printf '%s\n' "${id%%;*}"
}

lab_job_state() { squeue -h -t all -j "$1" -o %T 2>/dev/null | sort -u; }

# lab_wait_state JOB STATE [SECONDS]
lab_wait_state() { wait_until "${3:-30}" job_in_state "$1" "$2"; }
job_in_state() { [ "$(lab_job_state "$1")" = "$2" ]; }

# lab_wait_job JOB [SECONDS]: until it has ended and left its nodes
lab_wait_job() { wait_until "${2:-60}" job_gone "$1"; }
job_gone() { [ -z "$(squeue -h -j "$1" -o %T 2>/dev/null)" ]; }

# lab_wait_rows JOB [SECONDS]: until the accounting knows that it, and each of
# its steps, has ended
lab_wait_rows() { wait_until "${2:-20}" job_in_accounting "$1"; }
job_in_accounting() {
	local rows
	rows=$(sacct -nPD -j "$1" -o End)
	[ -n "$rows" ] && ! grep -q Unknown <<<"$rows"
}

# lab_finish_job JOB [SECONDS]: both of these
lab_finish_job() { lab_wait_job "$1" "${2:-60}" && lab_wait_rows "$1"; }

# lab_sacct ROW FIELD: of the row JOB, JOB.extern, JOB.batch, JOB.0, ...
# (raw ids; one line for each instance of a requeued job)
lab_sacct() {
	sacct -nPD -j "${1%%.*}" -o "JobIDRaw,$2" |
		while IFS='|' read -r row value; do
			[ "$row" != "$1" ] || printf '%s\n' "$value"
		done
}

# Joules of a row; empty where unset.
lab_sacct_energy() { lab_sacct "$1" ConsumedEnergyRaw; }

# Joules that slurmd reports for the whole node, 0 while unknown.
lab_node_energy() {
	scontrol -o show node "$1" | sed -n 's/.*ConsumedJoules=\([0-9]*\).*/\1/p'
}

# ---- slurmd, slurmctld, slurmstepd -------------------------------------------

lab_stop_slurmd() { proc_stop "slurmd.$1"; }
lab_start_slurmd() {
	local since
	since=$(date +%s)
	start_node "$1" && wait_until 40 node_registered "$1" "$since"
}
lab_restart_slurmd() { lab_stop_slurmd "$1" && lab_start_slurmd "$1"; }
lab_kill_slurmd() { proc_signal KILL "slurmd.$1" && wait_until 5 proc_gone "slurmd.$1"; }
lab_slurmd_pid() { proc_pid "slurmd.$1" && echo "$REPLY"; }
# the controller knows the slurmd that started at $2, not only the one before
node_registered() {
	local started
	started=$(scontrol -o show node "$1" | sed -n 's/.*SlurmdStartTime=\([^ ]*\).*/\1/p')
	started=$(date -d "$started" +%s 2>/dev/null) && ((started >= $2)) && node_ready "$1"
}

lab_stop_slurmctld() { proc_stop slurmctld; }
lab_start_slurmctld() { start_ctl && wait_until 20 ctl_ready; }
lab_restart_slurmctld() { lab_stop_slurmctld && lab_start_slurmctld; }

lab_stop_slurmdbd() { proc_stop slurmdbd; }
lab_start_slurmdbd() { start_dbd && wait_until 30 dbd_ready; }

# lab_stepd_pid JOB STEP: pids of its slurmstepds, one a node; STEP as in
# sacct: extern, batch, interactive, 0, ...
lab_stepd_pid() {
	local pid title
	for pid in $(stepds_of_lab); do
		{ IFS= read -r -d '' title <"/proc/$pid/cmdline"; } 2>/dev/null
		[ "${title-}" = "slurmstepd: [$1.$2]" ] && echo "$pid"
	done
}

# lab_kill_stepd JOB STEP [SIGNAL]
lab_kill_stepd() {
	local pids
	pids=$(lab_stepd_pid "$1" "$2")
	[ -n "$pids" ] || return 1
	# shellcheck disable=SC2086
	kill "-${3:-KILL}" $pids
}

# lab_slurm_conf_set KEY VALUE: for lab_reconfigure or a restart; the next
# `up` writes the file anew
lab_slurm_conf_set() {
	local conf=$LAB_DIR/etc/slurm.conf
	{
		printf '%s=%s\n' "$1" "$2"
		grep -vi "^$1=" "$conf"
	} >"$conf.new" && mv -f "$conf.new" "$conf"
}
lab_reconfigure() { scontrol reconfigure; }

# ---- wattgated and its BMC ----------------------------------------------------

# NODE may be `site` here: the one on the management host, with all that it
# started.
lab_wattgated_pid() { wattgated_child "$1" && echo "$REPLY"; }
lab_wattgated_log() { echo "$LAB_DIR/log/wattgated.$1.log"; }

# Stays down until lab_wattgated_start; $2: the signal, KILL for a crash
lab_wattgated_stop() {
	if [ "$1 ${2-}" = "site KILL" ]; then
		: >"$LAB_DIR/wattgate/supervise.site/hold"
		lab_wattgated_kill site && wait_until 10 wattgated_gone site
	else
		supervised_stop "$@"
	fi
}
# Returns when series are written again.
lab_wattgated_start() {
	supervised_start "$1" || return 1
	if [ "$1" = site ]; then
		series_ready
	else
		period_plus 20 && wait_series "$1" "$REPLY"
	fi
}
# Its supervisor starts it again after a second.
lab_wattgated_kill() {
	if [ "$1" = site ]; then
		# shellcheck disable=SC2086
		site_pids && kill -KILL $REPLY
	else
		wattgated_signal "$1" KILL
	fi
}
# lab_wattgated_hold NODE SECONDS: killed, and away for so long
lab_wattgated_hold() {
	lab_wattgated_stop "$1" KILL && sleep "$2" && lab_wattgated_start "$1"
}

# lab_in_ledger NODE JOB: its allocation there is closed
lab_in_ledger() {
	grep -q " alloc job=$2 " "$LAB_DIR/wattgate/ledger/$1.ledger" 2>/dev/null
}

# The cable between a node and the rest: lab_net NODE up|down; namespaces only
lab_net() { netns_run lan ip link set "$1" "$2"; }

# What wattgated talks to; back on the port it had.
lab_bmc_stop() {
	[ "${LAB_BMC_KIND-redfish}" = redfish ] || { proc_stop "ipmisim.$1"; return; }
	proc_stop "bmcsim.$1"
}
lab_bmc_start() {
	[ "${LAB_BMC_KIND-redfish}" = redfish ] || { ipmi_lab_sim "$1"; return; }
	start_bmc "$1"
}
