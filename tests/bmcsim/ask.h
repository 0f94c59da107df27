/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_ASK_H
#define BMCSIM_ASK_H

/* bmcsim integrate, pmax and watts; argv[0] is the subcommand. Exit status. */
int ask_main(int argc, char **argv);

extern const char ask_usage[];

#endif
