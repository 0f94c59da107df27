# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# wattgate annotate: lines in comments of jobs, in a real slurmdbd. Each instance
# of a job gets one, with its own figures, and nothing else changes.

knobs_annotate() { :; }

sql() {
	mariadb --no-defaults --default-character-set=utf8mb4 -S "$LAB_DIR/run/db/sock" -N -B slurm_acct_db -e "$1"
}
annotate() { wattgate annotate --field admin_comment "$@"; }

# As a plain user who may read (copies of) the ledgers
annotate_as_user() {
	lab_as "$USER1" "$LAB_DIR/bin/wattgate" annotate -c "$LAB_DIR/jobs/user.conf" \
		--state "$LAB_DIR/jobs/state" --field "$1" --from -1h
}

# Instances that have N lines, into REPLY
lines() {
	REPLY=$(sql "select count(*) from lab_job_table where (length(admin_comment) -
		length(replace(admin_comment, 'wattgate/1 ', ''))) div 11 = $1")
}
have_lines() { lines "$1"; [ "$REPLY" = "$2" ]; }
have_some() { lines 1; [ "$REPLY" -ge "$1" ]; }
clear_lines() {
	sql "update lab_job_table set admin_comment = trim(trailing '; ' from
		substring_index(admin_comment, 'wattgate/1 ', 1)) where admin_comment is not null"
}

# All of the jobs' rows but their comments and the time of the change
other_columns() {
	sql "select group_concat('coalesce(\`', column_name, '\`, \"-\")' separator ',\"|\",')
		from information_schema.columns where table_schema = 'slurm_acct_db' and
		table_name = 'lab_job_table' and column_name not in ('mod_time', 'admin_comment')" >"$work/columns"
	sql "set group_concat_max_len = 100000; select concat($(<"$work/columns")) from lab_job_table order by job_db_inx"
}

# job,end,kwh,bmc,model,coverage,gap of a report in CSV, rounded as lines are
told() {
	awk -F , -v OFS=, 'NR > 1 { print $1, $7, sprintf("%.9f", $10), sprintf("%.9f", $11),
		sprintf("%.9f", $12), $13 + 0, sprintf("%.3f", $14) }'
}

# The same from the comments
written() {
	TZ=UTC sql "select id_job, date_format(from_unixtime(time_end), '%Y-%m-%dT%H:%i:%sZ'),
		admin_comment from lab_job_table order by time_end, id_job, time_start" |
		awk -F '\t' -v OFS=, '{
			n = split(substr($3, index($3, "wattgate/1 ")), word, " ")
			for (i = 2; i <= n; i++) { split(word[i], pair, "="); v[pair[1]] = pair[2] }
			print $1, $2, sprintf("%.9f", v["energy_kwh"]), sprintf("%.9f", v["bmc_kwh"]),
				sprintf("%.9f", v["model_kwh"]), v["coverage"] + 0, sprintf("%.3f", v["max_gap_s"]) }'
}

# A run that writes one a second, killed by SIGKILL after the second
killed_midway() {
	local pid
	wattgate annotate --field admin_comment --from -1h --rate 1/s >/dev/null 2>&1 &
	pid=$!
	wait_until 10 have_some 2
	kill -KILL "$pid" 2>/dev/null || return 1
	wait "$pid" 2>/dev/null
	lines 1
	[ "$REPLY" -ge 2 ] && [ "$REPLY" -lt "$instances" ]
}

# Someone else's comment, written after the jobs were listed, is kept
changed_meanwhile() {
	local pid last
	last=$(sql "select job_db_inx from lab_job_table order by time_end desc, id_job desc, time_start desc limit 1")
	annotate --from -1h --rate 2/s >/dev/null &
	pid=$!
	wait_until 10 have_some 1
	sql "update lab_job_table set admin_comment = 'meanwhile' where job_db_inx = $last"
	wait "$pid" && [[ $(sql "select admin_comment from lab_job_table where job_db_inx = $last") == "meanwhile; wattgate/1 "* ]]
}

two_at_once() {
	local a b
	annotate --from -1h --state "$work/a" >"$work/a.out" 2>&1 &
	a=$!
	annotate --from -1h --state "$work/b" >"$work/b.out" 2>&1 &
	b=$!
	wait "$a" && wait "$b" && have_lines 1 "$instances"
}

