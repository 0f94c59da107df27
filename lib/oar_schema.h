/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_SCHEMA_H
#define WATTGATE_OAR_SCHEMA_H

/*
 * What the follower, which writes schema `wattgate`, and the commands, which
 * read it, must agree on.
 */

#define OAR_SCHEMA_VERSION 2

/* What is read of it is the same since: */
#define OAR_SCHEMA_READABLE 1

/* Advisory lock of whoever follows a database: the bytes of "wattgate". */
#define OAR_FOLLOWER_LOCK "8602284806553826405"

/* And of whoever fills hours of the past: the bytes of "wattfill". */
#define OAR_BACKFILL_LOCK "8602284806537571436"

#endif
