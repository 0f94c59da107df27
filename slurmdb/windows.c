/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slurmdb/windows.h"

/* No job of Slurm's ended before 2002: that time takes one window. */
#define SLURM_BEGAN_S INT64_C(1009843200)

void windows_begin(struct windows *w, int64_t from_s, int64_t to_s,
		   int64_t now_s)
{
	*w = (struct windows){ from_s > 0 ? from_s : 1, to_s, now_s,
			       WINDOW_FIRST_S };
}

bool windows_next(struct windows *w, int64_t *from_s, int64_t *to_s)
{
	int64_t end;

	if (w->next_s >= w->end_s)
		return false;
	end = w->next_s + w->width_s;
	if (w->next_s < SLURM_BEGAN_S)
		end = SLURM_BEGAN_S;
	if (end > w->end_s || w->next_s > w->now_s + WINDOW_MAX_S)
		end = w->end_s;
	*from_s = w->next_s;
	*to_s = end;
	w->next_s = end;
	return true;
}

void windows_had(struct windows *w, size_t jobs)
{
	const int64_t widest = w->width_s * WINDOW_GROWTH;
	int64_t width = widest;

	if (jobs > 0 && jobs < INT64_MAX / WINDOW_MAX_S)
		width = w->width_s * WINDOW_JOBS / (int64_t)jobs;
	if (width > widest)
		width = widest;
	if (width > WINDOW_MAX_S)
		width = WINDOW_MAX_S;
	w->width_s = width > 1 ? width : 1;
}
