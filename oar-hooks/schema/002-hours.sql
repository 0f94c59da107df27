-- SPDX-License-Identifier: GPL-2.0-or-later
-- Schema wattgate, version 2: an hour has all that an allocation is summed up
-- from, so that hours of the past can be filled and allocations summed anew.
-- wattgate-oar-schema runs this as the database's superuser, after 001; by hand:
--     psql -X -f 002-hours.sql oar
-- Run again, it changes nothing. No figure of version 1 changes.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL lock_timeout = '30s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('wattgate-oar-schema')); END $$;
SELECT version = 1 AS missing FROM wattgate.meta \gset
\if :missing
SET LOCAL ROLE wattgate;
LOCK TABLE wattgate.node, wattgate.allocation, wattgate.allocation_hour, wattgate.node_hour;

ALTER TABLE wattgate.allocation_hour
	ADD COLUMN node_j wattgate.joules,
	ADD COLUMN model_j wattgate.joules,
	ADD COLUMN share_s wattgate.seconds,
	ADD COLUMN head_gap_s wattgate.seconds,
	ADD COLUMN tail_gap_s wattgate.seconds,
	ADD COLUMN max_gap_s wattgate.seconds,
	ADD COLUMN gap_broken boolean;
ALTER TABLE wattgate.node_hour ADD COLUMN source wattgate.word;

-- Version 1 has these of the allocation as a whole. Its hours get their parts
-- of them, which add up to what it has; where gaps lay in an hour is not known.
-- The sums by user and project are not touched: they would only round.
ALTER TABLE wattgate.allocation_hour DISABLE TRIGGER USER;
UPDATE wattgate.allocation_hour h SET
	node_j = CASE WHEN a.gated_j > 0 THEN a.node_j * (h.gated_j / a.gated_j)
		WHEN a.covered_s > 0 THEN a.node_j * least(h.covered_s / a.covered_s, 1)
		ELSE 0 END,
	model_j = a.model_j * CASE WHEN a.active_s > 0 THEN least(h.active_s / a.active_s, 1) ELSE 0 END,
	share_s = a.share_s * CASE WHEN a.active_s > 0 THEN least(h.active_s / a.active_s, 1) ELSE 0 END
	FROM wattgate.allocation a WHERE a.job_id = h.job_id AND a.node = h.node;
ALTER TABLE wattgate.allocation_hour ENABLE TRIGGER USER;

ALTER TABLE wattgate.allocation_hour
	ALTER COLUMN node_j SET NOT NULL,
	ALTER COLUMN share_s SET NOT NULL,
	DROP CONSTRAINT uncovered_has_no_joules,
	ADD CONSTRAINT uncovered_has_no_joules CHECK (covered_s > 0 OR (gated_j = 0 AND node_j = 0)),
	ADD CONSTRAINT job_within_node CHECK (wattgate.part_of(gated_j, node_j)),
	ADD CONSTRAINT share_at_most_1 CHECK (wattgate.part_of(share_s, active_s)),
	ADD CONSTRAINT gaps_known_together CHECK (num_nulls(head_gap_s, tail_gap_s, max_gap_s, gap_broken) IN (0, 4)),
	ADD CONSTRAINT gaps_within_time CHECK (wattgate.part_of(head_gap_s, max_gap_s)
		AND wattgate.part_of(tail_gap_s, max_gap_s) AND wattgate.part_of(max_gap_s, active_s));
COMMENT ON COLUMN wattgate.allocation_hour.node_j IS 'J of the whole node meanwhile';
COMMENT ON COLUMN wattgate.allocation_hour.model_j IS 'J by Green Algorithms watts of what is held; null: not known';
COMMENT ON COLUMN wattgate.allocation_hour.share_s IS 'share of the node x s';
COMMENT ON COLUMN wattgate.allocation_hour.head_gap_s IS 's without power that its time in the hour begins with; null: not known';
COMMENT ON COLUMN wattgate.allocation_hour.tail_gap_s IS 's without power that it ends with; null: not known';
COMMENT ON COLUMN wattgate.allocation_hour.max_gap_s IS 's: the longest stretch without power in the hour; null: not known';
COMMENT ON COLUMN wattgate.allocation_hour.gap_broken IS 'false: no power and no suspension in it, so that gaps before and behind are one; null: not known';
COMMENT ON COLUMN wattgate.node_hour.source IS 'where the power of this hour comes from; null: not known';

UPDATE wattgate.meta SET version = 2;
\endif
COMMIT;
