# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Power that a real Prometheus scrapes from the simulated BMCs, every 500 ms.

knobs_prometheus() { export LAB_SOURCE=prometheus; }

scenario prometheus-job node "a job's power comes from a Prometheus"
test_prometheus_job() {
	local name
	bmc_power "$1" sine:mean=250,amp=80,period=12 || give_up "no program"
	sleep 1.5
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 15'
	finish "$JOB"
	for name in job step; do
		want_work "$1" 0.5 "$name" "$JOB" "$1"
		MORE_S=1.5
		if [ "$name" = job ]; then
			check_row "$JOB"
			check_row "$JOB.extern"
		else
			check_row "$JOB.0"
		fi
		MORE_S=0
		check_ledger "$1" "$JOB" "$([ "$name" = job ] && echo extern || echo 0)"
	done
	ok_if "wattgated says where power is from" \
		grep -q "prometheus:node_power_watts" "$(meter_log "$1")"
}

# It would go on with the last value for five minutes. It is away until it scrapes
# again, some seconds after it answers: the BMC's log says when.
scenario prometheus-down lab "Prometheus is killed, and back after 10 s"
test_prometheus_down() {
	local down back
	submit "$USER1" -w n1 -n1 --wrap 'work job srun work step 36'
	wait_begun step "$JOB" n1
	sleep 5
	down=$(now)
	proc_signal KILL prometheus
	bmc_power n1 const:400 || give_up "no program"
	sleep 10
	bmc_power n1 const:200 || give_up "no program"
	prometheus_start || give_up "Prometheus does not start"
	finish "$JOB"
	down=$(served_before n1 "$down")
	read -r back _ < <(served_after n1 "$(calc "$down + 2")")
	read -r t0 t1 < <(stamps job "$JOB" n1)
	want n1 0.5 "$t0" "$down" "$back" "$t1"
	UNMEASURED_S=$(calc "$back - $down")
	check_ledger n1 "$JOB" extern
	UNMEASURED_S=0
}
