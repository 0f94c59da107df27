# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Jobs of all kinds, on two-core nodes.

knobs_jobs() { knobs_common; }

scenario two-share node "two jobs share a node, then one has it alone"
test_two_share() {
	local a b
	submit "$USER1" -p "$(on_node "$1")" -l core=1,walltime=0:5:0 'sleep 6'
	a=$JOB
	submit "$USER2" -p "$(on_node "$1")" --project lab -l core=1,walltime=0:5:0 'sleep 9'
	b=$JOB
	finish "$a" "$b"
	check_job "$a" "$1"
	check_job "$b" "$1"
}

scenario whole-node node "a job has all of a node: its share is 1"
test_whole_node() {
	submit "$USER1" -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 7'
	finish "$JOB"
	check_job "$JOB" "$1"
	near "job $JOB is charged what the node drew" "$(calc "${A[gated_j]} - ${A[node_j]}")" 0 0.001
}

scenario suspended node "a job is suspended; meanwhile another has its core"
test_suspended() {
	local a b
	if [ "$LAB_CPUSET" = 0 ]; then
		ok_if "no cgroup v1 here: OAR suspends no job" true
		return
	fi
	# shellcheck disable=SC2016
	submit "$USER1" -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 \
		'for i in $(seq 100); do sleep 0.1; done'
	a=$JOB
	running "$a"
	run_for "$a" 4
	oar_as "$USER1" oarhold -r "$a" >/dev/null || give_up "oarhold fails"
	oar_wait_state "$a" Suspended 60 || give_up "job $a is not suspended"
	submit "$USER2" -p "$(on_node "$1")" -l core=1,walltime=0:1:0 'sleep 3'
	b=$JOB
	finish "$b"
	oar_as "$USER1" oarresume "$a" >/dev/null || give_up "oarresume fails"
	finish "$a"
	check_job "$a" "$1"
	ok_if "job $a: $(oar_sql "select suspended_s from wattgate.job where job_id = $a") s suspended" \
		is_true "${A[active_s]} < ${A[end_s]} - ${A[start_s]} - 2"
	check_job "$b" "$1"
}

