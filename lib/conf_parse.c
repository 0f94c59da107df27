/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of wattgate.conf. inih splits lines into key and value; lines and
 * sections are read here, since inih would split an over-long line silently,
 * take an indented one for more of the value above, cut a pattern at its first
 * ']' and not mention an unknown section without keys.
 */
#include "conf_impl.h"

#include <fnmatch.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	bool by_node;		/* may have a pattern */
} sections[] = {
	[CONF_TOP] = { "", false },
	[CONF_BMC] = { "bmc", true },
	[CONF_SECOND] = { "second", true },
	[CONF_SITE] = { "site", false },
	[CONF_HARDWARE] = { "hardware", true },
	[CONF_SLURM] = { "slurm", false },
	[CONF_OAR] = { "oar", false },
	[CONF_METRICS] = { "metrics", false },
	[CONF_REPORT] = { "report", false },
	[CONF_ANNOTATE] = { "annotate", false },
};
#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

/* A longer line is a mistake; inih takes shorter ones, see line_put_long(). */
#define LINE_MAX_BYTES 1536

struct section_seen {
	char *name;
	int line;
};

/* One reading of a text; from the first error on `failed` stops it. */
struct parse {
	const char *path;
	const char *next;	/* rest of the text */
	const char *end;
	int line;
	char value[LINE_MAX_BYTES];	/* of a line too long for inih ... */
	int value_line;		/* ... which is this one */
	enum conf_section section;
	bool applies;		/* the section is for our node */
	int given[CONF_KEYS_MAX];	/* line in this section; 0 = not yet */
	struct section_seen *seen;
	size_t seen_len;
	struct conf *conf;
	struct conf *other;	/* for values of other nodes */
	struct conf_lines *lines;
	bool failed;
	struct err *err;
};

static int parse_fail(struct parse *p, int line, const char *why)
{
	p->failed = true;
	return err_set(p->err, "%s:%d: %s", p->path, line, why);
}

/* ---- sections ----------------------------------------------------------------- */

/* Remember the section; a second one of the same name is a mistake. */
static int section_note(struct parse *p, const char *name, struct err *why)
{
	struct section_seen *grown;

	for (size_t i = 0; i < p->seen_len; i++) {
		if (strcmp(p->seen[i].name, name) == 0)
			return err_set(why, "section [%.80s] was given at line %d already: join the two",
				       name, p->seen[i].line);
	}
	grown = realloc(p->seen, (p->seen_len + 1) * sizeof(*grown));
	if (!grown)
		return err_set(why, "out of memory");
	p->seen = grown;
	grown[p->seen_len].line = p->line;
	grown[p->seen_len].name = strdup(name);
	if (!grown[p->seen_len].name)
		return err_set(why, "out of memory");
	p->seen_len++;
	return 0;
}

/* Does [...] look like a list of hosts or numbers: "1,2", "1-12", "08-11"? */
static bool bracket_is_list(const char *s, const char *end)
{
	bool range = memchr(s, '-', (size_t)(end - s)) != NULL;

	for (; s < end; s++) {
		if (*s == ',' || (range && s[0] >= '0' && s[0] <= '9' &&
				  s[1] >= '0' && s[1] <= '9'))
			return true;
	}
	return false;
}

/*
 * A shell pattern that means what it looks like: no host lists like n[1-12],
 * which a shell takes for one character of 1, 1 and 2.
 */
static int pattern_check(const char *pattern, struct err *why)
{
	const char *open = strchr(pattern, '['), *close;

	if (strpbrk(pattern, " \t"))
		return err_set(why, "a section takes one pattern: repeat the section for another");
	for (; open; open = strchr(close, '[')) {
		close = strchr(open + 1, ']');
		if (!close)
			return err_set(why, "pattern '%.80s' has a [ without its ]",
				       pattern);
		if (bracket_is_list(open + 1, close))
			return err_set(why, "pattern '%.80s' is no list of hosts: a bracket stands for one character, as in n[0-9]",
				       pattern);
	}
	return 0;
}

