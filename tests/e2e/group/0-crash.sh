# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A crash with the default checkpoint. What takes a minute or more anyway.

knobs_crash() { export LAB_CHECKPOINT=60s LAB_EXTRA_CONF=BatchStartTimeout=1; }

scenario node-crash-minute node "the node crashes: the ledger lacks at most a minute"
test_node_crash_minute() { crash "$1" 70 60; }

scenario time-limit node "a job runs into its time limit"
test_time_limit() {
	local job
	submit "$USER1" -w "$1" -n1 -t 1 --wrap 'work job srun work step 200'
	job=$JOB
	wait_begun step "$job" "$1"
	wait_until 120 has_ended job "$job" "$1" || give_up "job $job knows no limit"
	finish "$job"
	ok_if "job $job: $(lab_sacct "$job" State)" test "$(lab_sacct "$job" State)" = TIMEOUT
	want_work "$1" 0.5 job "$job" "$1"
	check_job "$job" "$1"
	check_step "$job" batch "$1"
	want_work "$1" 0.5 step "$job" "$1"
	check_step "$job" 0 "$1"
}
