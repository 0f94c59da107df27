/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_doc.h"

#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct json_doc {
	struct json_object *root;
};

/* ---- parsing ---- */

static bool only_blanks(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!memchr(" \t\r\n", data[i], 4))
			return false;
	return true;
}

static struct json_object *parse_root(const char *data, size_t size,
				      struct err *err)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX);
	struct json_object *root;
	enum json_tokener_error code;
	size_t end;

	if (!tok) {
		err_set(err, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
			       JSON_TOKENER_ALLOW_TRAILING_CHARS);
	root = json_tokener_parse_ex(tok, data, (int)size);
	code = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	if (code == json_tokener_continue)
		err_set(err, "the JSON ends too early");
	else if (code == json_tokener_error_depth)
		err_set(err, "the JSON is nested too deeply");
	else if (code != json_tokener_success)
		err_set(err, "the answer is not JSON");
	else if (!only_blanks(data + end, size - end))
		err_set(err, "the JSON is followed by something else");
	else if (!root)		/* a lone null is no object of json-c's */
		err_set(err, "the JSON is null");
	else
		return root;
	json_object_put(root);
	return NULL;
}

json_doc_t *json_doc_parse(const char *data, size_t size, struct err *err)
{
	struct json_object *root;
	json_doc_t *doc;

	if (size > JSON_SIZE_MAX) {
		err_set(err, "the JSON is too large");
		return NULL;
	}
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;	/* byte order mark */
		size -= 3;
	}
	if (only_blanks(data, size)) {
		err_set(err, "the answer is empty");
		return NULL;
	}
	root = parse_root(data, size, err);
	if (!root)
		return NULL;
	doc = malloc(sizeof(*doc));
	if (!doc || (!json_object_is_type(root, json_type_object) &&
		     !json_object_is_type(root, json_type_array))) {
		err_set(err, doc ? "the JSON is not an object" : "out of memory");
		json_object_put(root);
		free(doc);
		return NULL;
	}
	doc->root = root;
	return doc;
}

void json_doc_destroy(json_doc_t *doc)
{
	if (doc) {
		json_object_put(doc->root);
		free(doc);
	}
}

/* ---- pointers ---- */

static bool child_get(struct json_object *obj, const char *token,
		      struct json_object **child)
{
	size_t i;

	if (json_object_is_type(obj, json_type_object))
		return json_object_object_get_ex(obj, token, child);
	if (!json_object_is_type(obj, json_type_array) ||
	    !json_pointer_index(token, &i) || i >= json_object_array_length(obj))
		return false;
	*child = json_object_array_get_idx(obj, i);
	return true;
}

/* false: no such member. *obj NULL: a JSON null. */
static bool pointer_get(const json_doc_t *doc, const char *pointer,
			struct json_object **obj)
{
	char token[JSON_TOKEN_MAX];

	*obj = doc->root;
	while (*pointer) {
		if (*pointer != '/')
			return false;
		pointer = json_pointer_next(pointer, token);
		if (!pointer || !child_get(*obj, token, obj))
			return false;
	}
	return true;
}

/* ---- values ---- */

enum json_number json_doc_number(const json_doc_t *doc, const char *pointer,
				 double *value)
{
	struct json_object *obj;

	*value = 0;
	if (!pointer_get(doc, pointer, &obj))
		return JSON_NUMBER_ABSENT;
	if (!obj)
		return JSON_NUMBER_NULL;
	if (json_object_is_type(obj, json_type_string))
		return json_decimal(json_object_get_string(obj),
				    (size_t)json_object_get_string_len(obj),
				    value);
	if (!json_object_is_type(obj, json_type_int) &&
	    !json_object_is_type(obj, json_type_double))
		return JSON_NUMBER_TYPE;
	*value = json_object_get_double(obj);
	if (isfinite(*value))
		return JSON_NUMBER_OK;
	*value = 0;
	return JSON_NUMBER_RANGE;
}

int json_doc_string(const json_doc_t *doc, const char *pointer, char *buf,
		    size_t size)
{
	struct json_object *obj;
	const char *text;
	size_t len;

	buf[0] = '\0';
	if (!pointer_get(doc, pointer, &obj) ||
	    !json_object_is_type(obj, json_type_string))
		return -1;
	text = json_object_get_string(obj);
	len = (size_t)json_object_get_string_len(obj);
	if (len >= size || strlen(text) != len)
		return -1;
	memcpy(buf, text, len + 1);
	return 0;
}

int json_doc_length(const json_doc_t *doc, const char *pointer)
{
	struct json_object *obj;

	if (!pointer_get(doc, pointer, &obj) ||
	    !json_object_is_type(obj, json_type_array))
		return -1;
	return (int)json_object_array_length(obj);
}

int json_doc_name(const json_doc_t *doc, const char *pointer, unsigned i,
		  char *buf, size_t size)
{
	struct json_object *obj;

	buf[0] = '\0';
	if (!pointer_get(doc, pointer, &obj) ||
	    !json_object_is_type(obj, json_type_object))
		return -1;
	json_object_object_foreach(obj, name, value) {
		(void)value;
		if (i-- > 0)
			continue;
		if (strlen(name) >= size)
			return -1;
		strcpy(buf, name);
		return 0;
	}
	return -1;
}

void json_blot(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

int json_escape(const char *text, char *buf, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (n + 7 > size)
			return -1;
		if (c == '"' || c == '\\') {
			buf[n++] = '\\';
			buf[n++] = (char)c;
		} else if (c < 0x20) {
			memcpy(buf + n, "\\u00", 4);
			buf[n + 4] = hex[c >> 4];
			buf[n + 5] = hex[c & 15];
			n += 6;
		} else {
			buf[n++] = (char)c;
		}
	}
	if (n >= size)
		return -1;
	buf[n] = '\0';
	return 0;
}
