# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Tests of the module that makes oarstat show energy. check-oarstat runs them.

module=$LAB_DIR/root/lib-oar/OAR/Stat.pm
ACCOUNTING="2024-03-01, 2024-03-02"

module_on() { install -D -m 0644 "$REPO/oar-hooks/Stat.pm" "$module"; }
module_off() { rm -f "$module"; }

# Hashes in one order, so that output can be compared to the byte.
export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 TZ=UTC

# what oarstat says, in all ways that touch the module, and how it ends
outputs() {
	local line
	while read -r line; do
		echo "== $line"
		eval "oarstat $line" 2>&1
		echo "== $?"
	done <<-'END'
		-j 5001 -j 5002 -j 5003 -f
		-j 5001 -f -J
		--accounting "2024-03-01, 2024-03-02"
		-u alice --accounting "2024-03-01, 2024-03-02"
	END
}
# where nothing of the module is to be seen in any case
other_outputs() {
	local line
	while read -r line; do
		echo "== $line"
		eval "oarstat $line" 2>&1
		echo "== $?"
	done <<-'END'
		-j 5001
		-s -j 5001
		--array 5001 -c
		-e -j 5001
		-j 999999 -f
		-V
		--accounting nonsense
		-u nobody --accounting "1999-01-01, 1999-01-02"
		--sql "job_id='nonsense" -f
		--no-such-option
	END
}

same_as_stock() {
	outputs >"$work/now"
	cmp "$work/stock" "$work/now" || { diff "$work/stock" "$work/now" | head -n 20; return 1; }
}
other_same_as_stock() { other_outputs | cmp - "$work/other"; }
# with_sql DO UNDO COMMAND...
with_sql() {
	local undo=$2 rc
	oar_sql "$1" >/dev/null || return 1
	shift 2
	"$@"
	rc=$?
	oar_sql "$undo" >/dev/null && return "$rc"
}
differs() { ! same_as_stock >/dev/null; }

# ---- what it shows --------------------------------------------------------------------

json() { oarstat -J "$@" 2>/dev/null; }
# all of them, once
json_all() {
	json -j 5001 -j 5002 -j 5003 -j 5004 -j 5005 -j 5006 -j 5007 -j 5008 >"$work/json"
}
# JSON of job $1 must have field $2 = $3
field() { jq -e ".[\"$1\"] | has(\"$2\") and .$2 == $3" "$work/json" >/dev/null; }

json_near() { jq -e ".[\"$1\"].$2 | (. - $3) | fabs < $4" "$work/json" >/dev/null; }
shows_numbers() {
	json_all && json_near 5001 energy_kwh 1 1e-9 && json_near 5001 energy_coverage 1 1e-9 &&
		json_near 5005 energy_kwh 0.5 1e-9 && json_near 5005 energy_coverage 0.75 1e-9 &&
		json_near 5006 energy_kwh 1e-9 1e-15 && json_near 5007 energy_kwh 277777777.78 1 &&
		jq -e '.["5006"].energy_kwh > 0' "$work/json" >/dev/null
}
# neither 0 nor missing; almost all is not all
shows_unknown() {
	field 5003 energy_kwh null && field 5003 energy_coverage null &&
		field 5004 energy_kwh null && field 5004 energy_coverage 0 &&
		jq -e '.["5008"].energy_coverage < 1' "$work/json" >/dev/null &&
		[[ $(oarstat -fj 5003 2>&1) == *$'\n    energy_kwh = unknown\n    energy_coverage = unknown\n'* ]] &&
		[[ $(oarstat -fj 5004 2>&1) == *$'\n    energy_kwh = unknown\n    energy_coverage = 0\n'* ]]
}
# the lines are added, all else is as before
shows_text() {
	oarstat -fj 5001 >"$work/full" 2>&1 && module_off && oarstat -fj 5001 >"$work/full.stock" 2>&1
	module_on
	[ "$(diff "$work/full.stock" "$work/full" | grep '^[<>]')" = \
		$'>     energy_kwh = 1\n>     energy_coverage = 1' ]
}
shows_many() {
	json --array 5001 -f | jq -e 'length == 8 and ([.[] | has("energy_kwh")] | all)' >/dev/null &&
		json --array 5001 | jq -e '[.[] | .energy_kwh // empty] | length == 6' >/dev/null &&
		json --sql "job_user = 'carol'" | jq -e 'length == 3 and .["5007"].energy_kwh > 1e8' >/dev/null
}
shows_other_formats() {
	oarstat -j 5005 -Y 2>/dev/null |
		perl -MYAML::Syck -e 'local $/; my $d = Load(<STDIN>); exit($d->{5005}{energy_kwh} != 0.5)' &&
		oarstat -j 5005 -D 2>/dev/null |
		perl -e 'local $/; my $d = eval(<STDIN>); exit($d->{5005}{energy_coverage} != 0.75)'
}
hostile_job() {
	json -fj 5002 | jq -e '.["5002"] | .energy_kwh == 0.5 and (.command | contains("energy_kwh"))' \
		>/dev/null && schema_stays
}

