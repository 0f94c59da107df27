# SPDX-License-Identifier: GPL-2.0-or-later
#
# WG_ZLIB: zlib, for crc32() over series samples, ledger lines and gate
# records. 1.2.9 is the first with crc32_z(), which takes a size_t length.

AC_DEFUN([WG_ZLIB], [
	PKG_CHECK_MODULES([ZLIB], [zlib >= 1.2.9], [],
		[AC_MSG_ERROR([zlib 1.2.9 or newer is missing (Debian: zlib1g-dev): $ZLIB_PKG_ERRORS])])
])
