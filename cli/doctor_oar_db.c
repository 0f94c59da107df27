/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of OAR's database, as wattgated's own role sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/doctor.h"
#include "cli/few.h"
#include "lib/clock.h"
#include "lib/oar_schema.h"
#include "source/source.h"

#define LATE_S 600	/* and max_gap: wattgated waits that long for a silent BMC */

/* ---- names in one finding -------------------------------------------------- */

static int take_name(const struct pg_row *row, void *arg)
{
	const char *name = pg_row_text(row, 0);

	few_add(arg, name ? name : "?");
	return 0;
}

/* Names that a query finds; false where it cannot be asked, which is told. */
static bool ask_names(struct doctor *d, const char *sql,
		      const char *const *params, int count, struct few *few)
{
	struct err err;

	*few = (struct few){ .count = 0 };
	if (pg_oar_rows(d->oar, sql, params, count, take_name, few, &err) == 0)
		return true;
	doctor_find(d, DOCTOR_FAIL, "wattgate-oar-schema status tells what is missing",
		    "%s", err.text);
	return false;
}

/* ---- connection, schema, role ---------------------------------------------- */

static void check_db(struct doctor *d)
{
	if (!d->oar)
		doctor_find(d, DOCTOR_FAIL, "see database and password_file in [oar] of the configuration, and pg_hba.conf of the server",
			    "%s", d->oar_err.text);
}

static void check_schema(struct doctor *d)
{
	struct err err;

	if (!d->oar_schema_ok && pg_oar_schema_check(d->oar, &err) != 0)
		doctor_find(d, DOCTOR_FAIL, "on the database's host: wattgate-oar-schema install",
			    "%s", err.text);
}

static void check_role(struct doctor *d)
{
	struct few few;

	if (ask_names(d, "SELECT t FROM unnest(ARRAY['jobs', 'moldable_job_descriptions', "
		      "'assigned_resources', 'resources', 'job_state_logs', 'job_types']) t "
		      "WHERE to_regclass('public.' || t) IS NULL "
		      "OR NOT has_table_privilege('public.' || t, 'SELECT')",
		      NULL, 0, &few) && few.count)
		doctor_find(d, DOCTOR_FAIL, "wattgate-oar-schema install gives the rights",
			    "the role of [oar] cannot read OAR's tables %s",
			    few.text);
	if (ask_names(d, "SELECT current_user FROM pg_roles "
		      "WHERE rolname = current_user AND (rolsuper OR rolcreaterole)",
		      NULL, 0, &few) && few.count) {
		doctor_find(d, DOCTOR_FAIL, "use role wattgate, which wattgate-oar-schema install makes",
			    "role %s of [oar] may do anything in the database",
			    few.text);
		return;
	}
	if (ask_names(d, "SELECT c.relname FROM pg_class c "
		      "JOIN pg_namespace n ON n.oid = c.relnamespace "
		      "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') "
		      "AND (has_table_privilege(c.oid, 'DELETE, TRUNCATE, TRIGGER') "
		      "OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')) ORDER BY 1",
		      NULL, 0, &few) && few.count)
		doctor_find(d, DOCTOR_FAIL, "REVOKE that, or use role wattgate, which wattgate-oar-schema install makes",
			    "the role of [oar] may write OAR's tables %s",
			    few.text);
}

/* oarstat asks as the role that OAR reads with. */
static void check_readers(struct doctor *d)
{
	char role[256];
	const char *const params[] = { role };
	struct few few;

	if (!d->oar_conf.text ||
	    ((!oar_conf_get(&d->oar_conf, "DB_BASE_LOGIN_RO", role, sizeof(role)) ||
	      !*role) &&
	     (!oar_conf_get(&d->oar_conf, "DB_BASE_LOGIN", role, sizeof(role)) ||
	      !*role)))
		strcpy(role, "oar_ro");
	if (ask_names(d, "SELECT r.rolname FROM pg_roles r "
		      "WHERE r.rolname = $1::text "
		      "AND has_schema_privilege(r.oid, 'wattgate', 'USAGE') "
		      "AND has_table_privilege(r.oid, 'wattgate.meta', 'SELECT') "
		      "AND has_table_privilege(r.oid, 'wattgate.job_energy', 'SELECT')",
		      params, 1, &few) && few.count == 0)
		doctor_find(d, DOCTOR_WARN, "wattgate-oar-schema install gives it the right",
			    "role %s, with which oarstat reads, may not read schema wattgate: oarstat shows no energy",
			    role);
}