# accounting lines of the module: user project core-seconds kWh coverage
account_lines() { oarstat "$@" 2>&1 | sed '1,/^User .* Energy (kWh)/d' | sed 1d; }
line() { grep -qE "^$1 +$2 +$3 +$4 +$5\$" "$work/lines"; }
shows_accounting() {
	account_lines --accounting "$ACCOUNTING" >"$work/lines" &&
		line alice p1 5400 0.750000 1.0000 && line alice p2 3600 - 0.0000 &&
		line carol '' 3600 0.000000 1.0000 && line carol 'énergie ✓' 3600 277777777.777778 1.0000 &&
		[ "$(wc -l <"$work/lines")" = 5 ] &&
		account_lines --accounting "2024-03-02, 2024-03-03" >"$work/lines" &&
		line alice p1 9000 0.750000 0.8000 && [ "$(wc -l <"$work/lines")" = 1 ]
}
shows_accounting_of_user() {
	account_lines -u alice --accounting "2024-03-01, 2024-03-03" >"$work/lines" &&
		line alice p1 14400 1.500000 0.8750 && line alice p2 3600 - 0.0000 &&
		[ "$(wc -l <"$work/lines")" = 2 ] &&
		[ -z "$(account_lines -u "x' or '1'='1" --accounting "$ACCOUNTING")" ]
}
# what stock prints comes first and unchanged
accounting_is_added() {
	oarstat --accounting "$ACCOUNTING" 2>&1 | head -c "$(stat -c %s "$work/accounting")" |
		cmp - "$work/accounting"
}
# a day is the user's: 23:00 to 23:00 UTC, or half past
accounting_of_zones() {
	TZ=Europe/Berlin account_lines --accounting "2024-03-02, 2024-03-03" >"$work/lines" &&
		line alice p1 12600 1.250000 0.8571 &&
		TZ=Asia/Kolkata account_lines -u alice --accounting "2024-03-02, 2024-03-03" >"$work/lines" &&
		line alice p1 14400 1.500000 0.8750
}
accounting_is_clean() {
	account_lines --accounting "$ACCOUNTING" >"$work/lines"
	not grep -q '[[:cntrl:]]' "$work/lines" && grep -qF "%d?[2J?'; DROP TABLE jobs; --" "$work/lines"
}
accounting_by_sql() {
	[[ $(oarstat --accounting "$ACCOUNTING" --sql "accounting_user='alice'" 2>&1) == \
		*"Energy is not shown with --sql." ]]
}

# ---- what goes wrong ------------------------------------------------------------------

# through_proxy PATTERN DEED COMMAND...: where a client sends PATTERN
through_proxy() {
	local rc
	printf '%s\n' "$1" "$2" >"$work/mode"
	shift 2
	oar_conf_change DB_PORT "$proxy_port"
	"$@"
	rc=$?
	oar_conf_change DB_PORT "$PGPORT"
	return "$rc"
}
proxy_start() {
	echo freeze >"$work/mode"
	"$here/stuck-proxy" "$PGPORT" "$work/mode" >"$work/proxy" &
	proxy=$!
	wait_until 5 test -s "$work/proxy" && proxy_port=$(head -n 1 "$work/proxy")
}
# one stuck query costs seconds, not minutes
stuck_is_short() { timeout 30 oarstat -j 5001 -f -J >"$work/short" 2>&1 && cmp "$work/short" "$work/json.stock"; }

