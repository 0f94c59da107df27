-- SPDX-License-Identifier: GPL-2.0-or-later
-- Makes node_interval a hypertable of TimescaleDB, chunks of 30 days. Its unique
-- keys must then hold the time; wattgated looks for what is there itself, under
-- the lock of the node's row, so that no record is doubled without them.
-- Not tried: Debian has no TimescaleDB.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL lock_timeout = '30s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('wattgate-site-schema')); END $$;
SET LOCAL search_path = wattgate_site, public;
LOCK TABLE node_interval IN ACCESS EXCLUSIVE MODE;
ALTER TABLE node_interval DROP CONSTRAINT node_interval_pkey;
ALTER TABLE node_interval DROP CONSTRAINT node_interval_boot_id_start_ns_key;
CREATE INDEX node_interval_seq ON node_interval (node_id, seq);
CREATE UNIQUE INDEX node_interval_key ON node_interval (boot_id, start_ns, to_wall_ns);
SELECT create_hypertable('node_interval', 'to_wall_ns',
	chunk_time_interval => 2592000000000000, migrate_data => true);
COMMIT;
