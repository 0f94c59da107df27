# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Schema wattgate and oarstat against the truth.

# alloc_load JOB NODE: the row's columns into the array A
declare -A A
ALLOC_KEYS="gated_j node_j active_s covered_s max_gap_s cores share_s start_s end_s closed"
alloc_load() {
	local row key
	A=()
	row=$(oar_sql "select ${ALLOC_KEYS// /, } from wattgate.allocation
		where job_id = $1 and node = '$2'")
	for key in $ALLOC_KEYS; do
		A[$key]=${row%%|*}
		row=${row#*|}
	done
	[ -n "${A[closed]}" ] || ok_if "job $1 has a row for $2" false
}

# check_alloc JOB NODE: against what was wanted last
check_alloc() {
	local name="job $1 on $2" start stop
	alloc_load "$1" "$2" || return 1
	near "$name" "${A[gated_j]}" "$WANT_J" "$(want_tolerance)"
	near "$name, active" "${A[active_s]}" "$ACTIVE_S" 0.001 s
	if is_true "$LIT_S > $ACTIVE_S - 0.01"; then
		near "$name, measured throughout" "${A[covered_s]}" "$ACTIVE_S" 0.001 s
		near "$name, largest gap" "${A[max_gap_s]}" 0 0.001 s
	else
		near "$name, measured" "${A[covered_s]}" "$LIT_S" "$((GAP_ENDS * PERIOD_S))" s
	fi
	IFS='|' read -r start stop < <(oar_job_times "$1")
	ok_if "$name, from ${A[start_s]} to ${A[end_s]}, closed" test \
		"${A[start_s]} ${A[end_s]} ${A[closed]}" = "$start $stop t"
}

# check_job JOB NODE...: all of its nodes, and what is said of the job itself
check_job() {
	local job=$1 node sum
	shift
	ok_if "job $job is on $*" test "$(oar_job_nodes "$job" | tr '\n' ' ')" = "$* "
	for node; do
		want_job "$job" "$node"
		check_alloc "$job" "$node"
	done
	sum=$(oar_sql "select sum(gated_j) / 3.6e6 - (select energy_kwh from wattgate.job_energy
		where job_id = $job) from wattgate.allocation where job_id = $job")
	near "job $job, kWh in the view less the sum of its nodes" "$(printf '%.9f' "$sum")" 0 1e-6 kWh
	check_copy "$job"
}

# Our own copy of what OAR says of the job.
check_copy() {
	local columns="job_user, project, queue_name, state, array_id" want got
	want=$(oar_sql "select $columns, start_time, stop_time from jobs where job_id = $1")
	got=$(oar_sql "select $columns, start_s, stop_s from wattgate.job where job_id = $1")
	ok_if "job $1 in wattgate.job: $got" test "$got" = "$want"
}

# ---- after all of a group --------------------------------------------------------

# none_of TEXT SQL: that SQL has no rows
none_of() {
	local found
	found=$(oar_sql "$2") || found="psql fails"
	[ -z "$found" ] || printf '%s\n' "$found"
	ok_if "$1" test -z "$found"
}

# What each node drew since then, whoever had it; hours before may be filled.
check_node_total() {
	local settled joules measured length
	# in one question, as time goes on
	IFS='|' read -r settled joules measured length < <(oar_sql "select settled_s,
		sum(node_j), sum(measured_s), sum(measured_s + unmeasured_s)
		from wattgate.node join wattgate.node_hour using (node)
		where node = '$1' and hour_s > $SINCE_S - 3600 group by 1")
	want_none
	want_spans "$1" 1 "$SINCE_S" "$settled"
	near "$1 since $SINCE_S" "$joules" "$WANT_J" "$(want_tolerance)"
	near "$1, measured" "$measured" "$LIT_S" "$((GAP_ENDS * PERIOD_S))" s
	near "$1, measured and unmeasured" "$length" "$((settled - SINCE_S))" 0.001 s
}

# Jobs whose rows OAR was made to delete, comma between.
forgotten_jobs() { { echo 0; cat "$LAB_DIR/jobs/forgotten" 2>/dev/null; } | paste -sd,; }

test_audit() {
	local node last
	last=$(oar_sql "select max(stop_time) + 1 from jobs")
	wait_until 60 oar_settled "$last" || give_up "not all is settled to $last"
	for node in $LAB_NODES; do
		check_node_total "$node"
	done
	none_of "a node's joules are its jobs', unallocated and idle" \
		"select * from wattgate.node_hour where abs(node_j - allocated_j - unallocated_j - idle_j) >
			1e-9 * node_j or least(node_j, allocated_j, unallocated_j, idle_j, measured_s,
			unmeasured_s, idle_s) < 0 or idle_s > measured_s + unmeasured_s + 1e-6 or scaled"
	none_of "a node's jobs add up, each hour" \
		"select n.node, n.hour_s, n.allocated_j, sum(a.gated_j) from wattgate.node_hour n
			left join wattgate.allocation_hour a using (node, hour_s)
			group by 1, 2, 3
			having abs(n.allocated_j - coalesce(sum(a.gated_j), 0)) > 1e-9 * n.allocated_j + 1e-6"
	none_of "an allocation's hours add up" \
		"select a.job_id, a.node, a.gated_j, sum(h.gated_j) from wattgate.allocation a
			left join wattgate.allocation_hour h using (job_id, node)
			group by 1, 2, 3, a.active_s, a.covered_s
			having abs(a.gated_j - sum(h.gated_j)) > 1e-9 * a.gated_j + 1e-6
			or abs(a.active_s - sum(h.active_s)) > 1e-6
			or abs(a.covered_s - sum(h.covered_s)) > 1e-6 or sum(h.gated_j) is null"
	none_of "no time is charged twice" \
		"select * from wattgate.allocation where active_s > end_s - start_s + 1e-6
			or covered_s > active_s + 1e-6 or gated_j > node_j * (1 + 1e-9)
			or share_s > active_s + 1e-6"
	none_of "all that ended is closed, all that OAR ran is there" \
		"select j.job_id, r.network_address from jobs j
			join assigned_resources a on a.moldable_job_id = j.assigned_moldable_job
			join resources r using (resource_id)
			left join wattgate.allocation w on w.job_id = j.job_id and w.node = r.network_address
			where j.start_time > 1 and j.stop_time > j.start_time
			and (not coalesce(w.closed, false) or w.end_s <> j.stop_time or w.start_s <> j.start_time)"
	none_of "nothing is charged that OAR did not run" \
		"select w.job_id, w.node from wattgate.allocation w where not exists (
			select from jobs j join assigned_resources a on a.moldable_job_id = j.assigned_moldable_job
			join resources r using (resource_id)
			where j.job_id = w.job_id and r.network_address = w.node)
			and w.job_id not in ($(forgotten_jobs))"
	none_of "sums by user and project are those of the jobs" \
		"select * from (select job_user, project, sum(gated_j) as j
			from wattgate.allocation join wattgate.job using (job_id) group by 1, 2) a
			full join (select job_user, project, sum(gated_j) as s
			from wattgate.account_hour group by 1, 2) b using (job_user, project)
			where abs(j - s) > 1e-9 * j or j is null or s is null"
	ok_if "wattgate audit agrees" as_wattgate audit
	ok_if "queues are Active" oar_queues_active
	ok_if "nodes are Alive" oar_nodes_alive
}

# the command line, as the user who may read its password
as_wattgate() {
	as_daemon_user
	# shellcheck disable=SC2086
	(cd / && $REPLY env -u PGUSER -u PGPASSFILE "$LAB_DIR/bin/wattgate" "$@")
}
