# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a job of OAR's must be charged: when, by OAR's own database, which has
# whole seconds; what part of a node, by its rows of resources; how many joules,
# by the BMC's program. Nothing of the code under test, nor of its schema.
#
# In a row of this test's labs is one core, so a share is rows of rows.
#   |error| <= 1 % + Pmax x share x half a period + 1 J
# since readings a period apart are all that is known of the power; and a period
# for each end of a gap: a reading that a login makes is none of wattgated's.

MAX_GAP_S=5	# of the labs here

want_tolerance() {
	calc "0.01 * $WANT_J + $WANT_PMAX * $PERIOD_S * (0.5 + $GAP_ENDS) + 1"
}

# power programs stay what they are in these labs
bmc_reset() { bmc_clear "$1"; }

# job_spans JOB: "T0 T1 ..." in which it was active; it has ended
job_spans() {
	oar_sql "select start_time, 0, stop_time from jobs where job_id = $1
		union all select date_start, 1, date_stop from job_state_logs
		where job_id = $1 and job_state in ('Suspended', 'Resuming') order by 2, 1" |
		awk -F'|' '
		NR == 1 { at = $1; stop = $3; next }
		{
			if ($1 > at && $1 <= stop)
				printf "%d %d ", at, $1
			if ($3 > at || $3 == 0)
				at = $3 ? $3 : stop
		}
		END { if (stop > at) print at, stop; else print "" }'
}

# job_share JOB NODE: its rows of the node's
job_share() {
	oar_sql "select count(*)::float8 / (select count(*) from resources
			where network_address = '$2' and type = 'default')
		from jobs j join assigned_resources a on a.moldable_job_id = j.assigned_moldable_job
		join resources r using (resource_id)
		where j.job_id = $1 and r.network_address = '$2' and r.type = 'default'"
}

# The parts of a span that readings cover, by the BMC's own log: "T0 T1 ...".
# Where two are further apart than max_gap nothing is known between them.
lit_spans() { # NODE T0 T1
	awk -v from="$2" -v to="$3" -v max_gap="$MAX_GAP_S" '
		function give(a, b) {
			a = a < from ? from : a
			b = b > to ? to : b
			if (b > a)
				printf "%.6f %.6f ", a, b
		}
		$6 ~ /^[0-9]/ && $6 > 0 && $9 == "-" {
			if (!n++)
				begin = $1
			else if ($1 - last > max_gap) {
				give(begin, last)
				begin = $1
			}
			last = $1
		}
		END { if (n) give(begin, last); print "" }' "$LAB_DIR/bmc/out/$1.log"
}

# want_spans NODE SHARE T0 T1 ...: adds what is lit of them to the truth;
# LIT_S of ACTIVE_S are.
want_spans() {
	local node=$1 share=$2 t0 t1 lit i
	shift 2
	while [ $# -ge 2 ]; do
		t0=$1 t1=$2
		shift 2
		read -r -a lit < <(lit_spans "$node" "$t0" "$t1")
		ACTIVE_S=$(calc "$ACTIVE_S + $t1 - $t0")
		[ ${#lit[@]} != 0 ] || continue
		want_add "$node" "$share" "${lit[@]}"
		for ((i = 0; i < ${#lit[@]}; i += 2)); do
			LIT_S=$(calc "$LIT_S + ${lit[i + 1]} - ${lit[i]}")
		done
		# those between, and outer ones that are not the span's
		GAP_ENDS=$((GAP_ENDS + ${#lit[@]} - 2))
		is_true "${lit[0]} - $t0 < 0.01" || GAP_ENDS=$((GAP_ENDS + 1))
		is_true "$t1 - ${lit[-1]} < 0.01" || GAP_ENDS=$((GAP_ENDS + 1))
	done
}
want_none() {
	want_reset
	ACTIVE_S=0 LIT_S=0 GAP_ENDS=0
}

# want_job JOB NODE: all of its time, by its own rows
want_job() {
	local spans
	want_none
	read -r -a spans < <(job_spans "$1")
	[ ${#spans[@]} -ge 2 ] || give_up "job $1 has no time"
	want_spans "$2" "$(job_share "$1" "$2")" "${spans[@]}"
}
