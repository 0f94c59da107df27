# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Nodes whose power a program of the site's tells (source = exec), by the same
# truth that the tests hold jobs against, and a second one beside it that always
# says 0.95 of it.

knobs_meters() {
	local meter=$E2E_DIR/meter
	export LAB_ROLLUP=10s LAB_WATTGATE_TOP='source = exec' LAB_WATTGATE_CONF="[bmc *]
command = $meter %n 1
[second *]
source = exec
command = $meter %n 0.95"
	# the daemon's user may neither change it nor what it lies in
	cat >"$meter" <<-EOS || exit 1
	#!/bin/bash
	[ ! -e $LAB_DIR/broken.\$2 ] || { echo "the meter is unplugged" >&2; exit 7; }
	watts=\$($LAB_DIR/bin/bmcsim watts --truth-file $LAB_DIR/bmc/out/\$1.truth \$EPOCHREALTIME) &&
		exec awk "BEGIN { print \$watts * \$2, \"W\" }"
	EOS
	chmod 0755 "$meter"
}

# The meter's row of the audit, of NODE: "RATIO BOTH_S FIRST SECOND"
audit_row() {
	wattgate audit --json --node "$1" |
		jq -r '.meters[] | "\(.ratio) \(.both_s) \(.first) \(.second)"'
}
has_hours() { # NODE LINES
	[ "$(wc -l <"$LAB_DIR/wattgate/ledger/$1.meters")" -ge "$2" ]
}
# check_ratio NODE
check_ratio() {
	local ratio both first second
	read -r ratio both first second < <(audit_row "$1")
	near "wattgate audit: the second meter of $1 by the first" "$ratio" 0.95 0.0005 of
	ok_if "they are $first and $second" test "$first $second" = "exec:meter exec:meter"
	ok_if "both measured for $both s" is_true "${both:-0} > 10"
}

scenario meters-exec node "a job on a node whose power a program tells"
test_meters_exec() {
	submit "$USER1" -w "$1" -n1 --wrap 'work job srun work step 12'
	wait_begun step "$JOB" "$1"
	bmc_power "$1" const:350 || give_up "no program"
	finish "$JOB"
	want_work "$1" 0.5 job "$JOB" "$1"
	check_job "$JOB" "$1"
	want_work "$1" 0.5 step "$JOB" "$1"
	check_step "$JOB" 0 "$1"
	ok_if "the ledger says what measured" \
		grep -q "alloc job=$JOB .* source=exec:meter " "$LAB_DIR/wattgate/ledger/$1.ledger"
	ok_if "no BMC was asked" test 0 = "$(grep -c ' GET ' "$LAB_DIR/bmc/out/$1.log")"
}

scenario meters-ratio lab "the audit knows how a second meter differs, across restarts"
test_meters_ratio() {
	local lines
	lines=$(wc -l <"$LAB_DIR/wattgate/ledger/n1.meters")
	wait_until 40 has_hours n1 "$((lines + 2))" || give_up "no records of two meters"
	lab_wattgated_stop n1 KILL && lab_wattgated_start n1 ||
		give_up "wattgated does not start again"
	wait_until 40 has_hours n1 "$((lines + 4))" || give_up "no more records"
	check_ratio n1
	ok_if "no stretch of n1 is there twice" test -z \
		"$(grep -o 'start_ns=[0-9]*' "$LAB_DIR/wattgate/ledger/n1.meters" | sort | uniq -d)"
	wait_until 40 has_hours n2 2 || give_up "no records of n2"
	check_ratio n2
	ok_if "the table names it" grep -q "^n1 .* 0.9[45][0-9]*$" <(wattgate audit)
}

scenario meters-broken lab "a second meter that fails changes nothing for jobs"
test_meters_broken() {
	submit "$USER1" -w n2 -n1 --wrap 'work job srun work step 10'
	wait_begun step "$JOB" n2
	: >"$LAB_DIR/broken.0.95"
	finish "$JOB"
	rm -f "$LAB_DIR/broken.0.95"
	want_work n2 0.5 job "$JOB" n2
	check_job "$JOB" n2
	ok_if "the log says which meter, and what it said" grep -q \
		"node n2 (second meter): power is unavailable: .*exit status 7 (the meter is unplugged)" \
		"$LAB_DIR/log/wattgated.n2.log"
}
