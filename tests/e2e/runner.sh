# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the end-to-end tests of both schedulers share: groups of scenarios, a lab
# for each group, and what is printed. Before: GROUP_DIRS, LAB_SCRIPT, E2E_LOGS
# (below BUILD), KEPT_KNOBS (those that are the same for all groups), and the
# functions enter_lab, lab_logs, show_state.

: "${E2E_LABS:=4}"
: "${E2E_SEED:=$RANDOM}"
export E2E_SEED
# several labs at once
((LAB_PATIENCE > 1)) || export LAB_PATIENCE=4

declare -A KIND TEXT GROUP_OF
SCENARIOS=()
GROUPS_ALL=()

# In a group's file: scenario NAME KIND TEXT. KIND node: on any one node, whose
# name is its argument, while another scenario may use the other; KIND lab:
# alone, after those. Its function is test_NAME, with _ for -.
scenario() {
	SCENARIOS+=("$1")
	KIND[$1]=$2
	TEXT[$1]=$3
	GROUP_OF[$1]=$group
}

# Their labs start in the order of the numbers in the files' names: those that
# take long come first.
load_groups() {
	local file twice
	twice=$(find "${GROUP_DIRS[@]}" "${GROUP_DIRS[0]%/*}" -maxdepth 1 -name '*.sh' -exec \
		sed -n 's/^\([a-z0-9_]*\)() .*/\1/p' {} + | sort | uniq -d)
	[ -z "$twice" ] || die "scenarios share their functions' names: ${twice//$'\n'/, }"
	# shellcheck disable=SC2153	# the caller's, as the head says
	while read -r file; do
		load_group "$file"
	done < <(find "${GROUP_DIRS[@]}" -name '*.sh' -printf '%f %p\n' | sort | cut -d' ' -f2)
}

