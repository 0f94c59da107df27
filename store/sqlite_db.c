/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file: opening, making, and what may be wrong with it. */
#include "sqlite_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID "1464292180"	/* "WGST" */

/* ---- trouble --------------------------------------------------------------- */

static const char *advice(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL: return ": the disk is full, make room";
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ": another program holds it; end that";
	case SQLITE_NOTADB: return ": it is no store of wattgate's; move it away";
	case SQLITE_CORRUPT: return ": restore it from a backup, or move it away: a new one is made";
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY: return ": see who owns it and its directory";
	default: return "";
	}
}

int sqlite_fail(struct sqlite_store *s, struct err *err)
{
	const int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
	const bool refused = code == SQLITE_CONSTRAINT_CHECK ||
			     code == SQLITE_CONSTRAINT_NOTNULL ||
			     code == SQLITE_TOOBIG;

	err_set(err, "store %.200s: %.150s%s", s->file,
		s->db ? sqlite3_errmsg(s->db) : "no memory", advice(code));
	/* the next call starts anew with what is there then */
	if (!refused && (code & 0xff) != SQLITE_BUSY)
		sqlite_shut(s);
	else if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return refused ? STORE_REFUSED : -1;
}

void sqlite_shut(struct sqlite_store *s)
{
	for (int i = 0; i < ST_STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	/* undoes what was not committed; readers that are open keep it alive */
	sqlite3_close_v2(s->db);
	s->db = NULL;
}

int sqlite_run(struct sqlite_store *s, const char *sql, struct err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 :
	       sqlite_fail(s, err);
}

int sqlite_number(struct sqlite_store *s, const char *sql, int64_t *n,
		  struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	*n = 0;
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : sqlite_fail(s, err);
}

/* ---- the file -------------------------------------------------------------- */

/* Its name is on disk before anything in it counts. */
static int directory_sync(const char *file, struct err *err)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, rc = -1;

	snprintf(dir, sizeof(dir), "%s", file);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		rc = fsync(fd);
		close(fd);
	}
	return rc == 0 ? 0 : err_set_errno(err, "store %.400s: its directory", file);
}

static int file_make(const struct sqlite_store *s, struct err *err)
{
	int fd = open(s->file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		      O_CLOEXEC, 0640);

	if (fd < 0 && errno == EEXIST)
		return 0;	/* by another writer, meanwhile */
	if (fd < 0)
		return err_set_errno(err, "store %.400s cannot be made", s->file);
	close(fd);
	return directory_sync(s->file, err);
}

/* A link, a pipe or a device in its place is never opened. */
static int file_check(struct sqlite_store *s, struct err *err)
{
	struct stat st;
	int rc = lstat(s->file, &st);

	if (rc < 0 && errno == ENOENT && s->use == STORE_WRITE) {
		if (file_make(s, err) < 0)
			return -1;
		rc = lstat(s->file, &st);
	}
	if (rc < 0)
		return err_set_errno(err, "cannot open store %.400s", s->file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "store %.400s is not a regular file",
			       s->file);
	s->dev = st.st_dev;
	s->inode = st.st_ino;
	return 0;
}

/* SQLite itself goes on with a file that was removed or replaced. */
static bool file_moved(const struct sqlite_store *s)
{
	struct stat st;

	return lstat(s->file, &st) < 0 || st.st_dev != s->dev ||
	       st.st_ino != s->inode;
}

/*
 * What is in the file is not trusted: no trigger of others, no function that
 * does more than compute.
 */
static void harden(sqlite3 *db, enum store_use use)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
#ifdef SQLITE_DBCONFIG_TRUSTED_SCHEMA
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
#endif
	if (use == STORE_READ)
		sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
}

static int file_open(struct sqlite_store *s, struct err *err)
{
	int flags = s->use == STORE_WRITE ? SQLITE_OPEN_READWRITE :
					    SQLITE_OPEN_READONLY;
	int keep = 1;

#ifdef SQLITE_OPEN_NOFOLLOW
	flags |= SQLITE_OPEN_NOFOLLOW;
#endif
	if (sqlite3_open_v2(s->file, &s->db, flags, NULL) != SQLITE_OK)
		return sqlite_fail(s, err);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, STORE_LOCK_S * 1000);
	harden(s->db, s->use);
	/* who may only read the directory can do so while nobody writes, too */
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	return 0;
}

/* ---- the tables ------------------------------------------------------------- */

