/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meter_find.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"

/* ---- the tables ---- */

static const struct meter_row rows[] = {
	{ "hwmon", "power*_input", false, 1e-6, "", NULL },
	{ "hwmon", "power*_average", false, 1e-6, "", NULL },
	{ "hwmon", "energy*_input", true, 1e-6, "", NULL },
	{ "powercap", "energy_uj", true, 1e-6, "", "max_energy_range_uj" },
	{ "pm_counters", "energy", true, 1, "J", NULL },
	{ "pm_counters", "power", false, 1, "W", NULL },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static int find_one(const char *path, struct meter_set *set, struct err *err);
static int find_zones(const char *path, struct meter_set *set,
		      struct err *err);
static int find_cray(const char *path, struct meter_set *set, struct err *err);

static const struct place {
	const char *source;
	const char *path;	/* the usual one */
	int (*find)(const char *path, struct meter_set *set, struct err *err);
} places[] = {
	{ "hwmon", "/sys/bus/acpi/drivers/power_meter/*/power1_average",
	  find_one },
	{ "powercap", "/sys/class/powercap", find_zones },
	{ "pm_counters", "/sys/cray/pm_counters", find_cray },
};

static const struct meter_row *row_find(const char *source, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ROW_COUNT; i++)
		if (strcmp(rows[i].source, source) == 0 &&
		    fnmatch(rows[i].file, name, 0) == 0)
			return &rows[i];
	return NULL;
}

/* ---- files ---- */

