# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Nodes that prove by certificates who they are. All on one network here, as
# certificates do not say where one is.

knobs_tls() { export LAB_SITE_AUTH=tls LAB_NETNS=0; }

scenario tls-node-restarted node "the node's wattgated is killed and away for 8 s: it catches up"
test_tls_node_restarted() {
	disturbed "$1" hold_wattgated "$1"
	check_whole "$JOB" "$1"
}

# tls_ask NODE NAME: with the certificate NAME, for the series of NODE
tls_ask() {
	local tls=$LAB_DIR/site/tls
	site_ask "$1" GET "/v1/nodes/$1/series" --cert "$tls/$2.pem" --key "$tls/$2-key.pem" 2>&1
}

scenario tls-forged node "a node with another's certificate, an expired or strange one, or none: refused"
test_tls_forged() {
	local node=$1 other=n1 tls=$LAB_DIR/site/tls
	[ "$node" = n2 ] || other=n2
	tls_ask "$node" "$node"
	ok_if "$node with its certificate: $STATUS" test "$STATUS" = 200
	forge "$node" "$other" 403 --cert "$tls/$node.pem" --key "$tls/$node-key.pem"
	forge "$node" "$other" 401
	login "$node" "$LAB_DAEMON_USER" "$node"
	ok_if "munge is not asked: $STATUS" test "$STATUS" = 403
	site_cert "old.$node" root "dns_name = \"$node\"" tls_www_client signing_key \
		"${EXPIRED[@]}" 2>/dev/null || give_up "no certificate"
	tls_ask "$node" "old.$node"
	ok_if "with one of $node that is expired: $STATUS" is_refused "$STATUS"
	strange_cert "$node" 2>/dev/null || give_up "no certificate"
	tls_ask "$node" "strange.$node"
	ok_if "with one of $node by itself: $STATUS" is_refused "$STATUS"
	tls_ask "$node" server
	ok_if "with the server's own: $STATUS" is_refused "$STATUS"
}
# no handshake, or an answer that says no
is_refused() { [[ $1 =~ ^(000|401|403)$ ]]; }
strange_cert() {
	local base=$LAB_DIR/site/tls/strange.$1
	printf '%s\n' "cn = \"$1\"" "dns_name = \"$1\"" tls_www_client signing_key \
		'expiration_days = 10' >"$base.tmpl"
	certtool --generate-privkey --key-type ecdsa --curve secp256r1 --no-text \
		--outfile "$base-key.pem" &&
		certtool --generate-self-signed --no-text --template "$base.tmpl" \
			--load-privkey "$base-key.pem" --outfile "$base.pem"
}
