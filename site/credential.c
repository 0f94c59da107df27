/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credential.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool credential_plausible(const char *text)
{
	size_t len = strlen(text);

	if (len < 16 || len >= CREDENTIAL_MAX ||
	    strncmp(text, "MUNGE:", 6) != 0 || text[len - 1] != ':')
		return false;
	for (size_t i = 6; i + 1 < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("+/=", text[i]))
			return false;
	return true;
}

/* ---- what unmunge printed ---- */

/* "KEY:   VALUE\n" within the metadata; false: no such line, or too long. */
static bool field_get(const char *text, size_t size, const char *key, char *buf,
		      size_t room)
{
	size_t len = strlen(key);
	const char *end = text + size;

	for (const char *line = text; line < end; ) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *value = line + len + 1;

		if (!stop)
			stop = end;
		if ((size_t)(stop - line) > len && line[len] == ':' &&
		    strncmp(line, key, len) == 0) {
			while (value < stop && *value == ' ')
				value++;
			if ((size_t)(stop - value) >= room)
				return false;
			memcpy(buf, value, (size_t)(stop - value));
			buf[stop - value] = '\0';
			return true;
		}
		line = stop + 1;
	}
	return false;
}

static bool number_get(const char *text, uint32_t *value)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long n;

	if (!digits || digits > 10 || text[digits])
		return false;
	n = strtoull(text, NULL, 10);
	*value = (uint32_t)n;
	return n < UINT32_MAX;
}

/* munge's own numbers of what is wrong (munge.h). */
static const char *status_text(uint32_t status)
{
	switch (status) {
	case 15: return "it has expired: are the clocks of both hosts right?";
	case 16: return "it comes from the future: are the clocks of both hosts right?";
	case 17: return "it was used before";
	case 14: return "it is not this cluster's: is munge's key the same on both hosts?";
	case 6: return "munged here cannot be asked";
	case 7: return "munged here does not answer in time";
	default: return "munge does not take it";
	}
}

/* Of the numbers, those that say nothing of the credential. */
static bool status_is_ours(uint32_t status)
{
	return status <= 1 || (status >= 5 && status <= 7) || status >= 126;
}

int credential_parse(const char *output, int exit_status, struct credential *c,
		     struct err *why)
{
	const char *gap = strstr(output, "\n\n");
	size_t meta = gap ? (size_t)(gap + 1 - output) : strlen(output);
	char text[32];
	uint32_t status;

	memset(c, 0, sizeof(*c));
	if (!field_get(output, meta, "STATUS", text, sizeof(text)) ||
	    !number_get(text, &status)) {
		err_set(why, "unmunge did not say what it is: %.120s", output);
		return status_is_ours((uint32_t)exit_status) ?
		       CREDENTIAL_UNASKED : -1;
	}
	if (status != 0) {
		err_set(why, "%s (munge's status %u)", status_text(status),
			status);
		return status_is_ours(status) ? CREDENTIAL_UNASKED : -1;
	}
	if (!gap ||
	    !field_get(output, meta, "ENCODE_HOST", c->origin,
		       sizeof(c->origin)) ||
	    !field_get(output, meta, "UID", text, sizeof(text)) ||
	    !number_get(text, &c->uid))
		return err_set(why, "unmunge did not say whose it is");
	gap += 2;
	if (strlen(gap) >= sizeof(c->payload))
		return err_set(why, "it is not wattgate's");
	strcpy(c->payload, gap);
	return 0;
}

/* ---- who may speak for a node ---- */

static int user_find(const char *name, uint32_t *uid, struct err *err)
{
	struct passwd *pw;

	if (number_get(name, uid))
		return 0;
	pw = getpwnam(name);
	if (!pw)
		return err_set(err, "munge_users: there is no user '%.60s' here: give the number that it has on the nodes",
			       name);
	*uid = pw->pw_uid;
	return 0;
}

int credential_users(const char *text, uint32_t uids[CREDENTIAL_USERS_MAX],
		     struct err *err)
{
	const char *blanks = ", \t";
	int count = 0;
	char name[64];
	size_t len;

	for (text += strspn(text, blanks); *text;
	     text += strspn(text, blanks)) {
		len = strcspn(text, blanks);
		if (len >= sizeof(name))
			return err_set(err, "munge_users: '%.60s' is no user's name",
				       text);
		if (count == CREDENTIAL_USERS_MAX)
			return err_set(err, "munge_users: more than %d users",
				       CREDENTIAL_USERS_MAX);
		snprintf(name, sizeof(name), "%.*s", (int)len, text);
		if (user_find(name, &uids[count], err) < 0)
			return -1;
		count++;
		text += len;
	}
	if (!count)
		return err_set(err, "munge_users names nobody: no node could log in");
	return count;
}
