# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Very many jobs in OAR's tables and in schema wattgate, as wattgated would have
# written them. For scripts that have read oar-db.sh and started a database.

MANY_JOBS_FROM=1790000000	# the first ends a little later

# many_oar_jobs N DAYS: N jobs that ended within so many days on 50 nodes: of 40
# users and 9 projects, in arrays, failed, suspended, over several hours; some
# never ran, and of some nothing was measured. What a node's jobs have of an
# hour, 36 kJ that no job held, and as much while it was idle, is what it drew.
many_oar_jobs() {
	db -v n="$1" -v span="$(($2 * 86400))" -v t0="$MANY_JOBS_FROM" <<-'SQL'
	set work_mem = '256MB';
	create temp table plan as select *, stop - len as start, cores * 5.0 as watts
		from (select i as id, 'node-' || 1 + i % 50 as node, 1 + (i * 31) % 16 as cores,
			:t0 + 1 + (i::bigint * :span / :n)::int as stop,
			1 + (i::bigint * 7919 % 7200)::int as len,
			case when i % 10 >= 6 then i - i % 10 + 6 else i end as array_id,
			'user' || i % 40 as job_user, 'project' || i % 9 as project,
			i % 145 = 0 as never, i % 997 = 0 as silent,
			case when i % 29 = 0 then 'Error' else 'Terminated' end as state
			from generate_series(1, :n) i) s;
	insert into jobs (job_id, array_id, job_name, job_user, project, state,
			launching_directory, submission_time, start_time, stop_time,
			assigned_moldable_job, checkpoint_signal, queue_name)
		select id, array_id, 'job ' || id, job_user, project, state, '/home',
			start - 10, case when never then 0 else start end, stop,
			case when never then 0 else id end, 12, 'default'
		from plan;
	insert into wattgate.job (job_id, array_id, job_user, project, job_name, queue_name,
			state, submission_s, start_s, stop_s, core_s, gpu_s)
		select id, array_id, job_user, project, 'job ' || id, 'default', state,
			start - 10, start, stop, len * cores, 0
		from plan where not never;
	insert into wattgate.allocation (job_id, node, gated_j, node_j, model_j, active_s, covered_s,
			max_gap_s, cores, gpus, share_s, start_s, end_s, closed, source)
		select id, node, case when silent then 0 else len * watts end,
			case when silent then 0 else len * 100 end, len * cores * 12, len,
			case when silent then 0 else len end, case when silent then len else 0 end,
			cores, 0, len * cores / 20.0, start, stop, true, 'redfish:power'
		from plan where not never;
	insert into wattgate.allocation_hour (job_id, node, hour_s, gated_j, node_j, model_j, active_s,
			covered_s, share_s)
		select id, node, h, case when silent then 0 else a * watts end,
			case when silent then 0 else a * 100 end, a * cores * 12, a,
			case when silent then 0 else a end, a * cores / 20.0
		from plan, generate_series(start / 3600 * 3600, stop - 1, 3600) h,
			lateral (select least(stop, h + 3600) - greatest(start, h) as a) x
		where not never;
	insert into wattgate.node_hour (node, hour_s, node_j, allocated_j, unallocated_j, idle_j,
			measured_s, unmeasured_s, idle_s)
		select node, hour_s, sum(gated_j) + 72000, sum(gated_j), 36000, 36000, 3600, 0, 900
		from wattgate.allocation_hour group by 1, 2;
	insert into wattgate.node (node, settled_s, source)
		select node, max(hour_s) + 3600, 'redfish:power' from wattgate.node_hour group by 1;
	analyze;
	SQL
}
