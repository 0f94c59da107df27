-- SPDX-License-Identifier: GPL-2.0-or-later
-- Schema wattgate, version 1: what jobs, nodes and hours drew.
-- wattgate-oar-schema runs this as the database's superuser; by hand:
--     psql -X -f 001-results.sql oar
-- Run again, it changes nothing. Columns and units: docs/oar-schema.md.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL lock_timeout = '30s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('wattgate-oar-schema')); END $$;
SELECT to_regclass('wattgate.meta') IS NULL AS missing \gset
\if :missing
CREATE SCHEMA IF NOT EXISTS wattgate AUTHORIZATION wattgate;
SET LOCAL ROLE wattgate;
COMMENT ON SCHEMA wattgate IS 'wattgate: energy of jobs, nodes and hours';

CREATE TABLE wattgate.meta (
	version integer NOT NULL CHECK (version > 0),
	single boolean PRIMARY KEY DEFAULT true CHECK (single)
);
COMMENT ON TABLE wattgate.meta IS 'one row: the version of this schema';

-- NaN and infinity are greater than any number, to PostgreSQL too.
CREATE DOMAIN wattgate.joules AS double precision
	CHECK (VALUE >= 0 AND VALUE <= 1e18);
CREATE DOMAIN wattgate.seconds AS double precision
	CHECK (VALUE >= 0 AND VALUE <= 1e12);
CREATE DOMAIN wattgate.amount AS double precision
	CHECK (VALUE >= 0 AND VALUE <= 1e9);
CREATE DOMAIN wattgate.epoch AS bigint
	CHECK (VALUE >= 0 AND VALUE <= 253402300799);
CREATE DOMAIN wattgate.hour AS bigint
	CHECK (VALUE >= 0 AND VALUE <= 253402300799 AND VALUE % 3600 = 0);
-- As wide as OAR's own columns.
CREATE DOMAIN wattgate.word AS text CHECK (char_length(VALUE) <= 255);
COMMENT ON DOMAIN wattgate.joules IS 'J';
COMMENT ON DOMAIN wattgate.seconds IS 's';
COMMENT ON DOMAIN wattgate.amount IS 'a number of cores or GPUs; a part of one may be held';
COMMENT ON DOMAIN wattgate.epoch IS 's since 1970-01-01 UTC';
COMMENT ON DOMAIN wattgate.hour IS 's since 1970-01-01 UTC: the begin of an hour (UTC)';
COMMENT ON DOMAIN wattgate.word IS 'a short text of OAR''s';

CREATE TABLE wattgate.node (
	node wattgate.word PRIMARY KEY CHECK (node <> ''),
	settled_s wattgate.epoch NOT NULL,
	source wattgate.word,
	cores wattgate.amount,
	gpus wattgate.amount,
	updated_s wattgate.epoch
) WITH (fillfactor = 50);
COMMENT ON TABLE wattgate.node IS 'nodes, and up to when their results are final';
COMMENT ON COLUMN wattgate.node.node IS 'network_address of OAR''s resources';
COMMENT ON COLUMN wattgate.node.settled_s IS 'epoch s: results before it are final';
COMMENT ON COLUMN wattgate.node.source IS 'where its power comes from';
COMMENT ON COLUMN wattgate.node.cores IS 'physical cores that OAR can give';
COMMENT ON COLUMN wattgate.node.gpus IS 'GPUs that OAR can give';
COMMENT ON COLUMN wattgate.node.updated_s IS 'epoch s of the last change';

