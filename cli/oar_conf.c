/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/oar_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/mem.h"
#include "lib/file.h"
#include "lib/secret.h"

#define SIZE_MAX_BYTES (1 << 20)	/* Debian's has 34 kB */
#define BLANKS " \t\r\f\v"

const char *oar_conf_path(void)
{
	const char *path = getenv("OARCONFFILE");

	return path && *path ? path : "/etc/oar/oar.conf";
}

int oar_conf_read(struct oar_conf *conf, struct err *err)
{
	struct stat st;
	ssize_t n;
	int fd;

	conf->path = oar_conf_path();
	conf->text = NULL;
	fd = open(conf->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set_errno(err, "%s", conf->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return err_set(err, "%s is no regular file", conf->path);
	}
	conf->text = mem_zeroed(1, SIZE_MAX_BYTES);
	n = file_read_all(fd, conf->text, SIZE_MAX_BYTES - 1);
	if (n == SIZE_MAX_BYTES - 1) {
		errno = EFBIG;
		n = -1;
	}
	if (n < 0)
		err_set_errno(err, "%s", conf->path);
	close(fd);
	if (n < 0)
		oar_conf_clear(conf);
	return n < 0 ? -1 : 0;
}

void oar_conf_clear(struct oar_conf *conf)
{
	const int saved = errno;

	if (conf->text)
		secret_wipe(conf->text, strlen(conf->text));
	free(conf->text);
	conf->text = NULL;
	errno = saved;
}

/* ---- values ---------------------------------------------------------------- */

struct span {
	const char *at;
	size_t len;
};

static struct span span_trim(struct span s)
{
	while (s.len && strchr(BLANKS, s.at[s.len - 1]))
		s.len--;
	if (s.len >= 2 && (*s.at == '"' || *s.at == '\'') &&
	    s.at[s.len - 1] == *s.at) {
		s.at++;
		s.len -= 2;
	}
	return s;
}

/* Is the line KEY = VALUE? */
static bool line_has(const char *line, size_t len, const char *key,
		     struct span *value)
{
	const char *end = line + len;
	const size_t key_len = strlen(key);

	line += strspn(line, BLANKS);
	if (line > end || (size_t)(end - line) < key_len ||
	    strncmp(line, key, key_len) != 0)
		return false;
	line += key_len;
	line += strspn(line, BLANKS);
	if (line >= end || *line != '=')
		return false;
	line++;
	line += strspn(line, BLANKS);
	if (line > end)
		line = end;
	value->at = line;
	value->len = strcspn(line, "#\n");
	if (value->len > (size_t)(end - line))
		value->len = (size_t)(end - line);
	*value = span_trim(*value);
	return true;
}

bool oar_conf_get(const struct oar_conf *conf, const char *key, char *buf,
		  size_t size)
{
	struct span value = { NULL, 0 };
	const char *line = conf->text;

	while (line && *line) {
		const size_t len = strcspn(line, "\n");

		line_has(line, len, key, &value);
		line += len + (line[len] == '\n');
	}
	if (!value.at || value.len >= size)
		return false;
	memcpy(buf, value.at, value.len);
	buf[value.len] = '\0';
	return true;
}
