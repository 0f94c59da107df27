# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_SANITIZERS: --enable-sanitizers builds everything with the address and
# undefined-behaviour sanitizers; an error ends the program. Not for use in
# a cluster: slurmd cannot load plugins built so.

AC_DEFUN([WG_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers],
		[AS_HELP_STRING([--enable-sanitizers],
			[build with ASan and UBSan (development)])],
		[], [enable_sanitizers=no])
	SANITIZER_CFLAGS=
	AS_IF([test "x$enable_sanitizers" = xyes], [
		SANITIZER_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
		AC_MSG_CHECKING([whether $CC links with $SANITIZER_CFLAGS])
		wg_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])
			 AC_MSG_ERROR([--enable-sanitizers needs libasan and libubsan])])
		# gcc 12 takes &s for &s.first_member once the sanitizers are on
		CFLAGS="$wg_save_CFLAGS -Werror -Wno-stringop-overread"
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([int main(void) { return 0; }])],
			[SANITIZER_CFLAGS="$SANITIZER_CFLAGS -Wno-stringop-overread"])
		CFLAGS=$wg_save_CFLAGS
	])
	AC_SUBST([SANITIZER_CFLAGS])
	AM_CONDITIONAL([ENABLE_SANITIZERS], [test "x$enable_sanitizers" = xyes])
])
