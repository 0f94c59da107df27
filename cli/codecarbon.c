/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/codecarbon.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/job_rows.h"
#include "cli/mem.h"
#include "lib/clock.h"

#define TABLE "codecarbon/"	/* of intensities, by three-letter codes */

enum column_of {
	C_TIMESTAMP, C_PROJECT, C_RUN, C_EXPERIMENT, C_DURATION, C_EMISSIONS,
	C_RATE, C_CPU_POWER, C_GPU_POWER, C_RAM_POWER, C_CPU_ENERGY,
	C_GPU_ENERGY, C_RAM_ENERGY, C_ENERGY, C_WATER, C_COUNTRY, C_ISO,
	C_REGION, C_PROVIDER, C_CLOUD_REGION, C_OS, C_PYTHON, C_VERSION,
	C_CPUS, C_CPU_MODEL, C_GPUS, C_GPU_MODEL, C_LONGITUDE, C_LATITUDE,
	C_RAM, C_MODE, C_CPU_USE, C_GPU_USE, C_RAM_USE, C_RAM_USED, C_ON_CLOUD,
	C_PUE, C_WUE, C_COLUMNS
};

#define TEXT(name) { name, "", COLUMN_TEXT, UNIT_NONE }
#define NUMBER(name) { name, "", COLUMN_NUMBER, UNIT_NONE }

/* The order of CodeCarbon 3.3's; what has no setter below stays empty. */
static const struct column columns[C_COLUMNS] = {
	[C_TIMESTAMP] = TEXT("timestamp"),
	[C_PROJECT] = TEXT("project_name"),
	[C_RUN] = TEXT("run_id"),
	[C_EXPERIMENT] = TEXT("experiment_id"),
	[C_DURATION] = NUMBER("duration"),
	[C_EMISSIONS] = NUMBER("emissions"),
	[C_RATE] = NUMBER("emissions_rate"),
	[C_CPU_POWER] = NUMBER("cpu_power"),
	[C_GPU_POWER] = NUMBER("gpu_power"),
	[C_RAM_POWER] = NUMBER("ram_power"),
	[C_CPU_ENERGY] = NUMBER("cpu_energy"),
	[C_GPU_ENERGY] = NUMBER("gpu_energy"),
	[C_RAM_ENERGY] = NUMBER("ram_energy"),
	[C_ENERGY] = NUMBER("energy_consumed"),
	[C_WATER] = NUMBER("water_consumed"),
	[C_COUNTRY] = TEXT("country_name"),
	[C_ISO] = TEXT("country_iso_code"),
	[C_REGION] = TEXT("region"),
	[C_PROVIDER] = TEXT("cloud_provider"),
	[C_CLOUD_REGION] = TEXT("cloud_region"),
	[C_OS] = TEXT("os"),
	[C_PYTHON] = TEXT("python_version"),
	[C_VERSION] = TEXT("codecarbon_version"),
	[C_CPUS] = NUMBER("cpu_count"),
	[C_CPU_MODEL] = TEXT("cpu_model"),
	[C_GPUS] = NUMBER("gpu_count"),
	[C_GPU_MODEL] = TEXT("gpu_model"),
	[C_LONGITUDE] = NUMBER("longitude"),
	[C_LATITUDE] = NUMBER("latitude"),
	[C_RAM] = NUMBER("ram_total_size"),
	[C_MODE] = TEXT("tracking_mode"),
	[C_CPU_USE] = NUMBER("cpu_utilization_percent"),
	[C_GPU_USE] = NUMBER("gpu_utilization_percent"),
	[C_RAM_USE] = NUMBER("ram_utilization_percent"),
	[C_RAM_USED] = NUMBER("ram_used_gb"),
	[C_ON_CLOUD] = TEXT("on_cloud"),
	[C_PUE] = NUMBER("pue"),
	[C_WUE] = NUMBER("wue"),
};

struct codecarbon {
	const struct rates *rates;
	int64_t now_ns;
	char iso[8], country[80];
	struct codecarbon_lack lack;
};

/* ---- the country ----------------------------------------------------------- */

/* "CODE, PLACE YEAR ..." of a table's line: its place, which has no digits. */
static void copy_country(codecarbon_t *c, const char *origin)
{
	const char *from = strchr(origin, ',');
	size_t len;

	if (!from)
		return;
	from += 1 + strspn(from + 1, " ");
	len = strcspn(from, "0123456789");
	while (len > 0 && strchr(" ,", from[len - 1]))
		len--;
	if (len < sizeof(c->country))
		memcpy(c->country, from, len);
}

codecarbon_t *codecarbon_create(const struct rates *rates,
				const char *intensity, int64_t now_ns)
{
	codecarbon_t *c = mem_zeroed(1, sizeof(*c));
	const char *code = intensity + strlen(TABLE);

	c->rates = rates;
	c->now_ns = now_ns;
	if (strncmp(intensity, TABLE, strlen(TABLE)) != 0 ||
	    strlen(code) >= sizeof(c->iso) || !rates->intensity)
		return c;
	strcpy(c->iso, code);
	copy_country(c, rate_origin(rates->intensity));
	return c;
}

void codecarbon_destroy(codecarbon_t *c)
{
	free(c);
}

/* ---- rows ------------------------------------------------------------------ */

