# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For scripts that run wattgated against the simulated BMC: sourced, in the
# build directory. Ends the script where something is missing. $dir is scratch,
# $failed is the exit status so far. Scripts may set $host (of the BMC's URL),
# $scontrol, $options of wattgated, and $as_user: what runs it as someone else.

wattgated=${WATTGATED:-./collector/wattgated}
bmcsim=${BMCSIM:-./tests/bmcsim/bmcsim}
mkcert=${srcdir:-.}/tests/bmcsim/mkcert
for tool in certtool curl jq; do
	command -v "$tool" >/dev/null || { echo "needs $tool"; exit 77; }
done
[ -x "$wattgated" ] || { echo "no $wattgated: build it first"; exit 1; }
[ -x "$bmcsim" ] || { echo "no $bmcsim: build it first"; exit 77; }

dir=$(mktemp -d) || exit 1
bmc='' daemon='' failed=0 host=127.0.0.1 scontrol='' as_user=() options=()
trap 'kill $bmc $daemon 2>/dev/null; wait; rm -rf "$dir"' EXIT
export WATTGATE_RUN_DIR=$dir/run
mkdir "$dir/run"

check() { # WHAT, then a command that must succeed
	local what=$1
	shift
	if "$@"; then
		echo "ok   $what"
	else
		echo "FAIL $what ($*)"
		[ ! -s "$dir/log" ] || sed 's/^/     log: /' "$dir/log"
		failed=1
	fi
}

wait_for() { # SECONDS COMMAND...
	local tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

bmc_start() {
	rm -f "$dir/port" "$dir/control"
	"$bmcsim" serve --user admin --password-file "$dir/password" \
		--cert "$dir/tls/server.pem" --key "$dir/tls/server-key.pem" \
		--shape both --program const:200 --retry-after 2 \
		--port-file "$dir/port" --control-port-file "$dir/control" \
		--log "$dir/requests" "$@" 2>"$dir/bmcsim.err" &
	bmc=$!
	wait_for 10 test -s "$dir/control" || { cat "$dir/bmcsim.err"; exit 1; }
	control=http://127.0.0.1:$(cat "$dir/control")
}

bmc_stop() {
	kill "$bmc"
	wait "$bmc"
	bmc=
}

order() { curl -s -X POST "$control$1" >/dev/null; }
stat_get() { curl -s "$control/stats" | jq -r ".$1"; }
stat_is() { [ "$(stat_get "$1")" = "$2" ]; }
served_since() { [ "$(stat_get samples_served)" -gt "$1" ]; }

conf() { # lines of [bmc]
	cat >"$dir/wattgate.conf" <<-END
	period = 200ms
	checkpoint = 500ms
	ledger_dir = $dir/ledger
	state_dir = $dir/state
	[bmc]
	url = https://$host:$(cat "$dir/port")
	user = admin
	password_file = $dir/password
	timeout = 500ms
	$(printf '%s\n' "$@")
	[hardware]
	cores = 2
	[slurm]
	scontrol = $scontrol
	END
}

run() { "${as_user[@]}" "$wattgated" -c "$dir/wattgate.conf" -n n1 "$@"; }

daemon_start() {
	: >"$dir/log"
	"${as_user[@]}" "$wattgated" -c "$dir/wattgate.conf" -n n1 "${options[@]}" 2>>"$dir/log" &
	daemon=$!
}

daemon_stop() { # [SIGNAL]: the status to $stopped, the time to $took_ms
	local began
	began=$(date +%s%N)
	kill -"${1:-TERM}" "$daemon"
	wait "$daemon" 2>/dev/null
	stopped=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
	daemon=
}

logged() { grep -q -- "$1" "$dir/log"; }
logged_times() { grep -c -- "$1" "$dir/log"; }

password_set() { (umask 077 && printf '%s\n' "$1" >"$dir/password"); }
