/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"
#include "tree.h"

FILE *answer_open(struct answer *answer)
{
	free(answer->body);
	answer->body = NULL;
	return open_memstream(&answer->body, &answer->size);
}

void answer_close(struct answer *answer, FILE *out)
{
	if (out && fclose(out) == 0)
		return;
	free(answer->body);
	answer->body = NULL;
	answer->status = 500;
}

void answer_text(struct answer *answer, unsigned int status, const char *type,
		 const char *fmt, ...)
{
	FILE *out = answer_open(answer);
	va_list ap;

	answer->status = status;
	answer->type = type;
	va_start(ap, fmt);
	if (out)
		vfprintf(out, fmt, ap);
	va_end(ap);
	answer_close(answer, out);
}

void answer_error(struct answer *answer, unsigned int status, const char *id,
		  const char *text)
{
	FILE *out = answer_open(answer);

	answer->status = status;
	if (out)
		tree_error(out, id, text);
	answer_close(answer, out);
}

static struct MHD_Response *response_create(struct answer *answer)
{
	char *body = answer->body;

	answer->body = NULL;
	if (!body)
		return MHD_create_response_from_buffer(0, NULL,
						       MHD_RESPMEM_PERSISTENT);
	if (answer->way != ANSWER_WHOLE)
		return stream_response(answer, body);
	return MHD_create_response_from_buffer(answer->size, body,
					       MHD_RESPMEM_MUST_FREE);
}

static void header_add(struct MHD_Response *response, const char *name,
		       const char *value)
{
	if (value && *value)
		MHD_add_response_header(response, name, value);
}

static void headers_add(struct MHD_Response *response,
			const struct answer *answer, bool has_body)
{
	char retry[16];

	if (has_body)
		header_add(response, "Content-Type", answer->type ?
			   answer->type : "application/json;"
			   "odata.metadata=minimal;charset=utf-8");
	header_add(response, "OData-Version", "4.0");
	header_add(response, "Cache-Control", "no-cache");
	header_add(response, "Server", "bmcsim");
	header_add(response, "Location", answer->location);
	header_add(response, "X-Auth-Token", answer->token);
	header_add(response, "Allow", answer->allow);
	if (answer->ask_basic)
		header_add(response, "WWW-Authenticate",
			   "Basic realm=\"RedfishService\"");
	if (answer->retry_after_s) {
		snprintf(retry, sizeof(retry), "%u", answer->retry_after_s);
		header_add(response, "Retry-After", retry);
	}
}

enum MHD_Result answer_queue(struct MHD_Connection *connection,
			     struct answer *answer)
{
	bool has_body = answer->body != NULL;
	struct MHD_Response *response = response_create(answer);
	enum MHD_Result rc;

	if (!response)
		return MHD_NO;
	headers_add(response, answer, has_body);
	rc = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return rc;
}
