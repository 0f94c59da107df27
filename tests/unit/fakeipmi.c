/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's IPMI device, for wattgate-ipmi with this preloaded: a FIFO, whose
 * ioctl()s are ours. What the BMC answers to NETFN and CMD is the content of the
 * file $FAKEIPMI/NETFN-CMD: bytes in hexadecimal, the completion code first,
 * such as "00 dc 2c 01 ..." in 2c-02. No file: 0xc1, invalid command. A file
 * $FAKEIPMI/hang: no answer at all.
 */
#include <dlfcn.h>
#include <linux/ipmi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...);

static unsigned char netfn, cmd;	/* of the request under way */

static FILE *file_open(const char *name)
{
	const char *dir = getenv("FAKEIPMI");
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "", name);
	return fopen(path, "r");
}

static int send_command(int fd, const struct ipmi_req *req)
{
	FILE *hang = file_open("hang");

	netfn = req->msg.netfn;
	cmd = req->msg.cmd;
	if (hang) {
		fclose(hang);
		return 0;
	}
	return write(fd, "x", 1) == 1 ? 0 : -1;
}

static int receive(int fd, struct ipmi_recv *recv)
{
	char name[16], c;
	unsigned byte;
	unsigned short len = 0;
	FILE *f;

	if (read(fd, &c, 1) != 1)
		return -1;
	snprintf(name, sizeof(name), "%02x-%02x", netfn, cmd);
	f = file_open(name);
	while (f && len < recv->msg.data_len && fscanf(f, "%2x", &byte) == 1)
		recv->msg.data[len++] = (unsigned char)byte;
	if (f)
		fclose(f);
	else
		recv->msg.data[len++] = 0xc1;
	recv->recv_type = IPMI_RESPONSE_RECV_TYPE;
	recv->msgid = 0;
	recv->msg.netfn = (unsigned char)(netfn | 1);
	recv->msg.cmd = cmd;
	recv->msg.data_len = len;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...);
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (request) {
	case IPMICTL_SET_MY_ADDRESS_CMD:
		return 0;
	case IPMICTL_SEND_COMMAND:
		return send_command(fd, arg);
	case IPMICTL_RECEIVE_MSG_TRUNC:
		return receive(fd, arg);
	default:
		*(void **)&real = dlsym(RTLD_NEXT, "ioctl");
		return real(fd, request, arg);
	}
}