scenario annotate lab "lines in comments: arrays, requeued and heterogeneous jobs, kills, rivals"
test_annotate() {
	local array requeued het hostile instances work=$LAB_DIR/annotate
	mkdir -p "$work" "$LAB_DIR/jobs/ledger"
	submit "$USER1" -w n1 -n1 --array=1-2 --comment "my own" --wrap 'work job 2'
	array=$JOB
	submit "$USER2" --requeue -w n2 -n1 --wrap 'work job 3'
	requeued=$JOB
	wait_begun job "$requeued" n2
	sleep 1
	scontrol requeue "$requeued" || give_up "cannot requeue"
	submit "$USER1" -n1 -w n1 : -n1 -w n2 --wrap 'work job 2'
	het=$JOB
	wait_until 10 job_in_state "$requeued" PENDING || give_up "job $requeued is not pending"
	# elsewhere: where it was, slurmd now and then starts no extern step
	scontrol update jobid="$requeued" ReqNodeList=n1 StartTime=now ||
		give_up "job $requeued does not go elsewhere"
	finish "$array" "$requeued" "$het" "$((het + 1))"
	for job in $(sacct -naX -j "$array" -o JobIDRaw) "$het" "$requeued"; do
		wait_until 10 lab_in_ledger n1 "$job" || give_up "job $job is not in the ledger"
	done
	for job in "$requeued" "$((het + 1))"; do
		wait_until 10 lab_in_ledger n2 "$job" || give_up "job $job is not in the ledger"
	done
	instances=$(sql "select count(*) from lab_job_table")
	ok_if "six instances" test "$instances" = 6

	hostile=$'It\'s "quoted"; \'; drop table lab_job_table; -- Gr\u00fc\u00dfe %s \\'
	sql "update lab_job_table set admin_comment = convert(unhex('$(hex "$hostile")') using utf8mb4) where id_job = $array"
	ok_if "a hostile comment is there" test "$(sacct -nXP -j "${array}_2" -o AdminComment)" = "$hostile"
	sql "select hex(admin_comment) from lab_job_table where id_job = $array" >"$work/hostile"
	other_columns >"$work/before"

	ok_if "nothing is done without a field" wattgate annotate
	ok_if "a run that writes nothing tells the lines" dry_run
	cp "$LAB_DIR"/wattgate/ledger/* "$LAB_DIR/jobs/ledger/" && chmod -R a+rX "$LAB_DIR/jobs/ledger"
	echo "ledger_dir = $LAB_DIR/jobs/ledger" >"$LAB_DIR/jobs/user.conf"
	ok_if "a plain user may not write admin_comment" annotate_refused admin_comment operators
	ok_if "a plain user may not write system_comment" annotate_refused system_comment operators
	ok_if "this Slurm has no extra" annotate_refused extra 23.02
	ok_if "no line was written" have_lines 0 "$(sql 'select count(*) from lab_job_table where admin_comment is not null')"

	ok_if "killed midway" killed_midway
	ok_if "the next run goes on" annotate --from -1h
	ok_if "each instance has one line" have_lines 1 "$instances"
	ok_if "a third run finds all done" again 0
	ok_if "the comment before it is kept, byte by byte" kept
	other_columns >"$work/after"
	ok_if "nothing else of the rows has changed" cmp "$work/before" "$work/after"
	wattgate report --from -1h --format csv | told | sort >"$work/told"
	written | sort >"$work/written"
	ok_if "lines have each instance's own figures: $(diff "$work/told" "$work/written" | head -5)" \
		cmp "$work/told" "$work/written"
	ok_if "sacct shows a line" grep -q '|my own|wattgate/1 .*energy_kwh=' \
		<(sacct -naXP -j "${array}_1" -o JobID,Comment,AdminComment)
	lab_as "$USER2" "$LAB_DIR/bin/wattgate" report --all --from -1h --format csv 2>/dev/null >"$work/user.csv"
	ok_if "a plain user's report has the ledgers' figures" \
		cmp "$work/told" <(told <"$work/user.csv" | sort)
	ok_if "and says where they are from" test "$(grep -c ',annotation:' "$work/user.csv")" = "$instances"

	sql "update lab_job_table set admin_comment = concat(replace(admin_comment, 'coverage=', 'coverage=0.'), ' seen') where id_job = $het"
	ok_if "a line with other figures is replaced" again 1
	ok_if "and what is behind it stays" test "$(sql "select admin_comment like '% seen' from lab_job_table where id_job = $het")" = 1
	clear_lines
	ok_if "someone else's comment of this moment is kept" changed_meanwhile
	clear_lines
	ok_if "two at once leave one line each: $(cat "$work"/?.out 2>/dev/null)" two_at_once
	ok_if "two with one state are one too many" locked
}

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }

dry_run() {
	annotate --from -1h --dry-run >"$work/dry" && grep -q "^$requeued wattgate/1 " "$work/dry" &&
		grep -q "  $instances jobs would get a line" "$work/dry" && have_lines 1 0
}

annotate_refused() { # FIELD TEXT
	! annotate_as_user "$1" >"$work/refused" 2>&1 && grep -q "$2" "$work/refused"
}

# again N: a run over all that replaces N lines
again() {
	annotate --from -1h >"$work/again" && grep -q "^ *0 jobs got a line" "$work/again" &&
		{ [ "$1" = 0 ] || grep -q "^ *$1 got another one" "$work/again"; } &&
		grep -q "^ *$((instances - $1)) have theirs" "$work/again" && have_lines 1 "$instances"
}

kept() {
	[[ $(sql "select hex(admin_comment) from lab_job_table where id_job = $array") == "$(<"$work/hostile")"* ]]
}

locked() {
	local rc
	exec {lock}>"$work/c.lock"
	flock "$lock" && ! annotate --from -1h --state "$work/c" >"$work/out" 2>&1 &&
		grep -q "another wattgate annotate" "$work/out"
	rc=$?
	exec {lock}>&-
	return "$rc"
}
