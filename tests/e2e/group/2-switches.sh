# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A cluster that runs jobs before wattgate is switched on, and what happens
# while parts of it are missing: no energy is invented, jobs run, and the log
# says what to mend. In this order.

# SPANK is off until the first scenario enables it; SlurmdDebug is Slurm's
# default; wattgated asks a scontrol that answers only where scenarios allow it.
knobs_switches() {
	export LAB_ENERGY=none LAB_EXTRA_CONF=SlurmdDebug=info
	export LAB_WATTGATE_CONF="[slurm]
scontrol = $LAB_DIR/bin/scontrol-at-times"
}

scontrol_answers() {
	local script=$LAB_DIR/bin/scontrol-at-times
	printf '#!/bin/sh\n%s\n' "$1" >"$script.new" && chmod 0755 "$script.new" &&
		mv -f "$script.new" "$script"
}

# slurm.conf and plugstack.conf as an admin changes them, on a cluster that is
# not drained
restart_slurm() {
	local node
	lab_restart_slurmctld || give_up "slurmctld does not restart"
	for node in $LAB_NODES; do
		lab_restart_slurmd "$node" || give_up "slurmd of $node does not restart"
	done
}
spank_on() { LAB_SPANK=1 write_plugstack_conf >"$LAB_DIR/etc/plugstack.conf"; }
spank_off() { : >"$LAB_DIR/etc/plugstack.conf"; }

# A job that nothing may be charged: its rows, and its exit status.
# unmeasured_job NODE SBATCH-ARGUMENT...
unmeasured_job() {
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 5'
	finish "$JOB"
	check_unmeasured "$JOB"
}
check_unmeasured() {
	local step
	ok_if "job $1 runs to its end: $(lab_sacct "$1" State)" test "$(lab_sacct "$1" State)" = COMPLETED
	for step in '' .extern .batch .0; do
		check_row_empty "$1$step"
	done
}

# At most one line of wattgate's for each step, one at least for the job, with
# what to mend in it; nothing in what the user sees.
check_said() { # JOB NODE TEXT
	local lines most
	lines=$(slurmd_says "$2" "$1")
	ok_if "slurmd's log names $3" grep -qF -- "$3" <<<"$lines"
	most=$(awk '{ if (++n[$2] > most) most = n[$2] } END { print most }' <<<"$lines")
	ok_if "at most one line a step, not ${most:-0}" test "${most:-0}" = 1
	ok_if "the user's output says nothing of it" not grep -q wattgate "$LAB_DIR/jobs/$1.out"
}

scenario enabled-mid-job lab "a job that ran before wattgate was enabled; the next one is charged"
test_enabled_mid_job() {
	local job
	spank_off
	scontrol_answers 'exec scontrol "$@"'
	submit "$USER1" -w n1 -n1 --wrap \
		'work job sh -c "until [ -e enabled ]; do sleep 0.2; done; srun work step 4"'
	job=$JOB
	wait_begun job "$job" n1
	lab_slurm_conf_set AcctGatherEnergyType acct_gather_energy/wattgate
	spank_on
	restart_slurm
	: >"$LAB_DIR/jobs/enabled"
	finish "$job"
	check_unmeasured "$job"
	# its new step has the plugins, but no allocation that is known
	check_said "$job" n1 "jobs that ran before have none"
	# sacct cannot wait for it
	wait_until 60 grep -q "Slurm allocates" "$LAB_DIR/log/wattgated.n1.log" ||
		give_up "wattgated does not ask for the size of n1 again"
	submit "$USER2" -w n1 -n1 --wrap 'work job srun work step 5'
	finish "$JOB"
	want_work n1 0.5 job "$JOB" n1
	check_job "$JOB" n1
	check_step "$JOB" batch n1
	want_work n1 0.5 step "$JOB" n1
	check_step "$JOB" 0 n1
}

scenario size-late lab "wattgated learns the node's size only while a job runs"
test_size_late() {
	lab_wattgated_stop n1 || give_up "wattgated does not stop"
	rm -f "$LAB_DIR/wattgate/state/n1.hardware"
	scontrol_answers 'exit 1'
	lab_wattgated_start n1 || give_up "wattgated does not start"
	submit "$USER1" -w n1 -n1 --wrap 'work job srun work step 14'
	wait_begun step "$JOB" n1
	ok_if "the job's share is not known when it begins" \
		grep -qx share=nan "$LAB_DIR"/wattgate/run/gate.d/n1/"$JOB".extern.*
	scontrol_answers 'exec scontrol "$@"'
	finish "$JOB"
	want_work n1 0.5 job "$JOB" n1
	check_job "$JOB" n1
	check_step "$JOB" batch n1
	want_work n1 0.5 step "$JOB" n1
	check_step "$JOB" 0 n1
}

scenario without-spank lab "without the SPANK plugin"
test_without_spank() {
	spank_off
	unmeasured_job n1
	spank_on
	check_said "$JOB" n1 "plugstack.conf"
}

scenario without-wattgated lab "without wattgated, and so without a series"
test_without_wattgated() {
	lab_wattgated_stop n2 || give_up "wattgated does not stop"
	rm -f "$LAB_DIR/wattgate/run/n2/series"
	unmeasured_job n2
	check_said "$JOB" n2 "wattgated"
	lab_wattgated_start n2 || give_up "wattgated does not start"
}

scenario without-contain lab "without PrologFlags=Contain"
test_without_contain() {
	lab_slurm_conf_set PrologFlags Alloc
	restart_slurm
	unmeasured_job n1
	check_said "$JOB" n1 "PrologFlags=Contain"
}
