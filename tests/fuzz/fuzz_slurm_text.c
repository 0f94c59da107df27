/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of Slurm's configuration: plugstack.conf, `scontrol show`, versions.
 * The first line is a key or a word that is looked for in the others.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plugstack.h"
#include "cli/slurm_config.h"
#include "fuzz.h"

static void check_plugstack(const char *text)
{
	static struct plugstack_line line;

	plugstack_parse_line(text, &line);
	FUZZ_CHECK(memchr(line.path, 0, sizeof(line.path)) &&
		   memchr(line.run_dir, 0, sizeof(line.run_dir)));
	FUZZ_CHECK(!strpbrk(line.path, " \t\r\n#"));
	FUZZ_CHECK(line.kind != PLUGSTACK_NOTHING || !*line.path);
	FUZZ_CHECK(line.kind == PLUGSTACK_NOTHING ||
		   line.kind == PLUGSTACK_BAD || *line.path);
}

static void check_pair(const char *text)
{
	char *line = strdup(text), *key, *value;

	FUZZ_CHECK(line);
	if (slurm_split_pair(line, &key, &value) == 0) {
		FUZZ_CHECK(key == line && *key && !strchr(key, '='));
		FUZZ_CHECK(!isspace((unsigned char)key[strlen(key) - 1]));
		FUZZ_CHECK(value > key && value <= line + strlen(text));
		FUZZ_CHECK(!*value ||
			   !isspace((unsigned char)value[strlen(value) - 1]));
	}
	free(line);
}

static void check_find(const char *text, const char *word)
{
	char *buf = malloc(32);

	FUZZ_CHECK(buf);
	if (slurm_line_get(text, word, buf, 32))
		FUZZ_CHECK(strlen(buf) < 32 && !strpbrk(buf, " \t"));
	if (*word && slurm_list_has(text, word, "=:"))
		FUZZ_CHECK(strcasestr(text, word));
	if (*word && !strchr(word, ','))
		FUZZ_CHECK(slurm_list_has(word, word, ""));
	FUZZ_CHECK(slurm_list_len(text) >= (*text != '\0'));
	free(buf);
}

static void check_numbers(const char *text)
{
	uint32_t version = slurm_parse_version(text);
	char buf[32];

	if (version)
		FUZZ_CHECK(slurm_parse_version(slurm_format_version(
			version, buf, sizeof(buf))) == version);
	FUZZ_CHECK(slurm_parse_task_frequency(text) >= -1 &&
		   slurm_parse_task_frequency(text) <= 1000000);
	FUZZ_CHECK(slurm_parse_oversubscribe(text) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *word = fuzz_line(&in);

	while (in.left) {
		char *line = fuzz_line(&in);

		check_plugstack(line);
		check_pair(line);
		check_find(line, word);
		check_numbers(line);
		free(line);
	}
	free(word);
	return 0;
}