CREATE TABLE wattgate.job (
	job_id integer PRIMARY KEY CHECK (job_id > 0),
	array_id integer,
	job_user wattgate.word NOT NULL,
	project wattgate.word NOT NULL DEFAULT '',
	job_name wattgate.word,
	queue_name wattgate.word,
	job_type wattgate.word,
	types text CHECK (char_length(types) <= 65536),
	state wattgate.word,
	submission_s wattgate.epoch,
	start_s wattgate.epoch,
	stop_s wattgate.epoch,
	suspended_s wattgate.seconds,
	walltime_s bigint,
	core_s wattgate.seconds,
	gpu_s wattgate.seconds,
	updated_s wattgate.epoch
) WITH (fillfactor = 80);
CREATE INDEX job_stop ON wattgate.job (stop_s);
CREATE INDEX job_open ON wattgate.job (job_id) WHERE stop_s IS NULL;
COMMENT ON TABLE wattgate.job IS 'a copy of what OAR says of the jobs: OAR may delete its rows';
COMMENT ON COLUMN wattgate.job.array_id IS 'job_id of the array''s first job';
COMMENT ON COLUMN wattgate.job.job_type IS 'PASSIVE or INTERACTIVE';
COMMENT ON COLUMN wattgate.job.types IS 'oarsub -t, comma between; its writer cuts what is longer than 65536';
COMMENT ON COLUMN wattgate.job.submission_s IS 'epoch s';
COMMENT ON COLUMN wattgate.job.start_s IS 'epoch s';
COMMENT ON COLUMN wattgate.job.stop_s IS 'epoch s; null: not ended';
COMMENT ON COLUMN wattgate.job.suspended_s IS 's';
COMMENT ON COLUMN wattgate.job.walltime_s IS 's, as asked for';
COMMENT ON COLUMN wattgate.job.core_s IS 'physical cores x s, less suspension';
COMMENT ON COLUMN wattgate.job.gpu_s IS 'GPUs x s, less suspension';
COMMENT ON COLUMN wattgate.job.updated_s IS 'epoch s of the last change';

-- Sums of many windows: a part may exceed its whole by what doubles round.
CREATE FUNCTION wattgate.part_of(part double precision, whole double precision)
	RETURNS boolean LANGUAGE sql IMMUTABLE
	AS 'SELECT part <= whole * (1 + 1e-9) + 0.001';
COMMENT ON FUNCTION wattgate.part_of IS 'part <= whole, to rounding (0.001 and 1e-9 of it)';

