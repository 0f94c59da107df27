# SPDX-License-Identifier: GPL-2.0-or-later
#
# What answers a site's nodes: `wattgated --serve`. The only user of
# libmicrohttpd and GnuTLS besides the simulated BMC. Sessions and credentials
# need neither and are always built.

noinst_LIBRARIES += site/libsite.a
site_libsite_a_SOURCES = \
	site/answer.c \
	site/ask.c \
	site/credential.c \
	site/jobs.c \
	site/lines.c \
	site/names.c \
	site/sessions.c \
	site/unmunge.c \
	site/answer.h \
	site/ask.h \
	site/credential.h \
	site/jobs.h \
	site/lines.h \
	site/names.h \
	site/serve.h \
	site/sessions.h \
	site/unmunge.h

site_server = \
	site/certs.c \
	site/keep.c \
	site/login.c \
	site/peer.c \
	site/request.c \
	site/serve.c \
	site/server.c \
	site/certs.h \
	site/keep.h \
	site/server.h \
	site/server_impl.h

site_libsite_a_CPPFLAGS = $(AM_CPPFLAGS) $(SITE_SERVER_CFLAGS)
site_libsite_a_CFLAGS = $(AM_CFLAGS) -pthread
if HAVE_SITE_SERVER
site_libsite_a_SOURCES += $(site_server)
else
site_libsite_a_SOURCES += site/serve_none.c
endif
EXTRA_DIST += $(site_server) site/serve_none.c

# What a program links to serve a site; before the sources.
SITE_LIBS = site/libsite.a $(STORE_LIBS) $(SITE_SERVER_LIBS) -lpthread
