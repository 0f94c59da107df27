# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Share modes, on nodes of 2 cores of 50 W, 2 GPUs of 150 W, and 2000 MiB at
# 5 W/GB, which go with the cores here.

knobs_shares() {
	export LAB_WATTGATE_CONF='[hardware]
core_power = 50W
gpu_power = 150W
memory_power = 5 W/GB'
}

# model_share CORES GPUS MIB: by hand
model_share() {
	calc "(50 * $1 + 150 * $2 + 5 * $3 / 1024) / (50 * 2 + 150 * 2 + 5 * 2000 / 1024)"
}

share_mode() {
	local node conf=$LAB_DIR/etc/wattgate.conf
	sed -i "s/^share = .*/share = $1/" "$conf" || give_up "no $conf"
	for node in $LAB_NODES; do
		lab_wattgated_stop "$node" && lab_wattgated_start "$node" ||
			give_up "wattgated of $node does not restart"
	done
}

# check_share JOB NODE SHARE: and that the ledger knows it by that share
check_share() {
	want_work "$2" "$3" job "$1" "$2"
	check_row "$1"
	check_row "$1.extern"
	check_row "$1.batch"
	check_ledger "$2" "$1" batch
	check_ledger "$2" "$1" extern || return 1
	ok_if "ledger $2 $1.extern: share ${L[share]} of $3" is_near "${L[share]}" "$3" 0.000002
}

# Three jobs: two that share n1, one on n2 that has all GPUs of it.
# mode_jobs MODE SHARE-OF-1-CPU-1-GPU SHARE-OF-1-CPU SHARE-OF-1-CPU-2-GPUS
mode_jobs() {
	local a b c
	share_mode "$1"
	submit "$USER1" -w n1 -n1 --gres=gpu:1 --wrap 'work job 9'
	a=$JOB
	submit "$USER2" -w n1 -n1 --wrap 'work job 9'
	b=$JOB
	submit "$USER1" -w n2 -n1 --gres=gpu:2 --wrap 'work job srun --gres=gpu:1 work step 9'
	c=$JOB
	finish "$a" "$b" "$c"
	check_share "$a" n1 "$2"
	check_share "$b" n1 "$3"
	check_share "$c" n2 "$4"
	# a step is charged what it holds itself
	want_work n2 "$2" step "$c" n2
	check_step "$c" 0 n2
	check_rest "$c" n2 "$4"
}

# What a job, or some of the same time, leave of their node is unallocated. A
# clean stop of wattgated ends the interval.
check_rest() { # JOB NODE SHARE
	local got
	lab_wattgated_stop "$2" || give_up "wattgated does not stop"
	got=$(awk -v part="$1.0:" '$3 == "interval" && index($0, part) {
		for (i = 4; i <= NF; i++)
			if ($i ~ /^unallocated_j=/)
				sum += substr($i, 15)
	} END { print sum + 0 }' "$LAB_DIR/wattgate/ledger/$2.ledger")
	lab_wattgated_start "$2" || give_up "wattgated does not start"
	want_work "$2" "$(calc "1 - $3")" job "$1" "$2"
	near "unallocated beside job $1" "$got" "$WANT_J" "$(want_tolerance)"
}

scenario share-model lab "share = model: 1 CPU with and without one of 2 GPUs, and with both"
test_share_model() {
	mode_jobs model "$(model_share 1 1 1000)" "$(model_share 1 0 1000)" "$(model_share 1 2 1000)"
}
scenario share-gpus lab "share = gpus: the same jobs"
test_share_gpus() { mode_jobs gpus 0.5 0 1; }
scenario share-max lab "share = max: the same jobs"
test_share_max() { mode_jobs max 0.5 0.5 1; }

scenario share-two-jobs lab "share = model: two 1-CPU jobs with and without the node's GPUs"
test_share_two_jobs() {
	local jobs=() node user gpus share both
	share_mode model
	for node in n1 n2; do
		[ "$node" = n1 ] && gpus= || gpus=--gres=gpu:1
		for user in "$USER1" "$USER2"; do
			submit "$user" -w "$node" -n1 $gpus --wrap 'work job 9'
			jobs+=("$JOB")
		done
	done
	finish "${jobs[@]}"
	share=$(model_share 1 0 1000)
	check_share "${jobs[0]}" n1 "$share"
	check_share "${jobs[1]}" n1 "$share"
	check_rest "${jobs[0]}" n1 "$(calc "2 * $share")"
	check_share "${jobs[2]}" n2 "$(model_share 1 1 1000)"
	check_share "${jobs[3]}" n2 "$(model_share 1 1 1000)"
	want_work n2 0.5 job "${jobs[2]}" n2
	want_add_work n2 0.5 job "${jobs[3]}" n2
	both=$(calc "$(lab_sacct_energy "${jobs[2]}") + $(lab_sacct_energy "${jobs[3]}")")
	near "the two of n2 together" "$both" "$WANT_J" "$(want_tolerance)"
}
