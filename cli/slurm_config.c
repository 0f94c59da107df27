/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/slurm_config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/child.h"

#define TIMEOUT_MS 10000
#define OVERSUBSCRIBE_DEFAULT 4	/* Slurm's, where no number is given */
#define OVERSUBSCRIBE_MAX 32767		/* one bit of its number means FORCE */

/* ---- texts ------------------------------------------------------------------ */

int slurm_split_pair(char *line, char **key, char **value)
{
	char *eq = strchr(line, '=');
	char *end = eq;

	if (!eq || eq == line || isspace((unsigned char)*line))
		return -1;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	*key = line;
	*value = eq + 1 + strspn(eq + 1, " \t");
	for (end = *value + strlen(*value);
	     end > *value && isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	return 0;
}

bool slurm_line_get(const char *line, const char *key, char *buf, size_t size)
{
	const size_t len = strlen(key);

	while (*line) {
		const size_t word = strcspn(line, " \t");

		if (word > len && line[len] == '=' &&
		    strncasecmp(line, key, len) == 0) {
			snprintf(buf, size, "%.*s", (int)(word - len - 1),
				 line + len + 1);
			return true;
		}
		line += word;
		line += strspn(line, " \t");
	}
	return false;
}

bool slurm_list_has(const char *list, const char *word, const char *ends)
{
	const size_t len = strlen(word);

	while (*list) {
		const size_t item = strcspn(list, ",");

		if (item >= len && strncasecmp(list, word, len) == 0 &&
		    (item == len || strchr(ends, list[len])))
			return true;
		list += item;
		list += *list == ',';
	}
	return false;
}

int slurm_list_len(const char *list)
{
	int n = *list != '\0';

	for (; *list; list++)
		n += *list == ',';
	return n;
}

uint32_t slurm_parse_version(const char *text)
{
	unsigned major, minor, micro;
	const char *at = text + strcspn(text, "0123456789");

	if (sscanf(at, "%2u.%2u.%3u", &major, &minor, &micro) != 3 ||
	    minor > 99 || micro > 255)	/* a sign is read, too */
		return 0;
	return major << 16 | minor << 8 | micro;
}

char *slurm_format_version(uint32_t version, char *buf, size_t size)
{
	snprintf(buf, size, "%u.%02u.%u", version >> 16, version >> 8 & 255,
		 version & 255);
	return buf;
}

int slurm_parse_task_frequency(const char *text)
{
	const char *at = strcasestr(text, "task=");
	char *end;
	long v;

	at = at ? at + 5 : text;
	if (!isdigit((unsigned char)*at))
		return -1;
	v = strtol(at, &end, 10);
	return (*end && *end != ',') || v > 1000000 ? -1 : (int)v;
}

int slurm_parse_oversubscribe(const char *text)
{
	const char *number = strchr(text, ':');
	long v;

	if (strncasecmp(text, "FORCE", 5) != 0 &&
	    strncasecmp(text, "YES", 3) != 0)
		return 1;
	if (!number)
		return OVERSUBSCRIBE_DEFAULT;
	v = strtol(number + 1, NULL, 10);
	return v >= 1 && v <= OVERSUBSCRIBE_MAX ? (int)v : OVERSUBSCRIBE_DEFAULT;
}

/* ---- asking ----------------------------------------------------------------- */

static int take_pair(char *line, void *arg)
{
	struct slurm_config *config = arg;
	char *key, *value;

	if (line && slurm_split_pair(line, &key, &value) == 0) {
		names_add(&config->keys, key);
		names_add(&config->values,
			  strcmp(value, "(null)") == 0 ? "" : value);
	}
	return 0;
}

static int take_partition(char *line, void *arg)
{
	struct slurm_config *config = arg;

	if (line && strncmp(line, "PartitionName=", 14) == 0)
		names_add(&config->partitions, line);
	return 0;
}

static int take_node(char *line, void *arg)
{
	struct slurm_config *config = arg;
	char name[256];

	if (line && slurm_line_get(line, "NodeName", name, sizeof(name)))
		names_add(&config->nodes, name);
	return 0;
}

static int take_version(char *line, void *arg)
{
	struct slurm_config *config = arg;

	if (line && config->version == 0)
		config->version = slurm_parse_version(line);
	return 0;
}

static int ask(struct slurm_config *config, const char *path,
	       const char *const words[], int (*take)(char *line, void *arg),
	       struct err *err)
{
	char *argv[6] = { (char *)(size_t)path };
	char *env[] = { NULL };

	for (int i = 0; words[i]; i++)
		argv[i + 1] = (char *)(size_t)words[i];
	return child_lines(argv, env, TIMEOUT_MS, take, config, err);
}

int slurm_config_read(struct slurm_config *config, const char *path,
		      struct err *err)
{
	static const struct {
		const char *const words[5];
		int (*take)(char *line, void *arg);
	} questions[] = {
		{ { "--version", NULL }, take_version },
		{ { "show", "config", NULL }, take_pair },
		{ { "--oneliner", "show", "partition", NULL }, take_partition },
		{ { "--oneliner", "show", "node", NULL }, take_node },
	};

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (ask(config, path, questions[i].words, questions[i].take,
			err) < 0)
			return -1;
	names_sort(&config->nodes);
	return 0;
}

void slurm_config_clear(struct slurm_config *config)
{
	names_destroy(&config->keys);
	names_destroy(&config->values);
	names_destroy(&config->partitions);
	names_destroy(&config->nodes);
}

const char *slurm_config_get(const struct slurm_config *config,
			     const char *key)
{
	for (size_t i = 0; i < config->keys.len; i++)
		if (strcasecmp(config->keys.list[i], key) == 0)
			return config->values.list[i];
	return "";
}