CREATE TABLE wattgate.allocation (
	job_id integer NOT NULL REFERENCES wattgate.job,
	node wattgate.word NOT NULL CHECK (node <> ''),
	gated_j wattgate.joules NOT NULL DEFAULT 0,
	node_j wattgate.joules NOT NULL DEFAULT 0,
	model_j wattgate.joules,
	active_s wattgate.seconds NOT NULL DEFAULT 0,
	covered_s wattgate.seconds NOT NULL DEFAULT 0,
	max_gap_s wattgate.seconds NOT NULL DEFAULT 0,
	open_gap_s wattgate.seconds NOT NULL DEFAULT 0,
	cores wattgate.amount NOT NULL,
	gpus wattgate.amount,
	share_s wattgate.seconds NOT NULL DEFAULT 0,
	start_s wattgate.epoch NOT NULL,
	end_s wattgate.epoch,
	closed boolean NOT NULL DEFAULT false,
	source wattgate.word,
	PRIMARY KEY (job_id, node),
	CONSTRAINT covered_within_active CHECK (wattgate.part_of(covered_s, active_s)),
	CONSTRAINT uncovered_has_no_joules CHECK (covered_s > 0 OR (gated_j = 0 AND node_j = 0)),
	CONSTRAINT job_within_node CHECK (wattgate.part_of(gated_j, node_j)),
	CONSTRAINT share_at_most_1 CHECK (wattgate.part_of(share_s, active_s)),
	-- OAR may move a start by some seconds once the job really runs
	CONSTRAINT active_within_time CHECK (end_s IS NULL
		OR (end_s >= start_s AND active_s <= end_s - start_s + 60)),
	CONSTRAINT closed_has_end CHECK (NOT closed OR end_s IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX allocation_open ON wattgate.allocation (node) WHERE NOT closed;
COMMENT ON TABLE wattgate.allocation IS 'what a job drew on a node';
COMMENT ON COLUMN wattgate.allocation.gated_j IS 'J of the job: node power x share while active';
COMMENT ON COLUMN wattgate.allocation.node_j IS 'J of the whole node meanwhile';
COMMENT ON COLUMN wattgate.allocation.model_j IS 'J by Green Algorithms watts of what is held; null: not known';
COMMENT ON COLUMN wattgate.allocation.active_s IS 's of the allocation so far, less suspension';
COMMENT ON COLUMN wattgate.allocation.covered_s IS 's of these in which power was measured';
COMMENT ON COLUMN wattgate.allocation.max_gap_s IS 's: the longest stretch without power';
COMMENT ON COLUMN wattgate.allocation.open_gap_s IS 's without power up to where it is settled';
COMMENT ON COLUMN wattgate.allocation.cores IS 'physical cores held';
COMMENT ON COLUMN wattgate.allocation.gpus IS 'GPUs held';
COMMENT ON COLUMN wattgate.allocation.share_s IS 'share of the node x s';
COMMENT ON COLUMN wattgate.allocation.start_s IS 'epoch s';
COMMENT ON COLUMN wattgate.allocation.end_s IS 'epoch s; null: not ended';
COMMENT ON COLUMN wattgate.allocation.closed IS 'settled to its end';
COMMENT ON COLUMN wattgate.allocation.source IS 'where the node''s power comes from';

CREATE TABLE wattgate.allocation_hour (
	job_id integer NOT NULL,
	node wattgate.word NOT NULL,
	hour_s wattgate.hour NOT NULL,
	gated_j wattgate.joules NOT NULL,
	active_s wattgate.seconds NOT NULL,
	covered_s wattgate.seconds NOT NULL,
	PRIMARY KEY (job_id, node, hour_s),
	FOREIGN KEY (job_id, node) REFERENCES wattgate.allocation,
	CONSTRAINT active_within_hour CHECK (wattgate.part_of(active_s, 3600)),
	CONSTRAINT covered_within_active CHECK (wattgate.part_of(covered_s, active_s)),
	CONSTRAINT uncovered_has_no_joules CHECK (covered_s > 0 OR gated_j = 0)
) WITH (fillfactor = 80);
CREATE INDEX allocation_hour_hour ON wattgate.allocation_hour (hour_s);
COMMENT ON TABLE wattgate.allocation_hour IS 'the same by the hour';
COMMENT ON COLUMN wattgate.allocation_hour.hour_s IS 'epoch s';
COMMENT ON COLUMN wattgate.allocation_hour.gated_j IS 'J of the job';
COMMENT ON COLUMN wattgate.allocation_hour.active_s IS 's of the hour that the job was active';
COMMENT ON COLUMN wattgate.allocation_hour.covered_s IS 's of these in which power was measured';

CREATE TABLE wattgate.node_hour (
	node wattgate.word NOT NULL CHECK (node <> ''),
	hour_s wattgate.hour NOT NULL,
	node_j wattgate.joules NOT NULL,
	allocated_j wattgate.joules NOT NULL,
	unallocated_j wattgate.joules NOT NULL,
	idle_j wattgate.joules NOT NULL,
	measured_s wattgate.seconds NOT NULL,
	unmeasured_s wattgate.seconds NOT NULL,
	idle_s wattgate.seconds NOT NULL,
	scaled boolean NOT NULL DEFAULT false,
	PRIMARY KEY (node, hour_s),
	CONSTRAINT joules_conserved CHECK (abs(node_j - (allocated_j + unallocated_j + idle_j))
		<= node_j * 1e-9 + 0.001),
	CONSTRAINT time_within_hour CHECK (wattgate.part_of(measured_s + unmeasured_s, 3600)),
	CONSTRAINT idle_within_time CHECK (wattgate.part_of(idle_s, measured_s + unmeasured_s)),
	CONSTRAINT unmeasured_has_no_joules CHECK (measured_s > 0 OR node_j = 0)
) WITH (fillfactor = 80);
CREATE INDEX node_hour_hour ON wattgate.node_hour (hour_s);
COMMENT ON TABLE wattgate.node_hour IS 'where the joules of a node went in an hour';
COMMENT ON COLUMN wattgate.node_hour.hour_s IS 'epoch s';
COMMENT ON COLUMN wattgate.node_hour.node_j IS 'J of the node: allocated + unallocated + idle';
COMMENT ON COLUMN wattgate.node_hour.allocated_j IS 'J of its jobs';
COMMENT ON COLUMN wattgate.node_hour.unallocated_j IS 'J of parts that no job held while another part was held';
COMMENT ON COLUMN wattgate.node_hour.idle_j IS 'J while no job was on the node';
COMMENT ON COLUMN wattgate.node_hour.measured_s IS 's in which power was measured';
COMMENT ON COLUMN wattgate.node_hour.unmeasured_s IS 's in which it was not';
COMMENT ON COLUMN wattgate.node_hour.idle_s IS 's in which no job was on the node';
COMMENT ON COLUMN wattgate.node_hour.scaled IS 'shares added up to more than 1 and were scaled to 1';

CREATE VIEW wattgate.job_energy AS
	SELECT job_id,
		CASE WHEN sum(covered_s) > 0 THEN sum(gated_j) / 3.6e6 END AS energy_kwh,
		CASE WHEN sum(active_s) > 0 THEN least(sum(covered_s) / sum(active_s), 1) END
			AS energy_coverage,
		CASE WHEN sum(covered_s) > 0 THEN sum(node_j) / 3.6e6 END AS bmc_kwh,
		CASE WHEN count(model_j) = count(*) THEN sum(model_j) / 3.6e6 END AS model_kwh,
		max(max_gap_s)::double precision AS max_gap_s
	FROM wattgate.allocation
	GROUP BY job_id;
COMMENT ON VIEW wattgate.job_energy IS 'kWh of each job; null is unknown, and unknown is never 0';
COMMENT ON COLUMN wattgate.job_energy.energy_kwh IS 'kWh of the job';
COMMENT ON COLUMN wattgate.job_energy.energy_coverage IS '0..1: time with power of all its time, over all nodes';
COMMENT ON COLUMN wattgate.job_energy.bmc_kwh IS 'kWh of its whole nodes meanwhile';
COMMENT ON COLUMN wattgate.job_energy.model_kwh IS 'kWh by Green Algorithms watts';
COMMENT ON COLUMN wattgate.job_energy.max_gap_s IS 's: the longest stretch without power on a node';

-- allocation_hour summed by user and project, over hours and over days (UTC):
-- a year's accounting reads thousands of rows and not millions. The triggers
-- below keep them; no checks, because a change is inserted before it is added.
CREATE TABLE wattgate.account_hour (
	from_s wattgate.hour NOT NULL,
	job_user wattgate.word NOT NULL,
	project wattgate.word NOT NULL,
	gated_j double precision NOT NULL,
	active_s double precision NOT NULL,
	covered_s double precision NOT NULL,
	core_s double precision NOT NULL,
	PRIMARY KEY (from_s, job_user, project)
) WITH (fillfactor = 50);
CREATE TABLE wattgate.account_day (LIKE wattgate.account_hour INCLUDING ALL)
	WITH (fillfactor = 50);
COMMENT ON TABLE wattgate.account_hour IS 'allocation_hour by user and project; kept by triggers';
COMMENT ON COLUMN wattgate.account_hour.from_s IS 'epoch s: the begin of the hour (UTC)';
COMMENT ON COLUMN wattgate.account_hour.gated_j IS 'J of the jobs';
COMMENT ON COLUMN wattgate.account_hour.active_s IS 's on nodes, less suspension';
COMMENT ON COLUMN wattgate.account_hour.covered_s IS 's of these in which power was measured';
COMMENT ON COLUMN wattgate.account_hour.core_s IS 'physical cores x s';
COMMENT ON TABLE wattgate.account_day IS 'account_hour by day';
COMMENT ON COLUMN wattgate.account_day.from_s IS 'epoch s: the begin of the day (UTC)';
COMMENT ON COLUMN wattgate.account_day.gated_j IS 'J of the jobs';
COMMENT ON COLUMN wattgate.account_day.active_s IS 's on nodes, less suspension';
COMMENT ON COLUMN wattgate.account_day.covered_s IS 's of these in which power was measured';
COMMENT ON COLUMN wattgate.account_day.core_s IS 'physical cores x s';

CREATE FUNCTION wattgate.account_add() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	changes text := CASE TG_OP
		WHEN 'INSERT' THEN 'SELECT *, 1 AS sign FROM new_rows'
		WHEN 'DELETE' THEN 'SELECT *, -1 AS sign FROM old_rows'
		ELSE 'SELECT *, 1 AS sign FROM new_rows UNION ALL SELECT *, -1 FROM old_rows'
	END;
	name text;
	span_s integer;
BEGIN
	FOR name, span_s IN VALUES ('account_hour', 3600), ('account_day', 86400) LOOP
		EXECUTE format('INSERT INTO wattgate.%I AS s
			SELECT c.hour_s - c.hour_s %% %s, j.job_user, j.project,
				sum(c.sign * c.gated_j), sum(c.sign * c.active_s),
				sum(c.sign * c.covered_s), sum(c.sign * c.active_s * a.cores)
			FROM (%s) c
			JOIN wattgate.allocation a USING (job_id, node)
			JOIN wattgate.job j USING (job_id)
			GROUP BY 1, 2, 3
			ON CONFLICT (from_s, job_user, project) DO UPDATE SET
				gated_j = s.gated_j + excluded.gated_j,
				active_s = s.active_s + excluded.active_s,
				covered_s = s.covered_s + excluded.covered_s,
				core_s = s.core_s + excluded.core_s', name, span_s, changes);
	END LOOP;
	RETURN NULL;
END $$;
CREATE TRIGGER account_insert AFTER INSERT ON wattgate.allocation_hour
	REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION wattgate.account_add();
CREATE TRIGGER account_update AFTER UPDATE ON wattgate.allocation_hour
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION wattgate.account_add();
CREATE TRIGGER account_delete AFTER DELETE ON wattgate.allocation_hour
	REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION wattgate.account_add();

-- Whole days by their sums, the hours before and after them by theirs. Days
-- are of [first, last): the first is since_s or the next midnight, the last is
-- the midnight at or before until_s. All in one expression, and without SET,
-- so that the planner puts it into the query that calls it, with numbers.
CREATE FUNCTION wattgate.account(since_s bigint, until_s bigint, only_user text DEFAULT NULL)
	RETURNS TABLE (job_user text, project text, core_s double precision,
		energy_kwh double precision, energy_coverage double precision)
	LANGUAGE sql STABLE AS $$
	SELECT s.job_user::text, s.project::text, greatest(sum(s.core_s), 0),
		CASE WHEN sum(s.covered_s) > 0.001 THEN greatest(sum(s.gated_j), 0) / 3.6e6 END,
		CASE WHEN sum(s.active_s) > 0.001
			THEN greatest(least(sum(s.covered_s) / sum(s.active_s), 1), 0) END
	FROM (
		SELECT * FROM wattgate.account_day
		WHERE from_s >= since_s AND from_s < until_s - until_s % 86400
		UNION ALL SELECT * FROM wattgate.account_hour
		WHERE from_s >= since_s AND from_s < least((since_s + 86399) / 86400 * 86400, until_s)
		UNION ALL SELECT * FROM wattgate.account_hour
		WHERE from_s >= greatest((since_s + 86399) / 86400 * 86400, until_s - until_s % 86400)
			AND from_s < until_s
	) s
	WHERE only_user IS NULL OR s.job_user = only_user
	GROUP BY s.job_user, s.project
$$;
COMMENT ON FUNCTION wattgate.account(bigint, bigint, text) IS
	'physical cores x s, kWh and coverage (0..1) by user and project, of the hours (UTC) that begin in [since_s, until_s)';

INSERT INTO wattgate.meta (version) VALUES (1);
\endif
COMMIT;