/* The same file is taken once, by however many ways it was found. */
static int file_add(struct meter_set *set, const char *source,
		    const char *path, struct err *err)
{
	struct meter_file *f = &set->file[set->count];
	const struct meter_row *row = row_find(source, path);
	struct stat st;

	if (!row)
		return err_set(err, "%s: no file of %s that is known here: wattgate.conf(5) has their names",
			       path, source);
	if (stat(path, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s: not a regular file", path);
	for (unsigned i = 0; i < set->count; i++)
		if (set->file[i].dev == st.st_dev &&
		    set->file[i].ino == st.st_ino)
			return 0;
	if (set->count == METER_FILES_MAX)
		return err_set(err, "%s: more than %d files", path,
			       METER_FILES_MAX);
	if (strlen(path) >= sizeof(f->path))
		return err_set(err, "%.80s...: the path is too long", path);
	strcpy(f->path, path);
	f->row = row;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	set->count++;
	return 0;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* All that the pattern matches; globfree() where it is 0. */
static int matches(const char *pattern, glob_t *found, struct err *err)
{
	int rc = glob(pattern, 0, NULL, found);

	if (rc == 0)
		return 0;
	globfree(found);
	errno = ENOENT;
	return rc == GLOB_NOMATCH ? err_set_errno(err, "%s", pattern) :
	       err_set(err, "%s: its matches cannot be listed", pattern);
}

/* ---- hwmon: one file ---- */

static int find_one(const char *path, struct meter_set *set, struct err *err)
{
	glob_t found;
	int rc;

	if (matches(path, &found, err) < 0)
		return -1;
	if (found.gl_pathc > 1)
		rc = err_set(err, "%s: it matches %s and %s: name one", path,
			     found.gl_pathv[0], found.gl_pathv[1]);
	else if (is_dir(found.gl_pathv[0]))
		rc = err_set(err, "%s: a directory: name the file in it, such as power1_input",
			     found.gl_pathv[0]);
	else
		rc = file_add(set, "hwmon", found.gl_pathv[0], err);
	globfree(&found);
	if (rc == 0)
		snprintf(set->place, sizeof(set->place), "hwmon:%.50s",
			 strrchr(set->file[0].path, '/') + 1);
	return rc;
}

/* ---- powercap: zones ---- */

/* A zone's own name, from the file beside its counter: "package-0", "psys". */
static void zone_name(const struct meter_file *f, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%.*s/name",
		 (int)(strrchr(f->path, '/') - f->path), f->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		n = file_read_all(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

enum zone { ZONE_OTHER, ZONE_PSYS, ZONE_PACKAGE, ZONE_DRAM, ZONE_KINDS };

/* The MMIO interface shows packages a second time. */
static enum zone zone_kind(const struct meter_file *f)
{
	char name[64];

	zone_name(f, name, sizeof(name));
	if (strstr(f->path, "intel-rapl-mmio"))
		return ZONE_OTHER;
	if (strcmp(name, "psys") == 0)
		return ZONE_PSYS;
	if (strncmp(name, "package", 7) == 0)
		return ZONE_PACKAGE;
	return strcmp(name, "dram") == 0 ? ZONE_DRAM : ZONE_OTHER;
}

/* Keep zones of kinds a and b only. */
static void zones_keep(struct meter_set *set, const enum zone *kind,
		       enum zone a, enum zone b)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < set->count; i++)
		if (kind[i] == a || kind[i] == b)
			set->file[kept++] = set->file[i];
	set->count = kept;
}

/*
 * Of all zones, those that make up as much of the node as there is: psys, else
 * packages and their memory. Others are parts of these.
 */
static int zones_choose(const char *path, struct meter_set *set,
			struct err *err)
{
	enum zone kind[METER_FILES_MAX];
	unsigned n[ZONE_KINDS] = { 0 };

	for (unsigned i = 0; i < set->count; i++)
		n[kind[i] = zone_kind(&set->file[i])]++;
	if (n[ZONE_PSYS] > 1)
		return err_set(err, "%s: %u zones psys: name the one that is the platform",
			       path, n[ZONE_PSYS]);
	if (n[ZONE_PSYS]) {
		zones_keep(set, kind, ZONE_PSYS, ZONE_PSYS);
		snprintf(set->place, sizeof(set->place), "powercap:psys");
		return 0;
	}
	if (!n[ZONE_PACKAGE])
		return err_set(err, "%s: neither psys nor a package among its %u zones: name one",
			       path, set->count);
	zones_keep(set, kind, ZONE_PACKAGE, ZONE_DRAM);
	snprintf(set->place, sizeof(set->place), "powercap:package%s (a part of the node)",
		 n[ZONE_DRAM] ? "+dram" : "");
	return 0;
}

static int zones_add(const char *pattern, struct meter_set *set,
		     struct err *err)
{
	glob_t found;
	int rc = 0;

	if (matches(pattern, &found, err) < 0)
		return -1;
	for (size_t i = 0; i < found.gl_pathc && rc == 0; i++)
		rc = file_add(set, "powercap", found.gl_pathv[i], err);
	globfree(&found);
	return rc;
}

/*
 * A counter, a zone, or what has zones in it. Zones within zones stand beside
 * them in /sys/class/powercap.
 */
static int zones_of(const char *path, struct meter_set *set, struct err *err)
{
	char inside[PATH_MAX];

	if (!is_dir(path))
		return file_add(set, "powercap", path, err);
	snprintf(inside, sizeof(inside), "%s/energy_uj", path);
	if (access(inside, F_OK) == 0)
		return file_add(set, "powercap", inside, err);
	snprintf(inside, sizeof(inside), "%s/*/energy_uj", path);
	return zones_add(inside, set, err);
}

static int find_zones(const char *path, struct meter_set *set, struct err *err)
{
	char name[48];
	glob_t found;
	int rc = 0;

	if (matches(path, &found, err) < 0)
		return -1;
	for (size_t i = 0; i < found.gl_pathc && rc == 0; i++)
		rc = zones_of(found.gl_pathv[i], set, err);
	globfree(&found);
	if (rc < 0)
		return -1;
	if (set->count > 1)
		return zones_choose(path, set, err);
	zone_name(&set->file[0], name, sizeof(name));
	snprintf(set->place, sizeof(set->place), "powercap:%.30s%s",
		 *name ? name : "energy_uj",
		 strcmp(name, "psys") ? " (a part of the node)" : "");
	return 0;
}

/* ---- Cray: a directory ---- */

static int find_cray(const char *path, struct meter_set *set, struct err *err)
{
	static const char *const names[] = { "energy", "power" };
	char file[PATH_MAX];

	if (!is_dir(path)) {
		errno = ENOTDIR;
		return err_set_errno(err, "%s", path);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		if (access(file, F_OK) == 0 &&
		    file_add(set, "pm_counters", file, err) < 0)
			return -1;
	}
	if (!set->count)
		return err_set(err, "%s: it has neither power nor energy", path);
	snprintf(set->dir, sizeof(set->dir), "%.*s", CONF_PATH_MAX - 1, path);
	snprintf(set->place, sizeof(set->place), "pm_counters:%s",
		 set->file[0].row->file);
	return 0;
}

int meter_find(const char *source, const char *path, struct meter_set *set,
	       struct err *err)
{
	memset(set, 0, sizeof(*set));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].source, source) == 0)
			return places[i].find(*path ? path : places[i].path,
					      set, err);
	return err_set(err, "%s: no source of files", source);
}
