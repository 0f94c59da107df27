# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# wattgate export from a real slurmdbd: each instance once, whatever accounting
# tells late, and wherever a run is killed.

knobs_export() { :; }

export_sql() {
	mariadb --no-defaults -S "$LAB_DIR/run/db/sock" -N -B slurm_acct_db -e "$1"
}

# export_run CURSOR ARGUMENT...
export_run() {
	wattgate export --since-cursor "$work/$1" --from -1h "${@:2}" 2>"$work/err"
}

# export_new N: a run whose batches have N rows more, into $work/rows
export_new() {
	local before
	before=$(wc -l <"$work/rows")
	export_run cursor --output "$work/out" || return 1
	export_take
	[ $(($(wc -l <"$work/rows") - before)) = "$1" ]
}

# What came, without titles; batches are taken away
export_take() {
	find "$work/out" -name 'wattgate-*.csv' -exec tail -q -n +2 {} + >>"$work/rows"
	find "$work/out" -name 'wattgate-*.csv' -delete
}

# The column of rows that are of a job
export_column() { awk -F , -v job="$1" -v n="$2" '$1 == job { print $n }' "$work/rows"; }
instances_differ() { [ "$(export_column "$1" 20 | sort -u | wc -l)" = "$2" ]; }
all_final() { [ -z "$(awk -F , '$22 != 1 || $21 != 1 || $10 == "" || $13 == ""' "$work/rows")" ]; }

# Runs that are killed at any moment, and one that is not
export_killed() {
	local i
	for i in $(seq 25); do
		timeout -s KILL "0.0$i" "$LAB_DIR/bin/wattgate" export --since-cursor "$work/killed" \
			--from -1h --output "$work/out.killed"
	done 2>/dev/null
	export_run killed --output "$work/out.killed" &&
		tail -q -n +2 "$work"/out.killed/wattgate-*.csv | sort >"$work/rows.killed" &&
		cmp "$work/rows.killed" <(sort "$work/rows")
}

# Both ways tell the same, but for what only one of them has
export_via() {
	for via in slurmdb sacct; do
		export_run "$via" --via "$via" | cut -d , -f 1-17,20 | sort >"$work/rows.$via"
	done
	cmp "$work/rows.slurmdb" "$work/rows.sacct"
}

scenario export lab "jobs each once: requeued, late and runaway ones, kills"
test_export() {
	local job requeued late end work=$LAB_DIR/export
	mkdir -p "$work/out" "$work/out.killed"
	: >"$work/rows"
	ok_if "nothing is there yet" export_new 0
	submit "$USER1" -w n1 -n1 --wrap 'work job 2'
	job=$JOB
	submit "$USER2" --requeue -w n2 -n1 --wrap 'work job 2'
	requeued=$JOB
	submit "$USER1" -w n1 -n1 --wrap 'work job 3'
	late=$JOB
	wait_begun job "$requeued" n2
	ok_if "what runs does not come" export_new 0
	scontrol requeue "$requeued" || give_up "cannot requeue"
	wait_until 10 job_in_state "$requeued" PENDING || give_up "job $requeued is not pending"
	sleep 2
	scontrol update jobid="$requeued" StartTime=now
	finish "$job" "$requeued" "$late"
	wait_until 10 lab_in_ledger n1 "$job" || give_up "job $job is not in the ledger"
	wait_until 10 lab_in_ledger n1 "$late" || give_up "job $late is not in the ledger"
	requeued_is_closed() { [ "$(grep -c " alloc job=$requeued " "$LAB_DIR/wattgate/ledger/n2.ledger")" -ge 2 ]; }
	wait_until 20 requeued_is_closed || give_up "job $requeued is not in the ledger twice"

	# as if slurmdbd had not been told of one's end
	end=$(export_sql "select time_end from lab_job_table where id_job = $late")
	export_sql "update lab_job_table set time_end = 0, time_start = $((end - 7260)),
		time_eligible = $((end - 7260)), state = 1 where id_job = $late"
	ok_if "what has ended comes: $(tail -n 1 "$work/err")" export_new 3
	ok_if "a requeued job's instances differ" instances_differ "$requeued" 2
	ok_if "all of it is final, with energy and coverage" all_final
	ok_if "and comes once" export_new 0
	# it is told of now: as a runaway job's, long before what this cursor looks at
	export_sql "update lab_job_table set time_end = $((end - 7260)), state = 3 where id_job = $late"
	ok_if "a late end is found far in the past: $(tail -n 1 "$work/err")" export_new 1
	ok_if "and comes once, too" export_new 0
	export_sql "update lab_job_table set time_end = $end where id_job = $late"
	ok_if "where its figures can be found then, they come as revision 2" export_new 1
	ok_if "and final: $(tail -n 1 "$work/rows")" test "$(tail -n 1 "$work/rows" | cut -d , -f 1,21,22)" = "$late,2,1"
	ok_if "and that is all" export_new 0
	export_sql "update lab_job_table set time_end = $((end - 7260)) where id_job = $late"
	grep -v "^$late," "$work/rows" >"$work/rows.in" && mv "$work/rows.in" "$work/rows"
	ok_if "runs that are killed lose and repeat nothing" export_killed
	ok_if "slurmdbd and sacct tell the same" export_via
	export_run totals --textfile "$work/wattgate.prom" >/dev/null
	ok_if "totals are the rows' sums" totals_right
	export_sql "update lab_job_table set time_end = $end, time_start = $((end - 3)) where id_job = $late"
}

totals_right() {
	awk -F , '{ j += $10 * 3.6e6 } END { print j }' "$work/rows" >"$work/sum"
	awk -v sum="$(<"$work/sum")" '/^wattgate_account_energy_joules_total/ { j += $NF }
		END { exit !(sum > 0 && j - sum < 0.01 && sum - j < 0.01) }' "$work/wattgate.prom"
}
