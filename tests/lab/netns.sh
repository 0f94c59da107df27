# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Nodes that are hosts of their own to the network (LAB_NETNS=1): each has a
# network namespace, and this machine is the management host. A third one holds
# the switch between them. Nodes reach each other and this machine's end of the
# switch; they have no other route, and this machine's loopback interface, where
# BMCs listen, is not theirs.
#
# A namespace lives as long as what runs in it: one process that does nothing,
# and daemons of the lab. With the last of them interfaces and addresses go, on
# this machine too, so a crash leaves nothing that `down` has to know of.

# Is there all that is needed: namespaces, pairs of interfaces, a bridge?
netns_possible() {
	unshare --net sh -c 'ip link add wgl0 type veth peer name wgl1 &&
		ip link add wgl2 type bridge' >/dev/null 2>&1
}

# Addresses for benchmarks (RFC 2544), a network for each block of ports.
addresses_load() {
	local block=$(((PORT_DB - PORTS_FIRST) / PORTS_SIZE))
	LAB_LINK=wgl$PORT_DB
	LAB_NET=198.$((18 + block / 256)).$((block % 256))
	[ "${LAB_NETNS-0}" = 1 ] && LAB_ADDR=$LAB_NET.1 || LAB_ADDR=127.0.0.1
}

# The number of a node, from 1, into REPLY.
node_number() {
	local node
	REPLY=1
	for node in $LAB_NODES; do
		[ "$node" != "$1" ] || return 0
		REPLY=$((REPLY + 1))
	done
	return 1
}

# Where the others find a node, into REPLY.
node_address() {
	node_number "$1"
	[ "$LAB_NETNS" = 1 ] && REPLY=$LAB_NET.$((10 + REPLY)) || REPLY=127.0.0.1
}

# The address in a node's munge credentials, by which a site knows it.
node_origin() {
	node_number "$1"
	[ "$LAB_NETNS" = 1 ] && REPLY=$LAB_NET.$((10 + REPLY)) || REPLY=127.0.0.$((10 + REPLY))
}

# netns_of NAME: the namespace of a node, or of the switch, into REPLY
netns_of() { proc_pid "net.$1" && REPLY=/proc/$REPLY/ns/net; }

# netns_prefix NODE: words before a command that runs on the node, into REPLY
netns_prefix() {
	if [ "$LAB_NETNS" = 1 ]; then
		netns_of "$1" && REPLY="nsenter --net=$REPLY --"
	else
		REPLY=
	fi
}

netns_run() { # NAME COMMAND...
	local name=$1
	shift
	netns_of "$name" && nsenter "--net=$REPLY" -- "$@"
}

netns_hold() {
	proc_start "net.$1" unshare --net -- sleep infinity && wait_until 5 netns_apart "$1"
}
netns_apart() {
	netns_of "$1" && [ "$(readlink "$REPLY")" != "$(readlink /proc/self/ns/net)" ]
}

# The end of a cable on this machine: named for the lab, gone with the switch.
netns_plug_host() {
	local pid
	proc_pid net.lan && pid=$REPLY
	if [ -n "$(ip -4 -o addr show to "$LAB_NET.0/24")" ]; then
		note "this machine has an address in $LAB_NET.0/24 already"
		return 1
	fi
	ip link add "$LAB_LINK" type veth peer name host netns "$pid" &&
		ip addr add "$LAB_ADDR/24" dev "$LAB_LINK" && ip link set "$LAB_LINK" up
}

netns_plug_node() {
	local pid address
	proc_pid "net.$1" && pid=$REPLY
	node_address "$1"
	address=$REPLY
	netns_run lan ip link add "$1" type veth peer name eth0 netns "$pid" &&
		netns_run "$1" ip link set lo up &&
		netns_run "$1" ip addr add "$address/24" dev eth0 &&
		netns_run "$1" ip link set eth0 up
}

netns_up() {
	local name
	[ "$LAB_NETNS" = 1 ] || return 0
	for name in lan $LAB_NODES; do
		netns_hold "$name" || { note "no network namespace"; return 1; }
	done
	netns_run lan ip link add switch type bridge && netns_plug_host || return 1
	for name in $LAB_NODES; do
		netns_plug_node "$name" || return 1
	done
	for name in host $LAB_NODES; do
		netns_run lan ip link set "$name" master switch up || return 1
	done
	netns_run lan ip link set switch up
}

# The kernel takes namespaces down behind our back: wait for the last end.
netns_down() {
	local name held=()
	for name in lan $LAB_NODES; do
		held+=("net.$name")
	done
	proc_stop "${held[@]}"
	[ -z "${LAB_LINK-}" ] || wait_until 5 netns_unplugged ||
		warn "interface $LAB_LINK is still there"
}
netns_unplugged() { [ ! -e "/sys/class/net/$LAB_LINK" ]; }