/* ---- wattgated ------------------------------------------------------------- */

static void check_follower(struct doctor *d)
{
	char path[PATH_MAX];
	struct few few;
	struct stat st;

	if (ask_names(d, "SELECT coalesce(a.application_name, '?') FROM pg_locks l "
		      "LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
		      "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
		      "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
		      "AND l.classid::bigint = (" OAR_FOLLOWER_LOCK " >> 32) "
		      "AND l.objid::bigint = (" OAR_FOLLOWER_LOCK " & 4294967295)",
		      NULL, 0, &few) && few.count == 0)
		doctor_find(d, DOCTOR_FAIL, "systemctl enable --now wattgated-site; journalctl -u wattgated-site says what hinders it",
			    "no wattgated follows this OAR: nothing is connected that does");
	snprintf(path, sizeof(path), "%s/nodes", conf_run_dir());
	if (lstat(path, &st) == 0)
		return;
	if (lstat(conf_run_dir(), &st) == 0)
		doctor_find(d, DOCTOR_FAIL, "systemctl enable --now wattgated-site on this host, or run wattgate doctor where it is; the directory must belong to wattgated's user",
			    "%s is missing, in a directory of uid %u: no BMC is read from here",
			    path, (unsigned)st.st_uid);
	else
		doctor_find(d, DOCTOR_FAIL, "systemctl enable --now wattgated-site on this host, or run wattgate doctor where it is",
			    "there is no %s: wattgated does not run here, so no BMC is read",
			    conf_run_dir());
}

/* ---- nodes ----------------------------------------------------------------- */

static const char hosts_sql[] =
	"SELECT DISTINCT r.network_address COLLATE \"C\" FROM public.resources r "
	"WHERE r.type = 'default' AND r.network_address <> '' ORDER BY 1";

struct bmc_check {
	struct doctor *d;
	struct few bad_names, no_power, bad_conf;
	struct err first;	/* of bad_conf */
	struct err why;		/* of no_power */
	size_t count;
};

static int take_host(const struct pg_row *row, void *arg)
{
	struct bmc_check *c = arg;
	const char *node = pg_row_text(row, 0);
	struct conf conf;
	struct err err;

	if (!node)
		return 0;
	c->count++;
	if (!conf_node_name_valid(node)) {
		few_add(&c->bad_names, node);
	} else if (conf_load(c->d->conf_path, node, &conf, &err) < 0) {
		if (!c->bad_conf.count)
			c->first = err;
		few_add(&c->bad_conf, node);
	} else if (source_check(&conf, &conf.bmc, &err) < 0) {
		if (!c->no_power.count)
			c->why = err;
		few_add(&c->no_power, node);
	}
	return 0;
}

static void check_bmcs(struct doctor *d)
{
	struct bmc_check c = { .d = d };
	struct err err;

	if (pg_oar_rows(d->oar, hosts_sql, NULL, 0, take_host, &c, &err) != 0)
		doctor_find(d, DOCTOR_FAIL, "wattgate-oar-schema install gives the rights",
			    "%s", err.text);
	else if (c.count == 0)
		doctor_find(d, DOCTOR_WARN, "oarnodesetting adds resources",
			    "OAR has no resources of type default with a network_address");
	if (c.no_power.count)
		doctor_find(d, DOCTOR_FAIL, "mend the configuration; in [bmc PATTERN] sections %n stands for the node",
			    "%zu of OAR's %zu nodes have no source of power: %s: %.300s",
			    c.no_power.count, c.count, c.no_power.text,
			    c.why.text);
	if (c.bad_conf.count)
		doctor_find(d, DOCTOR_FAIL, "mend the line", "nodes %s: %.300s",
			    c.bad_conf.text, c.first.text);
	if (c.bad_names.count)
		doctor_find(d, DOCTOR_WARN, "give such resources a network_address of letters, digits, '.', '_' and '-'",
			    "%zu of OAR's nodes have names that wattgated does not take: %s",
			    c.bad_names.count, c.bad_names.text);
}

