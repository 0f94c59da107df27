/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "upload.h"

#include <stdlib.h>
#include <string.h>

int upload_add(struct upload *upload, const char *data, size_t size)
{
	char *grown;

	upload->seen += size;
	if (upload->seen > UPLOAD_READ)
		return -1;
	if (upload->seen > UPLOAD_KEPT) {
		upload->too_big = true;
		return 0;
	}
	grown = realloc(upload->data, upload->seen + 1);
	if (!grown)
		return -1;
	memcpy(grown + upload->size, data, size);
	upload->data = grown;
	upload->size += size;
	grown[upload->size] = '\0';
	return 0;
}

void upload_clear(struct upload *upload)
{
	free(upload->data);
	*upload = (struct upload){ 0 };
}
