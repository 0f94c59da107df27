/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sdr.h"

#include <string.h>
#include <strings.h>

/* Offsets into a full record. */
enum {
	AT_TYPE = 3, AT_LENGTH = 4, AT_EVENT_TYPE = 13, AT_UNITS = 20,
	AT_BASE_UNIT = 21, AT_NAME_LENGTH = 47, AT_NAME = 48
};

#define EVENT_TYPE_THRESHOLD 0x01	/* what analog sensors have */
#define UNIT_WATTS 6
/* of the units' first byte */
#define FORMAT_MASK 0xc0
#define FORMAT_NONE 0xc0		/* no analog reading */
#define NAME_FORMAT_8BIT 0xc0
#define NAME_LENGTH_MASK 0x1f

size_t sdr_size(const uint8_t *head)
{
	return (size_t)SDR_HEAD + head[AT_LENGTH];
}

uint16_t sdr_id(const uint8_t *head)
{
	return (uint16_t)(head[0] | head[1] << 8);
}

uint8_t sdr_type(const uint8_t *head)
{
	return head[AT_TYPE];
}

/* The units' first byte: rate, modifier and percentage must all be none. */
bool sdr_reads_watts(const uint8_t *record, size_t size)
{
	return size >= SDR_UNITS_END && record[AT_TYPE] == SDR_TYPE_FULL &&
	       record[AT_EVENT_TYPE] == EVENT_TYPE_THRESHOLD &&
	       (record[AT_UNITS] & FORMAT_MASK) != FORMAT_NONE &&
	       (record[AT_UNITS] & ~FORMAT_MASK) == 0 &&
	       record[AT_BASE_UNIT] == UNIT_WATTS;
}

void sdr_name(const uint8_t *record, size_t size, char name[SDR_NAME_MAX])
{
	size_t len;

	name[0] = '\0';
	if (size <= AT_NAME_LENGTH || record[AT_TYPE] != SDR_TYPE_FULL ||
	    (record[AT_NAME_LENGTH] & FORMAT_MASK) != NAME_FORMAT_8BIT)
		return;
	len = record[AT_NAME_LENGTH] & NAME_LENGTH_MASK;
	if (len > size - AT_NAME)
		len = size - AT_NAME;
	if (len > SDR_NAME_MAX - 1)
		len = SDR_NAME_MAX - 1;
	memcpy(name, record + AT_NAME, len);
	name[len] = '\0';
	for (char *p = name; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	for (len = strlen(name); len > 0 && name[len - 1] == ' '; len--)
		name[len - 1] = '\0';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Is `word` in the text, as a word of its own? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = text; *p; p++)
		if (strncasecmp(p, word, len) == 0 && !is_letter(p[len]) &&
		    (p == text || !is_letter(p[-1])))
			return true;
	return false;
}

bool sdr_name_is_limit(const char *name)
{
	static const char *const words[] = {
		"limit", "lim", "cap", "capping", "capacity", "budget",
		"threshold", "thresh", "rated", "rating", "max", "min", "peak",
		"avg", "average", "headroom", "allocated",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has_word(name, words[i]))
			return true;
	return false;
}
