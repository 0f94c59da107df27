# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A simulated BMC that speaks IPMI over LAN: Debian's ipmi_sim (openipmi). Its
# sensor "Pwr Consumption" (record 1) reads the content of a file, in even watts
# up to 510. IPMI 2.0 with cipher suite 3, and 1.5. It has no DCMI, save where
# IPMI_SIM_DCMI names ipmi-dcmi.so, whose answer is in DIR/dcmi.
#
#   ipmi_sim_up DIR PASSWORD   start one with its files in DIR; IPMI_SIM_PID and
#                              IPMI_SIM_PORT are set. Users: wattgate (level
#                              User), operator (Operator).
#   ipmi_sim_again DIR         start it again on its old port
#   DIR/watts                  what the node draws: write it at any time

# ---- records ----

# ipmi_record NUMBER UNIT M TYPE NAME: bytes of a full sensor record
ipmi_record() {
	local name=$5 i
	local -a b=(0 0 0x51 1 $((43 + ${#name}))
		0x20 0 "$1" 7 1 0x7f 0x68 "$4" 1	# owner, number, entity, ...
		0 0 0 0 0 0				# no thresholds
		0 "$2" 0 0 "$3" 0 0 0 0 0 0		# unsigned; unit; M; rest 0
		0 0 0 0xff 0 0 0 0 0 0 0 0 0 0 0 0
		$((0xc0 + ${#name})))
	for ((i = 0; i < ${#name}; i++)); do
		b+=("$(printf '0x%02x' "'${name:i:1}")")
	done
	echo "${b[*]}"
}

ipmi_sim_files() { # DIR PASSWORD PORT
	local sensor module=
	[ -z "${IPMI_SIM_DCMI-}" ] || module="loadlib \"$IPMI_SIM_DCMI\" \"$1/dcmi\""
	umask 077
	mkdir -p "$1" || return 1
	[ -s "$1/watts" ] || echo 200 >"$1/watts"
	chmod 644 "$1/watts"
	cat >"$1/emu" <<-END
	mc_setbmc 0x20
	mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
	sel_enable 0x20 1000 0x0a
	sensor_add 0x20 0 0x30 0x0b 1 poll 50 file "$1/watts" div=2
	main_sdr_add 0x20 $(ipmi_record 0x30 6 2 0x0b "Pwr Consumption")
	sensor_add 0x20 0 0x31 0x01 1
	sensor_set_value 0x20 0 0x31 40 0
	main_sdr_add 0x20 $(ipmi_record 0x31 1 1 0x01 "CPU Temp")
	sensor_add 0x20 0 0x32 0x0b 1
	sensor_set_value 0x20 0 0x32 250 0
	main_sdr_add 0x20 $(ipmi_record 0x32 6 3 0x0b "Power Limit")
	END
	for sensor in 0x30 0x31 0x32; do
		printf 'sensor_set_event_support 0x20 0 %s enable scanning per-state %s %s %s %s\n' \
			$sensor 000000000000000 000000000000000 \
			000000000000000 000000000000000
	done >>"$1/emu"
	echo mc_enable 0x20 >>"$1/emu"
	cat >"$1/lan" <<-END
	$module
	name "sim"
	set_working_mc 0x20
	  startlan 1
	    addr 127.0.0.1 $3
	    priv_limit admin
	    allowed_auths_user md5
	    allowed_auths_operator md5
	    guid a123456789abcdefa123456789abcdef
	  endlan
	  user 2 true "wattgate" "$2" user 10 md5
	  user 3 true "operator" "$2" operator 10 md5
	END
	echo "$3" >"$1/port"
}

# ---- the process ----

ipmi_sim_again() { # DIR
	IPMI_SIM_PORT=$(cat "$1/port")
	rm -rf "$1/state"	# else it adds its records to those of before
	mkdir -m 0700 "$1/state" || return 1
	LD_PRELOAD=${IPMI_SIM_DCMI-} ipmi_sim -c "$1/lan" -f "$1/emu" \
		-s "$1/state" -n </dev/null >"$1/log" 2>&1 &
	IPMI_SIM_PID=$!
	# it says nothing when it is ready; a port in use ends it
	for _ in {1..100}; do
		kill -0 "$IPMI_SIM_PID" 2>/dev/null || return 1
		ipmi_sim_listens && return 0
		sleep 0.05
	done
	return 1
}

ipmi_sim_listens() {
	grep -q "$(printf ' 0100007F:%04X ' "$IPMI_SIM_PORT")" /proc/net/udp
}

ipmi_sim_up() { # DIR PASSWORD
	for _ in {1..20}; do
		(ipmi_sim_files "$1" "$2" $((20000 + RANDOM % 10000))) || return 1
		IPMI_SIM_PORT=$(cat "$1/port")
		ipmi_sim_listens && continue
		ipmi_sim_again "$1" && return 0
	done
	return 1
}

# ---- in a lab ----
#
# With LAB_BMC_KIND=ipmi a node's power is read from an ipmi_sim. Its bmcsim
# runs too, as the one that knows the program and the truth; a feeder copies
# from the one to the other what the node draws.

ipmi_lab_dir() { REPLY=$LAB_DIR/bmc/ipmi.$1; }

ipmi_lab_check() {
	command -v ipmi_sim >/dev/null || die "LAB_BMC_KIND=ipmi: there is no ipmi_sim (Debian: openipmi)"
	[ -x "$BUILD/ipmi/wattgate-ipmi" ] ||
		die "LAB_BMC_KIND=ipmi: $BUILD/ipmi/wattgate-ipmi is missing: it takes FreeIPMI to build it"
}

ipmi_lab_section() { # NODE: its lines of [bmc]
	ipmi_lab_dir "$1"
	printf 'source = ipmi\nhost = 127.0.0.1:%s\n' "$(cat "$REPLY/port")"
	printf 'user = wattgate\npassword_file = %s\n' "$LAB_DIR/etc/sim.secret"
	printf 'sensor = Pwr Consumption\ntimeout = 500ms\n'
}

ipmi_lab_sim() { # NODE: on the port that it has
	local dir
	ipmi_lab_dir "$1"
	dir=$REPLY
	rm -rf "$dir/state"
	install -d -m 0700 -o "$LAB_METER_USER" -g "$LAB_METER_USER" "$dir/state" || return 1
	as_user "$LAB_METER_USER"
	# shellcheck disable=SC2086
	proc_start "ipmisim.$1" $REPLY ipmi_sim -c "$dir/lan" -f "$dir/emu" \
		-s "$dir/state" -n || return 1
	IPMI_SIM_PORT=$(cat "$dir/port")
	wait_until 5 ipmi_sim_listens
}

ipmi_lab_start() { # NODE, whose bmcsim runs
	local dir tries=20
	ipmi_lab_dir "$1"
	dir=$REPLY
	install -d -m 0700 -o "$LAB_METER_USER" -g "$LAB_METER_USER" "$dir" || return 1
	as_user "$LAB_METER_USER"
	# shellcheck disable=SC2086
	proc_start "ipmifeed.$1" $REPLY "$LAB_DIR/bin/ipmi-feed" \
		"$LAB_DIR/bin/bmcsim" "$LAB_DIR/bmc/out/$1.truth" "$dir/watts" || return 1
	wait_until 5 test -s "$dir/watts" || return 1
	while ((tries-- > 0)); do
		IPMI_SIM_PORT=$((20000 + RANDOM % 10000))
		ipmi_sim_listens && continue
		(ipmi_sim_files "$dir" "$(cat "$LAB_DIR/etc/sim.secret")" "$IPMI_SIM_PORT") &&
			chown "$LAB_METER_USER:" "$dir"/{emu,lan,port} || return 1
		ipmi_lab_sim "$1" && return 0
		proc_stop "ipmisim.$1"
	done
	return 1
}

# ipmi_helper_signal SIGNAL NODE: to the wattgate-ipmi that reads its BMC
ipmi_helper_signal() {
	local pid args
	ipmi_lab_dir "$2"
	for pid in $(pids_with_env "WATTGATE_LAB_DAEMON=$LAB_DIR"); do
		args=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)
		[[ $args != */wattgate-ipmi\ *"--host 127.0.0.1:$(cat "$REPLY/port") "* ]] ||
			{ kill "-$1" "$pid"; return; }
	done
	return 1
}
