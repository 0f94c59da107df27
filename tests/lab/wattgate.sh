# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The wattgate side of a lab: directories and owners as in production (the
# plain user `news` stands for `wattgate`), configuration, a simulated BMC and
# a supervised wattgated for each node.

# shellcheck source=meters-history.sh
. "${BASH_SOURCE[0]%/*}/meters-history.sh" || exit 1

WATTGATE_PROGRAMS="cli/wattgate collector/wattgated tests/bmcsim/bmcsim tests/lab/private-mounts tests/lab/cut-proxy"
WATTGATE_PLUGINS="plugin/acct_gather_energy_wattgate.so plugin/spank_wattgate.so"

# Copies: a rebuild must not change what a running slurmd has mapped, and the
# source tree may lie where only root can go.
copy_programs() {
	local file
	for file in $WATTGATE_PROGRAMS; do
		[ ! -e "$BUILD/$file" ] ||
			install -m 0755 "$BUILD/$file" "$LAB_DIR/bin/" || return 1
	done
	for file in $WATTGATE_PLUGINS; do
		[ ! -e "$BUILD/$file" ] ||
			install -m 0644 "$BUILD/$file" "$LAB_DIR/plugin/" || return 1
	done
	[ ! -e "$BUILD/ipmi/wattgate-ipmi" ] ||
		install -m 0755 "$BUILD/ipmi/wattgate-ipmi" "$LAB_DIR/bin/" || return 1
	install -m 0755 "$REPO/tests/lab/ipmi-feed" "$LAB_DIR/bin/" || return 1
	# what wattgate report loads is no plugin of Slurm's
	[ ! -e "$BUILD/slurmdb/slurmdb.so" ] ||
		install -m 0644 "$BUILD/slurmdb/slurmdb.so" "$LAB_DIR/bin/"
}

# shellcheck source=ipmi.sh
. "$REPO/tests/lab/ipmi.sh"

# What the knobs ask for has to be there.
check_programs() {
	local need="" file
	# the lab itself does without cli/wattgate
	[ "$LAB_WATTGATED" = 0 ] || need="${WATTGATE_PROGRAMS#* }"
	[ "$LAB_ENERGY" != wattgate ] || need+=" ${WATTGATE_PLUGINS% *}"
	[ "$LAB_SPANK" = 0 ] || need+=" ${WATTGATE_PLUGINS#* }"
	[ "${LAB_BMC_KIND-redfish}" = redfish ] || ipmi_lab_check
	for file in $need; do
		[ -e "$BUILD/$file" ] || die "$BUILD/$file is missing: tests/run build makes it"
	done
}

make_wattgate_dirs() {
	local base=$LAB_DIR/wattgate user=$LAB_DAEMON_USER node
	install -d -m 0755 "$base" "$base/run" || return 1
	for node in $LAB_NODES; do
		install -d -m 0750 -o "$user" -g "$user" "$base/run/$node" || return 1
		install -d -m 0755 "$base/supervise.$node" || return 1
	done
	install -d -m 2750 -o root -g "$user" "$base/run/gate.d" &&
		install -d -m 0755 -o "$user" -g "$user" "$base/state" &&
		install -d -m 0755 -o "$user" -g "$user" "$base/ledger" &&
		install -d -m 0755 -o "$LAB_METER_USER" -g "$LAB_METER_USER" "$LAB_DIR/bmc/out"
}

# Secrets: one file each, of the user that reads the BMCs, mode 0600.
write_secret() {
	local file=$1
	rm -f "$file"
	(umask 077 && cat >"$file") && chown "$LAB_METER_USER:" "$file"
}

bmc_is_foreign() {
	node_knob LAB_BMC_URL "$1"
	[ -n "$REPLY" ]
}

write_bmc_section() {
	printf '\n[bmc %s]\n' "$1"
	if bmc_is_foreign "$1"; then
		printf 'url = %s\ninsecure = true\n' "$REPLY"
		[ -z "$LAB_BMC_USER" ] || printf 'user = %s\npassword_file = %s\n' \
			"$LAB_BMC_USER" "$LAB_DIR/etc/bmc.secret"
	elif [ "${LAB_BMC_KIND-redfish}" = ipmi ]; then
		ipmi_lab_section "$1"
	elif ! history_section "$1"; then
		printf 'url = https://127.0.0.1:%s\n' "$(cat "$LAB_DIR/bmc/out/$1.port")"
		printf 'ca_file = %s\nuser = lab\npassword_file = %s\n' \
			"$LAB_DIR/bmc/tls/ca.pem" "$LAB_DIR/etc/sim.secret"
	fi
}

