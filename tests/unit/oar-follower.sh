# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of what stands in schema wattgate: a PostgreSQL of its own with
# OAR's tables, jobs in them, and `wattgated --follow-oar` to settle them. After
# common.sh and oar-db.sh, in the build directory; sets $work. Skipped where
# PostgreSQL or OAR's tables are not installed.

wattgated=$PWD/collector/wattgated
series_write=$PWD/tests/lab/series-write
failed=0
pid=

db_usable || { echo 'skipped: no PostgreSQL or no tables of OAR'; exit 77; }
"$wattgated" --follow-oar -c /nonexistent 2>&1 | grep -q 'without libpq' && exit 77

work=$(mktemp -d) || exit 99
trap 'follower_end KILL; db_stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$work/run" "$work/state"
export WATTGATE_RUN_DIR=$work/run

fail() {
	printf 'FAIL: %s\n' "$*"
	failed=1
}

# expect WHAT WANT QUERY: rows of the answer with a blank between
expect() {
	local got
	got=$(db -F ' ' -c "$3" 2>&1 | paste -sd ' ')
	[ "$got" = "$2" ] || fail "$1: '$got', should be '$2'"
}

# ---- the follower --------------------------------------------------------------

conf() { # [LINE...]: more lines of [oar]
	cat <<-CONF
	mode = site
	period = 5s
	max_gap = 15s
	state_dir = $work/state
	[oar]
	database = host=$work/db port=$DB_PORT dbname=${DB_NAME:-oar} user=wattgate
	interval = 1s
	$(printf '%s\n' "$@")
	[hardware]
	core_power = 10W
	gpu_power = 100W
	CONF
}

follower_start() {
	: >"$work/log"
	"$wattgated" --follow-oar -c "$work/conf" 2>"$work/log" &
	pid=$!
}
follower_end() { # SIGNAL
	[ -n "$pid" ] || return 0
	kill -"$1" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	pid=
}
settled_to() {
	[ "$(db -c "select count(*) from wattgate.node")" -gt 0 ] &&
		[ "$(db -c "select count(*) from wattgate.node where settled_s < $1 and node ~ '${2:-.}'")" = 0 ]
}
# follow_to T [NODES]: run until all nodes are settled up to T
follow_to() {
	follower_start
	wait_until 60 settled_to "$@" || fail "not settled up to $1: $(cat "$work/log")"
	kill -0 "$pid" || fail "the follower died: $(cat "$work/log")"
	follower_end TERM
}
conserved() { # SINCE
	local out
	out=$(db_conserved "$1" 2>&1)
	[ -z "$out" ] || fail "conservation: $out"
}

# ---- what there is -------------------------------------------------------------------

# series NODE FROM TO WATTS
series() {
	seq "$2" 5 "$3" | sed "s/\$/ $4/" | "$series_write" "$1" 5 15 || fail "series of $1"
}

# Functions in the database: mk(id, start, stop, state, rows), suspended(id, from, to)
helpers() {
	db <<-'SQL'
	create function mk(id int, start int, stop int, state text, variadic held int[])
	returns void language sql as $$
		insert into jobs (job_id, array_id, job_name, job_user, project, state,
			launching_directory, submission_time, start_time, stop_time,
			assigned_moldable_job, checkpoint_signal, queue_name)
		values (id, id, E'it''s "{},\\ \n' || id, 'alice', 'p', state, '/', start - 5,
			start, stop, id + 1000, 12, 'default');
		insert into moldable_job_descriptions (moldable_id, moldable_job_id, moldable_walltime)
			values (id + 1000, id, 3600);
		insert into assigned_resources select id + 1000, unnest(held);
		insert into job_state_logs (job_id, job_state, date_start) values (id, 'Running', start);
	$$;
	create function suspended(id int, since int, until int) returns void language sql as $$
		insert into job_state_logs (job_id, job_state, date_start, date_stop)
			values (id, 'Suspended', since, until) $$;
	SQL
}

# fresh [NAME]: a copy of one that is made once
fresh() {
	{ [ -e "$work/blank" ] || { db_fresh blank && DB_NAME=blank helpers && : >"$work/blank"; }; } &&
		DB_NAME=postgres db -c 'set client_min_messages = error' \
			-c "drop database if exists ${1:-oar}" \
			-c "create database ${1:-oar} template blank" ||
		{ echo 'no database can be made'; exit 99; }
}

# Rows 1-4: node a, 4 cores. 5-8: b, 2 cores of 2 threads. 9-12: c, 4 cores, 2 GPUs.
nodes_abc() {
	db_node a 4 && db_node b 4 && db_node c 4 2 &&
		db -c "update resources set core = (resource_id + 1) / 2 where network_address = 'b'" \
			-c "insert into resources (network_address, type) values ('a', 'licence')"
}
