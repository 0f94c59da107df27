/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ledgers the configuration means. */
#include <string.h>
#include <unistd.h>

#include "cli/ledgers.h"
#include "cli/oar_login.h"
#include "lib/secret.h"

static bool has_store(const struct conf *conf)
{
	return conf->mode == CONF_MODE_SITE &&
	       (*conf->site.database ||
		(*conf->site.store_file &&
		 access(conf->site.store_file, F_OK) == 0));
}

int ledgers_open(struct ledgers *from, const struct conf *conf,
		 struct err *err)
{
	char password[SECRET_MAX] = "";
	const struct store_params params = {
		conf->site.store_file, conf->site.database, password, 0
	};

	*from = (struct ledgers){ .dir = conf->ledger_dir };
	if (!has_store(conf))
		return 0;
	if (!*conf->site.database || !*conf->site.password_file ||
	    oar_secret_read(conf->site.password_file, password,
			    sizeof(password), err) == 0)
		from->store = store_open_at(&params, STORE_READ, err);
	secret_wipe(password, sizeof(password));
	if (from->store && store_check(from->store, err) == 0)
		return 0;
	ledgers_close(from);
	return -1;
}

void ledgers_close(struct ledgers *from)
{
	store_close(from->store);
	from->store = NULL;
}

const char *ledgers_name(const struct ledgers *from)
{
	return from->store ? "the site's store" : from->dir;
}
