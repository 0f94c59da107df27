# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A cluster whose scheduler allocates memory, too (CR_CPU_Memory). Functions of
# the group `shares`.

knobs_memory() {
	knobs_shares
	export LAB_SELECT_PARAMS=CR_CPU_Memory
}

memory_jobs() { # MODE SHARE-OF-500-MB SHARE-OF-1500-MB
	local a b c
	share_mode "$1"
	submit "$USER1" -w n1 -n1 --mem=500 --wrap 'work job 9'
	a=$JOB
	submit "$USER2" -w n1 -n1 --mem=1500 --wrap 'work job srun work step 9'
	b=$JOB
	submit "$USER2" -w n2 -n1 --mem=1500 --wrap 'work job 9'
	c=$JOB
	finish "$a" "$b" "$c"
	check_share "$a" n1 "$2"
	check_share "$b" n1 "$3"
	check_share "$c" n2 "$3"
	want_work n1 "$3" step "$b" n1
	check_step "$b" 0 n1
	check_rest "$c" n2 "$3"
}

scenario memory-share lab "CR_CPU_Memory, share = memory"
test_memory_share() { memory_jobs memory 0.25 0.75; }
scenario memory-model lab "CR_CPU_Memory, share = model"
test_memory_model() { memory_jobs model "$(model_share 1 0 500)" "$(model_share 1 0 1500)"; }
