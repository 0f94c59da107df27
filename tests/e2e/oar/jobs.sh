# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Jobs of plain users.

on_node() { printf "network_address='%s'" "$1"; }

# submit USER OARSUB-ARGUMENTS...: the job's id into JOB
submit() {
	JOB=$(oar_submit "$@") || give_up "$1 cannot submit: ${*:2}"
	echo "     job $JOB of $1: ${*:2}"
}

running() {
	local job
	for job; do
		oar_wait_state "$job" Running 90 || give_up "job $job does not run"
	done
}

# Until so much of its time has passed, by the database's clock.
has_run() { [ "$(oar_sql "select extract(epoch from now()) - start_time >= $2
	from jobs where job_id = $1")" = t ]; }
run_for() { wait_until 60 has_run "$1" "$2" || give_up "job $1 does not run for $2 s"; }

delete() { oar_as "$1" oardel "$2" >/dev/null || give_up "oardel $2 fails"; }

stop_of() { oar_sql "select stop_time from jobs where job_id = $1"; }

# finish JOB...: all have ended, and results are final to a second after that
finish() {
	local job
	for job; do
		oar_wait_job "$job" 120 || give_up "job $job does not end"
	done
	settled "$@"
}
settled() {
	local stop last=0 job nodes=()
	for job; do
		stop=$(stop_of "$job")
		((stop > last)) && last=$stop
		mapfile -t -O "${#nodes[@]}" nodes < <(oar_job_nodes "$job")
	done
	mapfile -t nodes < <(printf '%s\n' "${nodes[@]}" | sort -u)
	wait_until 60 oar_settled "$((last + 1))" "${nodes[@]}" ||
		give_up "jobs $*: ${nodes[*]} not settled to $((last + 1))"
}
