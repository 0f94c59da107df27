# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Jobs of plain users, and their own stamps.

# submit USER SBATCH-ARGUMENTS...: the job's id into JOB. Not requeued unless
# asked for: a second instance would mix with the first.
submit() {
	JOB=$(lab_submit "$1" --no-requeue "${@:2}") || give_up "$1 cannot submit: ${*:2}"
	echo "     job $JOB of $1: ${*:2}"
}

stamp_file() { printf '%s/jobs/%s.%s.%s.%s\n' "$LAB_DIR" "$1" "$2" "${4:-0}" "$3"; }

# stamps NAME JOB NODE [RESTART]: "T0 T1" of that work; NODE `here` for what
# ran outside of steps
stamps() {
	awk '$1 == "begin" { t0 = $2 } $1 == "end" && !t1 { t1 = $2 } END { print t0, t1 }' \
		"$(stamp_file "$@")"
}

# want_work NODE SHARE WORK JOB HOST [RESTART]: the share of the node while that
# work ran on HOST
want_work() {
	want_reset
	want_add_work "$@"
}
want_add_work() {
	local span
	read -r -a span < <(stamps "${@:3}")
	want_add "$1" "$2" "${span[@]}"
}
began() { stamps "$@" | cut -d' ' -f1; }
ended() { stamps "$@" | cut -d' ' -f2; }

has_begun() { [ -s "$(stamp_file "$@")" ]; }
wait_begun() { wait_until 30 has_begun "$@" || give_up "$1 of job $2 does not begin"; }
has_ended() { grep -q '^end' "$(stamp_file "$@")"; }
wait_ended() { wait_until 60 has_ended "$@" || give_up "$1 of job $2 does not end"; }

# finish JOB...: all have ended and are in the accounting
finish() {
	local job
	for job; do
		lab_finish_job "$job" 90 || give_up "job $job does not end"
	done
}

# stepd_of JOB STEP: pid of its slurmstepd, into REPLY
stepd_of() {
	local i
	for i in 1 2 3; do
		REPLY=$(lab_stepd_pid "$1" "$2")
		[ -z "$REPLY" ] || return 0
		sleep 0.2
	done
	give_up "$1.$2 has no slurmstepd"
}
