# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_LIBSLURM: Slurm's library, for slurmdb/ alone, after WG_SLURM. Optional:
# without it, or without its headers, `wattgate report` runs sacct.

AC_DEFUN([WG_LIBSLURM], [
	LIBSLURM_LIBS=
	wg_have_libslurm=no
	wg_libslurm_summary="no: libslurm or its headers are missing (Debian: libslurm-dev)"
	AS_IF([test $wg_slurm_headers = yes], [
		wg_save_LIBS=$LIBS
		wg_libslurm=-lslurm
		AS_IF([test "$wg_slurm_prefix" != /usr], [
			for wg_lib in lib64 lib; do
				AS_IF([test -e "$wg_slurm_prefix/$wg_lib/libslurm.so"],
					[wg_libslurm="-L$wg_slurm_prefix/$wg_lib -Wl,-rpath,$wg_slurm_prefix/$wg_lib -lslurm"])
			done
		])
		LIBS="$wg_libslurm $LIBS"
		AC_MSG_CHECKING([for slurmdb_jobs_get in libslurm])
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[char slurmdb_jobs_get(void);]],
				[[slurmdb_jobs_get();]])],
			[wg_have_libslurm=yes])
		AC_MSG_RESULT([$wg_have_libslurm])
		LIBS=$wg_save_LIBS
	])
	AS_IF([test $wg_have_libslurm = yes],
		[LIBSLURM_LIBS=$wg_libslurm
		 wg_libslurm_summary="yes (libslurm $wg_slurm_release)"])
	AC_SUBST([LIBSLURM_LIBS])
	AM_CONDITIONAL([HAVE_LIBSLURM], [test $wg_have_libslurm = yes])
])
