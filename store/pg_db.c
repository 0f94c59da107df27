/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to PostgreSQL, and whose schema it is. */
#include "pg_impl.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "lib/secret.h"

#define WHAT "the store's database"

/*
 * The server keeps shorter limits than we do, so that it ends what we would
 * give up. synchronous_commit: a commit is on its disk, whatever its default.
 */
static const char writer_settings[] =
	"SELECT set_config('statement_timeout', '30s', false), "
	"set_config('lock_timeout', '10s', false), "
	"set_config('idle_in_transaction_session_timeout', '120s', false), "
	"set_config('standard_conforming_strings', 'on', false), "
	"set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
	"WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false), "
	"set_config('plan_cache_mode', 'force_custom_plan', false), "
	"set_config('jit', 'off', false), "
	"set_config('extra_float_digits', '3', false), "
	"set_config('search_path', 'wattgate_site, pg_catalog', false)";
static const char reader_settings[] =
	"SELECT set_config('default_transaction_read_only', 'on', false), "
	"set_config('idle_in_transaction_session_timeout', '600s', false), "
	"set_config('standard_conforming_strings', 'on', false), "
	"set_config('jit', 'off', false), "
	"set_config('extra_float_digits', '3', false), "
	"set_config('search_path', 'wattgate_site, pg_catalog', false)";

/* A whole number; -1 with a text. */
static int ask_number(struct pg_store *s, const char *sql, int64_t *n,
		      struct err *err)
{
	PGresult *r = pgdb_query(s->db, sql, NULL, 0, err);

	if (!r)
		return -1;
	if (!pgdb_int(r, 0, 0, n))
		*n = 0;
	PQclear(r);
	return 0;
}

static int schema_check(struct pg_store *s, struct err *err)
{
	int64_t version;

	if (ask_number(s, "SELECT count(*) FROM pg_class c JOIN pg_namespace n "
		       "ON n.oid = c.relnamespace WHERE n.nspname = 'wattgate_site' "
		       "AND c.relname = 'meta'", &version, err) < 0)
		return -1;
	if (version == 0)
		return err_set(err, WHAT ": there is no schema wattgate_site in %.100s: wattgate-site-schema install makes it",
			       pgdb_name(s->db));
	if (ask_number(s, "SELECT max(version) FROM wattgate_site.meta",
		       &version, err) < 0)
		return -1;
	if (version != STORE_VERSION)
		return err_set(err, WHAT ": schema wattgate_site has version %lld, this is for %d: %s",
			       (long long)version, STORE_VERSION,
			       version < STORE_VERSION ?
			       "run wattgate-site-schema install" :
			       "use the wattgate that it belongs to");
	return 0;
}

static int session_set(struct pg_store *s, struct err *err)
{
	if (pgdb_do(s->db, s->use == STORE_WRITE ? writer_settings :
		    reader_settings, NULL, 0, NULL, err) < 0 ||
	    schema_check(s, err) < 0)
		return -1;
	/* all that is read is of one moment */
	return s->use == STORE_WRITE ? 0 :
	       pgdb_do(s->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		       NULL, 0, NULL, err);
}

int pg_ready(struct pg_store *s, struct err *err)
{
	const struct pgdb_params params = {
		.what = WHAT, .conninfo = s->conninfo,
		.password = s->password, .utf8 = true,
		.program = s->use == STORE_WRITE ? "wattgated" : "wattgate",
		.limit_s = s->limit_s,
	};

	if (s->db && pgdb_lost(s->db)) {
		pgdb_close(s->db);
		s->db = NULL;
	}
	if (!s->db) {
		s->db = pgdb_open(&params, err);
		if (!s->db)
			return -1;
		pgdb_limit(s->db, s->limit_s);
		if (session_set(s, err) < 0) {
			pgdb_close(s->db);
			s->db = NULL;
			return -1;
		}
	}
	pgdb_limit(s->db, s->use == STORE_WRITE ? s->limit_s : 0);
	return 0;
}

/* Class 22: a value that cannot be; 23514 and 23502: one that may not be. */
int pg_failed(struct pg_store *s)
{
	const char *state = pgdb_state(s->db);
	const bool refused = strncmp(state, "22", 2) == 0 ||
			     strcmp(state, "23514") == 0 ||
			     strcmp(state, "23502") == 0;

	/* what is wrong with a session or its schema is looked at again */
	if (s->use == STORE_READ || (!refused && strncmp(state, "40", 2) != 0)) {
		pgdb_close(s->db);
		s->db = NULL;
	} else {
		pgdb_rollback(s->db);
	}
	return refused ? STORE_REFUSED : -1;
}

/* ---- the store --------------------------------------------------------------------- */

static void close_store(void *db)
{
	struct pg_store *s = db;

	pgdb_close(s->db);
	if (s->password)
		secret_wipe(s->password, strlen(s->password));
	free(s->password);
	free(s->conninfo);
	free(s->line);
	free(s);
}

static int words_check(const char *conninfo, struct err *err)
{
	struct err why;

	switch (pgdb_words(conninfo, &why)) {
	case PGDB_WORDS_OK:
		return 0;
	case PGDB_WORDS_PASSWORD:
		return err_set(err, "[site] database has a password in it: put it into a file of its own and name that by password_file");
	case PGDB_WORDS_BAD:
		break;
	}
	return err_set(err, "[site] database: %.300s", why.text);
}

void *store_pg_open(const struct store_params *params, enum store_use use,
		    struct err *err)
{
	struct pg_store *s;

	if (words_check(params->database, err) < 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s) {
		s->use = use;
		s->limit_s = params->limit_s ? params->limit_s :
							STORE_LIMIT_S;
		s->conninfo = strdup(params->database);
		s->password = strdup(params->password ? params->password : "");
		s->line = malloc(LEDGER_LINE_MAX + 1);
		if (s->conninfo && s->password && s->line)
			return s;
		close_store(s);
	}
	err_set(err, "no memory for a store");
	return NULL;
}

static int check_store(void *db, struct err *err)
{
	return pg_ready(db, err);
}

const struct store_ops store_pg_ops = {
	.close = close_store,
	.check = check_store,
	.put = pg_put,
	.put_open = pg_put_open,
	.nodes = pg_nodes,
	.newest = pg_newest,
	.rows = pg_rows,
	.next = pg_next,
	.rows_close = pg_rows_close,
};
