# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Ways for jobs and steps to end, and to pause.

knobs_ends() { :; }

scenario step-killed node "a step is killed, the job goes on"
test_step_killed() {
	local job killed
	submit "$USER1" -w "$1" -n1 --wrap 'work job sh -c "srun work step 60; sleep 4"'
	job=$JOB
	wait_begun step "$job" "$1"
	sleep 5
	lab_as "$USER1" scancel --signal=KILL "$job.0" || give_up "scancel fails"
	killed=$(now)
	finish "$job"
	want_work "$1" 0.5 job "$job" "$1"
	check_job "$job" "$1"
	check_step "$job" batch "$1"
	want "$1" 0.5 "$(began step "$job" "$1")" "$killed"
	check_step "$job" 0 "$1"
}

scenario stepd-killed node "a step's slurmstepd is killed: its row is 0, the job's is not"
test_stepd_killed() {
	local job killed
	submit "$USER1" -w "$1" -n1 --wrap 'work job sh -c "srun work step 20 & sleep 9"'
	job=$JOB
	wait_begun step "$job" "$1"
	sleep 5
	# srun does not notice, so the job does not wait for it
	stepd_of "$job" 0
	kill -KILL "$REPLY"
	killed=$(now)
	finish "$job"
	want_work "$1" 0.5 job "$job" "$1"
	check_job "$job" "$1"
	check_step "$job" batch "$1"
	check_row_empty "$job.0"
	want "$1" 0.5 "$(began step "$job" "$1")" "$killed"
	check_ledger "$1" "$job" 0
}

scenario extern-stepd-killed node "the extern step's slurmstepd is killed: the ledger has the job"
test_extern_stepd_killed() {
	local job child
	submit "$USER1" -w "$1" -n1 --wrap 'work job 8'
	job=$JOB
	wait_begun job "$job" "$1"
	sleep 3
	stepd_of "$job" extern
	child=$(cat "/proc/$REPLY/task/$REPLY/children")
	# shellcheck disable=SC2086
	kill -KILL "$REPLY" $child
	finish "$job"
	check_row_empty "$job.extern"
	want_work "$1" 0.5 job "$job" "$1"
	check_ledger "$1" "$job" extern
	check_step "$job" batch "$1"
}

scenario cancelled node "six jobs are cancelled, two at a time: none loses its row"
test_cancelled() {
	local round user job jobs cancelled=()
	for round in 1 2 3; do
		jobs=
		for user in "$USER1" "$USER2"; do
			submit "$user" -w "$1" -n1 --wrap 'work job srun work step 60'
			jobs+=" $JOB"
		done
		for job in $jobs; do
			wait_begun step "$job" "$1"
		done
		sleep "2.$round"
		for job in $jobs; do
			lab_as "$USER1" scancel -Q "$job" || lab_as "$USER2" scancel -Q "$job"
			cancelled[job]=$(now)
		done
		# shellcheck disable=SC2086
		finish $jobs
		for job in $jobs; do
			ok_if "job $job is cancelled" \
				grep -q CANCELLED <<<"$(lab_sacct "$job" State)"
			want "$1" 0.5 "$(began job "$job" "$1")" "${cancelled[job]}"
			check_job "$job" "$1"
			check_step "$job" batch "$1"
			want "$1" 0.5 "$(began step "$job" "$1")" "${cancelled[job]}"
			check_step "$job" 0 "$1"
		done
	done
}

scenario cancelled-late node "a cancelled job takes 3 s to end: the ledger counts them"
test_cancelled_late() {
	local job cancelled got
	cat >"$LAB_DIR/jobs/stubborn.sh" <<-'EOS'
	#!/bin/bash
	stamp() { echo "$1 $EPOCHREALTIME" >>"job.$SLURM_JOB_ID.0.$SLURMD_NODENAME"; }
	stamp begin
	trap 'sleep 3; stamp end; exit 0' TERM
	while :; do sleep 0.1; done
	EOS
	submit "$USER1" -w "$1" -n1 "$LAB_DIR/jobs/stubborn.sh"
	job=$JOB
	wait_begun job "$job" "$1"
	sleep 4
	lab_as "$USER1" scancel "$job" || give_up "scancel fails"
	cancelled=$(now)
	finish "$job"
	want_work "$1" 0.5 job "$job" "$1"
	check_ledger "$1" "$job" extern
	check_step "$job" batch "$1"
	# Slurm ends the extern step with the first signal
	want "$1" 0.5 "$(began job "$job" "$1")" "$cancelled"
	check_row "$job"
	check_row "$job.extern"
}