stuck_accounting_is_short() {
	timeout 30 oarstat --accounting "$ACCOUNTING" >"$work/short" 2>&1 && cmp "$work/short" "$work/accounting"
}
# Told to end while it waits: OAR's handler ends it, and nothing holds that up.
stuck_ends() {
	local pid frozen
	frozen=$(grep -c frozen "$work/proxy")
	oarstat --accounting "$ACCOUNTING" >/dev/null 2>&1 &
	pid=$!
	wait_until 20 more_frozen "$frozen" && kill -HUP "$pid" && wait_until 20 not kill -0 "$pid" &&
		return 0
	kill -KILL "$pid"
	return 1
}
more_frozen() { (($(grep -c frozen "$work/proxy") > $1)); }

# a session that holds a lock that the queries wait for
locked() {
	local lock rc
	psql -qAtX -c "begin; lock table wattgate.allocation, wattgate.account_hour;
		select 'locked'; select pg_sleep(60)" >"$work/locked" 2>&1 &
	lock=$!
	wait_until 5 oar_sql_is t "select count(*) > 0 from pg_locks l join pg_class c on c.oid = l.relation
		where c.relname = 'allocation' and l.mode = 'AccessExclusiveLock' and l.granted"
	stuck_is_short
	rc=$?
	kill "$lock"
	oar_sql "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%'
		and pid <> pg_backend_pid()" >/dev/null
	return "$rc"
}
oar_sql_is() { [ "$(oar_sql "$2")" = "$1" ]; }

# a dead database: OAR's own words, OAR's own status
dead_database() {
	local rc
	oar_conf_change DB_PORT 2	# where nobody listens
	timeout 60 oarstat -j 5001 -f >"$work/dead" 2>&1
	rc=$?
	module_off
	timeout 60 oarstat -j 5001 -f >"$work/dead.stock" 2>&1
	[ "$rc" = "$?" ] && [ "$rc" != 0 ] && cmp "$work/dead.stock" "$work/dead"
	rc=$?
	module_on
	oar_conf_change DB_PORT "$PGPORT"
	return "$rc"
}

# the packaged module is not there to be replaced
package_is_whole() { not grep -v ' c ' <(dpkg -V liboar-perl oar-user oar-common); }

# ---- the REST API -----------------------------------------------------------------------

api() {
	oar_inside setpriv --reuid oar --regid oar --clear-groups env REQUEST_METHOD=GET \
		PATH_INFO="$1" QUERY_STRING="${2-}" SCRIPT_NAME=/oarapi SERVER_NAME=localhost \
		SERVER_PORT=80 REMOTE_ADDR=127.0.0.1 X_REMOTE_IDENT=games \
		/usr/lib/cgi-bin/oarapi/oarapi.cgi 2>/dev/null </dev/null | sed '1,/^\r\{0,1\}$/d'
}
api_shows() {
	api /jobs/5005.json | jq -e '.energy_kwh == 0.5 and .energy_coverage == 0.75' >/dev/null &&
		api /jobs/5003.json | jq -e 'has("energy_kwh") and .energy_kwh == null' >/dev/null &&
		api /jobs/5005.json structure=oar | jq -e '.energy_kwh == 0.5' >/dev/null &&
		api /jobs/5002.json | jq -e '.energy_kwh == 0.5' >/dev/null &&
		api /jobs/5005.yaml | grep -q '^energy_kwh: 0.5$' &&
		api /jobs/details.json 'array=5001&state=Terminated' |
		jq -e '[.items[] | .energy_kwh // empty] | length == 6' >/dev/null
}
api_without_schema() {
	with_sql 'update wattgate.meta set version = 7' 'update wattgate.meta set version = 2' \
		eval "api /jobs/5005.json | jq -e '.id == 5005 and (has(\"energy_kwh\") | not)' >/dev/null"
}
