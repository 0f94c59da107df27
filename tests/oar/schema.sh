# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Tests of wattgate-oar-schema and of the schema itself. check-oarstat runs them.

secret=$work/secret

schema() {
	"$BUILD/oar-hooks/wattgate-oar-schema" "$1" --oar-conf "$OARCONFFILE" \
		--database "host=127.0.0.1 port=$PGPORT dbname=oar user=postgres" \
		--password-file "$secret" --schema-dir "$REPO/oar-hooks/schema" "${@:2}"
}
# exits STATUS TEXT COMMAND...: with that status, having said that
exits() {
	local status=$1 text=$2 said rc
	shift 2
	said=$("$@" 2>&1)
	rc=$?
	[ "$rc" = "$status" ] && [[ $said == *"$text"* ]] ||
		{ printf 'status %s: %s\n' "$rc" "$said"; return 1; }
}
not() { ! "$@"; }

as_wattgate() { PGPASSWORD=$(cat "$secret") psql -qAtX -U wattgate -c "$1" 2>&1; }

schema_installs() {
	exits 3 'missing    role wattgate' schema status &&
		exits 1 'there is no schema' schema upgrade &&
		exits 0 'has version 2' schema install &&
		[ "$(stat -c %a "$secret")" = 600 ] && exits 0 'version 2 (newest: 2)' schema status
}
# pg_dump's \restrict has a new word each time
schema_dump() { pg_dump -s -n wattgate -U postgres oar | grep -vE '^(--|.(un)?restrict )'; }
schema_twice() {
	local before
	before=$(cat "$secret" && schema_dump)
	schema install >/dev/null && schema upgrade >/dev/null &&
		[ "$(cat "$secret" && schema_dump)" = "$before" ]
}
role_rights() {
	[ "$(as_wattgate 'select count(*) >= 0 from jobs, job_state_logs where false')" = t ] &&
		[ -z "$(as_wattgate 'insert into wattgate.node values (1, 1)')" ] &&
		[ -z "$(as_wattgate 'delete from wattgate.node')" ] &&
		[[ $(as_wattgate "update jobs set message = ''") == *"permission denied"* ]] &&
		[[ $(as_wattgate 'select * from challenges') == *"permission denied"* ]] &&
		[[ $(as_wattgate 'create table public.x ()') == *"permission denied"* ]]
}
# neither the word nor what is made of it is given away
password_is_secret() {
	not grep -qF "$(cat "$secret")" "$LAB_DIR/log/postgres.log" &&
		[[ $(oar_sql "select rolpassword from pg_authid where rolname = 'wattgate'") == SCRAM-SHA-256* ]]
}
password_file_refused() {
	local real=$secret secret=$work/other
	cp "$real" "$secret" && chmod 0640 "$secret" && exits 1 'chmod 0600' schema install &&
		rm "$secret" && ln -s "$real" "$secret" && exits 1 'not a regular file' schema install &&
		rm "$secret" && exits 1 'give --new-password' schema install &&
		(umask 077 && echo short >"$secret") && exits 1 '8 to 512' schema install &&
		rm "$secret" && exits 0 made schema install --new-password &&
		[ "$(as_wattgate 'select 1')" = 1 ] && mv "$secret" "$real"
}
status_names() {
	oar_sql 'revoke select on frag_jobs from wattgate; revoke usage on schema wattgate from oar_ro;
		revoke select on wattgate.job_energy from oar' >/dev/null &&
		exits 3 'SELECT of wattgate on public.frag_jobs' schema status &&
		exits 3 'USAGE of oar_ro on schema wattgate' schema status &&
		exits 3 'SELECT of oar on wattgate.job_energy' schema status &&
		schema install >/dev/null && schema status >/dev/null
}
newer_refused() {
	local command
	oar_sql 'update wattgate.meta set version = 3' || return 1
	for command in install status upgrade 'remove --yes'; do
		# shellcheck disable=SC2086
		exits 1 'this program knows 2' schema $command || return 1
	done
	oar_sql 'update wattgate.meta set version = 2'
}
bad_calls_refused() {
	local other=$work/oar.conf
	printf 'DB_TYPE="mysql"\n' >"$other"
	exits 1 'no password there' schema status --database 'dbname=oar password=x' &&
		exits 1 'no password there' schema status --database postgresql://u:p@h/oar &&
		exits 1 'needs OAR on PostgreSQL' schema status --oar-conf "$other" &&
		exits 1 'cannot be read' schema status --oar-conf "$work/none" &&
		exits 1 'no tables of OAR' schema install \
			--database "host=127.0.0.1 port=$PGPORT dbname=postgres user=postgres" &&
		exits 2 'COMMAND' schema erase && exits 2 'COMMAND' schema status --quickly
}
# as root on the database's own host: by the socket, as user postgres
local_socket() {
	PGHOST=$LAB_DIR/run/db exits 0 'newest: 2' "$BUILD/oar-hooks/wattgate-oar-schema" status \
		--oar-conf "$OARCONFFILE" --schema-dir "$REPO/oar-hooks/schema"
}

# ---- figures --------------------------------------------------------------------

GOOD="insert into wattgate.job (job_id, job_user) values (1, 'u'), (2, 'u');
	insert into wattgate.allocation (job_id, node, gated_j, node_j, active_s, covered_s, cores,
		start_s, end_s, closed) values (1, 'n1', 1000, 2000, 100, 100, 1, 1709251200, 1709251300, true);
	insert into wattgate.allocation_hour (job_id, node, hour_s, gated_j, node_j, active_s, covered_s,
		share_s, head_gap_s, tail_gap_s, max_gap_s, gap_broken)
		values (1, 'n1', 1709251200, 1000, 2000, 100, 100, 50, 0, 0, 0, true);
	insert into wattgate.node_hour values ('n1', 1709251200, 600, 200, 300, 100, 100, 100, 10);"

