# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that work with a lab of oar.sh: `. tests/lab/oar-lib.sh; oar_enter`
# with LAB_DIR set to a lab that is up. Functions return 0 for success; what
# they print is their result. Do not source it together with lib.sh.
for part in common knobs proc ports wattgate settle oar-conf oar-daemons oar-wattgate; do
	# shellcheck disable=SC1090
	. "${BASH_SOURCE[0]%/*}/$part.sh" || exit 1
done

# Into the environment: OARCONFFILE, PG*, PATH, knobs, ...
oar_enter() {
	local exports
	oar_settle_dir
	exports=$(oar_print_env) || exit 1
	eval "$exports"
	knobs_load
	ports_load
}

oar_print_env() {
	[ -e "$LAB_DIR/etc/knobs" ] && [ -e "$LAB_DIR/etc/ports" ] ||
		die "no lab is up in $LAB_DIR: tests/run lab oar up makes one"
	knobs_load
	ports_load
	export_line LAB_DIR "$LAB_DIR"
	export_line LAB_NODES "$LAB_NODES"
	export_line LAB_USERS "$LAB_USERS"
	export_line LAB_DAEMON_USER "$LAB_DAEMON_USER"
	export_line OARCONFFILE "$LAB_DIR/root/etc-oar/oar.conf"
	export_line PGHOST 127.0.0.1
	export_line PGPORT "$PORT_DB"
	export_line PGDATABASE oar
	export_line PGUSER postgres
	export_line PGPASSFILE "$LAB_DIR/etc/pgpass"
	export_line WATTGATE_RUN_DIR "$LAB_DIR/wattgate/run"
	# shellcheck disable=SC2016
	printf 'export PATH=%q:%q:"$PATH"\n' "$LAB_DIR/bin" "$BUILD/cli"
	[ "$LAB_BMCS" = 1 ] || return 0
	export_line WATTGATE_CONF "$LAB_DIR/etc/wattgate.conf"
	lab_print_sim_env
}

# ---- users and jobs ---------------------------------------------------------

# oar_as USER COMMAND...: in a directory where every user may write
oar_as() {
	local user=$1
	shift
	(cd "$LAB_DIR/jobs" && HOME=$LAB_DIR/home/$user USER=$user LOGNAME=$user \
		exec setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@")
}

# oar_submit USER OARSUB-ARGUMENTS...: prints the job's id. Output goes to
# OAR.ID.stdout and OAR.ID.stderr in $LAB_DIR/jobs.
oar_submit() {
	local user=$1 out
	shift
	out=$(oar_as "$user" oarsub "$@" 2>&1 </dev/null)
	sed -n 's/^OAR_JOB_ID=\([0-9]*\)$/\1/p' <<<"$out" | grep . ||
		{ note "$out"; return 1; }
}

# What the database says: oar_sql QUERY
oar_sql() { pg_admin -c "$1" oar; }

oar_job_state() { oar_sql "select state from jobs where job_id = $1"; }
# oar_wait_state JOB STATE [SECONDS]
oar_wait_state() { wait_until "${3:-30}" oar_job_is "$1" "$2"; }
oar_job_is() { [ "$(oar_job_state "$1")" = "$2" ]; }
# oar_wait_job JOB [SECONDS]: until it has ended, well or not
oar_wait_job() { wait_until "${2:-60}" oar_job_ended "$1"; }
oar_job_ended() { [[ $(oar_job_state "$1") =~ ^(Terminated|Error)$ ]]; }
# the nodes that the job held or holds, one a line
oar_job_nodes() {
	oar_sql "select distinct r.network_address from jobs j
		join assigned_resources a on a.moldable_job_id = j.assigned_moldable_job
		join resources r on r.resource_id = a.resource_id
		where j.job_id = $1 order by 1"
}
# the time of the database's clock is this machine's; 0 is "not yet"
oar_job_times() { oar_sql "select start_time, stop_time from jobs where job_id = $1"; }

# ---- what a failing hook would do ------------------------------------------------

oar_queues_active() { [ -z "$(oar_sql "select 1 from queues where state <> 'Active'")" ]; }
oar_nodes_alive() { nodes_alive; }
oar_events() { oar_sql "select type, job_id, description from event_logs order by event_id"; }

# oar_conf_change KEY VALUE: programs that start from now on see it; Almighty
# itself reads it when it starts
oar_conf_change() {
	local conf=$LAB_DIR/root/etc-oar/oar.conf
	oar_conf_set "$1" "$2" >>"$conf"
}

# oar_hooks install|remove|purge|status: wattgate's hooks in the lab's oar.conf,
# the nodes' too
oar_hooks() {
	oar_inside "$LAB_DIR/bin/wattgate-oar-setup" -H "$LAB_DIR/bin/wattgate-oar-hook" \
		-r "$LAB_DIR/wattgate/run" -n "$1"
}

oar_stop_almighty() { proc_stop almighty; }
oar_start_almighty() { start_almighty && wait_until 20 almighty_ready; }
oar_restart_almighty() { oar_stop_almighty && oar_start_almighty; }
oar_stop_node() { proc_stop "sshd.$1"; }
oar_start_node() { start_node "$1" && wait_until 10 node_listens "$1"; }