/* As CodeCarbon writes it: local, without a zone, whole seconds. */
static void set_timestamp(struct cell *cell, int64_t ns)
{
	time_t t = (time_t)(ns / NS_PER_S);
	char text[32];
	struct tm tm;

	if (localtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) > 0)
		cell_set_text(cell, text);
}

/* What its tools tell works apart by. */
static const char *project_of(const struct cell *job)
{
	static const enum job_column names[] = {
		JOB_PROJECT, JOB_ACCOUNT, JOB_USER,
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (job[names[i]].known)
			return job[names[i]].text;
	return NULL;
}

/* One for each time that a job ran, and the same each time it is written. */
static void set_run(struct cell *cell, const struct cell *job)
{
	char text[64];

	snprintf(text, sizeof(text), "wattgate-%" PRId64 "-%" PRId64,
		 job[JOB_ID].integer, job[JOB_START].integer / NS_PER_S);
	cell_set_text(cell, text);
}

static void set_text(struct cell *cell, const char *text)
{
	cell_set_text(cell, *text ? text : NULL);
}

/* Hours of use per hour. */
static void set_count(struct cell *cell, const struct cell *hours,
		      double duration_s)
{
	if (hours->known && duration_s > 0)
		cell_set_number(cell, hours->number / (duration_s / 3600));
}

static void set_figures(const codecarbon_t *c, struct cell *row,
			const struct cell *job, int64_t from_ns, int64_t to_ns)
{
	const double duration_s = ns_to_s(to_ns - from_ns);
	const double pue = c->rates->pue ?
			   rate_mean(c->rates->pue, from_ns, to_ns) : NAN;
	const double kg = job[JOB_CO2E].known ? job[JOB_CO2E].number / 1000 :
						NAN;

	cell_set_number(&row[C_DURATION], duration_s);
	cell_set_number(&row[C_ENERGY], job[JOB_ENERGY].number *
			(isnan(pue) ? 1 : pue));
	cell_set_number(&row[C_PUE], pue);
	cell_set_number(&row[C_EMISSIONS], kg);
	if (duration_s > 0)
		cell_set_number(&row[C_RATE], kg / duration_s);
	set_count(&row[C_CPUS], &job[JOB_CORE_HOURS], duration_s);
	set_count(&row[C_GPUS], &job[JOB_GPU_HOURS], duration_s);
}

static void add_row(const codecarbon_t *c, struct rows *rows,
		    const struct cell *job)
{
	const int64_t to_ns = job[JOB_END].known ? job[JOB_END].integer :
						   c->now_ns;
	const int64_t from_ns = job[JOB_START].known ?
				job[JOB_START].integer : to_ns;
	struct cell *row = rows_add(rows);

	set_timestamp(&row[C_TIMESTAMP], to_ns);
	cell_set_text(&row[C_PROJECT], project_of(job));
	set_run(&row[C_RUN], job);
	set_figures(c, row, job, from_ns, to_ns);
	set_text(&row[C_COUNTRY], c->country);
	set_text(&row[C_ISO], c->iso);
	cell_set_text(&row[C_VERSION], "wattgate " PACKAGE_VERSION);
	cell_set_text(&row[C_MODE], "process");	/* a part of a machine */
	cell_set_text(&row[C_ON_CLOUD], "N");
}

void codecarbon_print_part(FILE *f, codecarbon_t *c, const struct rows *jobs,
			   bool first)
{
	struct rows *rows = rows_create(columns, C_COLUMNS);

	for (size_t i = 0; i < jobs->len; i++) {
		const struct cell *job = rows_cell(jobs, i, 0);

		if (job_row_never_ran(job))
			continue;
		if (!job[JOB_ENERGY].known) {
			c->lack.energy++;
			continue;
		}
		c->lack.emissions += !job[JOB_CO2E].known;
		add_row(c, rows, job);
	}
	rows_print_csv_part(f, rows, first);
	rows_destroy(rows);
}

struct codecarbon_lack codecarbon_lack(const codecarbon_t *c)
{
	return c->lack;
}

/* ---- the report ------------------------------------------------------------ */

struct stream {
	codecarbon_t *codecarbon;
	FILE *f;
	bool begun;
};

static void print_jobs(struct rows *jobs, void *arg)
{
	struct stream *s = arg;

	codecarbon_print_part(s->f, s->codecarbon, jobs, !s->begun);
	s->begun = true;
}

static void note_lack(const codecarbon_t *c)
{
	if (c->lack.energy)
		cmd_note(cmd_running(), "jobs that have no row, since their energy is not known: %zu",
			 c->lack.energy);
	if (c->lack.emissions)
		cmd_note(cmd_running(), "jobs whose emissions are empty, since [report] has no intensity for their time: %zu",
			 c->lack.emissions);
}

int report_codecarbon(struct report *report, struct pg_oar *db, FILE *f,
		      struct err *err)
{
	struct stream s = { codecarbon_create(&report->rates,
					      report->confs.all.intensity,
					      report->now_ns), f, false };
	int rc = db ? report_oar_jobs(report, db, print_jobs, &s, err) :
		      report_jobs(report, print_jobs, &s, err);

	if (rc == 0)
		note_lack(s.codecarbon);
	codecarbon_destroy(s.codecarbon);
	return rc;
}
