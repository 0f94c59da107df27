# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_SLURM: Slurm's headers and plugin directory.
#
#   --with-slurm          headers on the compiler's path; an error if missing
#   --with-slurm=PREFIX   headers in PREFIX/include
#   --without-slurm       no plugin is built
#   (neither)             plugins are built if the headers are there
#
# Only headers: plugins take Slurm's symbols from the daemon that loads them.
# The energy plugin loads into exactly the release it was compiled for, so the
# release that was found is printed. 21.08 is the oldest whose ABI was looked
# at.
#
# Sets SLURM_CPPFLAGS, slurmplugindir, SCONTROL (the default of wattgate.conf) and the conditional HAVE_SLURM.

# WG_SLURM_HEADERS: sets wg_slurm_headers=yes|no and wg_slurm_version (number).
AC_DEFUN([WG_SLURM_HEADERS], [
	wg_save_CPPFLAGS=$CPPFLAGS
	CPPFLAGS="$CPPFLAGS $SLURM_CPPFLAGS"
	wg_slurm_headers=yes
	AC_CHECK_HEADERS([slurm/slurm.h slurm/spank.h], [],
		[wg_slurm_headers=no; break])
	AS_IF([test $wg_slurm_headers = yes], [
		AC_MSG_CHECKING([for Slurm's release])
		AC_COMPUTE_INT([wg_slurm_version], [SLURM_VERSION_NUMBER],
			[[#include <slurm/slurm.h>]],
			[AC_MSG_RESULT([unknown])
			 AC_MSG_ERROR([slurm/slurm.h does not compile or has no SLURM_VERSION_NUMBER; see config.log])])
		wg_slurm_release=`printf '%d.%02d.%d' $((wg_slurm_version >> 16 & 255)) $((wg_slurm_version >> 8 & 255)) $((wg_slurm_version & 255))`
		AC_MSG_RESULT([$wg_slurm_release])
		AS_IF([test $wg_slurm_version -lt $((21 << 16 | 8 << 8))],
			[AC_MSG_ERROR([Slurm $wg_slurm_release is older than 21.08])])
	])
	CPPFLAGS=$wg_save_CPPFLAGS
])

# WG_SLURM_PLUGINDIR: the first directory that holds a scheduler's plugin.
AC_DEFUN([WG_SLURM_PLUGINDIR], [
	AC_MSG_CHECKING([for Slurm's plugin directory])
	wg_multiarch=`$CC -print-multiarch 2>/dev/null`
	wg_dirs=`$PKG_CONFIG --variable=plugindir slurm 2>/dev/null`
	for wg_lib in "lib/$wg_multiarch" lib64 lib; do
		for wg_name in slurm-wlm slurm; do
			wg_dirs="$wg_dirs $wg_slurm_prefix/$wg_lib/$wg_name"
		done
	done
	slurmplugindir=
	for wg_dir in $wg_dirs; do
		set dummy "$wg_dir"/select_*.so
		AS_IF([test -z "$slurmplugindir" && test -f "$[2]"],
			[slurmplugindir=$wg_dir])
	done
	AS_IF([test -n "$slurmplugindir"], [AC_MSG_RESULT([$slurmplugindir])],
		[AC_MSG_RESULT([none])
		 AC_MSG_ERROR([no Slurm plugins in:$wg_dirs. Give --with-slurm-plugindir=DIR (scontrol show config | grep PluginDir) or --without-slurm])])
])

AC_DEFUN([WG_SLURM], [
	AC_ARG_WITH([slurm],
		[AS_HELP_STRING([--with-slurm=PREFIX],
			[build the Slurm plugins with the headers in PREFIX/include @<:@if found@:>@])],
		[], [with_slurm=auto])
	AC_ARG_WITH([slurm-plugindir],
		[AS_HELP_STRING([--with-slurm-plugindir=DIR],
			[where Slurm's plugins are @<:@looked for@:>@])],
		[], [with_slurm_plugindir=])
	SLURM_CPPFLAGS=
	wg_slurm_prefix=/usr
	AS_CASE(["x$with_slurm"], [xauto|xyes|xno], [],
		[wg_slurm_prefix=$with_slurm
		 SLURM_CPPFLAGS="-I$with_slurm/include"
		 AS_IF([test ! -f "$with_slurm/include/slurm/slurm.h"],
			[AC_MSG_ERROR([there is no $with_slurm/include/slurm/slurm.h])])])
	wg_slurm_headers=no
	wg_slurm_summary="not built"
	AS_IF([test "x$with_slurm" != xno], [WG_SLURM_HEADERS])
	AS_IF([test $wg_slurm_headers = no], [
		AS_CASE(["x$with_slurm"], [xauto|xno], [],
			[AC_MSG_ERROR([slurm/slurm.h or slurm/spank.h is missing (Debian: libslurm-dev)])])
	], [
		AS_IF([test -n "$with_slurm_plugindir"],
			[slurmplugindir=$with_slurm_plugindir],
			[WG_SLURM_PLUGINDIR])
		wg_slurm_summary="for Slurm $wg_slurm_release in $slurmplugindir"
	])
	SCONTROL=$wg_slurm_prefix/bin/scontrol
	AC_SUBST([SCONTROL])
	AC_SUBST([SLURM_CPPFLAGS])
	AC_SUBST([slurmplugindir])
	AM_CONDITIONAL([HAVE_SLURM], [test $wg_slurm_headers = yes])
])
