/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage COMMAND...: runs it, and prints on descriptor 3 what it took: seconds
 * of wall clock, seconds of CPU (its own and its children's), peak memory in
 * MiB (of the largest of them). Its status is the command's.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	double began = now_s();
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
		return 126;
	dprintf(3, "%.3f %.3f %.1f\n", now_s() - began,
		seconds(&used.ru_utime) + seconds(&used.ru_stime),
		(double)used.ru_maxrss / 1024);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
