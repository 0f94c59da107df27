# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A Kwollect server that has kept what nodes drew before wattgate was there; what
# truth is of it.

PAST_S=7200	# jobs ran so long ago, by the accounting's tables

# past_server DIR NODE,NODE: it has their power of the last four hours, and ends
# with the scenario. PAST_URL is its address.
past_server() {
	local began=$(($(date +%s) - 4 * 3600)) program=sine:mean=250,amp=80,period=40
	mkdir -p "$1" && (umask 077 && echo word >"$1/secret")
	echo "$began.0 $program $began.0" >"$1/truth"
	"$BUILD/tests/bmcsim/bmcsim" serve --plain --user admin --password-file "$1/secret" \
		--site past --device "$2" --row-step 0.5 --truth-file "$1/truth" \
		--program $program --port-file "$1/port" 2>"$1/server.log" &
	PAST_SERVER=$!
	trap 'kill $PAST_SERVER' EXIT
	wait_until 10 test -s "$1/port" || give_up "no server: $(cat "$1/server.log")"
	# shellcheck disable=SC2034
	PAST_URL=http://127.0.0.1:$(cat "$1/port")/stable/sites/past
}

# past_section DIR: [bmc] of wattgate.conf
past_section() {
	cat <<-CONF
	[bmc]
	source = kwollect
	url = $PAST_URL
	user = admin
	password_file = $1/secret
	insecure = true
	CONF
}

# past_truth DIR SHARE FROM TO: joules
past_truth() { calc "$2 * $("$BUILD/tests/bmcsim/bmcsim" integrate --truth-file "$1/truth" "$3" "$4")"; }
