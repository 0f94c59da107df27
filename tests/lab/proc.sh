# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Daemons of a lab: started in sessions of their own, known by pid, start time
# and boot id, never by name. $LAB_DIR/proc/NAME is the record of each.
#
# Every one carries WATTGATE_LAB_DAEMON=$LAB_DIR in its environment, so that a
# later run finds what a crash left behind without any record.

# proc_start NAME COMMAND...: output goes to $LAB_DIR/log/NAME.log, or NAME.out
# where Slurm keeps a log of its own. Of the caller's environment nothing is
# passed on; COMMAND may begin with NAME=VALUE.
proc_start() {
	local record=$LAB_DIR/proc/$1 log=$LAB_DIR/log/$1.log
	[[ $1 != slurm* ]] || log=$LAB_DIR/log/$1.out
	shift
	rm -f "$record"
	setsid --fork env -i LC_ALL=C.UTF-8 HOME=/ \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		SLURM_CONF="$LAB_DIR/etc/slurm.conf" \
		WATTGATE_RUN_DIR="$LAB_DIR/wattgate/run" \
		WATTGATE_IPMI="$LAB_DIR/bin/wattgate-ipmi" \
		WATTGATE_LAB_DAEMON="$LAB_DIR" \
		"$REPO/tests/lab/daemonize" "$record" "$log" env "$@" || return 1
	wait_until 5 test -s "$record"
}

# Field 22 of /proc/PID/stat (start time in clock ticks) into REPLY; false
# where the process is gone or only its zombie is left.
proc_start_ticks() {
	local stat fields
	{ read -r -d '' stat <"/proc/$1/stat"; } 2>/dev/null
	[ -n "${stat-}" ] || return 1
	read -r -a fields <<<"${stat##*)}"
	REPLY=${fields[19]}
	[ "${fields[0]}" != Z ]
}

# The pid of daemon NAME into REPLY; false where it does not run.
proc_pid() {
	local pid start boot now_boot
	{ read -r pid start boot _ <"$LAB_DIR/proc/$1"; } 2>/dev/null || return 1
	read -r now_boot </proc/sys/kernel/random/boot_id
	[ "$boot" = "$now_boot" ] || return 1
	proc_start_ticks "$pid" && [ "$REPLY" = "$start" ] || return 1
	REPLY=$pid
}

proc_alive() { proc_pid "$1"; }
proc_gone() { ! proc_pid "$1"; }

# What runs, and what does not any more: a line each.
proc_print() {
	local record name
	for record in "$LAB_DIR"/proc/*; do
		[ -e "$record" ] || continue
		name=${record##*/}
		if proc_alive "$name"; then
			echo "$name runs (pid $REPLY)"
		else
			echo "$name is gone"
		fi
	done
}

proc_signal() {
	proc_pid "$2" && kill "-$1" "$REPLY" 2>/dev/null
}

all_gone() {
	local name
	for name; do
		proc_gone "$name" || return 1
	done
}

# proc_stop NAME...: all at once with TERM, what is left after 10 s with KILL.
proc_stop() {
	local name
	for name; do
		proc_signal TERM "$name"
	done
	wait_until 10 all_gone "$@" || for name; do
		proc_signal KILL "$name" && warn "$name had to be killed"
	done
	wait_until 5 all_gone "$@" || warn "some of $* do not end"
	for name; do
		rm -f "$LAB_DIR/proc/$name"
	done
}

# Pids whose environment has the exact entry $1. Needs root.
pids_with_env() {
	local file
	grep -lzxF -e "$1" /proc/[0-9]*/environ 2>/dev/null | while read -r file; do
		file=${file#/proc/}
		printf '%s\n' "${file%/environ}"
	done
}

# slurmstepd writes its title over its environment, but keeps files of the lab
# open: its log and its socket's lock.
stepds_of_lab() {
	local dir
	find /proc/[0-9]*/exe -maxdepth 0 -lname '*/slurmstepd*' -printf '%h\n' 2>/dev/null |
		while read -r dir; do
			find "$dir/fd" -maxdepth 1 -lname "$LAB_DIR/*" -printf x 2>/dev/null |
				grep -q x && printf '%s\n' "${dir#/proc/}"
		done
}

# Pids below the given ones, whatever session or group they moved to.
pids_below() {
	local -A parent=()
	local dir stat fields pid up
	for dir in /proc/[0-9]*; do
		{ read -r -d '' stat <"$dir/stat"; } 2>/dev/null
		[ -n "${stat-}" ] || continue
		read -r -a fields <<<"${stat##*)}"
		parent[${dir#/proc/}]=${fields[1]}
	done
	for pid in "${!parent[@]}"; do
		up=${parent[$pid]}
		while ((${up:-0} > 1)); do
			if [[ " $* " == *" $up "* ]]; then
				printf '%s\n' "$pid"
				break
			fi
			up=${parent[$up]-0}
		done
	done
}

# Tasks of the lab's jobs: only slurmd sets both of these variables.
tasks_of_lab() {
	local pid
	for pid in $(pids_with_env "SLURM_CONF=$LAB_DIR/etc/slurm.conf"); do
		grep -qz '^SLURMD_NODENAME=' "/proc/$pid/environ" 2>/dev/null &&
			printf '%s\n' "$pid"
	done
}

# Job steps of the lab that outlived their slurmd, and all below them.
lab_steps() {
	local stepds
	stepds=$(stepds_of_lab)
	tasks_of_lab
	# shellcheck disable=SC2086
	[ -z "$stepds" ] || { printf '%s\n' $stepds; pids_below $stepds; }
}

# Everything that belongs to this lab and still runs.
lab_strays() {
	lab_steps
	pids_with_env "WATTGATE_LAB_DAEMON=$LAB_DIR"
}

# Kill what FUNCTION lists; more than one look, as processes may fork while
# they are shot.
lab_kill_all() {
	local pids round
	for round in 1 2 3; do
		pids=$("$1" | sort -un)
		[ -n "$pids" ] || return 0
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null
		sleep "0.0$round"
	done
}