scenario requeued node "a job is requeued: each instance has its own energy"
test_requeued() {
	local job requeued
	submit "$USER1" --requeue -w "$1" -n1 --wrap 'work job srun work step 6'
	job=$JOB
	wait_begun step "$job" "$1"
	sleep 4
	scontrol requeue "$job" || give_up "cannot requeue"
	requeued=$(now)
	# Slurm would let it wait for two minutes; in the same second slurmd takes
	# its new credential for the one that it has just revoked
	wait_until 10 job_in_state "$job" PENDING || give_up "job $job is not pending"
	sleep 2
	scontrol update jobid="$job" StartTime=now
	wait_until 20 has_begun job "$job" "$1" 1 || give_up "job $job does not start again"
	finish "$job"
	want "$1" 0.5 "$(began job "$job" "$1")" "$requeued"
	check_row "$job.extern" 1
	check_ledger "$1" "$job" extern 0
	check_ledger "$1" "$job" batch 0
	want "$1" 0.5 "$(began step "$job" "$1")" "$requeued"
	check_ledger "$1" "$job" 0 0
	want_work "$1" 0.5 job "$job" "$1" 1
	check_row "$job.extern" 2
	check_row "$job" 2
	check_ledger "$1" "$job" extern 1
	check_ledger "$1" "$job" batch 1
	want_work "$1" 0.5 step "$job" "$1" 1
	check_ledger "$1" "$job" 0 1
}

# suspend_for NODE COMMAND...: a job, suspended 10 s in its middle, while
# COMMAND runs; slurm stops processes up to 2 s late
suspend_for() {
	local node=$1 job t0 t1 t2 t3
	submit "$USER1" -w "$node" -n1 --wrap 'work job srun work step 20'
	job=$JOB
	shift
	wait_begun step "$job" "$node"
	sleep 5
	scontrol suspend "$job" || give_up "cannot suspend"
	t1=$(now)
	"$@" "$job"
	wait_until 20 is_past "$(calc "$t1 + 10")"
	scontrol resume "$job" || give_up "cannot resume"
	t2=$(now)
	finish "$job"
	MORE_S=2
	read -r t0 t3 < <(stamps job "$job" "$node")
	want "$node" 0.5 "$t0" "$t1" "$t2" "$t3"
	check_job "$job" "$node"
	near "ledger $node $job.extern: suspended" "$(ns_to_s "${L[suspended_ns]}")" \
		"$(calc "$t2 - $t1")" "$((MORE_S + PERIOD_S))" s
	check_step "$job" batch "$node"
	read -r t0 t3 < <(stamps step "$job" "$node")
	want "$node" 0.5 "$t0" "$t1" "$t2" "$t3"
	check_step "$job" 0 "$node"
}

scenario suspended node "suspended for 10 s in the middle"
test_suspended() { suspend_for "$1" true; }

scenario suspended-sstat node "the same, with sstat asking meanwhile"
test_suspended_sstat() { suspend_for "$1" ask_sstat; }
ask_sstat() {
	local first='' last='' i
	for i in 1 2 3 4 5 6 7 8; do
		sleep 1
		last=$(sstat_energy "$1")
		# it stops up to 2 s late, a period more to be seen, one to be asked
		((i < 5)) || : "${first:=$last}"
	done
	ok_if "sstat: ${first:-nothing} J, and ${last:-nothing} J 3 s later" test "$first" = "$last"
}
sstat_energy() { sstat -nPa -j "$1.extern" -o ConsumedEnergyRaw 2>&1; }

scenario own-stop node "a user stops a job's processes himself: that is no suspension"
test_own_stop() {
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 10'
	wait_begun step "$JOB" "$1"
	sleep 2
	lab_as "$USER1" scancel --signal=STOP "$JOB" || give_up "cannot stop"
	lab_as "$USER1" scancel --batch --signal=STOP "$JOB"
	sleep 4
	lab_as "$USER1" scancel --batch --signal=CONT "$JOB"
	lab_as "$USER1" scancel --signal=CONT "$JOB" || give_up "cannot continue"
	finish "$JOB"
	want_work "$1" 0.5 job "$JOB" "$1"
	check_job "$JOB" "$1"
	ok_if "ledger $1 $JOB.extern: suspended ${L[suspended_ns]} ns" test "${L[suspended_ns]}" = 0
	check_step "$JOB" batch "$1"
	want_work "$1" 0.5 step "$JOB" "$1"
	check_step "$JOB" 0 "$1"
}
