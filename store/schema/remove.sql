-- SPDX-License-Identifier: GPL-2.0-or-later
-- Takes out what the migrations and rights.sql put in, and no more: no CASCADE,
-- so that what others built on it, or put into the schema, stops it all.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL lock_timeout = '30s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('wattgate-site-schema')); END $$;
DROP VIEW IF EXISTS wattgate_site.allocations, wattgate_site.intervals;
DROP TABLE IF EXISTS wattgate_site.open_part, wattgate_site.open_interval,
	wattgate_site.interval_part, wattgate_site.node_interval,
	wattgate_site.open_allocation, wattgate_site.allocation,
	wattgate_site.boot, wattgate_site.node, wattgate_site.meta;
DROP FUNCTION IF EXISTS wattgate_site.drop_parts();
DROP DOMAIN IF EXISTS wattgate_site.small, wattgate_site.ns, wattgate_site.wall,
	wattgate_site.amount, wattgate_site.about;
DROP SCHEMA IF EXISTS wattgate_site;
SELECT format('REVOKE CONNECT ON DATABASE %I FROM %I', current_database(), rolname)
	FROM pg_roles WHERE rolname IN ('wattgate', 'wattgate_reader') \gexec
COMMIT;
