/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_login.h"

#include <string.h>

#include <json-c/json.h>

static const char *string_get(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static struct json_object *text_parse(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct json_object *object;

	if (!tokener)
		return NULL;
	object = json_tokener_parse_ex(tokener, text, (int)size);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

int json_login_check(const char *text, size_t size, const char *user,
		     const char *password)
{
	const char *their_user, *their_password;
	struct json_object *object;
	int rc = -1;

	object = text_parse(text, size);
	if (!object)
		return -1;
	their_user = string_get(object, "UserName");
	their_password = string_get(object, "Password");
	if (their_user && their_password)
		rc = strcmp(their_user, user) == 0 &&
		     strcmp(their_password, password) == 0;
	json_object_put(object);
	return rc;
}