/* "bmc n*": sets the section and whether it is for our node. */
static int section_enter(struct parse *p, char *name, struct err *why)
{
	size_t len = strcspn(name, " \t"), i;
	char *pattern = name + len + strspn(name + len, " \t");

	for (i = 1; i < SECTION_COUNT; i++) {
		if (strlen(sections[i].name) == len &&
		    memcmp(sections[i].name, name, len) == 0)
			break;
	}
	if (i == SECTION_COUNT)
		return err_set(why, "there is no section [%.80s]: known are [bmc], [second], [site], [hardware], [slurm], [oar], [report]",
			       name);
	if (*pattern && !sections[i].by_node)
		return err_set(why, "section [%s] takes no pattern",
			       sections[i].name);
	if (pattern_check(pattern, why) != 0)
		return -1;
	p->section = (enum conf_section)i;
	p->applies = !*pattern || fnmatch(pattern, p->conf->node, 0) == 0;
	memset(p->given, 0, sizeof(p->given));
	if (*pattern) {		/* one blank, to compare names */
		name[len] = ' ';
		memmove(name + len + 1, pattern, strlen(pattern) + 1);
	}
	return section_note(p, name, why);
}

/* Cut a comment (one of `marks` after a blank) and blanks at the end. */
static void line_trim(char *s, const char *marks)
{
	size_t len;

	for (char *c = s; *c; c++) {
		if (strchr(marks, *c) && c > s &&
		    (c[-1] == ' ' || c[-1] == '\t')) {
			*c = '\0';
			break;
		}
	}
	len = strlen(s);
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		s[--len] = '\0';
}

/* A line that begins with '['. */
static int section_line(struct parse *p, char *line, struct err *why)
{
	char *last;

	line_trim(line, ";#");
	last = line + strlen(line) - 1;
	if (*last != ']')
		return err_set(why, "a section must end in ]");
	*last = '\0';
	line++;
	line += strspn(line, " \t");
	line_trim(line, ";#");
	return section_enter(p, line, why);
}

/* ---- lines ---------------------------------------------------------------------- */

/* Bytes that no editor leaves in a line on purpose. */
static int line_check(const char *text, size_t len, struct err *why)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return err_set(why, "the line has a control character (0x%02x) in it",
				       c);
	}
	return 0;
}

/*
 * The next line's text without blanks before it and without its end. NULL at
 * the end of the text.
 */
static const char *line_next(struct parse *p, size_t *len)
{
	const char *start = p->next, *stop;

	if (start == p->end)
		return NULL;
	stop = memchr(start, '\n', (size_t)(p->end - start));
	p->next = stop ? stop + 1 : p->end;
	if (!stop)
		stop = p->end;
	if (p->line++ == 0 && stop - start >= 3 &&
	    memcmp(start, "\xef\xbb\xbf", 3) == 0)
		start += 3;	/* UTF-8's byte order mark */
	if (stop > start && stop[-1] == '\r')
		stop--;
	while (start < stop && (*start == ' ' || *start == '\t'))
		start++;
	*len = (size_t)(stop - start);
	return start;
}

/*
 * inih takes lines of 200 bytes, too few for a query or a list of nodes: it
 * gets "key = -" of a longer one, and on_key() the value from here.
 */
static int line_put_long(struct parse *p, char *buf, size_t room,
			 const char *text, size_t len, struct err *why)
{
	size_t name = 0;

	if (*text == '#' || *text == ';') {
		strcpy(buf, "\n");
		return 0;
	}
	while (name < len && text[name] != '=' && text[name] != ':')
		name++;
	if (*text == '[' || name == len || name + sizeof(" = -\n") > room)
		return err_set(why, "the line is longer than %zu bytes",
			       room - 2);
	if (len >= sizeof(p->value))
		return err_set(why, "the line is longer than %zu bytes",
			       sizeof(p->value) - 1);
	if (line_check(text, len, why) != 0)
		return -1;
	memcpy(buf, text, name);
	strcpy(buf + name, " = -\n");
	text += name + 1;
	len -= name + 1;
	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	memcpy(p->value, text, len);
	p->value[len] = '\0';
	line_trim(p->value, ";");
	p->value_line = p->line;
	return 0;
}

