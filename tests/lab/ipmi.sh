# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A simulated BMC that speaks IPMI over LAN: Debian's ipmi_sim (openipmi). It
# has no DCMI; its sensor "Pwr Consumption" (record 1) reads the content of a
# file, in even watts up to 510. IPMI 2.0 with cipher suite 3, and 1.5.
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
	local sensor
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
	ipmi_sim -c "$1/lan" -f "$1/emu" -s "$1/state" -n \
		</dev/null >"$1/log" 2>&1 &
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
