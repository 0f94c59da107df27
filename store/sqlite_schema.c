/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables in SQLite; schema/001-store.sql has the same for PostgreSQL. */
#include "sqlite_impl.h"

/*
 * Types are only wishes in SQLite: a text is larger than any number, so that
 * the upper bounds refuse it. What is not a number is null, and refused.
 */
#define SMALL(name) name " INTEGER NOT NULL CHECK (" name " BETWEEN 0 AND 4294967295), "
#define NS(name) name " INTEGER NOT NULL CHECK (" name " BETWEEN 0 AND 1152921504606846975), "
#define WALL(name) name " INTEGER NOT NULL CHECK (" name " BETWEEN 0 AND 4611686018427387903), "
#define AMOUNT(name) name " REAL NOT NULL CHECK (" name " BETWEEN 0 AND 1e15), "
/* A difference of sums may be a little below nothing. */
#define ABOUT(name) name " REAL NOT NULL CHECK (" name " BETWEEN -1e-3 AND 1e15), "
#define WORD(name, least, most) name " TEXT NOT NULL CHECK (length(" name ") BETWEEN " least " AND " most "), "
#define ROW \
	"node_id INTEGER NOT NULL, seq INTEGER NOT NULL, " \
	"boot_id INTEGER NOT NULL, " SMALL("crc")

#define ALLOCATION(table) \
	"CREATE TABLE " table " (" ROW \
	"is_step INTEGER NOT NULL CHECK (is_step IN (0, 1)), " \
	SMALL("job") WORD("step", "1", "69") SMALL("restart") SMALL("uid") \
	"pid INTEGER NOT NULL CHECK (pid BETWEEN -2147483648 AND 2147483647), " \
	NS("start_ns") NS("end_ns") NS("settled_ns") \
	WALL("start_wall_ns") WALL("end_wall_ns") NS("suspended_ns") \
	AMOUNT("cores") AMOUNT("gpus") AMOUNT("mem_mb") \
	"share REAL CHECK (share BETWEEN 0 AND 1), " \
	AMOUNT("gated_j") AMOUNT("node_j") \
	"model_w REAL CHECK (model_w BETWEEN 0 AND 1e15), " \
	NS("active_ns") NS("covered_ns") NS("max_gap_ns") NS("open_gap_ns") \
	WORD("source", "0", "189") WORD("ending", "0", "45") \
	"PRIMARY KEY (node_id, seq), CHECK (end_ns >= start_ns), " \
	"UNIQUE (boot_id, job, step, restart, start_ns)) WITHOUT ROWID;\n"

#define INTERVAL(table, part) \
	"CREATE TABLE " table " (" ROW \
	"from_wall_ns INTEGER NOT NULL CHECK (from_wall_ns BETWEEN -4611686018427387903 AND 4611686018427387903), " \
	"to_wall_ns INTEGER NOT NULL CHECK (to_wall_ns BETWEEN from_wall_ns AND 9223372036854775807), " \
	NS("start_ns") NS("end_ns") WALL("start_wall_ns") WALL("end_wall_ns") \
	AMOUNT("node_j") ABOUT("allocated_j") ABOUT("unallocated_j") ABOUT("idle_j") \
	NS("measured_ns") NS("unmeasured_ns") NS("idle_ns") \
	"scaled INTEGER NOT NULL CHECK (scaled IN (0, 1)), " \
	"PRIMARY KEY (node_id, seq), CHECK (end_ns >= start_ns), " \
	"UNIQUE (boot_id, start_ns)) WITHOUT ROWID;\n" \
	"CREATE TABLE " part " (node_id INTEGER NOT NULL, seq INTEGER NOT NULL, " \
	"ord INTEGER NOT NULL CHECK (ord BETWEEN 0 AND 4095), " \
	SMALL("job") SMALL("restart") ABOUT("joules") \
	"PRIMARY KEY (node_id, seq, ord)) WITHOUT ROWID;\n" \
	"CREATE TRIGGER " table "_parts AFTER DELETE ON " table " BEGIN " \
	"DELETE FROM " part " WHERE node_id = old.node_id AND seq = old.seq; END;\n"

const char sqlite_schema[] =
	"CREATE TABLE node (id INTEGER PRIMARY KEY, "
	"name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 255), "
	"next_seq INTEGER NOT NULL DEFAULT 1, "
	"conflicts INTEGER NOT NULL DEFAULT 0);\n"
	"CREATE TABLE boot (id INTEGER PRIMARY KEY, "
	"node_id INTEGER NOT NULL REFERENCES node (id), "
	"boot TEXT NOT NULL CHECK (length(boot) BETWEEN 1 AND 117), "
	"UNIQUE (node_id, boot));\n"
	ALLOCATION("allocation")
	"CREATE INDEX allocation_time ON allocation (node_id, start_wall_ns);\n"
	ALLOCATION("open_allocation")
	INTERVAL("node_interval", "interval_part")
	"CREATE INDEX interval_time ON node_interval (node_id, to_wall_ns);\n"
	"CREATE INDEX interval_long ON node_interval (node_id, from_wall_ns) "
	"WHERE to_wall_ns - from_wall_ns > 90000000000000;\n"
	INTERVAL("open_interval", "open_part")
	"CREATE VIEW allocations AS SELECT n.name AS node, b.boot, a.* "
	"FROM allocation a JOIN node n ON n.id = a.node_id "
	"JOIN boot b ON b.id = a.boot_id;\n"
	"CREATE VIEW intervals AS SELECT n.name AS node, b.boot, i.* "
	"FROM node_interval i JOIN node n ON n.id = i.node_id "
	"JOIN boot b ON b.id = i.boot_id;\n";
