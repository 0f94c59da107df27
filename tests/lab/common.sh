# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every script below tests/ shares: where things are, how to fail, how to
# wait. Needs bash and coreutils only.

export LC_ALL=C.UTF-8
REPO=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P) || exit 1
BUILD=${WATTGATE_BUILD:-$REPO/build}

note() { printf '%s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

need_root() {
	[ "$EUID" = 0 ] || die "$1 needs root: it starts daemons and acts as other users"
}

# Seconds since boot in hundredths, into REPLY: never steps, needs no child.
uptime_cs() {
	read -r REPLY _ </proc/uptime
	REPLY=$((10#${REPLY/./}))
}

# wait_until SECONDS COMMAND...: true as soon as COMMAND is, false at the end.
# LAB_PATIENCE: how much slower than a quiet machine this one may be.
: "${LAB_PATIENCE:=1}"
wait_until() {
	local end
	uptime_cs
	end=$((REPLY + $1 * 100 * LAB_PATIENCE))
	shift
	until "$@" >/dev/null 2>&1; do
		uptime_cs
		((REPLY < end)) || return 1
		sleep 0.05
	done
}

# A directory of root's own, not a link: /tmp is everybody's.
own_dir() {
	if [ -e "$1" ] || [ -L "$1" ]; then
		[ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] ||
			die "$1 exists and is not a directory of this user: choose another place"
	else
		mkdir -p "$1" || die "cannot make $1"
	fi
}

# The last lines of logs, for a failure that has to explain itself.
show_logs() {
	local f
	for f; do
		[ -s "$f" ] || continue
		printf -- '---- %s\n' "$f"
		tail -n "${SHOW_LINES:-15}" "$f"
	done >&2
}
