# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What breaks while jobs run: daemons, the database, the server, hooks, a BMC,
# a node. Whatever OAR says of the jobs then, they are charged for.

knobs_faults() { knobs_common; }

# disturbed SECONDS COMMAND...: a job of so long on each node, COMMAND 4 s into
# them; into JOBS
disturbed() {
	local node seconds=$1
	shift
	JOBS=()
	for node in $LAB_NODES; do
		submit "$USER1" -p "$(on_node "$node")" -l core=1,walltime=0:5:0 "sleep $seconds"
		JOBS+=("$JOB")
	done
	running "${JOBS[@]}"
	run_for "$JOB" 4
	"$@" || give_up "$* fails"
	finish "${JOBS[@]}"
	# shellcheck disable=SC2086
	set -- $LAB_NODES
	for JOB in "${JOBS[@]}"; do
		check_job "$JOB" "$1"
		shift
	done
}

all_lit() { ok_if "no reading is missing: $LIT_S s of $ACTIVE_S s" is_true "$LIT_S > $ACTIVE_S - 0.01"; }

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

scenario wattgated-killed lab "wattgated and its follower are killed mid-job: the gap is bridged"
test_wattgated_killed() { disturbed 10 oar_wattgated_kill; }

scenario follower-killed lab "the follower is killed mid-job: no reading is lost"
test_follower_killed() {
	disturbed 10 oar_follower_kill
	ok_if "wattgated says so" grep -q "the follower was killed by signal 9" \
		"$LAB_DIR/log/wattgated.site.log"
	all_lit
}

scenario wattgated-down lab "wattgated is killed and away for 9 s"
test_wattgated_down() {
	disturbed 20 wattgated_away 9
	ok_if "so much is known: $LIT_S s of $ACTIVE_S s" is_true "$LIT_S < $ACTIVE_S - 7"
}
wattgated_away() { oar_wattgated_stop KILL && sleep "$1" && oar_wattgated_start; }

scenario db-restarted lab "the database is away for 5 s: no reading is lost"
test_db_restarted() {
	disturbed 14 db_away 5
	all_lit
	ok_if "wattgated says so" grep -q "nothing is settled" "$LAB_DIR/log/wattgated.site.log"
}
db_away() { oar_stop_db && sleep "$1" && oar_start_db; }

scenario almighty-restarted lab "OAR's server is restarted mid-job"
test_almighty_restarted() {
	disturbed 10 oar_restart_almighty
	all_lit
}

# The prompts are gone: results come later, but they come.
scenario hooks-broken lab "hooks find no place for their notes: jobs run, and are charged"
test_hooks_broken() {
	local spool=$LAB_DIR/wattgate/run/oar.d
	rm -rf "$spool" && ln -s /nonexistent "$spool"
	mv "$LAB_DIR/bin/wattgate-oar-hook" "$LAB_DIR/bin/wattgate-oar-hook.away"
	disturbed 6 true
	ok_if "queues are Active" oar_queues_active
	ok_if "nodes are Alive" oar_nodes_alive
	mv "$LAB_DIR/bin/wattgate-oar-hook.away" "$LAB_DIR/bin/wattgate-oar-hook"
	rm -f "$spool"
	install -d -m 2770 -o oar -g "$LAB_DAEMON_USER" "$spool"
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
