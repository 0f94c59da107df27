/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

/* The padding is one long string, so that the whole stays JSON. */
static const char pad_open[] = "{\"Padding\":\"";
static const char pad_close[] = "\",";

struct stream {
	char *body;
	size_t size;		/* of body */
	uint64_t pad;		/* bytes of padding before body */
	uint64_t cut_at;	/* the connection ends here */
	int (*pause)(void *arg);
	void *pause_arg;
	bool paused;
};

#define HEAD_SIZE (sizeof(pad_open) - 1)
#define JOINT_SIZE (sizeof(pad_close) - 1)

/* With padding, body's own first brace is left out. */
static uint64_t stream_size(const struct stream *stream)
{
	if (!stream->pad)
		return stream->size;
	return HEAD_SIZE + stream->pad + JOINT_SIZE + stream->size - 1;
}

static char stream_byte(const struct stream *stream, uint64_t pos)
{
	if (!stream->pad)
		return stream->body[pos];
	if (pos < HEAD_SIZE)
		return pad_open[pos];
	pos -= HEAD_SIZE;
	if (pos < stream->pad)
		return 'x';
	pos -= stream->pad;
	if (pos < JOINT_SIZE)
		return pad_close[pos];
	return stream->body[pos - JOINT_SIZE + 1];
}

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *stream = cls;
	uint64_t size = stream_size(stream);
	size_t n;

	if (pos >= stream->cut_at)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (pos >= size)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (stream->pause) {
		stream->paused = !stream->paused;
		if (stream->paused)
			return stream->pause(stream->pause_arg) < 0 ?
			       MHD_CONTENT_READER_END_WITH_ERROR : 0;
		max = 1;
	}
	for (n = 0; n < max && pos + n < size && pos + n < stream->cut_at; n++)
		buf[n] = stream_byte(stream, pos + n);
	return (ssize_t)n;
}

static void stream_free(void *cls)
{
	struct stream *stream = cls;

	free(stream->body);
	free(stream);
}

struct MHD_Response *stream_response(const struct answer *answer, char *body)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream) {
		free(body);
		return NULL;
	}
	stream->body = body;
	stream->size = answer->size;
	stream->cut_at = UINT64_MAX;
	if (answer->way == ANSWER_HUGE && answer->size)
		stream->pad = answer->huge_bytes;
	if (answer->way == ANSWER_TRUNCATED)
		stream->cut_at = answer->size / 2;
	if (answer->way == ANSWER_DRIP) {
		stream->pause = answer->pause;
		stream->pause_arg = answer->pause_arg;
	}
	response = MHD_create_response_from_callback(
		answer->chunked ? MHD_SIZE_UNKNOWN : stream_size(stream),
		16384, stream_read, stream, stream_free);
	if (!response)
		stream_free(stream);
	return response;
}
