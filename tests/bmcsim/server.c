/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bmc.h"
#include "control.h"
#include "moment.h"
#include "redfish.h"
#include "reqlog.h"

#define CONNECTIONS_MAX 256u
#define PEM_MAX 65536

struct server {
	struct bmc bmc;
	struct listener control;
	struct MHD_Daemon *redfish_daemon, *control_daemon;
	char *cert, *key;
	int signal_fd;
};

enum { POLL_SIGNAL, POLL_REDFISH, POLL_CONTROL, POLL_REDFISH_MHD,
       POLL_CONTROL_MHD, POLL_PARKED };

/* ---- start ---- */

static char *pem_read(const char *path, struct fail *fail)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, PEM_MAX + 1);

	if (file && text && fread(text, 1, PEM_MAX, file) > 0) {
		fclose(file);
		return text;
	}
	fail_set(fail, "%s: %s", path, file ? "cannot be read" :
		 strerror(errno));
	if (file)
		fclose(file);
	free(text);
	return NULL;
}

static int redfish_start(struct server *server, struct fail *fail)
{
	const struct options *opt = server->bmc.opt;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned int flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
			     MHD_ALLOW_SUSPEND_RESUME;

	if (opt->plain) {
		tls[0].option = MHD_OPTION_END;
	} else {
		flags |= MHD_USE_TLS;
		server->cert = pem_read(opt->cert_file, fail);
		if (server->cert)
			server->key = pem_read(opt->key_file, fail);
		if (!server->key)
			return -1;
		tls[0].ptr_value = server->cert;
		tls[1].ptr_value = server->key;
	}
	server->redfish_daemon = MHD_start_daemon(flags, 0, NULL, NULL,
		redfish_handle, &server->bmc,
		MHD_OPTION_NOTIFY_COMPLETED, redfish_completed, &server->bmc,
		MHD_OPTION_NOTIFY_CONNECTION, redfish_connection, &server->bmc,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, opt->idle_timeout_s,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (!server->redfish_daemon)
		return fail_set(fail, "cannot start the server; are the "
				"certificate and the key right?");
	return 0;
}

static int control_start(struct server *server, struct fail *fail)
{
	const struct options *opt = server->bmc.opt;

	if (!opt->control)
		return 0;
	if (listener_open(&server->control, "127.0.0.1", opt->control_port,
			  fail) < 0)
		return -1;
	server->control_daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
		control_handle, &server->bmc, MHD_OPTION_NOTIFY_COMPLETED,
		control_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS_MAX, MHD_OPTION_END);
	if (!server->control_daemon)
		return fail_set(fail, "cannot start the control port");
	return listener_port_file(&server->control, opt->control_port_file,
				  fail);
}

static int signals_open(struct server *server, struct fail *fail)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signal_fd < 0)
		return fail_set(fail, "signalfd: %s", strerror(errno));
	return 0;
}

static int server_start(struct server *server, const struct options *opt,
			struct fail *fail)
{
	if (signals_open(server, fail) < 0 ||
	    bmc_open(&server->bmc, opt, fail) < 0 ||
	    redfish_start(server, fail) < 0 ||
	    control_start(server, fail) < 0)
		return -1;
	reqlog_note(server->bmc.log, moment_wall_ns(), "START", "%s:%u",
		    opt->listen, listener_port(&server->bmc.listener));
	/* Last: who waits for this file finds everything in place. */
	return listener_port_file(&server->bmc.listener, opt->port_file, fail);
}

/* ---- the loop ---- */

