#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A private Slurm cluster on this machine, everything below $LAB_DIR:
#   slurm.sh up      (re)start it; returns when the nodes are idle and, where
#                    wattgate is on, power is being recorded for each
#   slurm.sh env     shell exports to work with it
#   slurm.sh status  what runs
#   slurm.sh down    stop it, keep its data
#   slurm.sh wipe    stop it and remove LAB_DIR
# Several labs run side by side with different LAB_DIR. Knobs: knobs.sh.
set -u
here=${BASH_SOURCE[0]%/*}
# shellcheck source=lib.sh
. "$here/lib.sh" || exit 1

lab_make_dirs() {
	own_dir "$LAB_DIR"
	chmod 0755 "$LAB_DIR" || return 1
	lab_lock
	install -d -m 0755 "$LAB_DIR"/{bin,bmc,dev,etc,log,plugin,proc,run,spool,state} &&
		install -d -m 0700 "$LAB_DIR/munge" &&
		install -d -m 0755 "$LAB_DIR/hdf5" &&
		install -d -m 1777 "$LAB_DIR/jobs"
}

lab_up() {
	need_root "a lab"
	knobs_default
	knobs_check
	lab_make_dirs || die "cannot prepare $LAB_DIR"
	lab_users_can_reach || die "plain users cannot enter $LAB_DIR: choose another LAB_DIR"
	trap 'lab_stop_all; exit 130' INT TERM HUP
	ports_load 2>/dev/null && addresses_load	# of a lab that crashed
	lab_stop_all
	check_programs
	knobs_save && ports_choose && ports_load || die "cannot set up $LAB_DIR"
	addresses_load
	copy_programs && make_wattgate_dirs && make_site_dirs && write_slurm_confs ||
		die "cannot write the lab's files below $LAB_DIR"
	if ! { netns_up && up_munge && up_wattgate && up_slurm && lab_wait_ready; }; then
		show_logs "$LAB_DIR"/log/*
		lab_stop_all
		die "the lab did not come up: its last log lines are above, all in $LAB_DIR/log"
	fi
}

lab_wait_ready() {
	local node
	wait_until 40 nodes_ready || { note "the nodes are not idle"; sinfo -Nl >&2; return 1; }
	series_ready && return 0
	for node in $LAB_NODES; do
		show_logs "$LAB_DIR/bmc/out/$node.log"
	done
	note "no power is being recorded"
	return 1
}

lab_stop_all() {
	down_slurm
	down_wattgate
	lab_kill_all lab_strays
	netns_down
	ports_release
}

lab_down() {
	need_root "stopping a lab"
	[ -e "$LAB_DIR/etc/knobs" ] || { note "no lab in $LAB_DIR"; return 0; }
	lab_lock
	knobs_load
	ports_load 2>/dev/null && addresses_load
	lab_stop_all
	lab_remove_cgroups
}

lab_wipe() {
	[ -e "$LAB_DIR" ] || return 0
	# only what `up` made is removed
	[ -d "$LAB_DIR/proc" ] && [ -O "$LAB_DIR" ] || die "$LAB_DIR is not a lab"
	lab_down
	rm -rf --one-file-system "${LAB_DIR:?}"
}

lab_status() {
	proc_print
	knobs_load && sinfo -N
}

lab_settle_dir
case ${1-} in
up) lab_up ;;
down) lab_down ;;
wipe) lab_wipe ;;
env) lab_print_env ;;
status) lab_status ;;
*) sed -n '3,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
