# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Jobs that ran before wattgate was there, and a Kwollect server that has kept
# the power of their nodes: `wattgate backfill` gives them their energy.

knobs_past() { :; }

lab_sql() { mariadb --no-defaults -S "$LAB_DIR/run/db/sock" -N -B slurm_acct_db "$@"; }

# The jobs ran two hours ago, and Slurm had no energy of them: it writes 2^64 - 2.
# Nobody has waited for it.
make_past() {
	local ids
	ids=$(IFS=,; echo "$*")
	lab_sql -e "update lab_step_table s join lab_job_table j using (job_db_inx)
			set s.time_start = s.time_start - $PAST_S, s.time_end = s.time_end - $PAST_S,
			s.consumed_energy = 0 where j.id_job in ($ids);
		update lab_job_table set time_submit = time_submit - $PAST_S,
			time_eligible = time_eligible - $PAST_S, time_start = time_start - $PAST_S,
			time_end = time_end - $PAST_S, tres_alloc = regexp_replace(tres_alloc,
				'(?<![0-9])3=[0-9]+', '3=18446744073709551614')
			where id_job in ($ids)" ||
		give_up "the past cannot be written"
}

past_conf() {
	printf 'period = 1s\nshare = cores\nledger_dir = %s\nstate_dir = %s\n' "$1/ledger" "$1"
	past_section "$1"
}
# past_cell JOB COLUMN
past_cell() {
	wattgate report -c "$LAB_DIR/past/conf" --from -4h --format csv 2>/dev/null |
		awk -F, -v id="$1" -v c="$2" '$1 == id { print $c }'
}
check_past() { # JOB SHARE
	local from to want
	IFS='|' read -r from to < <(SLURM_TIME_FORMAT=%s sacct -D -n -P -X -j "$1" -o Start,End)
	want=$(past_truth "$LAB_DIR/past" "$2" "$from" "$to")
	near "job $1 of the past" "$(calc "$(past_cell "$1" 10) * 3.6e6")" "$want" "$(calc "0.002 * $want")"
	ok_if "all of it was measured" test "$(past_cell "$1" 13)" = 1
}

past_runs() { [ "$(lab_job_state "$1")" = RUNNING ]; }

scenario past lab "jobs of before wattgate get their energy from a server that kept power"
test_past() {
	local dir=$LAB_DIR/past whole half split suspended again
	past_server "$dir" n1,n2
	mkdir "$dir/ledger" && past_conf "$dir" >"$dir/conf"
	submit "$USER1" -w n1 -n1 --wrap 'sleep 9'
	half=$JOB
	submit "$USER2" -w n1 -n1 --wrap 'sleep 6'
	split=$JOB
	submit "$USER1" -N2 -n4 --wrap 'sleep 5'
	whole=$JOB
	submit "$USER2" -w n2 -n2 --wrap 'sleep 12'
	suspended=$JOB
	wait_until 40 past_runs "$suspended" && sleep 2
	scontrol suspend "$suspended" && sleep 5 && scontrol resume "$suspended"
	finish "$half" "$split" "$whole" "$suspended"
	make_past "$half" "$split" "$whole" "$suspended"
	ok_if "job $half has no energy: '$(past_cell "$half" 10)'" test -z "$(past_cell "$half" 10)"
	wattgate backfill -c "$dir/conf" --from -4h 2>&1 | sed 's/^/     /'
	check_past "$half" 0.5
	check_past "$split" 0.5
	check_past "$whole" 2
	ok_if "a whole job is not guessed" test "$(past_cell "$whole" 15)" = ledger:kwollect:bmc_node_power_watt
	ok_if "suspension is told: $(past_cell "$suspended" 15)" \
		test "$(past_cell "$suspended" 15)" = ledger:kwollect:bmc_node_power_watt+even-suspension
	ok_if "energy is conserved" wattgate audit -c "$dir/conf"
	sha256sum "$dir"/ledger/* >"$dir/once"
	again=$(wattgate backfill -c "$dir/conf" --from -4h --force 2>&1)
	ok_if "again: $again" grep -q '^0 allocations have other figures' <<<"$again"
	ok_if "nothing counts twice" sha256sum -c --quiet "$dir/once"
}
