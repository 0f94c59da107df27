# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Jobs that ran while no wattgated was there, and a Kwollect server that has kept
# the power of their nodes: `wattgate backfill` gives them their energy.

knobs_past() { knobs_common; }

# The jobs ran two hours ago, and their nodes were there: nobody has waited for it.
make_past() {
	local ids
	ids=$(IFS=,; echo "$*")
	oar_sql "update job_state_logs set date_start = date_start - $PAST_S, date_stop = case when date_stop > 0 then date_stop - $PAST_S else 0 end
			where job_id in ($ids);
		update event_logs set date = date - $PAST_S where job_id in ($ids);
		update resource_logs set date_start = date_start - 86400 where date_start > 86400;
		update jobs set submission_time = submission_time - $PAST_S,
			start_time = start_time - $PAST_S, stop_time = stop_time - $PAST_S
			where job_id in ($ids)" || give_up "the past cannot be written"
}

# The lab's own configuration, but for where power comes from.
past_conf() {
	sed '/^\[bmc/,/^$/d' "$LAB_DIR/etc/wattgate.conf"
	past_section "$1"
}
past_fill() { as_wattgate backfill -c "$LAB_DIR/past/conf" --from "@$FILL_FROM" --to "@$FILL_TO" "$@"; }

past_figures() {
	local table
	for table in allocation allocation_hour node_hour account_hour account_day; do
		oar_sql "select '$table', to_jsonb(t) - 'updated_s' from wattgate.$table t
			where to_jsonb(t)->>'hour_s' is null or (to_jsonb(t)->>'hour_s')::bigint < $FILL_TO order by 2::text"
	done
}

check_past() { # JOB NODE...
	local job=$1 node start stop want
	shift
	IFS='|' read -r start stop < <(oar_job_times "$job")
	for node; do
		want=$(past_truth "$LAB_DIR/past" "$(job_share "$job" "$node")" "$start" "$stop")
		alloc_load "$job" "$node"
		near "job $job of the past on $node" "${A[gated_j]}" "$want" "$(calc "0.002 * $want")"
		near "measured" "${A[covered_s]}" "$((stop - start))" 0.001 s
		ok_if "from ${A[start_s]} to ${A[end_s]}, closed" test \
			"${A[start_s]} ${A[end_s]} ${A[closed]}" = "$start $stop t"
	done
}

scenario past lab "jobs of before wattgate get their energy from a server that kept power"
test_past() {
	local dir=$LAB_DIR/past half quarter both job once again
	past_server "$dir" node-1,node-2,node-3,node-4
	oar_wattgated_stop || give_up "wattgated does not stop"
	submit "$USER1" -p "$(on_node node-1)" -l core=1,walltime=0:5:0 'sleep 9'
	half=$JOB
	submit "$USER2" -p "$(on_node node-1)" --project lab -l core=1,walltime=0:5:0 'sleep 6'
	quarter=$JOB
	submit "$USER1" -p "network_address in ('node-2', 'node-3')" -l nodes=2,walltime=0:5:0 'sleep 5'
	both=$JOB
	for job in "$half" "$quarter" "$both"; do
		oar_wait_job "$job" 120 || give_up "job $job does not end"
	done
	make_past "$half" "$quarter" "$both"
	oar_wattgated_start || give_up "wattgated does not start"
	FILL_TO=$((SINCE_S - SINCE_S % 3600))
	FILL_FROM=$((FILL_TO - 3 * 3600))
	past_conf "$dir" >"$dir/conf"
	as_daemon_user && chown -R "$LAB_DAEMON_USER:" "$dir"
	settled "$half"
	ok_if "no energy is known of them" test "$(json_of "$half" energy_kwh)" = null
	once=$(past_fill 2>&1)
	ok_if "three jobs are filled: $once" grep -q '^3 jobs had time in those hours' <<<"$once"
	check_past "$half" node-1
	check_past "$quarter" node-1
	check_past "$both" node-2 node-3
	ok_if "oarstat knows: $(json_of "$half" energy_kwh) kWh, $(json_of "$half" energy_coverage)" \
		test "$(json_of "$half" energy_coverage)" = 1
	past_figures >"$dir/once"
	again=$(past_fill --force 2>&1)
	ok_if "again: $again" test "$(grep ^hours <<<"$again")" = "$(grep ^hours <<<"$once")"
	past_figures >"$dir/twice"
	ok_if "nothing counts twice" cmp "$dir/once" "$dir/twice"
}
