/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bmc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <freeipmi/freeipmi.h>

#include "lib/secret.h"

/*
 * FreeIPMI counts its session timeout from the last packet received, idle time
 * included, and would give a session up that was only not used for a while. So
 * it gets a long one: whoever calls us watches the time.
 */
#define SESSION_TIMEOUT_MS (120 * 1000)
#define RESEND_MS 500

#define USER_MAX 16		/* IPMI's own limits */
#define PASSWORD_MAX 20

/*
 * Cipher suites, the better one first: 17 is SHA-256 and AES-128, 3 is SHA-1
 * and AES-128. Others leave something out. What a BMC took once stays.
 */
static const uint8_t suites[] = { 17, 3 };
#define SUITES (sizeof(suites) / sizeof(suites[0]))

static const uint8_t levels[] = {
	IPMI_PRIVILEGE_LEVEL_USER, IPMI_PRIVILEGE_LEVEL_OPERATOR
};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

struct bmc {
	struct bmc_params params;
	ipmi_ctx_t ctx;		/* NULL: closed */
	ipmi_sensor_read_ctx_t reader;
	unsigned suite;		/* into suites */
	unsigned level;		/* into levels */
	bool level_fixed;	/* a higher one was refused */
	/*
	 * Some BMCs answer the session request with the user's highest level
	 * instead of the one that was asked for, which FreeIPMI takes for a
	 * refusal unless it asks for the highest.
	 */
	bool any_level;
};

bmc_t *bmc_create(const struct bmc_params *params)
{
	bmc_t *b = calloc(1, sizeof(*b));

	if (b)
		b->params = *params;
	return b;
}

void bmc_destroy(bmc_t *b)
{
	if (!b)
		return;
	bmc_close(b);
	free(b);
}

bool bmc_is_open(const bmc_t *b)
{
	return b->ctx != NULL;
}

void bmc_close(bmc_t *b)
{
	if (b->reader)
		ipmi_sensor_read_ctx_destroy(b->reader);
	if (b->ctx) {
		ipmi_ctx_close(b->ctx);
		ipmi_ctx_destroy(b->ctx);
	}
	b->reader = NULL;
	b->ctx = NULL;
}

bool bmc_can_raise(const bmc_t *b)
{
	return b->params.host && !b->level_fixed && b->level + 1 < LEVELS;
}

void bmc_raise(bmc_t *b)
{
	bmc_close(b);
	b->level++;
}

/* ---- failures ---- */

/* What FreeIPMI's errors are to us; all others: unreachable. */
static enum answer_kind kind_of(int errnum)
{
	switch (errnum) {
	case IPMI_ERR_USERNAME_INVALID:
	case IPMI_ERR_PASSWORD_INVALID:
	case IPMI_ERR_K_G_INVALID:
	case IPMI_ERR_PRIVILEGE_LEVEL_INSUFFICIENT:
	case IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED:
	case IPMI_ERR_PASSWORD_VERIFICATION_TIMEOUT:
		return ANSWER_AUTH;
	case IPMI_ERR_PERMISSION:
	case IPMI_ERR_DEVICE_NOT_FOUND:
	case IPMI_ERR_DEVICE_NOT_SUPPORTED:
	case IPMI_ERR_CIPHER_SUITE_ID_UNAVAILABLE:
	case IPMI_ERR_IPMI_2_0_UNAVAILABLE:
	case IPMI_ERR_PARAMETERS:
		return ANSWER_CONFIG;
	case IPMI_ERR_BMC_BUSY:
	case IPMI_ERR_DRIVER_BUSY:
	case IPMI_ERR_BAD_COMPLETION_CODE:
	case IPMI_ERR_COMMAND_INVALID_OR_UNSUPPORTED:
	case IPMI_ERR_NOT_FOUND:
		return ANSWER_UNAVAILABLE;
	default:
		return ANSWER_UNREACHABLE;
	}
}

static const char *whom(const bmc_t *b)
{
	return b->params.host ? b->params.host : b->params.device;
}

static const char *advice(int errnum)
{
	switch (errnum) {
	case IPMI_ERR_USERNAME_INVALID:
	case IPMI_ERR_PASSWORD_INVALID:
	case IPMI_ERR_PASSWORD_VERIFICATION_TIMEOUT:
		return ": check user and password_file";
	case IPMI_ERR_K_G_INVALID:
		return ": a BMC key (K_g) is not supported";
	case IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED:
		return ": the user needs level User or higher on the BMC's LAN channel";
	case IPMI_ERR_CIPHER_SUITE_ID_UNAVAILABLE:
	case IPMI_ERR_IPMI_2_0_UNAVAILABLE:
		return ": the BMC must offer IPMI 2.0 with cipher suite 17 or 3";
	case IPMI_ERR_PERMISSION:
		return ": its owner or group must be wattgated's";
	case IPMI_ERR_DEVICE_NOT_FOUND:
	case IPMI_ERR_SYSTEM_ERROR:
		return ": is the module ipmi_devintf loaded, and the device seen by this service?";
	default:
		return "";
	}
}

