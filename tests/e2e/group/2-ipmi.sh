# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Power that is read by IPMI: a real session with a BMC in the middle, and what
# breaks there. What the nodes draw is their program's, as everywhere.

knobs_ipmi() { export LAB_BMC_KIND=ipmi; }

scenario ipmi-two-jobs node "IPMI: two 1-CPU jobs fill a node whose power rises mid-job"
test_ipmi_two_jobs() {
	local node=$1 a b
	bmc_power "$node" step:100@0,400@8
	sleep 1.2
	submit "$USER1" -w "$node" -n1 --wrap 'work job srun work step 12'
	a=$JOB
	submit "$USER2" -w "$node" -n1 --wrap 'work job srun work step 12'
	b=$JOB
	finish "$a" "$b"
	for job in "$a" "$b"; do
		want_work "$node" 0.5 job "$job" "$node"
		check_job "$job" "$node"
		check_step "$job" batch "$node"
		want_work "$node" 0.5 step "$job" "$node"
		check_step "$job" 0 "$node"
	done
}

# COMMAND... 4 s into a job: what it does lasts less than max_gap
ipmi_disturbed() { # NODE COMMAND...
	local node=$1
	submit "$USER1" -w "$node" -n1 --wrap 'work job srun work step 14'
	shift
	wait_begun step "$JOB" "$node"
	sleep 4
	"$@" || give_up "$* fails"
	finish "$JOB"
	want_work "$node" 0.5 job "$JOB" "$node"
	check_job "$JOB" "$node"
	want_work "$node" 0.5 step "$JOB" "$node"
	check_step "$JOB" 0 "$node"
}

# A BMC that is started anew knows no session any more.
ipmi_bmc_again() { lab_bmc_stop "$1" && lab_bmc_start "$1"; }

scenario ipmi-session-lost node "IPMI: the BMC is started anew mid-job and forgets the session: bridged"
test_ipmi_session_lost() {
	ipmi_disturbed "$1" ipmi_bmc_again "$1"
}

scenario ipmi-helper-stopped node "IPMI: the helper hangs mid-job, and is replaced: bridged"
test_ipmi_helper_stopped() {
	ipmi_disturbed "$1" ipmi_helper_signal STOP "$1"
}

scenario ipmi-helper-killed node "IPMI: the helper is killed mid-job"
test_ipmi_helper_killed() {
	ipmi_disturbed "$1" ipmi_helper_signal KILL "$1"
}
