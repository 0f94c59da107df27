# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Power from a Kwollect server, whose rows come half a second late. The ledger
# waits for them; sacct, which cannot, may be short of what came later.

knobs_kwollect() {
	export LAB_SOURCE=kwollect LAB_BMC_OPTIONS="--row-late 0.5"
}

# A job and its step, half of the node, in sacct and in the ledger.
check_history() { # JOB NODE
	local name
	for name in job step; do
		want_work "$2" 0.5 "$name" "$1" "$2"
		MORE_S=1.5
		if [ "$name" = job ]; then
			check_row "$1"
			check_row "$1.extern"
		else
			check_row "$1.0"
		fi
		MORE_S=0
		check_ledger "$2" "$1" "$([ "$name" = job ] && echo extern || echo 0)"
	done
}

scenario kwollect-job node "a job's power comes from a Kwollect server"
test_kwollect_job() {
	bmc_power "$1" sine:mean=250,amp=80,period=12 || give_up "no program"
	sleep 1.5
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 15'
	finish "$JOB"
	check_history "$JOB" "$1"
	ok_if "wattgated says where power is from" \
		grep -q "kwollect:bmc_node_power_watt" "$(meter_log "$1")"
}

# On demand: no rows for a while are unmeasured time, and not 0 W.
scenario kwollect-gap node "the metric is not recorded for 8 s"
test_kwollect_gap() {
	local gap
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 24'
	wait_begun step "$JOB" "$1"
	sleep 6
	gap=$(now)
	bmc_post "$1" "/gap?for=8" || give_up "no gap"
	finish "$JOB"
	read -r t0 t1 < <(stamps job "$JOB" "$1")
	want "$1" 0.5 "$t0" "$gap" "$(calc "$gap + 8")" "$t1"
	UNMEASURED_S=8
	check_ledger "$1" "$JOB" extern
	UNMEASURED_S=0
}

# It has the rows of meanwhile: nothing is unmeasured, however long it was away.
scenario kwollect-away node "the server is away for 12 s"
test_kwollect_away() {
	bmc_power "$1" sine:mean=250,amp=80,period=12 || give_up "no program"
	sleep 1.5
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 28'
	wait_begun step "$JOB" "$1"
	sleep 4
	bmc_fault "$1" refuse 12 || give_up "no fault"
	finish "$JOB"
	want_work "$1" 0.5 job "$JOB" "$1"
	check_ledger "$1" "$JOB" extern
}