scenario array node "an array of three jobs, one row each"
test_array() {
	local job jobs
	submit "$USER2" --array 3 -p "$(on_node "$1")" -l core=1,walltime=0:5:0 'sleep 4'
	jobs=$(oar_sql "select job_id from jobs where array_id =
		(select array_id from jobs where job_id = ${JOB%%[!0-9]*})")
	ok_if "three jobs" test "$(wc -w <<<"$jobs")" = 3
	# shellcheck disable=SC2086
	finish $jobs
	for job in $jobs; do
		check_job "$job" "$1"
	done
}

scenario interactive node "an interactive job"
test_interactive() {
	local id
	oar_as "$USER1" script -qec "oarsub -I -p \"$(on_node "$1")\" -l core=1,walltime=0:5:0" \
		/dev/null <<<$'sleep 6; exit\n' >"$LAB_DIR/log/interactive.log" 2>&1
	id=$(sed -n 's/\r//; s/^OAR_JOB_ID=\([0-9]*\)$/\1/p' "$LAB_DIR/log/interactive.log")
	[ -n "$id" ] || { cat "$LAB_DIR/log/interactive.log"; give_up "no interactive job"; }
	finish "$id"
	ok_if "job $id is interactive" test "$(oar_sql "select job_type from wattgate.job
		where job_id = $id")" = INTERACTIVE
	check_job "$id" "$1"
}

# The time of one within the other: "T0 T1".
common_time() {
	oar_sql "select greatest(a.start_time, b.start_time) || ' ' || least(a.stop_time, b.stop_time)
		from jobs a, jobs b where a.job_id = $1 and b.job_id = $2"
}

scenario inner node "a container and a job in it: the container is charged the rest"
test_inner() {
	local outer inner both t0 t1
	submit "$USER1" -t container -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 40'
	outer=$JOB
	running "$outer"
	submit "$USER2" -t "inner=$outer" -l core=1,walltime=0:1:0 'sleep 5'
	inner=$JOB
	oar_wait_job "$inner" 60 || give_up "job $inner does not end"
	delete "$USER1" "$outer"
	finish "$outer" "$inner"
	check_job "$inner" "$1"
	read -r -a both < <(common_time "$outer" "$inner")
	IFS='|' read -r t0 t1 < <(oar_job_times "$outer")
	want_none
	want_spans "$1" 1 "$t0" "${both[0]}" "${both[1]}" "$t1"
	want_spans "$1" 0.5 "${both[@]}"
	check_alloc "$outer" "$1"
	check_copy "$outer"
}

scenario timesharing node "two jobs share the same cores in equal parts"
test_timesharing() {
	local a b both t0 t1 job
	submit "$USER1" -t 'timesharing=*,*' -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 10'
	a=$JOB
	submit "$USER2" -t 'timesharing=*,*' -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 5'
	b=$JOB
	finish "$a" "$b"
	read -r -a both < <(common_time "$a" "$b")
	ok_if "they ran together" is_true "${both[1]} - ${both[0]} >= 3"
	for job in "$a" "$b"; do
		IFS='|' read -r t0 t1 < <(oar_job_times "$job")
		want_none
		want_spans "$1" 0.5 "${both[@]}"
		[ "$t0" = "${both[0]}" ] || want_spans "$1" 1 "$t0" "${both[0]}"
		[ "$t1" = "${both[1]}" ] || want_spans "$1" 1 "${both[1]}" "$t1"
		check_alloc "$job" "$1"
		check_copy "$job"
	done
}

scenario besteffort node "a best-effort job is killed for another"
test_besteffort() {
	local a
	submit "$USER1" -t besteffort -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 200'
	a=$JOB
	running "$a"
	run_for "$a" 5
	submit "$USER2" -p "$(on_node "$1")" -l nodes=1,walltime=0:5:0 'sleep 5'
	finish "$a" "$JOB"
	ok_if "job $a: $(oar_job_state "$a")" test "$(oar_job_state "$a")" = Error
	check_job "$a" "$1"
	check_job "$JOB" "$1"
}

scenario deleted node "a job is deleted"
test_deleted() {
	submit "$USER2" -p "$(on_node "$1")" -l core=1,walltime=0:5:0 'sleep 200'
	running "$JOB"
	run_for "$JOB" 6
	delete "$USER2" "$JOB"
	finish "$JOB"
	ok_if "job $JOB: $(oar_job_state "$JOB")" test "$(oar_job_state "$JOB")" = Error
	check_job "$JOB" "$1"
}

scenario walltime node "a job runs into its walltime"
test_walltime() {
	submit "$USER1" -p "$(on_node "$1")" -l core=1,walltime=0:0:6 'sleep 200'
	finish "$JOB"
	check_job "$JOB" "$1"
}

# It holds its resources, whatever it does with them.
scenario noop node "a job of type noop, and one of type cosystem"
test_noop() {
	local a b
	submit "$USER1" -t noop -p "$(on_node "$1")" -l core=1,walltime=0:5:0 'sleep 1'
	a=$JOB
	submit "$USER2" -t cosystem -p "$(on_node "$1")" -l core=1,walltime=0:5:0 'sleep 5'
	b=$JOB
	oar_wait_job "$b" 60 || give_up "job $b does not end"
	delete "$USER1" "$a"
	finish "$a" "$b"
	check_job "$a" "$1"
	check_job "$b" "$1"
}

scenario multi-node lab "jobs on two nodes: parts of them, and all of them"
test_multi_node() {
	local a b nodes=() job
	submit "$USER1" -p "network_address in ('node-1','node-2')" -l nodes=2/core=1,walltime=0:5:0 'sleep 7'
	a=$JOB
	submit "$USER2" -p "network_address in ('node-3','node-4')" -l nodes=2,walltime=0:5:0 'sleep 7'
	b=$JOB
	finish "$a" "$b"
	check_job "$a" node-1 node-2
	check_job "$b" node-3 node-4
}

# ---- what the users see ------------------------------------------------------------

# the value of a field of a job in oarstat -J
json_of() { oar_as "$USER1" oarstat -J -j "$1" | jq -r ".[\"$1\"].$2"; }

scenario oarstat lab "oarstat shows what the BMCs measured, while jobs run and after"
test_oarstat() {
	local kwh want said
	submit "$USER1" -p "$(on_node node-2)" -l nodes=1,walltime=0:5:0 'sleep 20'
	running "$JOB"
	kwh=$(json_of "$JOB" energy_kwh)
	ok_if "a young job has no energy yet: $kwh" test "$kwh" = null
	run_for "$JOB" 10
	wait_until 20 has_energy "$JOB"
	ok_if "a running job has some: $(json_of "$JOB" energy_kwh) kWh" has_energy "$JOB"
	finish "$JOB"
	check_job "$JOB" node-2
	want_job "$JOB" node-2
	kwh=$(json_of "$JOB" energy_kwh)
	near "oarstat -J" "$(calc "$kwh * 3.6e6")" "$WANT_J" "$(want_tolerance)"
	said=$(oar_as "$USER1" oarstat -f -j "$JOB" | sed -n 's/^ *energy_kwh = //p')
	near "oarstat -f" "$(calc "$said * 3.6e6")" "$WANT_J" "$(want_tolerance)"
	near "its coverage" "$(json_of "$JOB" energy_coverage)" "$(calc "$LIT_S / $ACTIVE_S")" 0.2 ""
	kwh=$(as_wattgate report --all --format json --from @"$SINCE_S" |
		jq -r ".. | objects | select(.job_id? == \"$JOB\" or .job_id? == $JOB) | .energy_kwh")
	near "wattgate report" "$(calc "${kwh:-0} * 3.6e6")" "$WANT_J" "$(want_tolerance)"
	check_accounting "$USER1"
}
has_energy() { [[ $(json_of "$1" energy_kwh) =~ ^[0-9.e-]+$ ]]; }

# kWh by user and project: what their jobs drew, all of which are settled.
check_accounting() {
	local said=$LAB_DIR/log/accounting.log day user project kwh
	day=$(date +%F)
	oar_as "$1" oarstat --accounting "$day, $(date -d "$day + 2 days" +%F)" >"$said" 2>&1
	while IFS='|' read -r user project kwh; do
		ok_if "oarstat --accounting: $user, $project: $kwh kWh" \
			grep -qE "^$user +$project +[0-9]+ +$kwh +[01]\.[0-9]+\$" "$said"
	done < <(oar_sql "select job_user, project, round((sum(gated_j) / 3.6e6)::numeric, 6)
		from wattgate.allocation join wattgate.job using (job_id) group by 1, 2")
	ok_if "three lines" test "$(grep -cE '^[a-z]+ +(default|lab) +[0-9]+ ' "$said")" = 3
}