/* A line into buf, for inih; sections are dealt with and leave it empty. */
static int line_put(struct parse *p, char *buf, size_t room, const char *text,
		    size_t len, struct err *why)
{
	if (len + 2 > room)
		return line_put_long(p, buf, room, text, len, why);
	if (line_check(text, len, why) != 0)
		return -1;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (*buf == '[') {
		if (section_line(p, buf, why) != 0)
			return -1;
		*buf = '\0';
	}
	strcat(buf, "\n");
	return 0;
}

/* inih asks for a line, at most `room` bytes with its NUL. */
static char *on_read(char *buf, int room, void *arg)
{
	struct parse *p = arg;
	struct err why;
	const char *text;
	size_t len;

	if (p->failed)
		return NULL;
	text = line_next(p, &len);
	if (!text)
		return NULL;
	if (line_put(p, buf, (size_t)room, text, len, &why) == 0)
		return buf;
	parse_fail(p, p->line, why.text);
	return NULL;
}

/* ---- keys ------------------------------------------------------------------------- */

static int key_unknown(const struct parse *p, const char *name,
		       struct err *why)
{
	if (p->section == CONF_TOP)
		return err_set(why, "there is no key '%.60s' before the first section",
			       name);
	return err_set(why, "there is no key '%.60s' in [%s]", name,
		       sections[p->section].name);
}

static int key_given(struct parse *p, const char *name, const char *value,
		     struct err *why)
{
	int key = conf_key_find(p->section, name);

	if (key < 0)
		return key_unknown(p, name, why);
	if (p->given[key])
		return err_set(why, "key '%s' was given at line %d already",
			       name, p->given[key]);
	p->given[key] = p->line;
	if (!p->applies)
		return conf_key_set(key, value, p->other, why);
	p->lines->of[key] = p->line;
	return conf_key_set(key, value, p->conf, why);
}

/* inih found "name = value" in the line that on_read() gave it last. */
static int on_key(void *arg, const char *section, const char *name,
		  const char *value)
{
	struct parse *p = arg;
	struct err why;

	(void)section;
	if (p->failed)
		return 0;
	if (p->value_line == p->line)
		value = p->value;
	if (key_given(p, name, value, &why) == 0)
		return 1;
	parse_fail(p, p->line, why.text);
	return 0;
}

static int parse_run(struct parse *p)
{
	int rc = ini_parse_stream(on_read, p, on_key, p);

	if (rc < 0)
		return parse_fail(p, p->line, "out of memory");
	/* a line that inih could make nothing of, and went on */
	if (rc > 0 && (!p->failed || rc < p->line))
		return parse_fail(p, rc, "neither 'key = value' nor '[section]'");
	return p->failed ? -1 : 0;
}

int conf_parse(const char *path, const char *text, size_t len,
	       struct conf *conf, struct conf_lines *lines, struct err *err)
{
	struct parse p = {
		.path = path,
		.next = text,
		.end = text + len,
		.applies = true,
		.conf = conf,
		.lines = lines,
		.err = err,
	};
	int rc;

	p.other = malloc(sizeof(*p.other));
	if (!p.other)
		return err_set(err, "out of memory for configuration '%s'",
			       path);
	*p.other = *conf;
	rc = parse_run(&p);
	for (size_t i = 0; i < p.seen_len; i++)
		free(p.seen[i].name);
	free(p.seen);
	free(p.other);
	return rc;
}
