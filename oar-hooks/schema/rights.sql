-- SPDX-License-Identifier: GPL-2.0-or-later
-- What wattgate reads of OAR's, and who reads what wattgate writes. Run again,
-- it changes nothing. Variables: tables (a list), readers (a list of roles).
BEGIN;
SET LOCAL lock_timeout = '30s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('wattgate-oar-schema')); END $$;
GRANT CONNECT ON DATABASE :"DBNAME" TO wattgate;
GRANT USAGE ON SCHEMA public TO wattgate;
SELECT format('GRANT SELECT ON public.%I TO wattgate', name)
	FROM unnest(string_to_array(:'tables', ',')) name
	WHERE to_regclass(format('public.%I', name)) IS NOT NULL \gexec
SELECT format('GRANT USAGE ON SCHEMA wattgate TO %I', rolname)
	FROM pg_roles WHERE rolname = ANY (string_to_array(:'readers', ',')) \gexec
SELECT format('GRANT SELECT ON ALL TABLES IN SCHEMA wattgate TO %I', rolname)
	FROM pg_roles WHERE rolname = ANY (string_to_array(:'readers', ',')) \gexec
COMMIT;