# write_wattgate_top DIR: DIR/ledger and DIR/state are its directories
write_wattgate_top() {
	cat <<-EOC
	period = $LAB_PERIOD
	share = $LAB_SHARE
	rollup = $LAB_ROLLUP
	checkpoint = $LAB_CHECKPOINT
	ledger_dir = $1/ledger
	state_dir = $1/state
	EOC
	printf '%s\n' "$LAB_WATTGATE_TOP"
}

write_wattgate_conf() {
	local node
	write_wattgate_top "$LAB_DIR/wattgate"
	for node in $LAB_NODES; do
		write_bmc_section "$node"
	done
	printf '%s\n' "$LAB_WATTGATE_CONF"
}

write_secrets() {
	[ -s "$LAB_DIR/etc/sim.secret" ] ||
		head -c 12 /dev/urandom | base64 | tr '+/' '-_' |
		write_secret "$LAB_DIR/etc/sim.secret" || return 1
	# of a lab that was in the other mode before
	chown "$LAB_METER_USER:" "$LAB_DIR/etc/sim.secret" || return 1
	[ -z "$LAB_BMC_USER" ] ||
		printf '%s\n' "${LAB_BMC_PASSWORD-}" | write_secret "$LAB_DIR/etc/bmc.secret"
}

# as_user USER: words before a command, without root's groups, into REPLY
as_user() { REPLY="setpriv --reuid $1 --regid $1 --clear-groups"; }
as_daemon_user() { as_user "$LAB_DAEMON_USER"; }

# start_bmc NODE: on the port it had before, if it had one, as a BMC that was
# away for a while must be found again.
start_bmc() {
	local tls=$LAB_DIR/bmc/tls out=$LAB_DIR/bmc/out port=0 ctl=0 program history
	local answers=(--shape "$LAB_BMC_SHAPE")
	[ -z "${LAB_BMC_TREE-}" ] || answers=(--tree "$LAB_BMC_TREE")
	[ ! -s "$out/$1.port" ] || port=$(cat "$out/$1.port")
	[ ! -s "$out/$1.ctl" ] || ctl=$(cat "$out/$1.ctl")
	history_bmc_options "$1"
	history=$REPLY
	node_knob LAB_BMC_PROGRAM "$1"
	program=$REPLY
	as_user "$LAB_METER_USER"
	# shellcheck disable=SC2086
	proc_start "bmcsim.$1" $REPLY "$LAB_DIR/bin/bmcsim" serve \
		--listen 127.0.0.1 --port "$port" --port-file "$out/$1.port" \
		--cert "$tls/server.pem" --key "$tls/server-key.pem" \
		--user lab --password-file "$LAB_DIR/etc/sim.secret" \
		"${answers[@]}" --program "$program" --truth-file "$out/$1.truth" \
		$LAB_BMC_OPTIONS $history \
		--log "$out/$1.log" --control-port "$ctl" --control-port-file "$out/$1.ctl" &&
		wait_until 5 bmc_ready "$1"
}

bmc_ready() { [ -s "$LAB_DIR/bmc/out/$1.port" ] && [ -s "$LAB_DIR/bmc/out/$1.ctl" ]; }

# The certificate and its CA, new at each `up`.
make_tls() {
	local tls=$LAB_DIR/bmc/tls
	install -d -m 0755 "$tls" && "$REPO/tests/bmcsim/mkcert" "$tls" &&
		chown "$LAB_METER_USER:" "$tls/server-key.pem"
}

start_bmcs() {
	local node
	make_tls || return 1
	for node in $LAB_NODES; do
		bmc_is_foreign "$node" && continue
		start_bmc "$node" || { note "the simulated BMC of $node does not start"; return 1; }
		[ "${LAB_BMC_KIND-redfish}" = redfish ] || ipmi_lab_start "$node" ||
			{ note "the ipmi_sim of $node does not start"; return 1; }
	done
}

