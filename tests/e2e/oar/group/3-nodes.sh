# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Nodes and BMCs that fall silent under jobs, and rows that go. Whatever OAR
# says of the jobs then, they are charged for.

knobs_nodes() { knobs_common; }

scenario bmc-silent node "a BMC is silent for 10 s"
test_bmc_silent() {
	submit "$USER1" -p "$(on_node "$1")" -l core=1,walltime=0:5:0 'sleep 18'
	running "$JOB"
	run_for "$JOB" 4
	bmc_fault "$1" silence 10 || give_up "no fault"
	finish "$JOB"
	check_job "$JOB" "$1"
	ok_if "so much is known: $LIT_S s of $ACTIVE_S s" is_true "$LIT_S < $ACTIVE_S - 8"
}

scenario bmc-silent-end node "a job ends while its BMC is silent"
test_bmc_silent_end() {
	submit "$USER2" -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 9'
	running "$JOB"
	run_for "$JOB" 4
	bmc_fault "$1" silence 25 || give_up "no fault"
	finish "$JOB"
	check_job "$JOB" "$1"
	bmc_clear "$1"
}

# Its sshd and all that the jobs run there, at once.
crash_node() {
	local pids file pid
	pids=$(for file in /proc/[0-9]*/root/etc/oar/wattgate-lab; do
		pid=${file#/proc/}
		pid=${pid%%/*}
		grep -qsx "$LAB_DIR" "$file" && grep -qsE "oar/.*_$2\$" "/proc/$pid/cgroup" && echo "$pid"
	done)
	proc_pid "sshd.$1" || return 1
	# shellcheck disable=SC2046,SC2086
	kill -KILL $pids $(pids_below "$REPLY") "$REPLY" 2>/dev/null
	wait_until 5 proc_gone "sshd.$1"
}
# What an administrator does.
revive_node() {
	proc_alive "sshd.$1" || oar_start_node "$1" || return 1
	"$LAB_DIR/bin/oarnodesetting" -h "$1" -s Alive >/dev/null && wait_until 30 node_alive "$1"
}

scenario node-crash node "a node crashes: the job is charged for as long as OAR holds the node for it"
test_node_crash() {
	submit "$USER1" -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 100'
	# whatever happens, others need it
	trap 'revive_node "$1"' EXIT
	running "$JOB"
	run_for "$JOB" 4
	crash_node "$1" "$JOB" || give_up "$1 does not crash"
	# OAR would notice at the walltime; then it tries for half a minute
	delete "$USER1" "$JOB"
	finish "$JOB"
	check_job "$JOB" "$1"
	revive_node "$1" || give_up "$1 does not come back"
}

# oarremoveresource deletes the resource's jobs with it.
scenario forgotten lab "OAR deletes a job: its results stay"
test_forgotten() {
	local before rows
	submit "$USER1" -p "$(on_node node-4)" -l nodes=1,walltime=0:5:0 'sleep 5'
	finish "$JOB"
	check_job "$JOB" node-4
	before=$(figures_of "$JOB")
	oar_sql "select distinct job_id from jobs j join assigned_resources a
		on a.moldable_job_id = j.assigned_moldable_job join resources r using (resource_id)
		where r.network_address = 'node-4'" >"$LAB_DIR/jobs/forgotten"
	rows=$(oar_sql "select max(resource_id) from resources where network_address = 'node-4'")
	"$LAB_DIR/bin/oarnodesetting" -r "$rows" -s Dead >/dev/null &&
		wait_until 20 resource_dead "$rows" &&
		"$LAB_DIR/bin/oarremoveresource" "$rows" >/dev/null || give_up "oarremoveresource $rows fails"
	ok_if "OAR does not know job $JOB any more" test -z "$(oar_job_state "$JOB")"
	rows=$JOB
	# the node is one core now
	submit "$USER2" -p "$(on_node node-4)" -l nodes=1,walltime=0:5:0 'sleep 6'
	finish "$JOB"
	check_job "$JOB" node-4
	ok_if "job $rows is as it was: $before" test "$(figures_of "$rows")" = "$before"
}
resource_dead() { [ "$(oar_sql "select state from resources where resource_id = $1")" = Dead ]; }
figures_of() { oar_sql "select j.state, stop_s, gated_j, active_s, closed from wattgate.allocation
	join wattgate.job j using (job_id) where job_id = $1"; }
