# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What breaks while jobs run: daemons, the BMC, the node.

# after a crash slurmctld gives a job up that is older than this + 10 s
knobs_faults() { export LAB_EXTRA_CONF=BatchStartTimeout=1; }

# job_goes_on JOB: a job whose step waits for that may come to its end, 3 s after
# what disturbed it
job_goes_on() { : >"$LAB_DIR/jobs/go.$1"; }
# shellcheck disable=SC2016
step_of() { # SECONDS, and until the job may go on
	REPLY="srun work step sh -c 'sleep $1; until [ -e go.\$SLURM_JOB_ID ]; do sleep 0.1; done'"
}

# disturbed NODE COMMAND...: a job of a step, COMMAND 5 s into it; its id in JOB
disturbed() {
	local node=$1
	step_of 18
	submit "$USER1" -w "$node" -n1 --wrap "work job $REPLY"
	shift
	wait_begun step "$JOB" "$node"
	sleep 5
	"$@" || give_up "$* fails"
	sleep 3
	job_goes_on "$JOB"
	finish "$JOB"
}

check_whole() { # JOB NODE
	want_work "$2" 0.5 job "$1" "$2"
	check_job "$1" "$2"
	check_step "$1" batch "$2"
	want_work "$2" 0.5 step "$1" "$2"
	check_step "$1" 0 "$2"
}

scenario slurmd-restarted node "slurmd is restarted mid-job"
test_slurmd_restarted() {
	disturbed "$1" lab_restart_slurmd "$1"
	check_whole "$JOB" "$1"
}

scenario wattgated-killed node "wattgated is killed mid-job, back after 1 s: the gap is bridged"
test_wattgated_killed() {
	disturbed "$1" lab_wattgated_kill "$1"
	check_whole "$JOB" "$1"
}

# The BMC's own log tells what could be known: from the last reading served
# before T1 (T0 is when somebody began to break things) to the first after it
# nothing is. An answer that was long on its way may count for any instant of it.
check_dark() { # JOB NODE T0 T1
	local from to b e
	from=$(served_before "$2" "$4")
	read -r to LATENCY_S < <(served_after "$2" "$4")
	UNMEASURED_S=$(calc "$to - $from")
	near "from fault to fault's end + search" "$UNMEASURED_S" "$(calc "$4 - $3")" \
		"$((2 * PERIOD_S))" s
	for name in job step; do
		read -r b e < <(stamps "$name" "$1" "$2")
		want "$2" 0.5 "$b" "$from" "$to" "$e"
		if [ "$name" = job ]; then
			check_job "$1" "$2"
			check_step "$1" batch "$2"
		else
			check_step "$1" 0 "$2"
		fi
	done
}

# Where another host reads the BMC, the node's wattgated catches up.
scenario wattgated-down node "the node's wattgated is down for 8 s"
test_wattgated_down() {
	local t0 t1
	disturbed "$1" hold_wattgated "$1"
	if in_site_mode; then
		check_whole "$JOB" "$1"
		return
	fi
	read -r t0 t1 <"$LAB_DIR/jobs/hold.$1"
	check_dark "$JOB" "$1" "$t0" "$t1"
}
hold_wattgated() {
	local t0
	t0=$(now)
	lab_wattgated_stop "$1" KILL && sleep 8 || return 1
	echo "$t0 $(now)" >"$LAB_DIR/jobs/hold.$1"
	lab_wattgated_start "$1"
}

# bmc_out KIND NODE
bmc_out() {
	local t0
	submit "$USER1" -w "$2" -n1 --wrap 'work job srun work step 18'
	wait_begun step "$JOB" "$2"
	sleep 4
	t0=$(now)
	bmc_fault "$2" "$1" 8 || give_up "no fault"
	finish "$JOB"
	check_dark "$JOB" "$2" "$t0" "$(calc "$t0 + 8")"
}

scenario bmc-silent node "the BMC is silent for 8 s"
test_bmc_silent() { bmc_out silence "$1"; }
scenario bmc-zero node "the BMC says 0 W for 8 s"
test_bmc_zero() { bmc_out zero "$1"; }
scenario bmc-null node "the BMC says null for 8 s"
test_bmc_null() { bmc_out null "$1"; }
scenario bmc-garbage node "the BMC talks garbage for 8 s"
test_bmc_garbage() { bmc_out garbage "$1"; }

# Seconds from the end of a job's work until it has left its node, and until
# its last step has ended for the controller.
end_delay() {
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 2'
	wait_ended job "$JOB" "$1"
	lab_wait_job "$JOB" 60 || give_up "job $JOB does not end"
	DELAY=$(calc "$(now) - $(ended job "$JOB" "$1")")
}

# end_soon NODE HEALTHY: the same, with something amiss. Each job would be late by
# what hangs; by what else this machine does, not each.
end_soon() {
	local i
	for i in 1 2 3; do
		end_delay "$1"
		is_true "$DELAY - $2 < 1" && return
	done
}

scenario bmc-hung-job-end node "a hung BMC does not delay a job's end"
test_bmc_hung_job_end() {
	local healthy
	end_delay "$1"
	healthy=$DELAY
	bmc_fault "$1" silence 60 || give_up "no fault"
	sleep 2
	end_soon "$1" "$healthy"
	bmc_clear "$1"
	ok_if "gone after $healthy s, with a hung BMC after $DELAY s" is_true "$DELAY - $healthy < 1"
}

scenario node-crash node "the node crashes, with a checkpoint each 5 s"
test_node_crash() { crash "$1" 15 5; }
