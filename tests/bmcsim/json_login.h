/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_JSON_LOGIN_H
#define BMCSIM_JSON_LOGIN_H

#include <stddef.h>

/*
 * Whether text is {"UserName": user, "Password": password}.
 * 1: yes, 0: other ones, -1: no such object.
 */
int json_login_check(const char *text, size_t size, const char *user,
		     const char *password);

#endif
