# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Site mode: what differs from nodes that read their BMCs themselves, and what
# the management host says.

in_site_mode() { [ "$LAB_MODE" = site ]; }

# The log of who reads the BMC of a node.
meter_log() {
	if in_site_mode; then
		echo "$LAB_DIR/log/wattgated.site.log"
	else
		echo "$LAB_DIR/log/wattgated.$1.log"
	fi
}

# Who reads the BMC of a node, for lab_wattgated_stop and _start.
meter_of() { in_site_mode && echo site || echo "$1"; }

# ---- asking the site, as anyone could ----------------------------------------------

# site_ask NODE METHOD PATH CURL-ARGUMENT...: from a node; the status in STATUS,
# the answer in $ANSWER, its head in $ANSWER.head
site_ask() {
	local node=$1 method=$2 path=$3
	shift 3
	ANSWER=$LAB_DIR/jobs/answer.$node
	netns_prefix "$node"
	# shellcheck disable=SC2034,SC2086
	STATUS=$($REPLY curl -sS -m 10 --cacert "$LAB_DIR/site/tls/ca.pem" -X "$method" \
		-o "$ANSWER" -D "$ANSWER.head" -w '%{http_code}' "$@" "$(site_url)$path")
}

# credential_of NODE USER: what munge on that node says of that user
credential_of() {
	setpriv --reuid "$2" --regid "$2" --clear-groups "$LAB_DIR/bin/munge.$1" -n
}

# login_with NODE NAME CREDENTIAL: from NODE in the name of NAME; STATUS, TOKEN
login_with() {
	site_ask "$1" POST /v1/session -H 'Content-Type: application/json' \
		--data-binary "{\"version\":1,\"node\":\"$2\",\"munge\":\"$3\"}"
	# shellcheck disable=SC2034
	TOKEN=$(sed -n 's/\r$//; s/^X-Auth-Token: //Ip' "$ANSWER.head")
}
# login NODE USER NAME: as USER of NODE
login() { login_with "$1" "$3" "$(credential_of "$1" "$2")"; }

# forge NODE OTHER STATUS CURL-ARGUMENT...: all that could be asked for OTHER is
# refused with that status
forge() {
	local node=$1 other=$2 want=$3 line
	shift 3
	site_ask "$node" GET "/v1/nodes/$other/series" "$@"
	ok_if "$node asks for $other's series: $STATUS" test "$STATUS" = "$want"
	line=$(grep ' alloc ' "$LAB_DIR/wattgate/ledger/$other.ledger" | tail -n 1 |
		sed 's/ job=[0-9]* / job=999999 /')
	site_ask "$node" POST "/v1/nodes/$other/ledger" "$@" \
		-H 'Content-Type: text/plain' --data-binary "$line"$'\n'
	ok_if "$node adds to $other's ledger: $STATUS" test "$STATUS" = "$want"
	site_ask "$node" PUT "/v1/nodes/$other/open" "$@" \
		-H 'Content-Type: text/plain' --data-binary "$line"$'\n'
	ok_if "$node says what is open on $other: $STATUS" test "$STATUS" = "$want"
}

not() { ! "$@" >/dev/null 2>&1; }
