# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2153
# Ledgers on their way to the management host, and in its store: each line once,
# whatever breaks meanwhile. An interval closes each 10 s.

knobs_ship() { export LAB_ROLLUP=10s; }

# many_jobs COMMAND...: twenty short jobs on each node while COMMAND runs
many_jobs() {
	local node jobs=()
	for node in $LAB_NODES; do
		submit "$USER1" -w "$node" -n1 --array=1-20 --wrap 'work job srun work step 0.5'
		jobs+=("$JOB")
	done
	"$@" || give_up "$* fails"
	finish "${jobs[@]}"
	for node in $LAB_NODES; do
		wait_until 20 ledger_has_jobs "$node" "${jobs[0]}" 20 ||
			give_up "the jobs of $node are not in its ledger"
		jobs=("${jobs[@]:1}")
	done
}
ledger_has_jobs() { # NODE ARRAY COUNT
	local job
	for job in $(sacct -nPX -j "$2" -o JobIDRaw); do
		ledger_has "$1" "$job" extern 0 || return 1
	done
}

# nodes_ask URL: from now on
nodes_ask() {
	local node
	sed -i "s|^url = .*|url = $1|" "$LAB_DIR/etc/wattgate.conf" || return 1
	for node in $LAB_NODES; do
		lab_wattgated_stop "$node" && lab_wattgated_start "$node" || return 1
	done
}

# check_store_truth SINCE: what the store says that nodes drew is what their BMCs'
# programs say. Of intervals that were measured throughout, as a start or a stop
# of wattgated ends others.
check_store_truth() {
	local node start end joules sum n
	for node in $LAB_NODES; do
		n=0 sum=0
		want_reset
		while read -r start end joules; do
			want_add "$node" 1 "$start" "$end"
			sum=$(calc "$sum + $joules")
			n=$((n + 1))
		done < <(store_sql "select printf('%.3f', start_wall_ns / 1e9),
			printf('%.3f', end_wall_ns / 1e9), node_j from intervals
			where node = '$node' and unmeasured_ns = 0 and start_wall_ns / 1e9 > $1")
		ok_if "$n intervals of $node in the store are measured throughout" test "$n" -ge 1
		near "the energy of $node in them" "$sum" "$WANT_J" "$(calc "0.01 * $WANT_J + $n")"
	done
}

scenario ship-cut lab "the way to the site breaks after some bytes, any number: all is there once"
test_ship_cut() {
	local since at=$LAB_ADDR:$((PORT_SITE - 1))
	since=$(now)
	proc_start cut-proxy "$LAB_DIR/bin/cut-proxy" "$at" "$LAB_ADDR:$PORT_SITE" "$E2E_SEED" 12000 &&
		nodes_ask "https://$at" || give_up "no proxy"
	many_jobs sleep 20
	ok_if "$(grep -c cut "$LAB_DIR/log/cut-proxy.log") connections were cut" \
		test "$(grep -c cut "$LAB_DIR/log/cut-proxy.log")" -ge 5
	nodes_ask "$(site_url)" || give_up "no way back"
	proc_stop cut-proxy
	check_store 60
	check_store_truth "$since"
}

scenario ship-killed lab "nodes and site are killed in turns while ledgers are sent: all is there once"
test_ship_killed() {
	many_jobs kill_in_turns 10
	check_store 90
	# whole intervals between kills are few, and there may be none
	check_store_truth 0
}
kill_in_turns() {
	local i
	RANDOM=$E2E_SEED
	for ((i = 0; i < $1; i++)); do
		case $((i % 4)) in
		0) wattgated_child site && lab_wattgated_kill site ;;
		1) lab_wattgated_kill n1 ;;
		2) site_server_pid && kill -KILL "$REPLY" ;;
		3) lab_wattgated_kill n2 ;;
		esac
		sleep "1.$((RANDOM % 10))"
	done
	for i in site $LAB_NODES; do
		wait_until 10 wattgated_child "$i" || return 1
	done
}

