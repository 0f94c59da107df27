# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The management host of a lab in site mode: certificates, the ways into munge,
# and a wattgated of another plain user that reads the BMCs and serves the nodes.
# Its directories are below $LAB_DIR/site.

site_url() { printf 'https://%s:%s\n' "$LAB_ADDR" "$PORT_SITE"; }

make_site_dirs() {
	local base=$LAB_DIR/site dir
	[ "$LAB_MODE" = site ] || return 0
	install -d -m 0755 "$base" "$base/tls" "$LAB_DIR/wattgate/supervise.site" &&
		install -d -m 0755 -o "$LAB_SITE_USER" -g "$LAB_SITE_USER" "$base/run" || return 1
	for dir in state ledger; do
		install -d -m 0750 -o "$LAB_SITE_USER" -g "$LAB_SITE_USER" "$base/$dir" || return 1
	done
}

# ---- certificates -----------------------------------------------------------------

# site_cert NAME OWNER TEMPLATE-LINE...: NAME.pem and NAME-key.pem, by the lab's CA
site_cert() {
	local tls=$LAB_DIR/site/tls name=$1 owner=$2
	shift 2
	{
		printf 'cn = "%s"\n' "$name"
		printf '%s\n' "$@"
	} >"$tls/$name.tmpl"
	(umask 077 && certtool --generate-privkey --key-type ecdsa --curve secp256r1 \
		--no-text --outfile "$tls/$name-key.pem") &&
		certtool --generate-certificate --no-text --template "$tls/$name.tmpl" \
			--load-privkey "$tls/$name-key.pem" \
			--load-ca-certificate "$tls/ca.pem" --load-ca-privkey "$tls/ca-key.pem" \
			--outfile "$tls/$name.pem.new" &&
		chmod 0644 "$tls/$name.pem.new" && chown "$owner:" "$tls/$name-key.pem" &&
		mv -f "$tls/$name.pem.new" "$tls/$name.pem" && rm -f "$tls/$name.tmpl"
}

# site_server_cert [TEMPLATE-LINE...]: the lines say how long it is good
site_server_cert() {
	[ $# != 0 ] || set -- 'expiration_days = 10'
	site_cert server "$LAB_SITE_USER" "ip_address = \"$LAB_ADDR\"" \
		tls_www_server signing_key "$@"
}

site_node_cert() {
	site_cert "$1" "$LAB_DAEMON_USER" "dns_name = \"$1\"" tls_www_client signing_key \
		'expiration_days = 10'
}

make_site_certs() {
	local node
	{
		"$REPO/tests/bmcsim/mkcert" "$LAB_DIR/site/tls" && site_server_cert || return 1
		for node in $LAB_NODES; do
			site_node_cert "$node" || return 1
		done
	} >"$LAB_DIR/log/certificates.log" 2>&1
}

# ---- munge ------------------------------------------------------------------------

# Each node has a munged of its own: the address that it puts into credentials is
# what tells nodes apart. What wattgated runs is told here which one to ask.
munge_way() { # PROGRAM NAME SOCKET
	printf '#!/bin/sh\nexec /usr/bin/%s --socket=%s "$@"\n' "$1" "$3" >"$LAB_DIR/bin/$2" &&
		chmod 0755 "$LAB_DIR/bin/$2"
}

site_start_munges() {
	local node
	[ "$LAB_MODE" = site ] || return 0
	munge_way unmunge unmunge "$LAB_DIR/run/munge.socket" || return 1
	for node in $LAB_NODES; do
		node_origin "$node"
		start_munged "munged.$node" "$REPLY" || return 1
		munge_way munge "munge.$node" "$LAB_DIR/run/munged.$node.socket" || return 1
	done
}

# ---- configuration ----------------------------------------------------------------

# What n1 means to the management host.
write_site_hosts() {
	local node
	printf '127.0.0.1 localhost %s\n' "$HOST"
	for node in $LAB_NODES; do
		node_origin "$node"
		printf '%s %s\n' "$REPLY" "$node"
	done
}

write_site_conf() {
	local tls=$LAB_DIR/site/tls node
	echo 'mode = site'
	write_wattgate_top "$LAB_DIR/site"
	for node in $LAB_NODES; do
		write_bmc_section "$node"
	done
	printf '\n[site]\nlisten = %s:%s\nnodes = %s\n' "$LAB_ADDR" "$PORT_SITE" "${LAB_NODES// /,}"
	printf 'cert_file = %s\nkey_file = %s\n' "$tls/server.pem" "$tls/server-key.pem"
	if [ "$LAB_SITE_AUTH" = tls ]; then
		printf 'client_ca_file = %s\nunmunge =\n' "$tls/ca.pem"
	else
		printf 'unmunge = %s\nmunge_users = root,%s\n' "$LAB_DIR/bin/unmunge" "$LAB_DAEMON_USER"
	fi
	printf '%s\n' "$LAB_SITE_SECTION"
}

# The nodes': no word of a BMC.
write_asking_conf() {
	local tls=$LAB_DIR/site/tls
	echo 'source = site'
	write_wattgate_top "$LAB_DIR/wattgate"
	printf '\n[site]\nurl = %s\nca_file = %s\n' "$(site_url)" "$tls/ca.pem"
	if [ "$LAB_SITE_AUTH" = tls ]; then
		printf 'munge =\ncert_file = %s\nkey_file = %s\n' "$tls/%n.pem" "$tls/%n-key.pem"
	else
		printf 'munge = %s\n' "$LAB_DIR/bin/munge.%n"
	fi
	printf '%s\n' "$LAB_WATTGATE_CONF"
}

# ---- the daemon --------------------------------------------------------------------

start_site() {
	local disk=${LAB_SITE_DISK:--}
	rm -f "$LAB_DIR/wattgate/supervise.site/hold"
	as_user "$LAB_SITE_USER"
	# shellcheck disable=SC2086
	proc_start wattgated.site WATTGATE_RUN_DIR="$LAB_DIR/site/run" \
		"$LAB_DIR/bin/private-mounts" "$REPO/tests/lab/site-mounts" "$LAB_DIR" \
		"$LAB_SITE_USER" "$disk" \
		"$REPO/tests/lab/supervise" "$LAB_DIR/wattgate/supervise.site" $REPLY \
		"$LAB_DIR/bin/wattgated" -c "$LAB_DIR/etc/site.conf"
}

up_site() {
	make_site_certs || { note "no certificates"; return 1; }
	write_site_hosts >"$LAB_DIR/etc/hosts" && write_site_conf >"$LAB_DIR/etc/site.conf" &&
		start_site
}

# As the management host sees its files: lab_on_site COMMAND...
lab_on_site() {
	proc_pid wattgated.site &&
		WATTGATE_CONF=$LAB_DIR/etc/site.conf WATTGATE_RUN_DIR=$LAB_DIR/site/run \
			nsenter "--mount=/proc/$REPLY/ns/mnt" -- "$@"
}

# All processes of the management host's wattgated, into REPLY.
site_pids() {
	wattgated_child site && REPLY="$REPLY $(pids_below "$REPLY" | tr '\n' ' ')"
}

# The one that serves the nodes, into REPLY: wattgated's child.
site_server_pid() {
	local pid
	wattgated_child site || return 1
	# shellcheck disable=SC2013
	for pid in $(cat "/proc/$REPLY/task/$REPLY/children"); do
		grep -qzxF -e --serve "/proc/$pid/cmdline" && REPLY=$pid && return 0
	done
	return 1
}
