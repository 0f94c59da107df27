# SPDX-License-Identifier: GPL-2.0-or-later
#
# What goes into OAR's PostgreSQL, the program that puts it there, and the
# module that makes oarstat show it. OAR's set-user-id programs look for
# modules in OAR's own directory first: oarlibdir, /usr/lib/oar in Debian.

schemadir = $(pkgdatadir)/oar-schema
dist_schema_DATA = oar-hooks/schema/001-results.sql \
	oar-hooks/schema/002-hours.sql \
	oar-hooks/schema/rights.sql \
	oar-hooks/schema/missing.sql \
	oar-hooks/schema/remove.sql

sbin_SCRIPTS += oar-hooks/wattgate-oar-schema
EXTRA_DIST += oar-hooks/wattgate-oar-schema.in
CLEANFILES += oar-hooks/wattgate-oar-schema
oar-hooks/wattgate-oar-schema: oar-hooks/wattgate-oar-schema.in \
		pg/schema-lib.sh Makefile
	$(AM_V_GEN)$(MKDIR_P) oar-hooks && \
	sed -e '/^\. @schema_lib@$$/r $(srcdir)/pg/schema-lib.sh' -e '/^\. @schema_lib@$$/d' \
		$(srcdir)/oar-hooks/wattgate-oar-schema.in | \
	sed -e 's,[@]schemadir[@],$(schemadir),g' -e 's,[@]confdir[@],$(confdir),g' \
		>$@.tmp && \
	chmod +x $@.tmp && mv $@.tmp $@

# no packaged file is replaced: OAR has none of this name here
EXTRA_DIST += oar-hooks/Stat.pm
if HAVE_OARLIBDIR
oarmoduledir = $(oarlibdir)/OAR
oarmodule_DATA = oar-hooks/Stat.pm
endif
