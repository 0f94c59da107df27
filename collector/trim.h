/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_TRIM_H
#define WATTGATE_TRIM_H

/*
 * Give back the memory that only the start needed: free heap, and those pages
 * of programs and libraries that nobody writes. What is used again is mapped
 * again, from memory as a rule. libcurl alone brings thirty libraries, whose
 * tables are read once.
 */
void memory_trim(void);

#endif
