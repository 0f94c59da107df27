# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Conservation, on nodes of 4 CPUs with sines for powers. An interval closes
# each 10 s.

knobs_conserve() {
	export LAB_CPUS=4 LAB_ROLLUP=10s LAB_OVERSUBSCRIBE=YES:2
}

# random MIN MAX: into REPLY; the same for the same seed and place in the run
random() { REPLY=$(($1 + RANDOM % ($2 - $1 + 1))); }

# Three jobs within a minute on one node, of random sizes, begins and ends,
# that all run at once for a while.
# random_jobs NODE SEED "MOST-CPUS MOST-CPUS MOST-CPUS" SBATCH-ARGUMENT...
random_jobs() {
	local node=$1 most at cpus start length plan=()
	RANDOM=$2
	for most in $3; do
		random 0 15
		start=$REPLY
		random 20 40
		length=$REPLY
		random 1 "$most"
		cpus=$REPLY
		plan+=("$start $length $cpus")
	done
	at=$(now)
	JOBS=
	while read -r start length cpus; do
		echo "     after $start s: $cpus CPUs for $length s"
		wait_until 60 is_past "$(calc "$at + $start")"
		submit "$USER1" -w "$node" -n1 -c "$cpus" "${@:4}" \
			--wrap "work job srun work step $length"
		# shellcheck disable=SC2153
		JOBS+=" $JOB"
	done < <(printf '%s\n' "${plan[@]}" | sort -n)
	# shellcheck disable=SC2086
	finish $JOBS
	# the interval that holds the last end, and the one after it
	wait_until 60 is_past "$(calc "$at + 62")"
}

# Each interval of a node's ledger that begins after T, "START END NODE_J
# ALLOCATED UNALLOCATED IDLE PARTS MEASURED UNMEASURED", times in unix s.
intervals_since() {
	awk -v t="$2" '$3 == "interval" {
		for (i = 4; i <= NF; i++) {
			eq = index($i, "=")
			v[substr($i, 1, eq - 1)] = substr($i, eq + 1)
		}
		if (v["start_wall_ns"] / 1e9 < t)
			next
		sum = 0
		n = split(v["parts"], part, ",")
		for (i = 1; i <= n; i++)
			sum += substr(part[i], index(part[i], ":") + 1)
		printf "%.9f %.9f %s %s %s %s %.6f %s %s\n",
			v["start_wall_ns"] / 1e9, v["end_wall_ns"] / 1e9,
			v["node_j"], v["allocated_j"], v["unallocated_j"],
			v["idle_j"], sum, v["measured_ns"], v["unmeasured_ns"]
	}' "$LAB_DIR/wattgate/ledger/$1.ledger"
}

check_intervals() { # NODE SINCE
	local start end node_j allocated unallocated idle parts measured unmeasured n=0
	while read -r start end node_j allocated unallocated idle parts measured unmeasured; do
		n=$((n + 1))
		ok_if "interval $n: $node_j J = $parts (jobs) + $unallocated + $idle (idle)" \
			is_near "$(calc "$parts + $unallocated + $idle")" "$node_j" 0.001
		ok_if "interval $n: its parts are its $allocated J" is_near "$parts" "$allocated" 0.001
		ok_if "interval $n: measured throughout" test "$unmeasured" = 0
		ok_if "interval $n: 10 s from a boundary to the next" is_true \
			"int($end / 10 + 0.5) - int($start / 10 + 0.5) == 1 && $end - $start > 9.8 && $end - $start < 10.2"
		want "$1" 1 "$start" "$end"
		near "interval $n against the BMC" "$node_j" "$WANT_J" "$(calc "0.01 * $WANT_J")"
	done < <(intervals_since "$1" "$2")
	ok_if "$n intervals" test "$n" -ge 5
}

# conserve, as random_jobs; the jobs in JOBS
conserve() {
	local t0
	bmc_power "$1" sine:mean=300,amp=150,period=23
	sleep 1.2
	t0=$(now)
	random_jobs "$@"
	wait_until 35 interval_ended "$1" "$(now)" || give_up "no interval ends"
	check_intervals "$1" "$t0"
}
interval_ended() { [ -n "$(intervals_since "$1" "$2")" ]; }

scenario conservation node "three jobs at random in a minute: nothing is lost, nothing invented"
test_conservation() {
	local job
	conserve "$1" "$E2E_SEED" "2 1 1"
	for job in $JOBS; do
		ledger_load "$1" "$job" extern || continue
		want_work "$1" "$(calc "${L[cores]} / 4")" job "$job" "$1"
		check_job "$job" "$1"
		want_work "$1" "$(calc "${L[cores]} / 4")" step "$job" "$1"
		check_step "$job" 0 "$1"
	done
}

scenario conserve-shared node "the same with CPUs that jobs share: scaled in the ledger"
test_conserve_shared() { conserve "$1" "$((E2E_SEED + 1))" "4 4 4" --oversubscribe; }