# start_wattgated NAME [ARGUMENT...]: NAME is the node's, or `site`. Words in
# PREFIX come before the command: nodes may have a network of their own.
start_wattgated() {
	local name=$1 dir=$LAB_DIR/wattgate/supervise.$1
	shift
	rm -f "$dir/hold"
	as_daemon_user
	# shellcheck disable=SC2086
	proc_start "wattgated.$name" ${PREFIX-} "$REPO/tests/lab/supervise" "$dir" $REPLY \
		"$LAB_DIR/bin/wattgated" -c "$LAB_DIR/etc/wattgate.conf" "$@"
}

start_node_wattgated() {
	local PREFIX
	netns_prefix "$1" || return 1
	PREFIX=$REPLY
	start_wattgated "$1" -n "$1"
}

up_wattgate() {
	local node
	[ "$LAB_WATTGATED" = 1 ] || return 0
	rm -f "$LAB_DIR/bmc/out"/*
	write_secrets && start_bmcs && up_history || return 1
	if [ "$LAB_MODE" = site ]; then
		up_site && write_asking_conf >"$LAB_DIR/etc/wattgate.conf" || return 1
	else
		write_wattgate_conf >"$LAB_DIR/etc/wattgate.conf" || return 1
	fi
	for node in $LAB_NODES; do
		start_node_wattgated "$node" || return 1
	done
}

# Nodes first: what is in their ledgers goes to the site. wattgated before the
# BMCs: it ends its sessions there.
down_wattgate() {
	local node wattgateds=() bmcs=()
	for node in $LAB_NODES; do
		wattgateds+=("wattgated.$node")
		bmcs+=("bmcsim.$node" "ipmisim.$node" "ipmifeed.$node")
	done
	proc_stop "${wattgateds[@]}"
	proc_stop wattgated.site
	down_history
	proc_stop "${bmcs[@]}"
}

# The wattgated that the supervisor NAME started, into REPLY.
wattgated_child() {
	local pid
	proc_alive "wattgated.$1" &&
		{ read -r pid <"$LAB_DIR/wattgate/supervise.$1/child"; } 2>/dev/null &&
		proc_start_ticks "$pid" && REPLY=$pid
}
wattgated_gone() { ! wattgated_child "$1"; }
wattgated_signal() { wattgated_child "$1" && kill "-$2" "$REPLY"; }

# Stays down until supervised_start; $2: the signal, KILL for a crash
supervised_stop() {
	: >"$LAB_DIR/wattgate/supervise.$1/hold"
	sleep 0.05	# the supervisor may be about to start one
	wattgated_signal "$1" "${2:-TERM}"
	wait_until 10 wattgated_gone "$1"
}
supervised_start() {
	rm -f "$LAB_DIR/wattgate/supervise.$1/hold"
	wait_until 5 wattgated_child "$1"
}

# Boot time of the series' newest sample into REPLY, in hundredths of a second;
# false without one (docs/formats.md: the head is at 4096).
series_last() {
	local count last
	read -r count last < <(od -An -td8 -j 4096 -N 16 \
		"$LAB_DIR/wattgate/run/$1/series" 2>/dev/null)
	((${count:-0} > 0)) && REPLY=$((last / 10000000))
}
series_newer() { series_last "$1" && ((REPLY > $2)); }

# wait_series NODE SECONDS: two samples from now on, SECONDS for each; one
# alone is no interval
wait_series() {
	uptime_cs
	wait_until "$2" series_newer "$1" "$REPLY" && series_last "$1" &&
		wait_until "$2" series_newer "$1" "$REPLY"
}

# $1 and the sample period, in whole seconds, into REPLY
period_plus() {
	local number=${LAB_PERIOD%%[!0-9]*} unit=1
	case $LAB_PERIOD in
	*ms) unit=0 ;;
	*m) unit=60 ;;
	esac
	REPLY=$(($1 + ${number:-1} * unit))
}

# A foreign BMC may have nothing to say: that is its owner's business.
series_ready() {
	local node
	[ "$LAB_WATTGATED" = 1 ] || return 0
	for node in $LAB_NODES; do
		if bmc_is_foreign "$node"; then
			period_plus 5
			wait_series "$node" "$REPLY" ||
				warn "$node: no power from its BMC yet; see $LAB_DIR/log/wattgated.*.log"
		else
			period_plus 20
			wait_series "$node" "$REPLY" || return 1
		fi
	done
}
