#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A private OAR cluster on this machine, everything below $LAB_DIR:
#   oar.sh up      (re)start it; returns when the nodes are Alive and, where
#                  wattgate is on, power is being recorded for each
#   oar.sh env     shell exports to work with it
#   oar.sh status  what runs
#   oar.sh down    stop it, keep its data
#   oar.sh wipe    stop it and remove LAB_DIR
# Several labs run side by side with different LAB_DIR. Knobs: knobs.sh.
set -u
here=${BASH_SOURCE[0]%/*}
# shellcheck source=oar-lib.sh
. "$here/oar-lib.sh" || exit 1

oar_make_dirs() {
	own_dir "$LAB_DIR"
	chmod 0755 "$LAB_DIR" || return 1
	lab_lock
	install -d -m 0755 "$LAB_DIR"/{bin,bmc,etc,home,log,proc,root,root/dev,run} &&
		install -d -m 1777 "$LAB_DIR"/{jobs,scratch}
}

# Set-user-id programs are how OAR works; some places do not have them.
oar_check_place() {
	local options
	options=$(findmnt -n -o OPTIONS -T "$LAB_DIR")
	[[ ,$options, != *,nosuid,* && ,$options, != *,noexec,* ]] ||
		die "$LAB_DIR is on a file system without set-user-id programs: choose another LAB_DIR"
}

oar_check_programs() {
	local file
	for file in /usr/sbin/Almighty /usr/bin/oarsub /usr/sbin/sshd /usr/bin/psql; do
		[ -x "$file" ] || die "$file is missing: tests/run install installs it"
	done
	for file in tests/lab/oar-enter tests/lab/private-mounts tests/bmcsim/bmcsim oar-hooks/wattgate-oar-{hook,setup,schema}; do
		[ -x "$BUILD/$file" ] || die "$BUILD/$file is missing: tests/run build makes it"
	done
	[ "$LAB_WATTGATED" = 0 ] || [ -x "$BUILD/collector/wattgated" ] ||
		die "$BUILD/collector/wattgated is missing: tests/run build makes it"
}

oar_up() {
	need_root "a lab"
	knobs_default
	oar_knobs_check
	oar_make_dirs || die "cannot prepare $LAB_DIR"
	oar_check_place
	lab_users_can_reach || die "plain users cannot enter $LAB_DIR: choose another LAB_DIR"
	trap 'oar_stop_all; exit 130' INT TERM HUP
	oar_stop_all
	oar_check_programs
	knobs_save && ports_choose && ports_load || die "cannot set up $LAB_DIR"
	make_pgpass && write_pgpass && copy_programs && make_wattgate_dirs && write_oar_files ||
		die "cannot write the lab's files below $LAB_DIR"
	if ! { oar_up_bmcs && up_oar && oar_up_wattgate; }; then
		show_logs "$LAB_DIR"/log/*
		oar_stop_all
		die "the lab did not come up: its last log lines are above, all in $LAB_DIR/log"
	fi
}

oar_up_bmcs() {
	[ "$LAB_BMCS" = 1 ] || return 0
	rm -f "$LAB_DIR/bmc/out"/*
	write_secrets && start_bmcs && write_wattgate_conf >"$LAB_DIR/etc/wattgate.conf"
}

oar_up_wattgate() {
	[ "$LAB_OAR_DROPIN" = 0 ] || install_dropin || return 1
	[ "$LAB_WATTGATED" = 0 ] || { start_site && site_ready; }
}

oar_stop_all() {
	local PORT_DB='' PORT_CTL='' PORT_NODE=''
	ports_load 2>/dev/null
	down_oar
	down_wattgate
	lab_kill_all oar_strays
	remove_cgroups
	ports_release
}

oar_down() {
	need_root "stopping a lab"
	[ -e "$LAB_DIR/etc/knobs" ] || { note "no lab in $LAB_DIR"; return 0; }
	lab_lock
	knobs_load
	oar_stop_all
}

oar_wipe() {
	[ -e "$LAB_DIR" ] || return 0
	# only what `up` made is removed
	[ -d "$LAB_DIR/proc" ] && [ -d "$LAB_DIR/root" ] && [ -O "$LAB_DIR" ] ||
		die "$LAB_DIR is not a lab"
	oar_down
	rm -rf --one-file-system "${LAB_DIR:?}"
}

oar_status() {
	proc_print
	! proc_alive namespace || "$LAB_DIR/bin/oarnodes" -s
}

oar_settle_dir
case ${1-} in
up) oar_up ;;
down) oar_down ;;
wipe) oar_wipe ;;
env) oar_print_env ;;
status) oar_status ;;
*) sed -n '3,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
