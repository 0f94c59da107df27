# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What breaks while jobs run: wattgated, the database, the server, hooks.

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
