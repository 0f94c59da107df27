# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One simulated BMC and one wattgated, without a scheduler.
# shellcheck source=../lab/common.sh
. "${BASH_SOURCE[0]%/*}/../lab/common.sh" || exit 1

work=$(mktemp -d)
pids=()

collector_stop() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	rm -rf "$work"
}
trap collector_stop EXIT

# bmc_start: with options more in the array bmc_options
bmc_options=()
bmc_start() {
	"$REPO/tests/bmcsim/mkcert" "$work" >/dev/null 2>&1 || die "no certificates"
	(umask 077 && echo secret >"$work/password")
	"$BUILD/tests/bmcsim/bmcsim" serve --port-file "$work/port" \
		--cert "$work/server.pem" --key "$work/server-key.pem" \
		--user bench --password-file "$work/password" --shape environment \
		--program const:200 --control-port-file "$work/ctl" "${bmc_options[@]}" \
		>"$work/bmcsim.log" 2>&1 &
	pids+=($!)
	wait_until 5 test -s "$work/port" || die "the simulated BMC does not start"
	url=https://127.0.0.1:$(cat "$work/port")
}

# wattgated_start PERIOD [PATH [LINE...]]: its pid in $wattgated; PATH behind the
# BMC's URL, lines of [bmc]
wattgated_start() {
	local period=$1 path=${2-}
	shift $(($# > 2 ? 2 : $#))
	mkdir -p "$work/run/bench" "$work/run/gate.d" "$work/state" "$work/ledger"
	cat >"$work/conf" <<-EOC
	period = $period
	ledger_dir = $work/ledger
	state_dir = $work/state
	[bmc]
	url = $url$path
	user = bench
	password_file = $work/password
	ca_file = $work/ca.pem
	$(printf '%s\n' "$@")
	[hardware]
	cores = 2
	[slurm]
	scontrol =
	EOC
	WATTGATE_RUN_DIR=$work/run "$BUILD/collector/wattgated" -c "$work/conf" \
		-n bench >"$work/wattgated.log" 2>&1 &
	wattgated=$!
	pids+=("$wattgated")
}

stat_of() { curl -s "http://127.0.0.1:$(cat "$work/ctl")/stats" | jq ".$1"; }

# CPU time of a process so far, in clock ticks
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
