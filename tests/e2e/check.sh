# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Comparing. Each check prints one line; FAILED counts those that failed.

FAILED=0
CHECKS=0

# ok_if TEXT COMMAND...
ok_if() {
	local text=$1
	shift
	CHECKS=$((CHECKS + 1))
	if "$@"; then
		echo "ok   $text"
	else
		FAILED=$((FAILED + 1))
		echo "FAIL $text"
		return 1
	fi
}

give_up() {
	echo "FAIL $*"
	exit 1
}

# near WHAT GOT TRUTH TOLERANCE [UNIT]
near() {
	local text
	text=$(printf '%s: %s %s, truth %.1f, tolerance %.1f' "$1" "${2:-nothing}" "${5:-J}" "$3" "$4")
	ok_if "$text" is_near "$2" "$3" "$4"
}
is_near() {
	[[ $1 =~ ^-?[0-9]+(\.[0-9]+)?$ ]] &&
		is_true "$1 - ($2) <= $3 && ($2) - $1 <= $3"
}

# ---- sacct -----------------------------------------------------------------------

# check_row ROW [INSTANCE]: against what was wanted last. ROW: 12, 12.extern,
# 12.0; INSTANCE: of a requeued job, from 1.
check_row() {
	local got
	got=$(lab_sacct_energy "$1" | sed -n "${2:-1}p")
	near "sacct $1${2:+ ($2)}" "$got" "$WANT_J" "$(want_tolerance)"
}

# Rows of a job that was never charged: no row says otherwise.
check_row_empty() {
	local got
	got=$(lab_sacct_energy "$1" | sort -un | tail -n 1)
	ok_if "sacct $1: ${got:-unset}" is_nothing "$got"
}
is_nothing() { [ -z "$1" ] || [ "$1" = 0 ]; }

# ---- the ledger --------------------------------------------------------------------

# Lines "key value" of the records of one allocation or step.
ledger_find() {
	local kind=step
	[ "$3" != extern ] || kind=alloc
	awk -v kind="$kind" -v job="job=$2" -v step="step=$3" -v restart="restart=$4" '
		$2 == 1 && $3 == kind {
			hit = 0
			for (i = 4; i <= NF; i++)
				hit += $i == job || $i == step || $i == restart
			if (hit < 3)
				next
			print "record", ++n
			for (i = 4; i <= NF; i++)
				print substr($i, 1, index($i, "=") - 1),
				      substr($i, index($i, "=") + 1)
		}' "$LAB_DIR/wattgate/ledger/$1.ledger"
}
ledger_has() { [ -n "$(ledger_find "$@")" ]; }

# ledger_load NODE JOB STEP [RESTART]: into the array L; waits until it is there
declare -A L
ledger_load() {
	local key value
	L=()
	if ! wait_until 15 ledger_has "$1" "$2" "$3" "${4:-0}"; then
		ok_if "ledger of $1: $2.$3 restart ${4:-0} is there" false
		return 1
	fi
	while read -r key value; do
		L[$key]=$value
	done < <(ledger_find "$1" "$2" "$3" "${4:-0}")
	[ "${L[record]}" = 1 ] || ok_if "ledger of $1: $2.$3 is there once, not ${L[record]} times" false
}

ns_to_s() { calc "${1:-0} / 1e9"; }

# check_ledger NODE JOB STEP [RESTART]: against what was wanted last, for one
# node. All of its time is measured, save UNMEASURED_S.
check_ledger() {
	local name="ledger $1 $2.$3${4:+ restart $4}" dark
	ledger_load "$@" || return 1
	near "$name" "${L[gated_j]}" "$WANT_J" "$(want_tolerance)"
	if [ "${UNMEASURED_S:-0}" = 0 ]; then
		ok_if "$name: measured throughout, ${L[covered_ns]} of ${L[active_ns]} ns" \
			test "${L[covered_ns]}" = "${L[active_ns]}"
		ok_if "$name: no gap" test "${L[max_gap_ns]}" = 0
	else
		dark=$(ns_to_s "$((L[active_ns] - L[covered_ns]))")
		near "$name: unmeasured" "$dark" "$UNMEASURED_S" "$((2 * PERIOD_S))" s
		near "$name: largest gap" "$(ns_to_s "${L[max_gap_ns]}")" "$UNMEASURED_S" \
			"$((2 * PERIOD_S))" s
	fi
}

# What a scenario asks as a rule. want ... first.
# check_job JOB NODE: job row, extern row, ledger
check_job() {
	check_row "$1"
	check_row "$1.extern"
	check_ledger "$2" "$1" extern
}
# check_step JOB STEP NODE
check_step() {
	check_row "$1.$2"
	check_ledger "$3" "$1" "$2"
}

# ---- logs ------------------------------------------------------------------------------

# Lines of wattgate's in slurmd's log of a node about a job; slurmd writes
# some of its lines to its standard error as well, without a time.
slurmd_says() { grep "^\[.*\] \[$2\.[a-z0-9]*\] wattgate:" "$LAB_DIR/log/slurmd.$1.log"; }

# ---- after all of a group -----------------------------------------------------------------

# The interval under way ends where wattgated stops.
test_audit() {
	local node out rc
	for node in $LAB_NODES; do
		lab_wattgated_stop "$node" || give_up "wattgated does not stop"
	done
	out=$(wattgate audit 2>&1)
	rc=$?
	for node in $LAB_NODES; do
		lab_wattgated_start "$node" || give_up "wattgated does not start"
	done
	printf '%s\n' "$out"
	ok_if "wattgate audit: status $rc" test "$rc" = 0
}