static int fail(const bmc_t *b, int errnum, struct answer *a)
{
	bool of_device = errnum == IPMI_ERR_SYSTEM_ERROR ||
			 errnum == IPMI_ERR_DEVICE_NOT_FOUND ||
			 errnum == IPMI_ERR_PERMISSION;

	return answer_fail(a, kind_of(errnum), "%s: %s%s", whom(b),
			   ipmi_ctx_strerror(errnum),
			   of_device && b->params.host ? "" : advice(errnum));
}

/* A failure of before in the same sample has closed it. */
static int closed(const bmc_t *b, struct answer *a)
{
	return answer_fail(a, ANSWER_UNREACHABLE, "%s: the connection is lost",
			   whom(b));
}

/* ---- opening ---- */

static int open_inband(bmc_t *b, struct answer *a)
{
	/* FreeIPMI's own words for these are not told apart */
	if (access(b->params.device, R_OK | W_OK) < 0)
		return answer_fail(a, ANSWER_CONFIG, "%s: %s%s",
				   b->params.device, strerror(errno),
				   advice(errno == EACCES ?
						  IPMI_ERR_PERMISSION :
						  IPMI_ERR_DEVICE_NOT_FOUND));
	if (ipmi_ctx_open_inband(b->ctx, IPMI_DEVICE_OPENIPMI, 1, 0, 0,
				 b->params.device, IPMI_WORKAROUND_FLAGS_DEFAULT,
				 IPMI_FLAGS_DEFAULT) < 0)
		return fail(b, ipmi_ctx_errnum(b->ctx), a);
	return 0;
}

/* 0, or FreeIPMI's error. */
static int open_lan_once(bmc_t *b, const char *password)
{
	unsigned flags = b->any_level ?
		IPMI_WORKAROUND_FLAGS_OUTOFBAND_2_0_OPEN_SESSION_PRIVILEGE : 0;

	if (ipmi_ctx_open_outofband_2_0(b->ctx, b->params.host, b->params.user,
					password, NULL, 0, levels[b->level],
					suites[b->suite], SESSION_TIMEOUT_MS,
					RESEND_MS, flags,
					IPMI_FLAGS_DEFAULT) < 0)
		return ipmi_ctx_errnum(b->ctx);
	return 0;
}

/*
 * The next way to ask, after one that the BMC refused before any password was
 * looked at; false: there is none. Suites that it does not know get all kinds
 * of answers.
 */
static bool try_otherwise(bmc_t *b, int errnum)
{
	switch (errnum) {
	case IPMI_ERR_CIPHER_SUITE_ID_UNAVAILABLE:
	case IPMI_ERR_BAD_RMCPPLUS_STATUS_CODE:
	case IPMI_ERR_IPMI_ERROR:
		if (b->suite + 1 >= SUITES)
			return false;
		b->suite++;
		return true;
	case IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED:
		if (b->any_level)
			return false;
		b->any_level = true;
		return true;
	default:
		return false;
	}
}

static int open_lan_any(bmc_t *b, const char *password)
{
	int errnum;

	do
		errnum = open_lan_once(b, password);
	while (errnum && try_otherwise(b, errnum));
	if (errnum) {	/* from the start next time: the BMC may be another */
		b->suite = 0;
		b->any_level = false;
	}
	return errnum;
}

static int open_lan(bmc_t *b, struct answer *a)
{
	char password[SECRET_MAX];
	struct err err;
	int errnum;

	if (strlen(b->params.user) > USER_MAX)
		return answer_fail(a, ANSWER_CONFIG, "%s: IPMI's user names have at most %d bytes",
				   whom(b), USER_MAX);
	if (secret_read(b->params.password_file, password, sizeof(password),
			&err) < 0)
		return answer_fail(a, ANSWER_CONFIG, "%s", err.text);
	if (strlen(password) > PASSWORD_MAX) {
		secret_wipe(password, sizeof(password));
		return answer_fail(a, ANSWER_CONFIG, "%s: IPMI's passwords have at most %d bytes",
				   b->params.password_file, PASSWORD_MAX);
	}
	errnum = open_lan_any(b, password);
	if (errnum && b->level > 0) {
		b->level = 0;
		errnum = open_lan_any(b, password);
		b->level_fixed = errnum == 0;
	}
	secret_wipe(password, sizeof(password));
	if (errnum == 0)
		return 0;
	return fail(b, errnum, a);
}

