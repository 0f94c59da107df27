/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store, whichever database it is. */
#include "store_impl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/secret.h"

struct store {
	const struct store_ops *ops;
	void *db;
	enum store_use use;
};

/* ---- opening --------------------------------------------------------------- */

store_t *store_open_at(const struct store_params *params, enum store_use use,
		       struct err *err)
{
	store_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "no memory for a store");
		return NULL;
	}
	s->use = use;
	if (*params->database) {
		s->ops = &store_pg_ops;
		s->db = store_pg_open(params, use, err);
	} else {
		s->ops = &store_sqlite_ops;
		s->db = store_sqlite_open(params->file, use, err);
	}
	if (s->db)
		return s;
	free(s);
	return NULL;
}

store_t *store_open(const struct conf *conf, enum store_use use,
		    struct err *err)
{
	char password[SECRET_MAX] = "";
	const struct store_params params = {
		conf->site.store_file, conf->site.database, password, 0
	};
	store_t *s;

	if (*conf->site.password_file &&
	    secret_read(conf->site.password_file, password, sizeof(password),
			err) < 0)
		return NULL;
	s = store_open_at(&params, use, err);
	secret_wipe(password, sizeof(password));
	return s;
}

void store_close(store_t *s)
{
	if (!s)
		return;
	s->ops->close(s->db);
	free(s);
}

int store_check(store_t *s, struct err *err)
{
	return s->ops->check(s->db, err);
}

/* ---- writing --------------------------------------------------------------- */

/* Nothing is asked of the database for a batch that will not be taken. */
static int check_all(const store_t *s, const char *node,
		     const struct ledger_rec *recs, uint32_t n,
		     struct err *err)
{
	if (s->use != STORE_WRITE)
		return err_set(err, "the store was opened for reading");
	if (!conf_node_name_valid(node)) {
		err_set(err, "\"%.100s\" is no name of a node", node);
		return STORE_REFUSED;
	}
	for (uint32_t i = 0; i < n; i++) {
		int rc = store_record_check(&recs[i], node, err);

		if (rc != 0)
			return rc;
	}
	return 0;
}

int store_put(store_t *s, const char *node, const struct ledger_rec *recs,
	      uint32_t n, struct store_count *count, struct err *err)
{
	int rc = check_all(s, node, recs, n, err);

	*count = (struct store_count){ 0 };
	if (rc != 0 || n == 0)
		return rc;
	rc = s->ops->put(s->db, node, recs, n, count, err);
	if (rc != 0)
		*count = (struct store_count){ 0 };
	return rc;
}

int store_put_open(store_t *s, const char *node, const struct ledger_rec *recs,
		   uint32_t n, struct err *err)
{
	int rc = check_all(s, node, recs, n, err);

	return rc != 0 ? rc : s->ops->put_open(s->db, node, recs, n, err);
}

/* ---- reading --------------------------------------------------------------- */

int store_nodes(store_t *s, void (*node)(const char *name, void *arg),
		void *arg, struct err *err)
{
	return s->ops->nodes(s->db, node, arg, err);
}

int store_newest(store_t *s, const char *node, int64_t *newest_ns,
		 struct err *err)
{
	*newest_ns = INT64_MIN;
	return s->ops->newest(s->db, node, newest_ns, err);
}

/* One kind, and the record of it that comes next. */
struct side {
	store_rows_t *rows;
	struct ledger_rec rec;
	int64_t seq;
	int have;		/* as next() returned */
};

static int side_open(store_t *s, struct side *side,
		     const struct store_range *range, bool intervals,
		     struct ledger_part *parts, struct err *err)
{
	side->rows = s->ops->rows(s->db, range, intervals, parts, err);
	if (!side->rows)
		return -1;
	side->have = s->ops->next(side->rows, &side->rec, &side->seq, err);
	return side->have < 0 ? -1 : 0;
}

/* Both kinds, as they came in. */
static int merge(store_t *s, struct side *a, struct side *b,
		 void (*record)(const struct ledger_rec *rec, void *arg),
		 void *arg, struct err *err)
{
	while (a->have > 0 || b->have > 0) {
		struct side *first = b->have <= 0 ||
				     (a->have > 0 && a->seq < b->seq) ? a : b;

		record(&first->rec, arg);
		first->have = s->ops->next(first->rows, &first->rec,
					   &first->seq, err);
		if (first->have < 0)
			return -1;
	}
	return 0;
}

int store_visit(store_t *s, const char *node, bool open,
		const struct store_window *window,
		void (*record)(const struct ledger_rec *rec, void *arg),
		void *arg, struct err *err)
{
	const struct store_range range = { node, open, open ? NULL : window };
	struct ledger_part *parts = calloc(LEDGER_PARTS_MAX, sizeof(*parts));
	struct side *sides = calloc(2, sizeof(*sides));
	int rc = -1;

	if (!parts || !sides)
		err_set(err, "no memory to read the store");
	else if (side_open(s, &sides[0], &range, false, NULL, err) == 0 &&
		 side_open(s, &sides[1], &range, true, parts, err) == 0)
		rc = merge(s, &sides[0], &sides[1], record, arg, err);
	for (int i = 0; sides && i < 2; i++)
		if (sides[i].rows)
			s->ops->rows_close(sides[i].rows);
	free(sides);
	free(parts);
	return rc;
}
