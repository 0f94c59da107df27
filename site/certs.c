/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "certs.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/secret.h"

#define PEM_MAX (256 * 1024)
#define CHAIN_MAX 16u
#define NAMES_SIZE 4096

/* ---- files ---- */

static char *pem_read(const char *path, const char *key, struct stat *seen,
		      struct err *err)
{
	char *text = calloc(1, PEM_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = -1;

	if (!text) {
		err_set(err, "out of memory");
	} else if (fd < 0 || fstat(fd, seen) < 0) {
		err_set_errno(err, "%s '%s' cannot be read", key, path);
	} else if (!S_ISREG(seen->st_mode) || seen->st_size > PEM_MAX) {
		err_set(err, "%s '%s' is not a file, or larger than %d KB",
			key, path, PEM_MAX / 1024);
	} else {
		n = file_read_all(fd, text, PEM_MAX);
		if (n < 0)
			err_set_errno(err, "%s '%s' cannot be read", key, path);
	}
	if (fd >= 0)
		close(fd);
	if (n >= 0)
		return text;
	free(text);
	return NULL;
}

static bool file_same(const char *path, const struct stat *seen)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == seen->st_ino &&
	       st.st_size == seen->st_size &&
	       st.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == seen->st_mtim.tv_nsec;
}

bool certs_changed(const struct certs *c, const struct certs_paths *paths)
{
	return !file_same(paths->cert_file, &c->seen[0]) ||
	       !file_same(paths->key_file, &c->seen[1]) ||
	       (c->ca && !file_same(paths->client_ca_file, &c->seen[2]));
}

/* ---- checks ---- */

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text,
				 (unsigned)strlen(text) };
}

/* The first and last second of the first certificate in it. */
static int cert_times(const char *pem, time_t *begin_s, time_t *end_s)
{
	const gnutls_datum_t data = datum(pem);
	unsigned count = CHAIN_MAX;
	gnutls_x509_crt_t chain[CHAIN_MAX];
	int rc = gnutls_x509_crt_list_import(chain, &count, &data,
					     GNUTLS_X509_FMT_PEM, 0);

	if (rc < 1)
		return rc ? rc : GNUTLS_E_NO_CERTIFICATE_FOUND;
	*begin_s = gnutls_x509_crt_get_activation_time(chain[0]);
	*end_s = gnutls_x509_crt_get_expiration_time(chain[0]);
	for (unsigned i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	return 0;
}

static int times_check(struct certs *c, const char *path, int64_t now_s,
		       struct err *err)
{
	time_t begin_s = 0, end_s = 0;
	char when[32];
	int rc = cert_times(c->cert, &begin_s, &end_s);

	if (rc < 0)
		return err_set(err, "cert_file '%s' holds no certificate in PEM: %s",
			       path, gnutls_strerror(rc));
	c->end_s = end_s;
	if (now_s > end_s)
		return err_set(err, "cert_file '%s' has expired on %s: put a renewed certificate there",
			       path, clock_iso8601(end_s * NS_PER_S, when,
						   sizeof(when)));
	if (now_s < begin_s)
		return err_set(err, "cert_file '%s' is not valid before %s: is the clock right?",
			       path, clock_iso8601(begin_s * NS_PER_S, when,
						   sizeof(when)));
	return 0;
}

static int pair_check(const struct certs *c, const struct certs_paths *paths,
		      struct err *err)
{
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t cert = datum(c->cert), key = datum(c->key), ca;
	int rc = gnutls_certificate_allocate_credentials(&cred);

	if (rc < 0)
		return err_set(err, "out of memory");
	rc = gnutls_certificate_set_x509_key_mem(cred, &cert, &key,
						 GNUTLS_X509_FMT_PEM);
	if (rc < 0)
		err_set(err, "key_file '%s' does not go with cert_file '%s': %s",
			paths->key_file, paths->cert_file, gnutls_strerror(rc));
	if (rc >= 0 && c->ca) {
		ca = datum(c->ca);
		rc = gnutls_certificate_set_x509_trust_mem(cred, &ca,
							   GNUTLS_X509_FMT_PEM);
		if (rc < 1)
			rc = err_set(err, "client_ca_file '%s' holds no certificate in PEM",
				     paths->client_ca_file);
	}
	gnutls_certificate_free_credentials(cred);
	return rc < 0 ? -1 : 0;
}

int certs_load(struct certs *c, const struct certs_paths *paths, int64_t now_s,
	       struct err *err)
{
	memset(c, 0, sizeof(*c));
	if (secret_check(paths->key_file, geteuid(), err) < 0)
		return -1;
	c->cert = pem_read(paths->cert_file, "cert_file", &c->seen[0], err);
	if (c->cert)
		c->key = pem_read(paths->key_file, "key_file", &c->seen[1],
				  err);
	if (c->key && *paths->client_ca_file)
		c->ca = pem_read(paths->client_ca_file, "client_ca_file",
				 &c->seen[2], err);
	if (c->key && (c->ca || !*paths->client_ca_file) &&
	    times_check(c, paths->cert_file, now_s, err) == 0 &&
	    pair_check(c, paths, err) == 0)
		return 0;
	certs_free(c);
	return -1;
}

void certs_free(struct certs *c)
{
	if (c->key)
		secret_wipe(c->key, PEM_MAX);
	free(c->key);
	free(c->cert);
	free(c->ca);
	memset(c, 0, sizeof(*c));
}

/* ---- a client's ---- */

struct names {
	char text[NAMES_SIZE];
	size_t size;
};

/* One with a NUL in it is no name; those beyond the room are left out. */
static void name_add(struct names *n, const char *name, size_t len)
{
	if (!len || memchr(name, '\0', len) || n->size + len + 2 > NAMES_SIZE)
		return;
	memcpy(n->text + n->size, name, len);
	n->size += len;
	n->text[n->size++] = '\0';
}

static void names_read(struct names *n, gnutls_x509_crt_t cert)
{
	char name[256];
	size_t size;
	unsigned dns = 0;
	int type;

	for (unsigned i = 0; ; i++) {
		size = sizeof(name);
		type = gnutls_x509_crt_get_subject_alt_name(cert, i, name,
							    &size, NULL);
		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type != GNUTLS_SAN_DNSNAME)
			continue;	/* another kind, or too long for a node */
		dns++;
		name_add(n, name, size);
	}
	size = sizeof(name);
	if (!dns && gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME,
						  0, 0, name, &size) == 0)
		name_add(n, name, size);
}

