# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Where a lab is and what others may know of it.

# LAB_DIR and what follows from it alone.
lab_settle_dir() {
	: "${LAB_DIR:=${TMPDIR:-/tmp}/wattgate-lab-slurm}"
	[[ $LAB_DIR =~ ^/[A-Za-z0-9._/+-]+$ ]] ||
		die "LAB_DIR=$LAB_DIR: an absolute path of letters, digits and ._/+- is needed"
	LAB_DIR=${LAB_DIR%/}
	# stepd sockets: spool/n1/n1_JOB.STEP, at most 107 bytes for an address
	((${#LAB_DIR} <= 66)) || die "LAB_DIR=$LAB_DIR is too long for the sockets below it"
	: "${LAB_CACHE:=$LAB_DIR/cache}"
	HOST=$(</proc/sys/kernel/hostname)
	HOST=${HOST%%.*}
	LAB_NODES="n1 n2"
	: "${LAB_MODE:=node}"
	settle_daemon_users
	lab_choose_users
	export LAB_DIR SLURM_CONF=$LAB_DIR/etc/slurm.conf
	case :$PATH: in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac
}

# Two of the plain users that every Debian has.
lab_choose_users() {
	local user found=
	for user in games daemon man lp mail; do
		id -u "$user" >/dev/null 2>&1 || continue
		found+=" $user"
		[[ $found == *" "*" "* ]] && break
	done
	LAB_USERS=${found# }
}

lab_users_can_reach() {
	local user
	for user in $LAB_USERS $LAB_DAEMON_USER $LAB_METER_USER; do
		setpriv --reuid "$user" --regid "$user" --clear-groups \
			test -x "$LAB_DIR/etc" || return 1
	done
}

# One command at a time for a lab; daemons do not inherit the lock.
lab_lock() {
	exec {LAB_LOCK}>"$LAB_DIR/lock"
	flock -w 60 "$LAB_LOCK" || die "another command works on $LAB_DIR"
}

lab_remove_cgroups() {
	local node dir
	[ "$LAB_PROCTRACK" = cgroup ] || return 0
	for node in $LAB_NODES; do
		for dir in /sys/fs/cgroup/*/slurm_"$node"; do
			[ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null
		done
	done
}

export_line() { printf 'export %s=%q\n' "$1" "$2"; }

lab_print_env() {
	[ -e "$LAB_DIR/etc/knobs" ] || die "no lab in $LAB_DIR: tests/run lab slurm up makes one"
	knobs_load
	ports_load 2>/dev/null && addresses_load
	export_line LAB_DIR "$LAB_DIR"
	export_line LAB_NODES "$LAB_NODES"
	export_line LAB_USERS "$LAB_USERS"
	export_line LAB_DAEMON_USER "$LAB_DAEMON_USER"
	export_line SLURM_CONF "$SLURM_CONF"
	export_line WATTGATE_CONF "$LAB_DIR/etc/wattgate.conf"
	export_line WATTGATE_RUN_DIR "$LAB_DIR/wattgate/run"
	export_line WATTGATE_SLURMDB "$LAB_DIR/bin/slurmdb.so"
	# shellcheck disable=SC2016
	printf 'export PATH=%q:%q:"$PATH"\n' "$BUILD/cli" "$LAB_DIR/bin"
	[ "$LAB_NETNS" = 0 ] || lab_print_netns_env
	[ "$LAB_WATTGATED" = 1 ] || return 0
	lab_print_sim_env
	[ "$LAB_MODE" = node ] || lab_print_site_env
}

# Where a node is to the network: nsenter --net="$LAB_NETNS_n1" COMMAND
lab_print_netns_env() {
	local node
	for node in $LAB_NODES; do
		netns_of "$node" && export_line "LAB_NETNS_$node" "$REPLY"
	done
}

# The management host's: how to ask it, and its own configuration.
lab_print_site_env() {
	export_line LAB_SITE_CONF "$LAB_DIR/etc/site.conf"
	export_line LAB_SITE_URL "$(site_url)"
	export_line LAB_SITE_CA "$LAB_DIR/site/tls/ca.pem"
}

# How to ask the simulated BMCs.
lab_print_sim_env() {
	local node
	for node in $LAB_NODES; do
		bmc_is_foreign "$node" || lab_print_bmc_env "$node"
	done
	export_line LAB_SIM_CA "$LAB_DIR/bmc/tls/ca.pem"
	export_line LAB_SIM_USER lab
	export_line LAB_SIM_PASSWORD_FILE "$LAB_DIR/etc/sim.secret"
}

lab_print_bmc_env() {
	local dir=$LAB_DIR/bmc/out name=${1//-/_}
	export_line "LAB_SIM_URL_$name" "https://127.0.0.1:$(cat "$dir/$1.port")"
	export_line "LAB_BMC_CTL_$name" "http://127.0.0.1:$(cat "$dir/$1.ctl")"
	export_line "LAB_TRUTH_$name" "$dir/$1.truth"
}
