# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A node that crashes under a job, and what of it the ledger lacks then.

# Everything of a node at once, as a power cut ends it: its daemons, the steps'
# slurmstepds and all that runs below them; then its daemons again.
crash_node() {
	local pids pid stepds
	stepds=$(for pid in $(stepds_of_lab); do
		find "/proc/$pid/fd" -maxdepth 1 -lname "$LAB_DIR/log/slurmd.$1.log" \
			-printf "$pid\n" 2>/dev/null
	done | sort -u)
	[ -n "$stepds" ] || return 1
	: >"$LAB_DIR/wattgate/supervise.$1/hold"
	# shellcheck disable=SC2086
	pids="$(lab_slurmd_pid "$1") $(lab_wattgated_pid "$1") $stepds $(pids_below $stepds)"
	# shellcheck disable=SC2086
	kill -KILL $pids
	CRASHED=$(now)
	sleep 1
	lab_start_slurmd "$1" && lab_wattgated_start "$1"
}

# crash NODE SECONDS CHECKPOINT_S: what the ledger lacks is at most CHECKPOINT_S
crash() {
	local job least
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 300'
	job=$JOB
	wait_begun step "$job" "$1"
	sleep "$2"
	crash_node "$1" || give_up "the node does not crash, or not come back"
	finish "$job"
	want "$1" 0.5 "$(began job "$job" "$1")" "$CRASHED"
	least=$(calc "$WANT_J - $WANT_PMAX * $3 - $(want_tolerance)")
	for step in extern batch 0; do
		ledger_load "$1" "$job" "$step" || continue
		ok_if "ledger: $job.$step ${L[gated_j]} J (${L[end]}), truth $WANT_J J until the crash, at least $least J" \
			is_true "${L[gated_j]} >= $least && ${L[gated_j]} <= $WANT_J + $(want_tolerance)"
	done
	# the node is well again
	submit "$USER2" -w "$1" -n1 --wrap 'work job srun work step 6'
	finish "$JOB"
	check_whole "$JOB" "$1"
}
