# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2153
# What breaks on the management host, between it and the nodes, and who must not
# speak for a node. The period is 1 s, max_gap 3 s.

knobs_site() { :; }

# both_disturbed SECONDS COMMAND...: a job on each node with a step of so many
# seconds, COMMAND 4 s into them; the jobs' ids in JOBS, by node
declare -gA JOBS
both_disturbed() {
	local node seconds=$1 wrapped
	shift
	step_of "$seconds"
	wrapped="work job $REPLY"
	for node in $LAB_NODES; do
		submit "$USER1" -w "$node" -n1 --wrap "$wrapped"
		JOBS[$node]=$JOB
	done
	for node in $LAB_NODES; do
		wait_begun step "${JOBS[$node]}" "$node"
	done
	sleep 4
	"$@" || give_up "$* fails"
	sleep 3
	for node in $LAB_NODES; do
		job_goes_on "${JOBS[$node]}"
	done
	finish "${JOBS[@]}"
}
check_both_whole() {
	local node
	for node in $LAB_NODES; do
		check_whole "${JOBS[$node]}" "$node"
	done
}

# ---- the management host ----------------------------------------------------------

scenario site-down lab "wattgated is killed on the management host, and away for 8 s"
test_site_down() {
	local t0 t1 node
	both_disturbed 18 hold_site
	read -r t0 t1 <"$LAB_DIR/jobs/hold.site"
	for node in $LAB_NODES; do
		check_dark "${JOBS[$node]}" "$node" "$t0" "$t1"
	done
}
hold_site() {
	local t0
	t0=$(now)
	lab_wattgated_stop site KILL && sleep 8 || return 1
	echo "$t0 $(now)" >"$LAB_DIR/jobs/hold.site"
	lab_wattgated_start site
}

scenario site-killed lab "it is killed, and back after 1 s: the gap is bridged"
test_site_killed() {
	both_disturbed 14 lab_wattgated_kill site
	check_both_whole
}

scenario server-killed lab "what serves the nodes is killed: they catch up"
test_server_killed() {
	both_disturbed 14 kill_server
	check_both_whole
}
kill_server() { wait_until 10 site_server_pid && site_server_pid && kill -KILL "$REPLY"; }

# The ledger waits for what sacct could not know.
scenario server-hung lab "a job ends while the server hangs: not later, and the ledger has it all"
test_server_hung() {
	local healthy pid long
	end_delay n1
	healthy=$DELAY
	submit "$USER1" -w n2 -n1 --wrap 'work job 9'
	wait_begun job "$JOB" n2
	long=$JOB
	site_server_pid || give_up "no server"
	pid=$REPLY
	kill -STOP "$pid"
	sleep 4
	end_soon n1 "$healthy"
	finish "$JOB" "$long"
	sleep 2
	kill -CONT "$pid"
	ok_if "gone after $healthy s, with a hung server after $DELAY s" is_true "$DELAY - $healthy < 1"
	want_work n1 0.5 job "$JOB" n1
	check_ledger n1 "$JOB" extern
	want_work n2 0.5 job "$long" n2
	check_ledger n2 "$long" extern
}

# ---- the way there ------------------------------------------------------------------

# cut_off NODE SECONDS: no word between it and the rest; without namespaces
# between the server and all nodes
cut_off() {
	if [ "$LAB_NETNS" = 1 ]; then
		lab_net "$1" down && sleep "$2" && lab_net "$1" up
	else
		site_server_pid && kill -STOP "$REPLY" && sleep "$2" && kill -CONT "$REPLY"
	fi
}

scenario cut-off node "a node is cut off for 8 s: it catches up, nothing is lost"
test_cut_off() {
	disturbed "$1" cut_off "$1" 8
	check_whole "$JOB" "$1"
}

