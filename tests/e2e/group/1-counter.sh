# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# BMCs with an energy counter beside the power, as a Cray's: what they draw
# while no one can ask is known none the less. max_gap is 3 s here. Who asks is
# the node's wattgated, or in site mode the management host's.

# One of the trees, with numbers of the node's program in it.
knobs_counter() {
	local dir=$E2E_DIR/tree sensors
	sensors=$dir/redfish/v1/Chassis/Node0/Sensors/ChassisVoltageRegulator0Input
	cp -r "$REPO/tests/trees/cray-one-node" "$dir" &&
		sed -i 's|"Reading": .*,|"Reading": "@WATTS@",|' "${sensors}Power/index.json" &&
		sed -i 's|"Reading": .*,|"Reading": "@JOULES@",|' "${sensors}Energy/index.json" &&
		chmod -R a+rX "$dir" || exit 1
	export LAB_BMC_TREE=$dir
}

gaps_bridged() { grep -c "node $1: .* bridged by the BMC.s energy counter" "$(meter_log "$1")"; }

check_bridged() { # JOB NODE GAPS
	local name
	for name in job step; do
		want_work "$2" 0.5 "$name" "$1" "$2"
		if [ "$name" = job ]; then
			check_job "$1" "$2"
			check_step "$1" batch "$2"
		else
			check_step "$1" 0 "$2"
		fi
	done
	ok_if "wattgated says what bridged $3 gaps of $2" test "$3" = "$(gaps_bridged "$2")"
}

# While no one looks the node draws 150 W more for a while.
scenario counter-silent node "the BMC is silent for 20 s"
test_counter_silent() {
	local usual
	default_power "$1"
	usual=$REPLY
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 32'
	wait_begun step "$JOB" "$1"
	sleep 4
	bmc_fault "$1" silence 20 || give_up "no fault"
	sleep 5
	bmc_power "$1" "const:$((${usual#const:} + 150))" || give_up "no program"
	sleep 8
	bmc_power "$1" "$usual" || give_up "no program"
	finish "$JOB"
	check_bridged "$JOB" "$1" 1
}

scenario counter-down lab "wattgated is killed and away for 15 s"
test_counter_down() {
	local before meter
	meter=$(meter_of n1)
	before=$(gaps_bridged n1)
	submit "$USER1" -w n1 -n1 --wrap 'work job srun work step 25'
	wait_begun step "$JOB" n1
	sleep 4
	lab_wattgated_stop "$meter" KILL && sleep 15 && lab_wattgated_start "$meter" ||
		give_up "wattgated does not start again"
	finish "$JOB"
	check_bridged "$JOB" n1 "$((before + 1))"
}

# sacct had to answer; the ledger waits for the counter.
scenario counter-job-ends lab "a job ends while the BMC is silent: the ledger has it all"
test_counter_job_ends() {
	submit "$USER1" -w n2 -n1 --wrap 'work job srun work step 12'
	wait_begun step "$JOB" n2
	sleep 4
	bmc_fault n2 silence 20 || give_up "no fault"
	finish "$JOB"
	want_work n2 0.5 job "$JOB" n2
	check_ledger n2 "$JOB" extern
}
