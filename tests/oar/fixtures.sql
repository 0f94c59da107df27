-- SPDX-License-Identifier: GPL-2.0-or-later
-- Jobs of the past with energy, hostile names included. Days are of March 2024,
-- which has 1709251200 as its begin (UTC).
INSERT INTO jobs (job_id, array_id, job_name, job_user, project, command, state, queue_name,
		submission_time, start_time, stop_time, launching_directory, checkpoint_signal,
		stdout_file, stderr_file, properties, initial_request, assigned_moldable_job)
	SELECT v.id, 5001, v.name, v.usr, v.project, v.command, 'Terminated', 'default',
		1709251200, 1709251200, 1709254800, '/', 12, '/o', '/e', '', '', v.id
	FROM (VALUES
		(5001, 'plain', 'alice', 'p1', 'true'),
		(5002, E'%s%n\n    energy_kwh = 7\n\033]0;x\007"''\\', E'bob''); DROP SCHEMA wattgate; --',
			E'%d\033[2J\n''; DROP TABLE jobs; --', E'"}],"energy_kwh":1'),
		(5003, NULL, 'alice', 'p2', NULL),
		(5004, 'uncovered', 'alice', 'p2', 'true'),
		(5005, 'two nodes', 'alice', 'p1', 'true'),
		(5006, 'tiny', 'carol', '', 'true'),
		(5007, 'huge', 'carol', E'\u00e9nergie \u2713', 'true'),
		(5008, 'not quite', 'carol', '', 'true')) v (id, name, usr, project, command);

INSERT INTO moldable_job_descriptions
	SELECT job_id, job_id, 3600, 'LOG' FROM jobs WHERE job_id BETWEEN 5001 AND 5008;
INSERT INTO assigned_resources
	SELECT job_id, 1, 'LOG' FROM jobs WHERE job_id BETWEEN 5001 AND 5008;

INSERT INTO wattgate.job (job_id, array_id, job_user, project, state, start_s, stop_s)
	SELECT job_id, array_id, job_user, project, state, start_time, stop_time
	FROM jobs WHERE job_id BETWEEN 5001 AND 5008 AND job_id <> 5003;
INSERT INTO wattgate.allocation (job_id, node, gated_j, node_j, active_s, covered_s, cores,
		start_s, end_s, closed)
	SELECT v.id, v.node, v.gated_j, 2 * v.gated_j, v.active_s, v.covered_s, v.cores,
		1709251200, 1709251200 + v.active_s, true
	FROM (VALUES
		(5001, 'node-1', 3600000, 7200, 7200, 1),
		(5002, 'node-1', 1800000, 3600, 3600, 2),
		(5004, 'node-1', 0, 3600, 0, 1),
		(5005, 'node-1', 900000, 3600, 3600, 1),
		(5005, 'node-2', 900000, 3600, 1800, 1),
		(5006, 'node-3', 0.0036, 3600, 3600, 1),
		(5007, 'node-3', 1e15, 3600, 3600, 1),
		(5008, 'node-3', 1, 3600, 3599.9999999, 1)) v (id, node, gated_j, active_s, covered_s, cores);
-- 5001 around the midnight of March 2: 1.5 hours before it and 0.5 after
INSERT INTO wattgate.allocation_hour (job_id, node, hour_s, gated_j, active_s, covered_s, node_j, share_s)
	SELECT v.id, v.node, 1709251200 + 3600 * v.hour, v.gated_j, v.active_s, v.covered_s,
		2 * v.gated_j, 0
	FROM (VALUES
		(5001, 'node-1', 22, 900000, 1800, 1800),
		(5001, 'node-1', 23, 1800000, 3600, 3600),
		(5001, 'node-1', 24, 900000, 1800, 1800),
		(5002, 'node-1', 10, 1800000, 3600, 3600),
		(5004, 'node-1', 11, 0, 3600, 0),
		(5005, 'node-1', 24, 900000, 3600, 3600),
		(5005, 'node-2', 24, 900000, 3600, 1800),
		(5006, 'node-3', 5, 0.0036, 3600, 3600),
		(5007, 'node-3', 5, 1e15, 3600, 3600)) v (id, node, hour, gated_j, active_s, covered_s);

INSERT INTO accounting
	SELECT 1709251200, 1709337599, job_user, project, 'default', type, 3600 * count(*)
	FROM jobs, (VALUES ('ASKED'), ('USED')) t (type)
	WHERE job_id BETWEEN 5001 AND 5008 GROUP BY job_user, project, type;