static int versions(struct sqlite_store *s, int64_t *application,
		    int64_t *version, struct err *err)
{
	int rc = sqlite_number(s, "PRAGMA application_id", application, err);

	return rc ? rc : sqlite_number(s, "PRAGMA user_version", version, err);
}

static int schema_make(struct sqlite_store *s, struct err *err)
{
	int64_t tables, application, version;

	if (sqlite_run(s, "BEGIN IMMEDIATE", err) != 0 ||
	    versions(s, &application, &version, err) != 0 ||
	    sqlite_number(s, "SELECT count(*) FROM sqlite_master", &tables,
			  err) != 0)
		return -1;
	if (tables == 0 && version == 0 && application == 0 &&
	    (sqlite_run(s, sqlite_schema, err) != 0 ||
	     sqlite_run(s, "PRAGMA application_id = " APPLICATION_ID
			"; PRAGMA user_version = 1", err) != 0))
		return -1;
	return sqlite_run(s, "COMMIT", err);
}

static int schema_check(struct sqlite_store *s, struct err *err)
{
	int64_t application, version;

	if (versions(s, &application, &version, err) != 0)
		return -1;
	if (s->use == STORE_WRITE && version == 0 && application == 0 &&
	    (schema_make(s, err) != 0 ||
	     versions(s, &application, &version, err) != 0))
		return -1;
	if (application != atoi(APPLICATION_ID))
		return err_set(err, "%.400s is no store of wattgate's: move it away, or name another store_file",
			       s->file);
	if (version != STORE_VERSION)
		return err_set(err, "store %.300s has version %lld, this is for %d: use the wattgate that it belongs to",
			       s->file, (long long)version, STORE_VERSION);
	return 0;
}

/* SQLite waits for no one with this; others may do the same now. */
static int wal_set(struct sqlite_store *s, struct err *err)
{
	int rc = SQLITE_BUSY;

	for (int i = 0; i < STORE_LOCK_S * 20 && (rc & 0xff) == SQLITE_BUSY; i++) {
		if (i)
			sqlite3_sleep(50);
		rc = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL,
				  NULL, NULL);
	}
	return rc == SQLITE_OK ? 0 : sqlite_fail(s, err);
}

/*
 * FULL: a commit is on disk. WAL: readers and the writer do not wait for each
 * other; not before it is known whose file it is.
 */
static int writer_set(struct sqlite_store *s, struct err *err)
{
	if (sqlite_run(s, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
		       err) != 0 || schema_check(s, err) != 0)
		return -1;
	return wal_set(s, err);
}

/* All that is read from here on is of one moment. */
static int reader_set(struct sqlite_store *s, struct err *err)
{
	if (schema_check(s, err) != 0)
		return -1;
	return sqlite_run(s, "BEGIN", err);
}

int sqlite_ready(struct sqlite_store *s, struct err *err)
{
	if (s->db && s->use == STORE_WRITE && file_moved(s))
		sqlite_shut(s);
	if (s->db)
		return 0;
	if (file_check(s, err) < 0 || file_open(s, err) != 0)
		return -1;
	if ((s->use == STORE_WRITE ? writer_set : reader_set)(s, err) == 0)
		return 0;
	sqlite_shut(s);
	return -1;
}

/* ---- the store --------------------------------------------------------------- */

static void close_store(void *db)
{
	struct sqlite_store *s = db;

	sqlite_shut(s);
	free(s->line);
	free(s);
}

void *store_sqlite_open(const char *file, enum store_use use, struct err *err)
{
	struct sqlite_store *s = calloc(1, sizeof(*s));

	if (s)
		s->line = malloc(LEDGER_LINE_MAX + 1);
	if (!s || !s->line) {
		free(s);
		err_set(err, "no memory for a store");
		return NULL;
	}
	s->use = use;
	if ((size_t)snprintf(s->file, sizeof(s->file), "%s", file) <
	    sizeof(s->file))
		return s;
	err_set(err, "path of the store is too long");
	close_store(s);
	return NULL;
}

static int check_store(void *db, struct err *err)
{
	return sqlite_ready(db, err);
}

const struct store_ops store_sqlite_ops = {
	.close = close_store,
	.check = check_store,
	.put = sqlite_put,
	.put_open = sqlite_put_open,
	.nodes = sqlite_nodes,
	.newest = sqlite_newest,
	.rows = sqlite_rows,
	.next = sqlite_next,
	.rows_close = sqlite_rows_close,
};
