# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# wattgate in an OAR lab, as an administrator sets it up: the schema in OAR's
# PostgreSQL, one supervised wattgated in site mode, the module for oarstat.
# shellcheck disable=SC2153

SITE_PASSWORD=oar.secret	# in etc: of role wattgate

# The schema, before wattgated looks for it; again at each `up`.
install_schema() {
	"$LAB_DIR/bin/wattgate-oar-schema" install \
		--database "host=$LAB_DIR/run/db port=$PORT_DB dbname=oar user=postgres" \
		--oar-conf "$LAB_DIR/root/etc-oar/oar.conf" \
		--password-file "$LAB_DIR/etc/$SITE_PASSWORD" --owner "$LAB_DAEMON_USER" \
		--schema-dir "$LAB_DIR/wattgate/schema" >"$LAB_DIR/log/schema.log" 2>&1
}

copy_schema() {
	rm -rf "$LAB_DIR/wattgate/schema" &&
		install -d -m 0755 "$LAB_DIR/wattgate/schema" &&
		install -m 0644 "$REPO/oar-hooks/schema"/*.sql "$LAB_DIR/wattgate/schema/" &&
		install -m 0755 "$BUILD/oar-hooks/wattgate-oar-schema" "$LAB_DIR/bin/"
}

# Where OAR's set-user-id programs look before they look for the packaged one.
install_dropin() {
	local dir=$LAB_DIR/root/lib-oar/OAR
	install -d -m 0755 "$dir" && install -m 0644 "$REPO/oar-hooks/Stat.pm" "$dir/"
}

# Here RUN itself is wattgated's, with the list of nodes in it; notes of
# an earlier lab tell nothing.
make_site_dirs() {
	local run=$LAB_DIR/wattgate/run
	install -d -m 0755 "$LAB_DIR/wattgate/supervise.site" &&
		chown "$LAB_DAEMON_USER:" "$run" &&
		find "$run/oar.d" -mindepth 1 -delete
}

write_site_conf() {
	echo 'mode = site'
	write_wattgate_conf
	printf '\n[oar]\ndatabase = host=127.0.0.1 port=%s dbname=oar user=wattgate\n' "$PORT_DB"
	printf 'password_file = %s\ninterval = %s\n' "$LAB_DIR/etc/$SITE_PASSWORD" "$LAB_OAR_INTERVAL"
	printf '%s\n' "$LAB_OAR_SECTION"
}

start_site() {
	install_schema || { note "schema wattgate cannot be installed"; return 1; }
	write_site_conf >"$LAB_DIR/etc/wattgate.conf" && make_site_dirs &&
		start_wattgated site
}

# all nodes have rows, so what they draw from now on is settled
site_ready() {
	wait_until 20 nodes_known || { note "wattgated does not reach the database"; return 1; }
	series_ready || { note "no power is being recorded"; return 1; }
}
nodes_known() {
	[ "$(pg_admin -c 'select count(*) from wattgate.node' oar)" = "$(wc -w <<<"$LAB_NODES")" ]
}

# ---- for tests -----------------------------------------------------------------

# The process that follows OAR's database, into REPLY: wattgated's only child.
follower_pid() {
	local pid=
	wattgated_child site || return 1
	# no newline ends it
	{ read -r pid _ <"/proc/$REPLY/task/$REPLY/children"; } 2>/dev/null
	[ -n "$pid" ] && proc_start_ticks "$pid" && REPLY=$pid
}
follower_is_not() { follower_pid && [ "$REPLY" != "$1" ]; }

oar_wattgated_kill() {	# both at once; the supervisor starts it again
	local follower=
	follower_pid && follower=$REPLY
	wattgated_child site || return 1
	# shellcheck disable=SC2086
	kill -KILL "$REPLY" $follower
}
oar_follower_kill() {
	follower_pid && kill -KILL "$REPLY" && wait_until 20 follower_is_not "$REPLY"
}
oar_wattgated_stop() { supervised_stop site "${1-}"; }
oar_wattgated_start() { supervised_start site && series_ready; }

# oar_settled EPOCH [NODE...]: results of these nodes are final up to then
oar_settled() {
	local until_s=$1 names
	shift
	# shellcheck disable=SC2086
	[ $# != 0 ] || set -- $LAB_NODES
	names=$(printf ",'%s'" "$@")
	[ "$(oar_sql "select count(*) from wattgate.node
		where settled_s >= $until_s and node in (${names#,})")" = $# ]
}

oar_stop_db() { stop_pg; }
oar_start_db() { start_pg && wait_until 30 pg_ready; }