static void check_settled(struct doctor *d)
{
	char late[24];
	const char *const params[] = { late };
	struct few few;

	snprintf(late, sizeof(late), "%lld",
		 (long long)(LATE_S + d->conf.max_gap_ns / NS_PER_S));
	if (ask_names(d, "SELECT h.node FROM (SELECT DISTINCT network_address AS node "
		      "FROM public.resources WHERE type = 'default' AND network_address <> '') h "
		      "LEFT JOIN wattgate.node n ON n.node = h.node WHERE n.node IS NULL "
		      "AND h.node ~ '^[A-Za-z0-9_-][A-Za-z0-9._-]*$' "
		      "ORDER BY h.node COLLATE \"C\"", NULL, 0, &few) && few.count)
		doctor_find(d, DOCTOR_FAIL, "is wattgated running? journalctl -u wattgated says what hinders it",
			    "%zu of OAR's nodes were never accounted: %s",
			    few.count, few.text);
	if (ask_names(d, "SELECT n.node || ' (' || to_char(to_timestamp(n.settled_s) "
		      "AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z)' FROM wattgate.node n "
		      "WHERE n.settled_s < extract(epoch FROM now()) - $1::float8 "
		      "AND EXISTS (SELECT FROM public.resources r WHERE r.type = 'default' "
		      "AND r.network_address = n.node) ORDER BY n.settled_s, n.node",
		      params, 1, &few) && few.count)
		doctor_find(d, DOCTOR_FAIL, "is wattgated running? journalctl -u wattgated says what hinders it",
			    "%zu nodes are settled only up to long ago: %s",
			    few.count, few.text);
}

/* In the last settled hour; of a node that OAR itself takes for alive. */
static void check_silent(struct doctor *d)
{
	struct few few;

	if (ask_names(d, "SELECT n.node FROM wattgate.node n JOIN wattgate.node_hour h "
		      "ON h.node = n.node AND h.hour_s > n.settled_s - 7200 "
		      "WHERE EXISTS (SELECT FROM public.resources r WHERE r.type = 'default' "
		      "AND r.network_address = n.node AND r.state = 'Alive') "
		      "GROUP BY n.node HAVING sum(h.measured_s) = 0 "
		      "AND sum(h.unmeasured_s) >= 60 ORDER BY n.node COLLATE \"C\"",
		      NULL, 0, &few) && few.count)
		doctor_find(d, DOCTOR_FAIL, "wattgate probe URL tells what the BMC answers; journalctl -u wattgated what wattgated gets",
			    "no power was measured in the last hour of %zu nodes: %s",
			    few.count, few.text);
}

const struct doctor_check doctor_oar_db_checks[] = {
	{ "oar-db", "OAR's database is reached", NEEDS_OAR, check_db },
	{ "oar-schema", "schema wattgate has the version that is known here",
	  NEEDS_OAR_DB, check_schema },
	{ "oar-role", "wattgated's role reads OAR's tables, and writes none",
	  NEEDS_OAR_DB, check_role },
	{ "oar-readers", "oarstat may read schema wattgate", NEEDS_OAR_SCHEMA,
	  check_readers },
	{ "oar-bmc", "each of OAR's nodes has its source of power in the configuration",
	  NEEDS_OAR_DB, check_bmcs },
	{ "oar-follower", "a wattgated follows OAR, and runs here",
	  NEEDS_OAR_DB, check_follower },
	{ "oar-settled", "each of OAR's nodes is accounted up to now",
	  NEEDS_OAR_SCHEMA, check_settled },
	{ "oar-silent", "power of each live node was measured in the last hour",
	  NEEDS_OAR_SCHEMA, check_silent },
};
const size_t doctor_oar_db_checks_len =
	sizeof(doctor_oar_db_checks) / sizeof(doctor_oar_db_checks[0]);