scenario no-way-to-bmc node "a node reaches its site, but no BMC, and cannot read its password"
test_no_way_to_bmc() {
	local port secret
	port=$(cat "$LAB_DIR/bmc/out/$1.port")
	secret=$LAB_DIR/etc/sim.secret
	ok_if "the management host reaches the BMC" asks_bmc 127.0.0.1 "$port"
	if [ "$LAB_NETNS" = 1 ]; then
		netns_prefix "$1"
		for address in 127.0.0.1 "$LAB_ADDR"; do
			# shellcheck disable=SC2016,SC2086
			ok_if "$1 does not by $address" not $REPLY "${BASH}" -c \
				'exec 3<>"/dev/tcp/$1/$2"' - "$address" "$port"
		done
	fi
	site_ask "$1" GET "/v1/nodes/$1/series"
	ok_if "$1 reaches its site: $STATUS" test "$STATUS" = 401
	ok_if "$LAB_SITE_USER reads the BMCs' password" \
		setpriv --reuid "$LAB_SITE_USER" --clear-groups cat "$secret"
	for user in "$LAB_DAEMON_USER" "$USER1"; do
		ok_if "$user does not" not setpriv --reuid "$user" --clear-groups cat "$secret"
	done
	ok_if "the nodes' configuration knows no BMC" \
		not grep -qE "bmc|$(cat "$secret")" "$LAB_DIR/etc/wattgate.conf"
}
asks_bmc() {
	curl -sS -m 5 --cacert "$LAB_DIR/bmc/tls/ca.pem" -o /dev/null "https://$1:$2/redfish/v1/"
}

# ---- who speaks for a node ------------------------------------------------------------

scenario forged node "a node asks in another's name, a user in his node's: refused"
test_forged() {
	local node=$1 other=n1 token credential
	[ "$node" = n2 ] || other=n2
	login "$node" "$LAB_DAEMON_USER" "$other"
	refused "$node's wattgate for $other" 403 address
	login "$node" "$USER1" "$node"
	refused "a user of $node for $node" 403 user
	credential=$(credential_of "$node" "$LAB_DAEMON_USER" "$node")
	login_with "$node" "$other" "$credential"
	refused "$node's own credential for $other" 403 "something else"
	credential=$(credential_of "$node" "$LAB_DAEMON_USER" "$node")
	login_with "$node" "$node" "$credential"
	ok_if "$node's wattgate for $node: $STATUS" test "$STATUS" = 201
	token=$TOKEN
	login_with "$node" "$node" "$credential"
	refused "the same credential once more" 403 .
	site_ask "$node" GET "/v1/nodes/$node/series" -H "X-Auth-Token: $token"
	ok_if "$node's series for $node: $STATUS" test "$STATUS" = 200
	forge "$node" "$other" 403 -H "X-Auth-Token: $token"
	forge "$node" "$other" 401
	forge "$node" "$other" 401 -H "X-Auth-Token: ${token%??}zz"
}

# ---- certificates -----------------------------------------------------------------------

EXPIRED=('activation_date = "2020-01-01 00:00:00 UTC"' 'expiration_date = "2020-02-01 00:00:00 UTC"')

# Connections that are open know nothing of it, so the server is killed as well.
scenario cert-expired lab "the server's certificate expires, and is renewed 8 s later"
test_cert_expired() {
	local node end read_before said=()
	end=$(($(date +%s) + 18))
	read_before=$(site_says "is read again")
	site_server_cert "${EXPIRED[0]}" \
		"expiration_date = \"$(date -u -d "@$end" '+%F %T UTC')\"" 2>/dev/null &&
		wait_until 15 site_says_more "is read again" "$read_before" ||
		give_up "the server does not read its certificate again"
	for node in $LAB_NODES; do
		said+=("$(node_says "$node" "power is unavailable")")
	done
	said+=("$(site_says "has expired")")
	both_disturbed 22 expire_and_renew "$end"
	for node in $LAB_NODES; do
		# the ledger waits
		wait_series "$node" 90 || give_up "power of $node does not come back"
		want_work "$node" 0.5 job "${JOBS[$node]}" "$node"
		check_ledger "$node" "${JOBS[$node]}" extern
		ok_if "job ${JOBS[$node]} is not disturbed" \
			test "$(lab_sacct "${JOBS[$node]}" State)" = COMPLETED
		ok_if "$node says it once" test "$(node_says "$node" "power is unavailable")" = $((said[0] + 1))
		said=("${said[@]:1}")
	done
	ok_if "the management host says it once" test "$(site_says "has expired")" = $((said[0] + 1))
}
expire_and_renew() {
	sleep "$(calc "$1 + 1 - $(now)")" && kill_server && sleep 8 && site_server_cert 2>/dev/null
}
node_says() { grep -c -- "$2" "$LAB_DIR/log/wattgated.$1.log"; }
site_says() { node_says site "$1"; }
site_says_more() { (($(site_says "$1") > $2)); }
