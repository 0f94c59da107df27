/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DCMI for ipmi_sim, which has none: preloaded and, by `loadlib` in its
 * configuration, its module. Get Power Reading answers with the bytes, in
 * hexadecimal, of the file that the module's option names, completion code
 * first. The files FILE.level has the privilege level that it takes: 2 User,
 * 3 Operator, 4 Administrator.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NETFN_GROUP 0x2c
#define DCMI 0xdc
#define DENIED 0		/* of ipmi_cmd_permitted() */
#define PERMITTED 1

typedef void (*handler_fn)(void *mc, void *msg, unsigned char *answer,
			   unsigned *size, void *arg);

/* ipmi_sim's */
void ipmi_emu_register_group_extension_handler(uint8_t group, handler_fn fn,
					       void *arg);
/* ours, which ipmi_sim looks for, and one that takes its own one's place */
int ipmi_sim_module_print_version(void *sys, char *options);
int ipmi_sim_module_init(void *sys, char *options);
int ipmi_cmd_permitted(unsigned char level, unsigned char netfn,
		       unsigned char cmd);

static char path[256];

static FILE *file_open(const char *suffix)
{
	char name[300];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return fopen(name, "r");
}

int ipmi_cmd_permitted(unsigned char level, unsigned char netfn,
		       unsigned char cmd)
{
	int (*real)(unsigned char, unsigned char, unsigned char);
	FILE *f = netfn == NETFN_GROUP ? file_open(".level") : NULL;
	int needed = 2;

	if (netfn != NETFN_GROUP) {
		*(void **)&real = dlsym(RTLD_NEXT, "ipmi_cmd_permitted");
		return real(level, netfn, cmd);
	}
	if (f) {
		if (fscanf(f, "%d", &needed) != 1)
			needed = 2;
		fclose(f);
	}
	return level >= needed ? PERMITTED : DENIED;
}

static void answer_dcmi(void *mc, void *msg, unsigned char *answer,
			unsigned *size, void *arg)
{
	FILE *f = file_open("");
	unsigned byte, len = 0, room = *size;

	(void)mc;
	(void)msg;
	(void)arg;
	while (f && len < room && fscanf(f, "%2x", &byte) == 1)
		answer[len++] = (unsigned char)byte;
	if (f)
		fclose(f);
	if (len == 0)
		answer[len++] = 0xc1;
	*size = len;
}

int ipmi_sim_module_print_version(void *sys, char *options)
{
	(void)sys;
	(void)options;
	return 0;
}

int ipmi_sim_module_init(void *sys, char *options)
{
	(void)sys;
	snprintf(path, sizeof(path), "%s", options ? options : "");
	ipmi_emu_register_group_extension_handler(DCMI, answer_dcmi, NULL);
	return 0;
}
