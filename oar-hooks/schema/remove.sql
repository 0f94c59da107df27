-- SPDX-License-Identifier: GPL-2.0-or-later
-- Takes out what the migrations and rights.sql put in, and no more: no CASCADE,
-- so that what others built on it, or put into the schema, stops it all.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL lock_timeout = '30s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('wattgate-oar-schema')); END $$;
DROP FUNCTION IF EXISTS wattgate.account(bigint, bigint, text);
DROP VIEW IF EXISTS wattgate.job_energy;
DROP TABLE IF EXISTS wattgate.account_day, wattgate.account_hour, wattgate.allocation_hour,
	wattgate.node_hour, wattgate.allocation, wattgate.job, wattgate.node, wattgate.meta;
DROP FUNCTION IF EXISTS wattgate.account_add(), wattgate.part_of(double precision, double precision);
DROP DOMAIN IF EXISTS wattgate.joules, wattgate.seconds, wattgate.amount, wattgate.epoch,
	wattgate.hour, wattgate.word;
DROP SCHEMA IF EXISTS wattgate;
SELECT format('REVOKE SELECT ON public.%I FROM wattgate', relname)
	FROM pg_class WHERE relnamespace = 'public'::regnamespace
		AND relname = ANY (string_to_array(:'tables', ','))
		AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'wattgate') \gexec
SELECT format('REVOKE %s FROM wattgate', what)
	FROM unnest(ARRAY[format('CONNECT ON DATABASE %I', current_database()),
		'USAGE ON SCHEMA public']) what
	WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'wattgate') \gexec
COMMIT;
