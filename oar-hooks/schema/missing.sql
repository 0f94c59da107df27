-- SPDX-License-Identifier: GPL-2.0-or-later
-- What is missing, a line each; changes nothing. Variables as in rights.sql.
SELECT 'role wattgate' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wattgate')
UNION ALL
SELECT 'LOGIN of role wattgate' FROM pg_roles WHERE rolname = 'wattgate' AND NOT rolcanlogin
UNION ALL
SELECT 'a password of role wattgate' FROM pg_authid
	WHERE rolname = 'wattgate' AND rolpassword IS NULL
		AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT format('CONNECT of %s on the database', r.rolname) FROM pg_roles r
	WHERE r.rolname = 'wattgate' AND NOT has_database_privilege(r.oid, current_database(), 'CONNECT')
UNION ALL
SELECT format('table public.%s of OAR''s', name) FROM unnest(string_to_array(:'tables', ',')) name
	WHERE to_regclass(format('public.%I', name)) IS NULL
UNION ALL
SELECT format('SELECT of %s on public.%s', r.rolname, c.relname)
	FROM pg_roles r, pg_class c
	WHERE r.rolname = 'wattgate' AND c.relnamespace = 'public'::regnamespace
		AND c.relname = ANY (string_to_array(:'tables', ','))
		AND NOT has_table_privilege(r.oid, c.oid, 'SELECT')
UNION ALL
SELECT format('role %s', name) FROM unnest(string_to_array(:'readers', ',')) name
	WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
UNION ALL
SELECT format('USAGE of %s on schema wattgate', r.rolname)
	FROM pg_roles r, pg_namespace n
	WHERE r.rolname = ANY (string_to_array(:'readers', ',')) AND n.nspname = 'wattgate'
		AND NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
UNION ALL
SELECT format('SELECT of %s on wattgate.%s', r.rolname, c.relname)
	FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE r.rolname = ANY (string_to_array(:'readers', ',')) AND n.nspname = 'wattgate'
		AND c.relkind IN ('r', 'v') AND NOT has_table_privilege(r.oid, c.oid, 'SELECT');
