-- SPDX-License-Identifier: GPL-2.0-or-later
-- Who reads what wattgate writes: role wattgate_reader, and who is a member of it.
-- Run again, it changes nothing. Variable: readers (a list of roles).
BEGIN;
SET LOCAL lock_timeout = '30s';
SET LOCAL client_min_messages = warning;
DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('wattgate-site-schema')); END $$;
GRANT CONNECT ON DATABASE :"DBNAME" TO wattgate, wattgate_reader;
GRANT USAGE ON SCHEMA wattgate_site TO wattgate_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA wattgate_site TO wattgate_reader;
SELECT format('GRANT wattgate_reader TO %I', rolname) FROM pg_roles
	WHERE rolname = ANY (string_to_array(:'readers', ',')) \gexec
COMMIT;
