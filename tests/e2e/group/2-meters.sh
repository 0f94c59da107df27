# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Nodes whose power a program of the site's tells (source = exec), by the same
# truth that the tests hold jobs against, and a second one beside it that always
# says 0.95 of it.

knobs_meters() {
	local meter=$E2E_DIR/meter sections
	sections="[bmc *]
source = exec
command = $meter %n 1
[second *]
source = exec
command = $meter %n 0.95"
	export LAB_ROLLUP=10s
	# of who reads the meters
	if in_site_mode; then
		export LAB_SITE_SECTION=$sections
	else
		export LAB_WATTGATE_CONF=$sections
	fi
	# the daemon's user may neither change it nor what it lies in
	cat >"$meter" <<-EOS || exit 1
	#!/bin/bash
	[ ! -e $LAB_DIR/broken.\$2 ] || { echo "the meter is unplugged" >&2; exit 7; }
	watts=\$($LAB_DIR/bin/bmcsim watts --truth-file $LAB_DIR/bmc/out/\$1.truth \$EPOCHREALTIME) &&
		exec awk "BEGIN { print \$watts * \$2, \"W\" }"
	EOS
	chmod 0755 "$meter"
}

meters_file() { # NODE
	if in_site_mode; then
		echo "$LAB_DIR/site/ledger/$1.meters"
	else
		echo "$LAB_DIR/wattgate/ledger/$1.meters"
	fi
}
lines_of() { grep -c . "$(meters_file "$1")" 2>/dev/null || :; }
has_hours() { # NODE LINES
	[ "$(lines_of "$1")" -ge "$2" ]
}
# check_ratio NODE LINE: by what was recorded from that line on. Where power had
# changed, the two would differ by that for a part of a period.
check_ratio() {
	local ratio both first second dir=$LAB_DIR/jobs/audit.$1
	mkdir "$dir" && cp "$LAB_DIR/wattgate/ledger/$1.ledger" "$dir" &&
		tail -n "+$2" "$(meters_file "$1")" >"$dir/$1.meters" || give_up "no copy"
	read -r ratio both first second < <(wattgate audit --json --ledger-dir "$dir" |
		jq -r '.meters[] | "\(.ratio) \(.both_s) \(.first) \(.second)"')
	near "wattgate audit: the second meter of $1 by the first" "$ratio" 0.95 0.0005 of
	ok_if "they are $first and $second" test "$first $second" = "exec:meter exec:meter"
	ok_if "both measured for $both s" is_true "${both:-0} > 10"
	ok_if "the table has it" grep -q "^$1 .* 0\.9500$" <(wattgate audit --ledger-dir "$dir")
	ok_if "no stretch is there twice" test -z \
		"$(grep -o ' start_ns=[0-9]*' "$(meters_file "$1")" | sort | uniq -d)"
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
		grep -q "alloc job=$JOB .* source=[a-z:]*exec:meter " "$LAB_DIR/wattgate/ledger/$1.ledger"
	ok_if "no BMC was asked" test 0 = "$(grep -c ' GET ' "$LAB_DIR/bmc/out/$1.log")"
}

scenario meters-ratio lab "the audit knows how a second meter differs, across restarts"
test_meters_ratio() {
	local lines node
	lines=$(lines_of n1)
	for node in $LAB_NODES; do
		# one record has the time before
		wait_until 40 has_hours "$node" "$((lines + 2))" || give_up "no records of two meters"
	done
	lab_wattgated_stop "$(meter_of n1)" KILL && lab_wattgated_start "$(meter_of n1)" ||
		give_up "wattgated does not start again"
	for node in $LAB_NODES; do
		wait_until 40 has_hours "$node" "$((lines + 4))" || give_up "no more records"
		check_ratio "$node" "$((lines + 2))"
	done
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
		"$(meter_log n2)"
}