static int daemon_fd(struct MHD_Daemon *daemon)
{
	if (!daemon)
		return -1;
	return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

static int timeout_min(int timeout_ms, struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG wish_ms;

	if (daemon && MHD_get_timeout(daemon, &wish_ms) == MHD_YES &&
	    wish_ms < (MHD_UNSIGNED_LONG_LONG)timeout_ms)
		return (int)wish_ms;
	return timeout_ms;
}

/* Until something is due, a minute at most. */
static int timeout_get(const struct server *server, int64_t now_ns)
{
	int64_t due_ns = parked_next_due(&server->bmc);
	int64_t end_ns = faults_next_end(&server->bmc.faults, now_ns);
	int timeout_ms = 60000;

	if (end_ns < due_ns)
		due_ns = end_ns;
	if (due_ns <= now_ns)
		timeout_ms = 0;
	else if (due_ns - now_ns < timeout_ms * INT64_C(1000000))
		timeout_ms = (int)((due_ns - now_ns) / 1000000) + 1;
	timeout_ms = timeout_min(timeout_ms, server->redfish_daemon);
	return timeout_min(timeout_ms, server->control_daemon);
}

/* libmicrohttpd watches no suspended connection: clients may have gone. */
static nfds_t parked_fill(const struct bmc *bmc, struct pollfd *fds,
			  struct parked **who)
{
	nfds_t n = 0;

	for (struct parked *parked = bmc->parked;
	     parked && n < CONNECTIONS_MAX; parked = parked->next, n++) {
		fds[n] = (struct pollfd){ .fd = parked->conn->fd,
					  .events = POLLRDHUP };
		who[n] = parked;
	}
	return n;
}

static void parked_drop(struct bmc *bmc, const struct pollfd *fds, nfds_t n,
			struct parked **who)
{
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents) {
			who[i]->conn->broken = true;
			parked_release(bmc, who[i]);
		}
}

static void server_turn(struct server *server)
{
	struct pollfd fds[POLL_PARKED + CONNECTIONS_MAX];
	struct parked *who[CONNECTIONS_MAX];
	struct bmc *bmc = &server->bmc;
	nfds_t n = parked_fill(bmc, fds + POLL_PARKED, who);

	for (int i = 0; i < POLL_PARKED; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[POLL_SIGNAL].fd = server->signal_fd;
	fds[POLL_REDFISH].fd = bmc->listener.fd;
	fds[POLL_CONTROL].fd = server->control.fd;
	fds[POLL_REDFISH_MHD].fd = daemon_fd(server->redfish_daemon);
	fds[POLL_CONTROL_MHD].fd = daemon_fd(server->control_daemon);
	if (poll(fds, POLL_PARKED + n,
		 timeout_get(server, moment_mono_ns())) < 0)
		return;
	if (fds[POLL_SIGNAL].revents)
		bmc->stopping = true;
	bmc_door_sync(bmc);
	parked_drop(bmc, fds + POLL_PARKED, n, who);
	parked_release_due(bmc, moment_mono_ns());
	if (fds[POLL_REDFISH].revents && bmc->listener.fd >= 0)
		listener_accept(&bmc->listener, server->redfish_daemon);
	MHD_run(server->redfish_daemon);
	if (!server->control_daemon)
		return;
	if (fds[POLL_CONTROL].revents)
		listener_accept(&server->control, server->control_daemon);
	MHD_run(server->control_daemon);
}

static void server_stop(struct server *server)
{
	server->bmc.stopping = true;
	if (server->redfish_daemon) {
		/* libmicrohttpd wants none suspended when it stops. */
		parked_release_due(&server->bmc, INT64_MAX);
		MHD_run(server->redfish_daemon);
		MHD_stop_daemon(server->redfish_daemon);
	}
	if (server->control_daemon)
		MHD_stop_daemon(server->control_daemon);
	listener_close(&server->control);
	reqlog_note(server->bmc.log, moment_wall_ns(), "STOP", "-");
	bmc_close(&server->bmc);
	free(server->cert);
	free(server->key);
	if (server->signal_fd >= 0)
		close(server->signal_fd);
}

int server_run(const struct options *opt, struct fail *fail)
{
	struct server server = {
		.bmc.listener = LISTENER_CLOSED,
		.control = LISTENER_CLOSED,
		.signal_fd = -1,
	};
	int rc = server_start(&server, opt, fail);

	while (rc == 0 && !server.bmc.stopping)
		server_turn(&server);
	server_stop(&server);
	return rc;
}
