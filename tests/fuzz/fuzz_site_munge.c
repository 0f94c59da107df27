/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What unmunge prints of a credential, whose payload is anybody's; the first
 * byte is its exit status.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "site/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	int status = (int8_t)fuzz_byte(&in);
	char *text = fuzz_rest(&in);
	struct err why = { "" };
	struct credential c;
	int rc = credential_parse(text, status, &c, &why);

	FUZZ_CHECK(rc == 0 || *why.text);
	FUZZ_CHECK(rc == 0 || rc == -1 || rc == CREDENTIAL_UNASKED);
	/* what was not taken by munge is never valid */
	FUZZ_CHECK(rc < 0 || strstr(text, "STATUS:"));
	if (rc == 0) {
		FUZZ_CHECK(strlen(c.origin) < sizeof(c.origin));
		FUZZ_CHECK(strlen(c.payload) < sizeof(c.payload));
		/* nothing in the payload may pass for munge's own word */
		FUZZ_CHECK(strstr(text, "\n\n") &&
			   strcmp(strstr(text, "\n\n") + 2, c.payload) == 0);
	}
	credential_plausible(text);
	free(text);
	return 0;
}