static int make_reader(bmc_t *b, struct answer *a)
{
	b->reader = ipmi_sensor_read_ctx_create(b->ctx);
	if (!b->reader)
		return answer_fail(a, ANSWER_UNAVAILABLE, "no memory");
	/* a power sensor may belong to another controller behind the BMC */
	ipmi_sensor_read_ctx_set_flags(b->reader,
				       IPMI_SENSOR_READ_FLAGS_BRIDGE_SENSORS);
	return 0;
}

int bmc_open(bmc_t *b, struct answer *a)
{
	if (b->ctx)
		return 0;
	b->ctx = ipmi_ctx_create();
	if (!b->ctx)
		return answer_fail(a, ANSWER_UNAVAILABLE, "no memory");
	if ((b->params.host ? open_lan(b, a) : open_inband(b, a)) == 0 &&
	    make_reader(b, a) == 0)
		return 0;
	bmc_close(b);
	return -1;
}

/* ---- requests ---- */

/* FreeIPMI's buffers have the command in front. */
int bmc_command(void *bmc, uint8_t netfn, uint8_t cmd, const uint8_t *data,
		size_t size, uint8_t answer[IPMI_ANSWER_MAX], struct answer *a)
{
	uint8_t request[64], reply[1 + IPMI_ANSWER_MAX];
	bmc_t *b = bmc;
	int len;

	if (!b->ctx)
		return closed(b, a);
	request[0] = cmd;
	if (size > sizeof(request) - 1)
		return answer_fail(a, ANSWER_CONFIG, "a request of %zu bytes",
				   size);
	if (size)
		memcpy(request + 1, data, size);
	len = ipmi_cmd_raw(b->ctx, IPMI_BMC_IPMB_LUN_BMC, netfn, request,
			   (unsigned)size + 1, reply, sizeof(reply));
	if (len < 2) {
		if (len < 0)
			fail(b, ipmi_ctx_errnum(b->ctx), a);
		else
			answer_fail(a, ANSWER_UNAVAILABLE, "%s: an answer without a completion code",
				    whom(b));
		bmc_close(b);
		return -1;
	}
	memcpy(answer, reply + 1, (size_t)len - 1);
	return len - 1;
}

static int sensor_fail(bmc_t *b, const char *name, struct answer *a)
{
	int errnum = ipmi_sensor_read_ctx_errnum(b->reader);
	const char *text = ipmi_sensor_read_ctx_strerror(errnum);

	switch (errnum) {
	case IPMI_SENSOR_READ_ERR_SENSOR_NON_ANALOG:
	case IPMI_SENSOR_READ_ERR_SENSOR_NON_LINEAR:
	case IPMI_SENSOR_READ_ERR_SENSOR_NOT_OWNED_BY_BMC:
	case IPMI_SENSOR_READ_ERR_SENSOR_IS_SYSTEM_SOFTWARE:
	case IPMI_SENSOR_READ_ERR_SENSOR_CANNOT_BE_BRIDGED:
	case IPMI_SENSOR_READ_ERR_INVALID_SDR_RECORD_TYPE:
	case IPMI_SENSOR_READ_ERR_SDR_ENTRY_ERROR:
		return answer_fail(a, ANSWER_CONFIG, "sensor %s: %s", name,
				   text);
	case IPMI_SENSOR_READ_ERR_IPMI_ERROR:
	case IPMI_SENSOR_READ_ERR_SYSTEM_ERROR:
		fail(b, ipmi_ctx_errnum(b->ctx), a);
		if (a->kind == ANSWER_UNREACHABLE)
			bmc_close(b);
		return -1;
	default:	/* not scanned, not there at this moment, busy */
		return answer_fail(a, ANSWER_UNAVAILABLE, "sensor %s: %s",
				   name, text);
	}
}

int bmc_read_sensor(void *bmc, const uint8_t *record, size_t size,
		    double *reading, struct answer *a)
{
	char name[SDR_NAME_MAX];
	uint16_t events;
	uint8_t raw;
	bmc_t *b = bmc;
	double *value = NULL;
	int rc;

	if (!b->ctx)
		return closed(b, a);
	sdr_name(record, size, name);
	rc = ipmi_sensor_read(b->reader, record, (unsigned)size, 0, &raw,
			      &value, &events);
	if (rc == 1 && value) {
		*reading = *value;
		free(value);
		return 0;
	}
	free(value);
	return sensor_fail(b, name, a);
}