# What the management host says of jobs and nodes is what the nodes' files say,
# and what the BMCs say.
scenario site-report lab "reports on the management host, and by the nodes' files, are the same"
test_site_report() {
	local from to by row node
	for node in $LAB_NODES; do
		wait_series "$node" 30 || give_up "no power of $node"
	done
	check_store 60
	# from an interval's boundary on: in the one before a node may have restarted
	from=$((($(date +%s) / 10 + 1) * 10))
	wait_until 15 is_past "$from"
	submit "$USER1" -w n1 -n1 --wrap 'work job srun work step 8'
	finish "$JOB"
	to=$((($(date +%s) / 10 + 1) * 10))
	wait_until 30 is_past "$((to + 3))"
	check_store 60
	for by in job node; do
		report_to "$LAB_DIR/jobs/report.$by.nodes" wattgate
		report_to "$LAB_DIR/jobs/report.$by.site" lab_on_site "$BUILD/cli/wattgate"
		ok_if "by $by: $(jq length "$LAB_DIR/jobs/report.$by.site") rows, the same" \
			cmp "$LAB_DIR/jobs/report.$by.nodes" "$LAB_DIR/jobs/report.$by.site"
	done
	row=$(report_row job ".job_id == $JOB")
	want_work n1 0.5 job "$JOB" n1
	near "report of job $JOB" "$(kwh_of "$row" energy_kwh)" "$WANT_J" "$(want_tolerance)"
	want_work n1 1 job "$JOB" n1
	near "its node by the BMC meanwhile" "$(kwh_of "$row" bmc_kwh)" "$WANT_J" "$(want_tolerance)"
	ok_if "it is measured throughout" test "$(jq .coverage <<<"$row")" = 1
	row=$(report_row node '.node == "n1"')
	near "report of n1: what was idle" "$(kwh_of "$row" idle_kwh)" \
		"$(calc "$(kwh_of "$row" node_kwh) - $(kwh_of "$row" allocated_kwh) - $(kwh_of "$row" unallocated_kwh)")" 1
	want n1 1 "$from" "$to"
	near "report of n1" "$(kwh_of "$row" node_kwh)" "$WANT_J" "$(want_tolerance)"
	# intervals end some milliseconds beside their boundaries
	ok_if "it is measured throughout" is_true "$(jq .coverage <<<"$row") > 0.999"
	ok_if "wattgate audit finds nothing amiss in the store" \
		lab_on_site "$BUILD/cli/wattgate" audit
}
report_to() { # FILE COMMAND...
	"${@:2}" report --by "$by" --from "@$from" --to "@$to" --format json >"$1" ||
		give_up "no report by $by from ${*:2}"
}
report_row() { jq -c ".[] | select($2)" "$LAB_DIR/jobs/report.$1.site"; }
kwh_of() { calc "$(jq ".$2" <<<"$1") * 3600000"; }

# One node's words about another are in no report.
scenario ship-forged lab "lines that a node sends in another's name are not in the store"
test_ship_forged() {
	local token
	login n1 "$LAB_DAEMON_USER" n1
	ok_if "$STATUS for n1" test "$STATUS" = 201
	token=$TOKEN
	forge n1 n2 403 -H "X-Auth-Token: $token"
	forge n1 n2 401
	check_store 60
	ok_if "nothing of that is in the store" not store_has_job n2 999999
	# what it may say of itself is taken, but only what is whole
	site_ask n1 POST /v1/nodes/n1/ledger -H "X-Auth-Token: $token" \
		-H 'Content-Type: text/plain' --data-binary "$(tail -n 1 "$LAB_DIR/wattgate/ledger/n1.ledger")"$'\n'
	ok_if "a line of its own once more: $STATUS, $(jq -c . "$ANSWER")" \
		test "$(jq -c '[.lines, .new]' "$ANSWER")" = "[1,0]"
	check_store 10
}
