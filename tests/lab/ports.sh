# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Free ports, chosen at run time: a block of 60 below the range that the
# kernel hands out itself. $LAB_DIR/etc/ports keeps the choice while the lab
# lives; a directory beside it keeps two labs that start at once apart.

PORTS_CLAIMS=${TMPDIR:-/tmp}/wattgate-lab-ports
PORTS_FIRST=12000
PORTS_BLOCKS=330
PORTS_SIZE=60

# Local TCP ports in use, in any state, one a line.
ports_used() {
	local addr
	while read -r _ addr _; do
		[[ $addr == *:* ]] && printf '%d\n' "0x${addr##*:}"
	done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

# A claim whose lab is gone, or has chosen again, is void.
ports_claim() {
	local claim=$PORTS_CLAIMS/$1 owner
	if [ -d "$claim" ]; then
		owner=$(cat "$claim/lab" 2>/dev/null)
		if [ -n "$owner" ] && [ "$owner" != "$LAB_DIR" ]; then
			grep -qx "PORT_BASE=$1" "$owner/etc/ports" 2>/dev/null && return 1
		fi
		rm -rf "$claim"
	fi
	mkdir "$claim" 2>/dev/null && printf '%s\n' "$LAB_DIR" >"$claim/lab"
}

ports_choose() {
	local used base i try
	own_dir "$PORTS_CLAIMS"
	used=" $(ports_used | tr '\n' ' ')"
	for ((try = 0; try < 200; try++)); do
		base=$((PORTS_FIRST + RANDOM % PORTS_BLOCKS * PORTS_SIZE))
		for ((i = 0; i < PORTS_SIZE; i++)); do
			[[ $used == *" $((base + i)) "* ]] && continue 2
		done
		# first, or another lab would take the claim for a void one
		printf 'PORT_BASE=%s\n' "$base" >"$LAB_DIR/etc/ports"
		ports_claim "$base" && return 0
	done
	die "no block of $PORTS_SIZE free ports on the loopback interface"
}

# Into variables; slurm's own get fixed places in the block.
ports_load() {
	local PORT_BASE
	# shellcheck disable=SC1091
	. "$LAB_DIR/etc/ports" || return 1
	PORT_DB=$PORT_BASE
	PORT_DBD=$((PORT_BASE + 1))
	PORT_CTL=$((PORT_BASE + 2))
	PORT_NODE=$((PORT_BASE + 3))	# and the ones after it
	PORT_SITE=$((PORT_BASE + 8))
	PORT_PROMETHEUS=$((PORT_BASE + 9))
	PORT_SRUN=$((PORT_BASE + 10))-$((PORT_BASE + PORTS_SIZE - 1))
}

ports_release() {
	local PORT_BASE=
	# shellcheck disable=SC1091
	. "$LAB_DIR/etc/ports" 2>/dev/null || return 0
	if [ "$(cat "$PORTS_CLAIMS/$PORT_BASE/lab" 2>/dev/null)" = "$LAB_DIR" ]; then
		rm -rf "${PORTS_CLAIMS:?}/$PORT_BASE"
	fi
	rmdir "$PORTS_CLAIMS" 2>/dev/null
	rm -f "$LAB_DIR/etc/ports"
}
