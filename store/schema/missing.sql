-- SPDX-License-Identifier: GPL-2.0-or-later
-- What is missing, a line each; changes nothing. Variable as in rights.sql.
WITH readers AS (SELECT name FROM
	unnest(array_append(string_to_array(:'readers', ','), 'wattgate_reader')) name
	WHERE name <> '')
SELECT format('role %s', name) FROM (SELECT name FROM readers UNION SELECT 'wattgate') r
	WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
UNION ALL
SELECT 'LOGIN of role wattgate' FROM pg_roles WHERE rolname = 'wattgate' AND NOT rolcanlogin
UNION ALL
SELECT format('CONNECT of %s on the database', rolname) FROM pg_roles
	WHERE rolname IN ('wattgate', 'wattgate_reader')
		AND NOT has_database_privilege(oid, current_database(), 'CONNECT')
UNION ALL
SELECT format('table wattgate_site.%s', name) FROM unnest(ARRAY['allocation', 'boot',
		'interval_part', 'meta', 'node', 'node_interval', 'open_allocation',
		'open_interval', 'open_part']) name
	WHERE to_regclass(format('wattgate_site.%I', name)) IS NULL
		AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'wattgate_site')
UNION ALL
SELECT format('USAGE of %s on schema wattgate_site', r.rolname)
	FROM pg_roles r JOIN readers ON name = rolname, pg_namespace n
	WHERE n.nspname = 'wattgate_site' AND NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
UNION ALL
SELECT format('SELECT of %s on wattgate_site.%s', r.rolname, c.relname)
	FROM pg_roles r JOIN readers ON name = rolname,
		pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = 'wattgate_site' AND c.relkind IN ('r', 'v')
		AND NOT has_table_privilege(r.oid, c.oid, 'SELECT');
