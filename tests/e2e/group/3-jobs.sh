# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Kinds of jobs, with share = cores: half of a node for one of its two CPUs.

knobs_jobs() { :; }

scenario two-jobs node "two 1-CPU jobs fill a node"
test_two_jobs() {
	local node=$1 a b
	submit "$USER1" -w "$node" -n1 --wrap 'work job srun work step 10'
	a=$JOB
	submit "$USER2" -w "$node" -n1 --wrap 'work job srun work step 10'
	b=$JOB
	wait_begun step "$b" "$node"
	finish "$a" "$b"
	for job in "$a" "$b"; do
		want_work "$node" 0.5 job "$job" "$node"
		check_job "$job" "$node"
		check_step "$job" batch "$node"
		want_work "$node" 0.5 step "$job" "$node"
		check_step "$job" 0 "$node"
	done
	# together: the node
	want_work "$node" 0.5 job "$a" "$node"
	want_add_work "$node" 0.5 job "$b" "$node"
	near "the two together" "$(calc "$(lab_sacct_energy "$a") + $(lab_sacct_energy "$b")")" \
		"$WANT_J" "$(want_tolerance)"
}

scenario exclusive node "an exclusive job: the whole node"
test_exclusive() {
	submit "$USER1" -w "$1" -n1 --exclusive --wrap 'work job srun work step 8'
	finish "$JOB"
	want_work "$1" 1 job "$JOB" "$1"
	check_job "$JOB" "$1"
	check_step "$JOB" batch "$1"
	check_step "$JOB" 0 "$1"	# srun takes the allocation's CPUs
}

scenario power-step node "1 CPU of 2, 100 W rise to 400 W mid-job"
test_power_step() {
	bmc_power "$1" step:100@0,400@7
	sleep 1.2
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 12'
	finish "$JOB"
	want_work "$1" 0.5 job "$JOB" "$1"
	check_job "$JOB" "$1"
	check_step "$JOB" batch "$1"
	want_work "$1" 0.5 step "$JOB" "$1"
	check_step "$JOB" 0 "$1"
}

scenario power-sine node "1 CPU of 2, power is a sine"
test_power_sine() {
	bmc_power "$1" sine:mean=250,amp=150,period=9
	sleep 1.2
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 16'
	finish "$JOB"
	want_work "$1" 0.5 job "$JOB" "$1"
	check_job "$JOB" "$1"
	check_step "$JOB" batch "$1"
	want_work "$1" 0.5 step "$JOB" "$1"
	check_step "$JOB" 0 "$1"
}

scenario steps-in-sequence node "a batch with two srun steps one after the other"
test_steps_in_sequence() {
	submit "$USER1" -w "$1" -n1 --wrap 'work job sh -c "srun work a 6; sleep 2; srun work b 3"'
	finish "$JOB"
	want_work "$1" 0.5 job "$JOB" "$1"
	check_job "$JOB" "$1"
	check_step "$JOB" batch "$1"
	want_work "$1" 0.5 a "$JOB" "$1"
	check_step "$JOB" 0 "$1"
	want_work "$1" 0.5 b "$JOB" "$1"
	check_step "$JOB" 1 "$1"
}

scenario steps-at-once node "a batch with two srun steps at once: the job counts once"
test_steps_at_once() {
	local step name
	# shellcheck disable=SC2016
	submit "$USER1" -w "$1" -n2 --wrap 'work job sh -c "srun -n1 --exact work s\$SLURM_JOB_ID-a 8 &
		srun -n1 --exact work s\$SLURM_JOB_ID-b 8 & wait"'
	finish "$JOB"
	want_work "$1" 1 job "$JOB" "$1"
	check_job "$JOB" "$1"
	check_step "$JOB" batch "$1"
	for name in a b; do
		want_work "$1" 0.5 "s$JOB-$name" "$JOB" "$1"
		# alike in length: whichever came first
		[ "$name" = a ] && step=0 || step=1
		check_step "$JOB" "$step" "$1"
	done
}

scenario salloc-idle node "salloc that idles 8 s around a 3 s srun"
test_salloc_idle() {
	local job granted
	# salloc has its allocation some seconds before it runs the command
	read -r granted job < <(lab_as "$USER1" salloc -w "$1" -n1 \
		work alloc sh -c 'sleep 4; srun work step 3; sleep 4' 2>&1 |
		while read -r line; do
			[[ $line == *" Granted job allocation "* ]] && echo "$(now) ${line##* }"
		done)
	[ -n "$job" ] || give_up "salloc fails"
	wait_begun alloc "$job" here
	wait_ended alloc "$job" here
	finish "$job"
	want "$1" 0.5 "$granted" "$(ended alloc "$job" here)"
	check_job "$job" "$1"
	want_work "$1" 0.5 step "$job" "$1"
	check_step "$job" 0 "$1"
}

scenario bare-srun node "srun without an allocation of its own"
test_bare_srun() {
	local job
	# shellcheck disable=SC2016
	job=$(lab_as "$USER2" srun -Q -w "$1" -n1 sh -c 'work step 8; echo $SLURM_JOB_ID') ||
		give_up "srun fails"
	finish "$job"
	want_work "$1" 0.5 step "$job" "$1"
	check_job "$job" "$1"
	check_step "$job" 0 "$1"
}

