# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2153
# A management host whose disk is full. Functions of the groups `site` and `ship`.

knobs_disk() { export LAB_SITE_DISK=2m LAB_ROLLUP=10s; }

scenario disk-full lab "the site's disk is full for a while: power goes on, ledgers wait"
test_disk_full() {
	local node
	both_disturbed 14 fill_disk
	check_both_whole
	many_jobs sleep 5
	ok_if "the management host says that it is full" site_says "full"
	for node in $LAB_NODES; do
		ok_if "$node says that its ledger waits" node_says "$node" "does not take the ledger"
	done
	ok_if "what was sent in vain is not there" not store_has_all
	lab_on_site rm "$LAB_DIR/site/state/full" || give_up "the disk stays full"
	check_store 90
}
fill_disk() {
	lab_on_site dd if=/dev/zero of="$LAB_DIR/site/state/full" bs=4k 2>/dev/null
	lab_on_site test -s "$LAB_DIR/site/state/full"
}
