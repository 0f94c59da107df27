# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A PostgreSQL of its own below $work, with OAR's tables as its package makes
# them and schema wattgate, for what follows OAR's database without an OAR.
# After common.sh, with $work set: db_start, db_fresh; db_stop at the end.

OAR_TABLES=/usr/lib/oar/database/pg_structure.sql
DB_PORT=5432			# of a socket in $work alone

# as the user that the server must not be run without
db_user() {
	if [ "$EUID" = 0 ]; then
		setpriv --reuid postgres --regid postgres --clear-groups "$@"
	else
		"$@"
	fi
}

db_program() {
	local file
	for file in /usr/lib/postgresql/*/bin/"$1"; do
		[ -x "$file" ] && REPLY=$file
	done
	[ -x "${REPLY-}" ]
}

db_usable() { [ -r "$OAR_TABLES" ] && db_program initdb && command -v psql >/dev/null; }

db_make() {
	chmod 0755 "$work"
	mkdir "$work/db" && chmod 0700 "$work/db" || return 1
	[ "$EUID" != 0 ] || chown postgres "$work/db" || return 1
	db_program initdb && (cd / && db_user "$REPLY" -D "$work/db" -U postgres -A trust \
		-E UTF8 --locale=C --no-sync) >"$work/initdb.log" 2>&1
}

db_start() {
	[ -e "$work/db/PG_VERSION" ] || db_make || { show_logs "$work/initdb.log"; return 1; }
	db_program pg_ctl && (cd / && db_user "$REPLY" -D "$work/db" -s -w -l "$work/db/log" \
		-o "-c listen_addresses='' -c unix_socket_directories='$work/db' -c port=$DB_PORT \
		-c fsync=${DB_FSYNC:-off} -c timezone=UTC" start)
}

db_stop() {
	[ ! -e "$work/db/postmaster.pid" ] || { db_program pg_ctl &&
		(cd / && db_user "$REPLY" -D "$work/db" -s -w -m fast stop); }
}

# as the superuser; the socket's directory is closed to all but him and root
db() { psql -h "$work/db" -p "$DB_PORT" -U "${DB_ROLE:-postgres}" -qAtX -v ON_ERROR_STOP=1 -d "${DB_NAME:-oar}" "$@"; }

# db_fresh NAME: an empty OAR database with schema wattgate
db_fresh() {
	local name=$1 DB_NAME=$1
	DB_NAME=postgres db -c 'set client_min_messages = error' \
		-c "drop database if exists $name" -c "create database $name" &&
		DB_NAME=postgres db -c "do \$\$ begin create role wattgate login;
			exception when duplicate_object then null; end \$\$" &&
		db -f "$OAR_TABLES" >/dev/null &&
		db -c 'alter table resources add core integer, add gpudevice integer' \
			-c 'grant select on all tables in schema public to wattgate' \
			-c 'set client_min_messages = error' \
			-f "$REPO/oar-hooks/schema/001-results.sql" \
			-f "$REPO/oar-hooks/schema/002-hours.sql"
}

# Nodes of OAR's: db_node NAME CORES [ROWS-FOR-A-GPU]
db_node() {
	db -c "insert into resources (network_address, core, gpudevice)
		select '$1', i, case when ${3:-0} > 0 then (i - 1) / greatest(${3:-0}, 1) end
		from generate_series(1, $2) i"
}

# Joules and time of all nodes and hours add up: prints what does not.
db_conserved() {
	db -c "select 'node ' || node || ' ' || hour_s from wattgate.node_hour
			where abs(node_j - allocated_j - unallocated_j - idle_j) > 1e-9 * node_j
			or node_j < 0 or measured_s < 0 or unmeasured_s < 0
		union all
		select 'jobs of ' || node || ' ' || hour_s from wattgate.node_hour n
			where abs(allocated_j - (select coalesce(sum(gated_j), 0)
				from wattgate.allocation_hour a
				where a.node = n.node and a.hour_s = n.hour_s)) > 1e-9 * node_j
		union all
		select 'length of ' || h.node || ' ' || hour_s from wattgate.node_hour h
			join wattgate.node n on n.node = h.node
			where abs(measured_s + unmeasured_s - least(n.settled_s, hour_s + 3600)
				+ greatest(hour_s, $1)) > 1e-6
		union all
		select 'allocation ' || job_id || ' ' || node from wattgate.allocation
			where gated_j > node_j * (1 + 1e-9) or covered_s > active_s + 1e-6"
}
