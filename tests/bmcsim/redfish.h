/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_REDFISH_H
#define BMCSIM_REDFISH_H

#include "bmc.h"

/* libmicrohttpd's callbacks of the BMC's own daemon; cls is its bmc. */

enum MHD_Result redfish_handle(void *cls, struct MHD_Connection *connection,
			       const char *url, const char *method,
			       const char *version, const char *upload,
			       size_t *upload_size, void **context);

void redfish_completed(void *cls, struct MHD_Connection *connection,
		       void **context, enum MHD_RequestTerminationCode code);

void redfish_connection(void *cls, struct MHD_Connection *connection,
			void **socket_context,
			enum MHD_ConnectionNotificationCode code);

#endif
