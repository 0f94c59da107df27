/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/backfill_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ledgers.h"
#include "cli/mem.h"

void backfill_file_add(struct backfill_file *f, const struct ledger_rec *rec)
{
	struct ledger_rec *copy;

	f->recs = mem_grow(f->recs, f->len, &f->room, sizeof(*f->recs));
	copy = &f->recs[f->len++];
	*copy = *rec;
	if (rec->kind != LEDGER_INTERVAL)
		return;
	copy->interval.parts = mem_zeroed((size_t)rec->interval.parts_len + 1,
					  sizeof(*copy->interval.parts));
	if (rec->interval.parts_len)
		memcpy(copy->interval.parts, rec->interval.parts,
		       rec->interval.parts_len * sizeof(*copy->interval.parts));
}

static void rec_free(struct ledger_rec *rec)
{
	if (rec->kind == LEDGER_INTERVAL)
		free(rec->interval.parts);
}

void backfill_file_clear(struct backfill_file *f)
{
	for (size_t i = 0; i < f->len; i++)
		rec_free(&f->recs[i]);
	free(f->recs);
	*f = (struct backfill_file){ 0 };
}

void backfill_file_drop(struct backfill_file *f,
			bool (*drop)(const struct ledger_rec *rec, void *arg),
			void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->len; i++) {
		if (drop(&f->recs[i], arg))
			rec_free(&f->recs[i]);
		else
			f->recs[kept++] = f->recs[i];
	}
	f->len = kept;
}

/* ---- reading and writing ------------------------------------------------------ */

struct reading {
	struct backfill_file *f;
	struct err damage;
	bool damaged;
};

static void take_record(const struct ledger_rec *rec, void *arg)
{
	const struct reading *r = arg;

	backfill_file_add(r->f, rec);
}

static void take_damage(const char *text, void *arg)
{
	struct reading *r = arg;

	if (!r->damaged)
		err_set(&r->damage, "%s", text);
	r->damaged = true;
}

int backfill_file_read(struct backfill_file *f, const char *dir,
		       const char *node, struct err *err)
{
	struct reading r = { .f = f };
	const struct ledger_visitor visitor = { take_record, take_damage, &r };
	const struct ledgers from = { .dir = dir };

	*f = (struct backfill_file){ 0 };
	if (ledgers_visit(&from, node, LEDGER_FILE_PAST, &visitor, err) < 0)
		return -1;
	if (r.damaged)
		return err_set(err, "%s: move the file away and fill its time again",
			       r.damage.text);
	backfill_file_sort(f);
	return 0;
}

/*
 * Who owns the ledgers reads this one, too, though root wrote it. He could have
 * put another file in its place meanwhile: only one that is root's, and that no
 * other name leads to, is given away.
 */
static void owner_give(const char *path, const char *dir)
{
	const int fd = geteuid() == 0 ?
		open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	struct stat st, owner;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    st.st_nlink == 1 && stat(dir, &owner) == 0 &&
	    fchown(fd, owner.st_uid, owner.st_gid) < 0) {
		/* it stays root's, who can read it */
	}
	close(fd);
}

int backfill_file_write(const struct backfill_file *f, const char *dir,
			const char *node, struct err *err)
{
	char path[PATH_MAX];

	if (ledgers_past_path(path, sizeof(path), dir, node) < 0)
		return err_set(err, "path of the ledger of %s is too long",
			       node);
	if (ledger_replace(path, f->recs, (uint32_t)f->len, err) < 0)
		return -1;
	owner_give(path, dir);
	return 0;
}

/* ---- finding -------------------------------------------------------------------- */

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_records(const void *a, const void *b)
{
	const struct ledger_rec *x = a, *y = b;
	int rc;

	if ((x->kind == LEDGER_INTERVAL) != (y->kind == LEDGER_INTERVAL))
		return x->kind == LEDGER_INTERVAL ? -1 : 1;
	if (x->kind == LEDGER_INTERVAL)
		return compare(x->interval.start_wall_ns,
			       y->interval.start_wall_ns);
	rc = compare(x->alloc.start_wall_ns, y->alloc.start_wall_ns);
	return rc ? rc : compare(x->alloc.job_id, y->alloc.job_id);
}

void backfill_file_sort(struct backfill_file *f)
{
	if (f->len)
		qsort(f->recs, f->len, sizeof(*f->recs), compare_records);
}

static const struct ledger_rec *find(const struct backfill_file *f,
				     const struct ledger_rec *key)
{
	return f->len ? bsearch(key, f->recs, f->len, sizeof(*key),
				compare_records) : NULL;
}

const struct ledger_interval *
backfill_file_hour(const struct backfill_file *f, int64_t hour_s)
{
	const struct ledger_rec key = { .kind = LEDGER_INTERVAL,
		.interval.start_wall_ns = hour_s * NS_PER_S };
	const struct ledger_rec *rec = find(f, &key);

	return rec ? &rec->interval : NULL;
}

const struct ledger_alloc *
backfill_file_alloc(const struct backfill_file *f, uint32_t job_id,
		    int64_t start_s)
{
	struct ledger_rec key = { .kind = LEDGER_ALLOC };
	const struct ledger_rec *rec;

	key.alloc.start_wall_ns = start_s * NS_PER_S;
	key.alloc.job_id = job_id;
	rec = find(f, &key);
	return rec ? &rec->alloc : NULL;
}