scenario array node "a job array of three, two at a time"
test_array() {
	local array job jobs
	submit "$USER1" -w "$1" -n1 --array=1-3 --wrap 'work job 6'
	array=$JOB
	finish "$array"
	jobs=$(sacct -nPX -j "$array" -o JobIDRaw)
	ok_if "three tasks: ${jobs//$'\n'/ }" test "$(wc -w <<<"$jobs")" = 3
	for job in $jobs; do
		want_work "$1" 0.5 job "$job" "$1"
		check_job "$job" "$1"
		check_step "$job" batch "$1"
	done
}

scenario short-jobs node "jobs of 0.2, 0.7 and 1.5 s: at least 1 J where truth is 2 J or more"
test_short_jobs() {
	local seconds job got
	for seconds in 0.2 0.7 1.5; do
		submit "$USER1" -w "$1" -n1 --wrap "work job $seconds"
		job=$JOB
		finish "$job"
		want_work "$1" 0.5 job "$job" "$1"
		is_true "$WANT_J >= 2" || give_up "truth is only $WANT_J J"
		check_job "$job" "$1"
		check_step "$job" batch "$1"
		got=$(lab_sacct_energy "$job")
		ok_if "a job of $seconds s has ${got:-no} J" test "${got:-0}" -ge 1
	done
}

scenario live node "what sstat and scontrol show while a job runs"
test_live() {
	local job got watts
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 12'
	job=$JOB
	wait_begun step "$job" "$1"
	sleep 8
	got=$(lab_as "$USER1" sstat -nPa -j "$job.extern" -o ConsumedEnergyRaw)
	want "$1" 0.5 "$(began job "$job" "$1")" "$(now)"
	# as of Slurm's last poll, which is each second
	MORE_S=1
	near "sstat $job.extern" "${got#*|}" "$WANT_J" "$(want_tolerance)"
	watts=$(scontrol -o show node "$1" | sed -n 's/.*CurrentWatts=\([0-9]*\).*/\1/p')
	default_power "$1"
	ok_if "scontrol show node $1: ${watts:-no} W of ${REPLY#const:}" test "$watts" = "${REPLY#const:}"
	finish "$job"
}

scenario plugins-loaded node "slurmctld, slurmd and slurmstepd load the plugins, and no curl with them"
test_plugins_loaded() {
	local job name pid
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 9'
	job=$JOB
	wait_begun step "$job" "$1"
	proc_pid slurmctld
	check_maps slurmctld "$REPLY" acct_gather_energy_wattgate.so
	check_maps slurmd "$(lab_slurmd_pid "$1")" acct_gather_energy_wattgate.so
	for name in extern batch 0; do
		stepd_of "$job" "$name"
		check_maps "slurmstepd of $name" "$REPLY" \
			acct_gather_energy_wattgate.so spank_wattgate.so
	done
	finish "$job"
}
check_maps() { # WHAT PID FILE...
	local what=$1 maps file
	maps=$(cat "/proc/$2/maps") || give_up "$what: no process $2"
	shift 2
	for file; do
		ok_if "$what has $file" grep -qF "$LAB_DIR/plugin/$file" <<<"$maps"
	done
	ok_if "$what has no curl, inih nor libslurm beside them" not grep -qE 'libcurl|libinih|libslurm\.so' <<<"$maps"
}

scenario het-job lab "a heterogeneous job, a component on each node"
test_het_job() {
	local job second
	cat >"$LAB_DIR/jobs/het.sh" <<-'EOS'
	#!/bin/sh
	work job srun --het-group=0,1 work step 8
	EOS
	submit "$USER1" -n1 -w n1 : -n1 -w n2 "$LAB_DIR/jobs/het.sh"
	job=$JOB
	second=$((job + 1))
	finish "$job" "$second"
	want_work n1 0.5 job "$job" n1
	check_job "$job" n1
	check_step "$job" batch n1
	want_work n2 0.5 job "$job" n1
	check_job "$second" n2
	want_work n1 0.5 step "$job" n1
	check_step "$job" 0 n1
	# the second component's task goes by the id of the first
	want_work n2 0.5 step "$job" n2
	check_row "$second.0"
	check_ledger n2 "$second" 0
}

scenario two-nodes lab "a job on both nodes, which draw different powers"
test_two_nodes() {
	local job
	submit "$USER1" -N2 -n2 --exclusive --wrap 'work job srun work step 8'
	job=$JOB
	finish "$job"
	want_reset
	want_add_work n1 1 job "$job" n1
	want_add_work n2 1 job "$job" n1
	check_row "$job"
	check_row "$job.extern"
	want_reset
	want_add_work n1 1 step "$job" n1
	want_add_work n2 1 step "$job" n2
	check_row "$job.0"
	for node in n1 n2; do
		want_work "$node" 1 job "$job" n1
		check_ledger "$node" "$job" extern
		want_work "$node" 1 step "$job" "$node"
		check_ledger "$node" "$job" 0
	done
	want_work n1 1 job "$job" n1
	check_step "$job" batch n1
}
