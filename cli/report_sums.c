/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/report_sums.h"

#include <math.h>

#include "cli/cmd.h"
#include "cli/node_rows.h"
#include "cli/report_page.h"

/* ---- the site -------------------------------------------------------------- */

struct site_sum {
	struct site_energy energy;
	double measured_s, unmeasured_s;
};

static void add_nodes(struct rows *rows, void *arg)
{
	struct site_sum *s = arg;

	for (size_t i = 0; i < rows->len; i++) {
		const struct cell *row = rows_cell(rows, i, 0);

		s->measured_s += row[NODE_MEASURED].number;
		s->unmeasured_s += row[NODE_UNMEASURED].number;
		if (!row[NODE_ENERGY].known)
			continue;
		s->energy.allocated_kwh += row[NODE_ALLOCATED].number;
		s->energy.unallocated_kwh += row[NODE_UNALLOCATED].number;
		s->energy.idle_kwh += row[NODE_IDLE].number;
	}
}

static int read_nodes(const struct report *r, struct pg_oar *db,
		      struct site_sum *s, struct err *err)
{
	struct rows *rows;

	if (db)
		return report_oar_nodes(r, db, add_nodes, s, err);
	rows = report_nodes(r, err);
	if (!rows)
		return -1;
	add_nodes(rows, s);
	rows_destroy(rows);
	return 0;
}

/* Unknown where some jobs only are asked for, or the nodes cannot be read. */
static struct site_sum site_sum(const struct report *r, struct pg_oar *db)
{
	const struct site_energy unknown = { NAN, NAN, NAN };
	struct site_sum s = { { 0, 0, 0 }, 0, 0 };
	bool known = !r->user && !r->account;
	struct err err;

	if (known && read_nodes(r, db, &s, &err) < 0) {
		cmd_note(cmd_running(), "%s; what nodes drew without jobs is not known",
			 err.text);
		known = false;
	}
	if (!known || s.measured_s <= 0)
		s.energy = unknown;
	return s;
}

static int read_jobs(struct report *r, struct pg_oar *db, report_sink *sink,
		     void *arg, struct err *err)
{
	return db ? report_oar_jobs(r, db, sink, arg, err) :
		    report_jobs(r, sink, arg, err);
}

/* ---- groups ---------------------------------------------------------------- */

static void add_to_groups(struct rows *rows, void *arg)
{
	groups_add(arg, rows);
}

int report_groups(struct report *report, struct pg_oar *db,
		  enum job_column by, enum spread spread, report_sink *sink,
		  void *arg, struct err *err)
{
	groups_t *g = groups_create(by);
	int rc = read_jobs(report, db, add_to_groups, g, err);

	if (rc == 0) {
		const struct site_sum site = site_sum(report, db);
		struct rows *rows = groups_rows(g, &site.energy, spread);

		if (spread != SPREAD_NONE && isnan(site.energy.idle_kwh))
			cmd_note(cmd_running(), "there is nothing known to spread");
		if (groups_lack_rates(g))
			cmd_note(cmd_running(), REPORT_LACKS_RATES);
		sink(rows, arg);
		rows_destroy(rows);
	}
	groups_destroy(g);
	return rc;
}

/* ---- the page -------------------------------------------------------------- */

static void add_to_page(struct rows *rows, void *arg)
{
	report_page_add(arg, rows);
}

/* What people's work is told apart by: OAR has projects, Slurm accounts. */
int report_html(struct report *report, struct pg_oar *db, FILE *f,
		struct err *err)
{
	report_page_t *page = report_page_create(report, db ? JOB_PROJECT :
							      JOB_ACCOUNT);
	int rc = read_jobs(report, db, add_to_page, page, err);

	if (rc == 0) {
		const struct site_sum site = site_sum(report, db);
		double time_s = site.measured_s + site.unmeasured_s;

		rc = report_page_print(f, page, &site.energy,
				       time_s > 0 ? site.measured_s / time_s :
						    NAN, err);
	}
	report_page_destroy(page);
	return rc;
}
