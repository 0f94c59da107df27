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

# credential_of NODE USER NAME: what munge on that node says of that user, for
# the node NAME
credential_of() {
	setpriv --reuid "$2" --regid "$2" --clear-groups "$LAB_DIR/bin/munge.$1" \
		--string="wattgate-site 1 session $3"
}

# login_with NODE NAME CREDENTIAL: from NODE in the name of NAME; STATUS, TOKEN
login_with() {
	site_ask "$1" POST /v1/session -H 'Content-Type: application/json' \
		--data-binary "{\"version\":1,\"node\":\"$2\",\"munge\":\"$3\"}"
	# shellcheck disable=SC2034
	TOKEN=$(sed -n 's/\r$//; s/^X-Auth-Token: //Ip' "$ANSWER.head")
}
# login NODE USER NAME: as USER of NODE
login() { login_with "$1" "$3" "$(credential_of "$1" "$2" "$3")"; }

# refused TEXT STATUS WORDS: the last answer, and that it gives this reason
refused() {
	local why
	why=$(jq -r .error "$ANSWER" 2>/dev/null)
	ok_if "$1: $STATUS, $why" test "$STATUS" = "$2"
	ok_if "that is for the right reason" grep -qE -- "$3" <<<"$why"
}

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

# ---- the store -------------------------------------------------------------------------

# As the user who owns it; a reader of another user would leave files behind.
store_sql() {
	lab_on_site setpriv --reuid "$LAB_SITE_USER" --regid "$LAB_SITE_USER" --clear-groups \
		sqlite3 -batch -init /dev/null -separator ' ' "$LAB_DIR/site/state/site.db" "$1" 2>/dev/null
}

# "NODE CHECKSUM" of each line, by the ledgers and by the store. The checksum is
# of all that a line says.
ledger_lines() {
	local node
	for node in $LAB_NODES; do
		awk -v node="$node" '$2 == 1 && $3 ~ /^(alloc|step|interval)$/ { print node, $1 }' \
			"$LAB_DIR/wattgate/ledger/$node.ledger"
	done | sort
}
store_lines() {
	store_sql "select node, printf('%08x', crc) from allocations
		union all select node, printf('%08x', crc) from intervals" | sort
}
store_has_all() { [ "$(store_lines)" = "$(ledger_lines)" ]; }
store_has_job() {
	[ -n "$(store_sql "select 1 from allocations where node = '$1' and job = $2")" ]
}

# check_store SECONDS: each line of the ledgers is there once, and no other
check_store() {
	local n
	wait_until "$1" store_has_all
	n=$(ledger_lines | wc -l)
	ok_if "$n lines of the ledgers, $(store_lines | wc -l) in the store, the same" store_has_all ||
		diff <(ledger_lines) <(store_lines) | head -n 20
	ok_if "there are some" test "$n" -gt 0
}