static int peer_verify(gnutls_session_t session, struct err *why)
{
	gnutls_typed_vdata_st use = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	gnutls_datum_t text;
	unsigned status;

	if (gnutls_certificate_verify_peers(session, &use, 1, &status) < 0)
		return err_set(why, "the client sent no certificate");
	if (status == 0)
		return 0;
	err_set(why, "the client's certificate is not trusted");
	if (gnutls_certificate_verification_status_print(status,
			GNUTLS_CRT_X509, &text, 0) == 0) {
		err_set(why, "the client's certificate is not trusted: %.300s",
			text.data);
		gnutls_free(text.data);
	}
	return -1;
}

char *certs_peer_names(gnutls_session_t session, int64_t *end_s,
		       struct err *why)
{
	struct names names = { .size = 0 };
	const gnutls_datum_t *list;
	gnutls_x509_crt_t cert;
	unsigned count = 0;
	char *copy = NULL;

	list = gnutls_certificate_get_peers(session, &count);
	if (!list || !count) {
		err_set(why, "the client sent no certificate");
		return NULL;
	}
	if (peer_verify(session, why) < 0 ||
	    gnutls_x509_crt_init(&cert) < 0)
		return NULL;
	if (gnutls_x509_crt_import(cert, &list[0], GNUTLS_X509_FMT_DER) == 0) {
		names_read(&names, cert);
		*end_s = gnutls_x509_crt_get_expiration_time(cert);
		names.text[names.size++] = '\0';
		copy = malloc(names.size);
	}
	gnutls_x509_crt_deinit(cert);
	if (copy)
		memcpy(copy, names.text, names.size);
	else
		err_set(why, "the client's certificate cannot be read");
	return copy;
}

bool certs_names_have(const char *names, const char *node)
{
	for (; *names; names += strlen(names) + 1)
		if (strcasecmp(names, node) == 0)
			return true;
	return false;
}
