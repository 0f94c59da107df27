/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/oar_login.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/oar_conf.h"

/* ---- the configuration's --------------------------------------------------- */

/*
 * A secret belongs to its reader, which is wattgated's user. Root becomes that
 * user to read it, so that nothing is read that he could not read himself.
 */
int oar_secret_read(const char *path, char *buf, size_t size, struct err *err)
{
	struct passwd *pw;
	struct stat st;
	int rc;

	if (geteuid() != 0 || lstat(path, &st) < 0 || st.st_uid == 0)
		return secret_read(path, buf, size, err);
	pw = getpwuid(st.st_uid);
	if (setegid(pw ? pw->pw_gid : st.st_gid) < 0 || seteuid(st.st_uid) < 0)
		rc = err_set_errno(err, "%s: cannot become uid %u to read it",
				   path, (unsigned)st.st_uid);
	else
		rc = secret_read(path, buf, size, err);
	if (seteuid(0) < 0 || setegid(0) < 0)
		abort();	/* nothing may go on as somebody else */
	return rc;
}

static int find_configured(const struct conf *conf, struct oar_login *login,
			   struct err *err)
{
	snprintf(login->conninfo, sizeof(login->conninfo), "%s",
		 conf->oar.database);
	if (!*conf->oar.password_file)
		return 0;
	return oar_secret_read(conf->oar.password_file, login->password,
			       sizeof(login->password), err);
}

/* ---- OAR's own ------------------------------------------------------------- */

/* " NAME='VALUE'", quoted for libpq. false where it does not fit. */
static bool add_word(char *text, size_t size, const char *name,
		     const char *value)
{
	size_t len = strlen(text);
	int n = snprintf(text + len, size - len, "%s%s='", len ? " " : "",
			 name);

	if (n < 0 || (size_t)n >= size - len)
		return false;
	len += (size_t)n;
	for (; *value; value++) {
		if (len + 4 > size)
			return false;
		if (*value == '\'' || *value == '\\')
			text[len++] = '\\';
		text[len++] = *value;
	}
	if (len + 2 > size)
		return false;
	text[len++] = '\'';
	text[len] = '\0';
	return true;
}

/* What stands before a semicolon counts, as for OAR. */
static bool add_key(const struct oar_conf *oar, const char *key,
		    const char *word, struct oar_login *login)
{
	char value[512];

	if (!oar_conf_get(oar, key, value, sizeof(value)) || !*value)
		return true;
	value[strcspn(value, ";")] = '\0';
	return add_word(login->conninfo, sizeof(login->conninfo), word, value);
}

static int use_oar_conf(const struct oar_conf *oar, struct oar_login *login,
			struct err *err)
{
	char type[32] = "", user[256];
	const char *user_key = "DB_BASE_LOGIN_RO", *word = "DB_BASE_PASSWD_RO";

	oar_conf_get(oar, "DB_TYPE", type, sizeof(type));
	if (strcmp(type, "Pg") != 0 && strcmp(type, "psql") != 0)
		return err_set(err, "%s: DB_TYPE is %s: wattgate needs OAR on PostgreSQL",
			       oar->path, *type ? type : "not set");
	if (!oar_conf_get(oar, user_key, user, sizeof(user)) || !*user) {
		user_key = "DB_BASE_LOGIN";
		word = "DB_BASE_PASSWD";
	}
	oar_conf_get(oar, word, login->password, sizeof(login->password));
	if (!add_key(oar, "DB_HOSTNAME", "host", login) ||
	    !add_key(oar, "DB_PORT", "port", login) ||
	    !add_key(oar, "DB_BASE_NAME", "dbname", login) ||
	    !add_key(oar, user_key, "user", login))
		return err_set(err, "%s: a DB_ value is too long", oar->path);
	return 0;
}

static int find_oar_conf(struct oar_login *login, struct err *err)
{
	struct oar_conf oar;
	int rc = oar_conf_read(&oar, err);

	if (rc == 0)
		rc = use_oar_conf(&oar, login, err);
	oar_conf_clear(&oar);
	return rc;
}

/* ---- both ------------------------------------------------------------------ */

int oar_login_find(const char *database, const struct conf *conf,
		   struct oar_login *login, struct err *err)
{
	struct err first = { "" }, second;

	memset(login, 0, sizeof(*login));
	if (database) {
		if (strlen(database) >= sizeof(login->conninfo))
			return err_set(err, "--database is too long");
		strcpy(login->conninfo, database);
		return 0;
	}
	if (*conf->oar.database) {
		if (find_configured(conf, login, &first) == 0)
			return 0;
		secret_wipe(login, sizeof(*login));
	}
	if (find_oar_conf(login, &second) == 0)
		return 0;
	secret_wipe(login, sizeof(*login));
	return err_set(err, "no login to OAR's database: %.200s; %.120s. oarstat -f -j JOB tells everyone the energy of a job; else --database names one",
		       *first.text ? first.text :
		       "no [oar] database in the configuration", second.text);
}

pg_oar_t *oar_login_open(const char *database, const struct conf *conf,
			 struct err *err)
{
	struct oar_login login;
	pg_oar_t *db = NULL;

	if (oar_login_find(database, conf, &login, err) == 0)
		db = pg_oar_open(login.conninfo, login.password, err);
	secret_wipe(&login, sizeof(login));
	if (db && pg_oar_schema_check(db, err) != 0) {
		pg_oar_close(db);
		db = NULL;
	}
	return db;
}