load_group() {
	group=${1##*/}
	group=${group#[0-9]-}
	group=${group%.sh}
	GROUPS_ALL+=("$group")
	# shellcheck disable=SC1090
	. "$1" || exit 1
	scenario "$group-audit" lab "wattgate audit finds nothing amiss in all that"
}

# The function of a scenario into REPLY.
function_of() {
	REPLY=test_${1//-/_}
	[[ $1 != *-audit ]] || REPLY=test_audit
}

list_scenarios() {
	local name
	for name in "${SCENARIOS[@]}"; do
		printf '%-12s %-20s %s\n' "${GROUP_OF[$name]}" "$name" "${TEXT[$name]}"
	done
}

# ---- one group, in a process of its own -------------------------------------------

# The whole logs of a lab since a scenario began: what else it needs to explain.
mark_logs() {
	lab_logs | while read -r file; do
		printf '%s %s\n' "$(stat -c %s "$file")" "$file"
	done >"$1"
}
show_marked_logs() {
	local file
	lab_logs | while read -r file; do
		size=$(sed -n "s|^\([0-9]*\) $file\$|\1|p" "$1")
		printf -- '---- %s\n' "$file"
		tail -c "+$((${size:-0} + 1))" "$file"
	done
	show_state
}

run_body() { # NAME NODE
	local node
	for node in ${2:-$LAB_NODES}; do
		bmc_reset "$node"
	done
	function_of "$1"
	"$REPLY" "$2"
	[ "$CHECKS" -gt 0 ] || give_up "nothing was checked"
	# shellcheck disable=SC2153
	[ "$FAILED" = 0 ]
}

# run_scenario NAME [NODE]: its output is printed in one piece
run_scenario() {
	local out=$RESULTS/$1.out marks=$RESULTS/$1.marks start=$SECONDS rc took lock
	mark_logs "$marks"
	(run_body "$1" "${2-}") >"$out" 2>&1 </dev/null
	rc=$?
	took=$((SECONDS - start))
	[ "$rc" = 0 ] || show_marked_logs "$marks" >"$out.logs" 2>&1
	exec {lock}>"$RESULTS/../print.lock"
	flock "$lock"
	if [ "$rc" = 0 ]; then
		echo "ok: $1 (${TEXT[$1]}), $took s"
		[ -z "${E2E_VERBOSE-}" ] || sed 's/^/    /' "$out"
	else
		echo "FAILED: $1 (${TEXT[$1]}), $took s"
		sed 's/^/    /' "$out" "$out.logs"
	fi
	exec {lock}>&-
	echo "$rc" >"$RESULTS/$1.status"
}

# The first line of the queue into REPLY.
queue_take() {
	local lock
	exec {lock}>"$1.lock"
	flock "$lock"
	read -r REPLY <"$1"
	sed -i 1d "$1"
	exec {lock}>&-
	[ -n "$REPLY" ]
}

lane() {
	while queue_take "$RESULTS/queue"; do
		run_scenario "$REPLY" "$1"
	done
}

run_group() {
	local name pids=() node
	RESULTS=$E2E_DIR/results.$1
	shift
	mkdir -p "$RESULTS" && : >"$RESULTS/queue"
	for name; do
		[ "${KIND[$name]}" != node ] || echo "$name" >>"$RESULTS/queue"
	done
	"$LAB_SCRIPT" up >"$RESULTS/up.out" 2>&1 ||
		{ echo "FAILED: the lab of group $group does not come up"; cat "$RESULTS/up.out"; return 1; }
	enter_lab || return 1
	# shellcheck disable=SC2034
	read -r USER1 USER2 <<<"$LAB_USERS"
	for node in $LAB_NODES; do
		lane "$node" &
		pids+=($!)
	done
	wait "${pids[@]}"
	for name; do
		[ "${KIND[$name]}" != lab ] || run_scenario "$name"
	done
}

group_main() {
	local knob
	group=$1
	shift
	for knob in "${KNOBS[@]}"; do
		[[ " ${KEPT_KNOBS[*]} " == *" ${knob%%=*} "* ]] || unset "${knob%%=*}"
	done
	export LAB_DIR=$E2E_DIR/$group LAB_CACHE=$E2E_DIR/cache
	"knobs_$group"
	trap 'exit 130' INT TERM HUP
	run_group "$group" "$@"
	"$LAB_SCRIPT" down >/dev/null 2>&1
}

# ---- all of them ----------------------------------------------------------------------

# Names on the command line -> scenarios, in their order here.
select_scenarios() {
	local name want
	CHOSEN=()
	for want; do
		[[ " ${SCENARIOS[*]} ${GROUPS_ALL[*]} " == *" $want "* ]] ||
			die "there is no scenario or group $want: --list names them"
	done
	for name in "${SCENARIOS[@]}"; do
		[ $# != 0 ] && [[ " $* " != *" $name "* && " $* " != *" ${GROUP_OF[$name]} "* ]] ||
			CHOSEN+=("$name")
	done
}

of_group() {
	local name
	for name in "${CHOSEN[@]}"; do
		[ "${GROUP_OF[$name]}" != "$1" ] || printf '%s\n' "$name"
	done
}

start_groups() {
	local name names
	for name in "${GROUPS_ALL[@]}"; do
		names=$(of_group "$name")
		[ -n "$names" ] || continue
		while (($(jobs -pr | wc -l) >= E2E_LABS)); do
			wait -n
		done
		# shellcheck disable=SC2086
		group_main "$name" $names &
	done
	wait
}

keep_logs() {
	# shellcheck disable=SC2153	# the caller's, as the head says
	local kept=$BUILD/$E2E_LOGS/$1
	mkdir -p "$kept" &&
		cp -a "$E2E_DIR/results.$1" "$kept/results" &&
		cp -a "$E2E_DIR/$1"/{log,etc,jobs,wattgate,site,bmc} "$kept/" 2>/dev/null
	echo "logs of group $1: $kept"
}

clean_up() {
	local name
	trap '' INT TERM HUP
	# shellcheck disable=SC2046
	kill -KILL $(pids_below $$) 2>/dev/null
	wait 2>/dev/null
	for name in "${GROUPS_ALL[@]}"; do
		[ ! -d "$E2E_DIR/$name" ] || LAB_DIR=$E2E_DIR/$name "$LAB_SCRIPT" wipe
	done
	rm -rf "${E2E_DIR:?}"
}

count_results() {
	local name status file
	passed=0 failed=0
	rm -rf "${BUILD:?}/$E2E_LOGS"
	for name in "${CHOSEN[@]}"; do
		file=$E2E_DIR/results.${GROUP_OF[$name]}/$name.status
		status=$(cat "$file" 2>/dev/null)
		if [ "$status" = 0 ]; then
			passed=$((passed + 1))
			continue
		fi
		failed=$((failed + 1))
		[ -n "$status" ] || echo "FAILED: $name has no result"
		[ -d "$BUILD/$E2E_LOGS/${GROUP_OF[$name]}" ] || keep_logs "${GROUP_OF[$name]}"
	done
}

e2e_main() {
	load_groups
	case ${1-} in
	--list) list_scenarios; exit 0 ;;
	-*) sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	esac
	need_root "the end-to-end test"
	select_scenarios "$@"
	if [ -n "${E2E_DIR-}" ]; then
		own_dir "$E2E_DIR"
	else
		E2E_DIR=$(mktemp -d "${TMPDIR:-/tmp}/wattgate-e2e.XXXXXX") || exit 1
	fi
	chmod 0755 "$E2E_DIR"
	trap clean_up EXIT
	trap 'exit 130' INT TERM HUP
	echo "seed $E2E_SEED"
	start_groups
	count_results
	printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