# One session for all: each row of figures.txt is undone before the next.
figures_sql() {
	local what table values
	echo "begin; $GOOD"
	while read -r what table values; do
		[[ -z $what || $what == \#* ]] && continue
		printf '%s == %s\n' '\echo' "$what $table $values"
		echo "savepoint s;"
		case $what in
		# what points to the row would stop it first
		allocation_job_id_fkey) echo "delete from wattgate.allocation_hour;" ;;
		meta_pkey) table="meta" values="version = 1; insert into wattgate.meta values (2)" ;;
		esac
		[ "$table" != job ] || values="$values where job_id = 2"
		echo "update wattgate.$table set $values; rollback to s;"
	done <"$here/figures.txt"
	echo "rollback;"
}
figure() {
	local what=${1%% *} said=$2
	case $what in
	fine) [ -z "$said" ] ;;
	null) [[ $said == *"null value in column"* ]] ;;
	*) [[ $said == *"violates check constraint \"${what}_check\""* ||
		$said == *" constraint \"$what\""* ]] ;;
	esac || { echo "$1: $said"; return 1; }
}
figures() {
	local line what='' said='' n=0
	while IFS= read -r line; do
		if [[ $line == "== "* ]]; then
			[ -z "$what" ] || figure "$what" "$said" || return 1
			what=${line#== } said='' n=$((n + 1))
		else
			said+=$line
		fi
	done < <(figures_sql | pg_admin -v ON_ERROR_STOP=0 -f - oar 2>&1; echo "== end")
	((n > 50))
}

# ---- sums -----------------------------------------------------------------------

SUMS_DIFFER="with a as (select * from wattgate.account(%s, %s)), d as (
	select j.job_user, j.project, sum(h.active_s * a.cores) core_s, sum(h.gated_j) / 3.6e6 kwh,
		sum(h.covered_s) / sum(h.active_s) coverage, sum(h.covered_s) covered
	from wattgate.allocation_hour h join wattgate.allocation a using (job_id, node)
	join wattgate.job j on j.job_id = h.job_id
	where h.hour_s >= %s and h.hour_s < %s group by 1, 2)
	select count(*) from a full join d using (job_user, project)
	where (a.core_s is null and d.core_s > 0) or abs(a.core_s - d.core_s) > 1e-6
		or (a.energy_kwh is null) <> (d.covered = 0)
		or abs(a.energy_kwh - d.kwh) > 1e-9 * d.kwh + 1e-12
		or abs(a.energy_coverage - d.coverage) > 1e-9"
sums_agree() {
	local day=1709251200 from to sql
	# within a day, to its edges, over them, over days, nothing
	for range in '0 86400' '5 7' '3600 7200' '79200 90000' '-86400 259200' '-40000 300000' \
		'82800 90000' '90000 3600' '86400 86400'; do
		read -r from to <<<"$range"
		# shellcheck disable=SC2059
		printf -v sql "$SUMS_DIFFER" $((day + from)) $((day + to)) $((day + from)) $((day + to))
		[ "$(oar_sql "$sql")" = 0 ] || { echo "range $range"; return 1; }
	done
}
sums_follow_changes() {
	sums_agree &&
		oar_sql "insert into wattgate.allocation_hour (job_id, node, hour_s, gated_j, active_s, covered_s,
			node_j, share_s) select job_id, node, hour_s, gated_j / 3,
			active_s / 3, covered_s / 3, node_j, 0 from wattgate.allocation_hour
			on conflict (job_id, node, hour_s) do update set gated_j = excluded.gated_j,
			active_s = excluded.active_s, covered_s = excluded.covered_s" && sums_agree &&
		oar_sql "update wattgate.allocation_hour set gated_j = gated_j * 3, active_s = active_s * 3,
			covered_s = covered_s * 3" && sums_agree &&
		oar_sql "begin; delete from wattgate.allocation_hour where job_id in (5001, 5007)" &&
		oar_sql "delete from wattgate.allocation_hour where job_id = 5002;
			insert into wattgate.allocation_hour (job_id, node, hour_s, gated_j, active_s,
			covered_s, node_j, share_s) values
			(5002, 'node-1', 1709251200 + 36000, 1800000, 3600, 3600, 3600000, 0)" && sums_agree
}

# ---- removal ----------------------------------------------------------------------

schema_stays() { [ "$(oar_sql 'select count(*) > 0 from wattgate.allocation')" = t ]; }
removal_refused() {
	exits 2 'say --yes' schema remove && schema_stays &&
		oar_sql 'create view site_report as select * from wattgate.job_energy' &&
		exits 1 'nothing was removed' schema remove --yes && schema_stays &&
		oar_sql 'drop view site_report; create table wattgate.site_notes ()' &&
		exits 1 'nothing was removed' schema remove --yes && schema_stays &&
		oar_sql 'drop table wattgate.site_notes'
}
removal() {
	exits 0 'removed    role wattgate' schema remove --yes && [ -e "$secret" ] &&
		exits 3 'missing    role wattgate' schema status &&
		exits 0 'removed    schema wattgate' schema remove --yes
}
# a role and a schema of that name that somebody else made
strangers_stay() {
	oar_sql "create schema wattgate" && exits 1 'it is not wattgate' schema install &&
		exits 1 'it is not wattgate' schema remove --yes &&
		oar_sql "drop schema wattgate; create role wattgate login password 'theirs'" &&
		exits 0 'was there before' schema install && exits 0 'removed    schema' schema remove --yes &&
		[ "$(PGPASSWORD=theirs psql -qAtX -U wattgate -c 'select 1')" = 1 ] &&
		oar_sql 'drop role wattgate'
}
