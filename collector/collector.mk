# SPDX-License-Identifier: GPL-2.0-or-later
#
# wattgated. Sources go into collector/libcollector.a, which unit tests link
# too; only main.c stays outside.
