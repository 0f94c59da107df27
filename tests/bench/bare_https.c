/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare answer that the site's server is compared with: libmicrohttpd in an
 * epoll loop over TLS, one fixed text of SIZE bytes for each request, nothing
 * looked at.
 *
 *   bare_https CERT KEY SIZE PORT_FILE
 */
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX 65536
#define ANSWER_MAX 65536

static char answer[ANSWER_MAX];
static size_t size;

static char *read_pem(const char *path)
{
	char *text = calloc(1, PEM_MAX);
	FILE *f = fopen(path, "re");

	if (!text || !f || fread(text, 1, PEM_MAX - 1, f) == 0)
		exit(1);
	fclose(f);
	return text;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *data_size, void **context)
{
	struct MHD_Response *response;
	enum MHD_Result rc;

	(void)cls, (void)url, (void)method, (void)version, (void)data;
	(void)data_size;
	if (!*context) {
		*context = answer;	/* the head is there */
		return MHD_YES;
	}
	response = MHD_create_response_from_buffer(size, answer,
						   MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Content-Type", "application/json");
	rc = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return rc;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon;
	struct pollfd wait = { .events = POLLIN };
	FILE *f;

	if (argc != 5)
		return 2;
	size = strtoul(argv[3], NULL, 10);
	if (size > ANSWER_MAX)
		return 2;
	memset(answer, 'x', size);
	signal(SIGPIPE, SIG_IGN);
	daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TLS, 0, NULL, NULL,
		on_request, NULL, MHD_OPTION_HTTPS_MEM_CERT, read_pem(argv[1]),
		MHD_OPTION_HTTPS_MEM_KEY, read_pem(argv[2]), MHD_OPTION_END);
	f = daemon ? fopen(argv[4], "we") : NULL;
	if (!f)
		return 1;
	fprintf(f, "%d\n", MHD_get_daemon_info(daemon,
				MHD_DAEMON_INFO_BIND_PORT)->port);
	fclose(f);
	wait.fd = MHD_get_daemon_info(daemon,
				      MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	for (;;) {
		poll(&wait, 1, 1000);
		MHD_run(daemon);
	}
}
