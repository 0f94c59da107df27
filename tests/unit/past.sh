# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For scripts that read power from a site's data base: sourced, behind
# daemon.sh. Truth is the simulated BMC's program.

past_tool=${PAST_TOOL:-./tests/unit/past_tool}
[ -x "$past_tool" ] || { echo "no $past_tool: build it first"; exit 1; }

# conf_past PERIOD LINE...: of [bmc]
conf_past() {
	local period=$1
	shift
	cat >"$dir/wattgate.conf" <<-END
	period = $period
	ledger_dir = $dir/ledger
	state_dir = $dir/state
	[bmc]
	timeout = 2s
	$(printf '%s\n' "$@")
	[hardware]
	cores = 2
	[slurm]
	scontrol =
	END
}

now() { printf '%s\n' "${EPOCHREALTIME/,/.}"; }
calc() { awk "BEGIN { printf \"%.6f\", $1 }"; }
is_true() { awk "BEGIN { exit !($1) }"; }

series() { "$past_tool" series "$dir/run/n1/series"; }
# samples of the series, or of lines on standard input, that lie in FROM..TO
count_in() { awk -v a="$1" -v b="$2" '$1 >= a && $1 <= b { n++ } END { print n + 0 }'; }
series_has() { [ "$(series 2>/dev/null | count_in "$1" "$2")" -ge "$3" ]; }
history() { "$past_tool" history "$dir/wattgate.conf" n1 "$1" "$2" 2>"$dir/err"; }

# joules_right FILE TOLERANCE: what a series' lines sum up to between its first
# and last sample is what the program says; gaps are left out on both sides.
joules_right() {
	local file=$1 got=0 want=0 a b j
	while read -r a b j; do
		got=$(calc "$got + $j")
		want=$(calc "$want + $("$bmcsim" integrate --truth-file "$dir/truth" "$a" "$b")")
	done < <(awk -v gap="${MAX_GAP:-3}" '
		NR > 1 && $1 - last > gap { if (NR > 2) print first, last, last_j - first_j; first = $1; first_j = $3 }
		NR == 1 { first = $1; first_j = $3 }
		{ last = $1; last_j = $3 }
		END { if (NR > 1) print first, last, last_j - first_j }' "$file")
	echo "     $got J, truth $want J"
	is_true "$want > 0 && $got - $want <= $2 * $want && $want - $got <= $2 * $want"
}

# As series' lines, of "WALL WATTS" lines.
with_joules() {
	awk -v gap="${MAX_GAP:-3}" '
		NR > 1 && $1 - t <= gap { j += ($2 + w) / 2 * ($1 - t) }
		{ t = $1; w = $2; printf "%s %s %.6f\n", t, w, j }'
}
