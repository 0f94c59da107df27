# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a job must be charged: from the simulated BMC's power program and the
# test's own stamps, and nothing of the code under test.

PERIOD_S=1	# of the labs here

now() { printf '%s\n' "${EPOCHREALTIME/,/.}"; }

# calc EXPRESSION: of awk
calc() { awk "BEGIN { printf \"%.6f\", $1 }"; }
is_true() { awk "BEGIN { exit !($1) }"; }
is_past() { is_true "$(now) >= $1"; }

# ---- the BMC -----------------------------------------------------------------

# bmc_post NODE PATH [BODY]: to the control port
bmc_post() {
	local fd line body=${3-}
	exec {fd}<>"/dev/tcp/127.0.0.1/$(cat "$LAB_DIR/bmc/out/$1.ctl")" || return 1
	printf 'POST %s HTTP/1.1\r\nHost: bmc\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
		"$2" "${#body}" "$body" >&"$fd"
	read -r line <&"$fd"
	exec {fd}>&-
	[[ $line == *" 200 "* ]] || { echo "FAIL the BMC of $1 refuses $2: $line"; return 1; }
}

# bmc_fault NODE KIND SECONDS
bmc_fault() { bmc_post "$1" "/fault?kind=$2&for=$3"; }
bmc_clear() { bmc_post "$1" /clear; }

default_power() {
	case $1 in
	n1) REPLY=const:200 ;;
	*) REPLY=const:300 ;;
	esac
}

# bmc_power NODE SPEC: times in it count from now on
bmc_power() {
	bmc_post "$1" "/program?epoch=now" "$2"
}

# A node that draws its usual power, and has been seen to.
bmc_reset() {
	local last
	bmc_clear "$1"
	default_power "$1"
	last=$(tail -n 1 "$LAB_DIR/bmc/out/$1.truth")
	[[ $last == *" $REPLY "* ]] && return 0
	bmc_power "$1" "$REPLY" && sleep 1.2
}

# served_after NODE T, served_before NODE T: when the BMC last served a reading
# before T, or first after it ("T LATENCY"). By its own log: time, connection,
# method, path, status, watts, latency in ms, authentication, fault.
served_after() {
	awk -v t="$2" '$6 ~ /^[0-9]/ && $6 > 0 && $9 == "-" && $1 > t { print $1, $7 / 1000; exit }' \
		"$LAB_DIR/bmc/out/$1.log"
}
served_before() {
	awk -v t="$2" '$6 ~ /^[0-9]/ && $6 > 0 && $9 == "-" && $1 < t { last = $1 }
		END { print last }' "$LAB_DIR/bmc/out/$1.log"
}

# ---- truth ---------------------------------------------------------------------

# The truth that is being put together, and its tolerance:
#   |error| <= 1 % + Pmax x share x (1 period + served latency) + 1 J per node
# A scenario that allows more seconds sets MORE_S.
want_reset() {
	WANT_J=0 WANT_S=0 WANT_PMAX=0 WANT_NODES=0
}

# want_add NODE SHARE T0 T1 [T0 T1 ...]: the share of the node in these spans
want_add() {
	local node=$1 share=$2 t0 t1 file joules pmax most=0
	file=$LAB_DIR/bmc/out/$node.truth
	shift 2
	[ $# -ge 2 ] || give_up "no stamps for the truth of $node"
	while [ $# -ge 2 ]; do
		t0=$1 t1=$2
		shift 2
		joules=$("$LAB_DIR/bin/bmcsim" integrate --truth-file "$file" "$t0" "$t1") &&
			pmax=$("$LAB_DIR/bin/bmcsim" pmax --truth-file "$file" "$t0" "$t1") ||
			give_up "no truth of $node from '$t0' to '$t1'"
		WANT_J=$(calc "$WANT_J + $joules * $share")
		WANT_S=$(calc "$WANT_S + $t1 - $t0")
		is_true "$pmax > $most" && most=$pmax
	done
	WANT_PMAX=$(calc "$WANT_PMAX + $most * $share")
	WANT_NODES=$((WANT_NODES + 1))
}

want_tolerance() {
	calc "0.01 * $WANT_J + $WANT_PMAX * ($PERIOD_S + ${LATENCY_S:-0} + ${MORE_S:-0}) + $WANT_NODES"
}

# want NODE SHARE T0 T1 ...: of one node only
want() {
	want_reset
	want_add "$@"
}
