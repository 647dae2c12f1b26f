/* SPDX-License-Identifier: MIT
 *
 * The subcommands: each is int cmd_NAME(argc, argv) in src/NAME.c and returns stead's exit status.
 */
#ifndef STEAD_SRC_COMMANDS_H
#define STEAD_SRC_COMMANDS_H

#include <stdint.h>
#include <stdio.h>

/**
 * cmd_run(), cmd_trace(), cmd_diff(), cmd_doctor(), cmd_syscalls() - the subcommands
 * @argc, @argv: from the subcommand's name on
 *
 * Return: the exit status of the process; those that run a program do not return when it died by a signal.
 */
int cmd_run(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_syscalls(int argc, char **argv);

/**
 * die_by_signal() - the program died by a signal: die by it too, so that our parent sees what it would have seen
 * @sig: the signal
 *
 * Return: 128 + @sig, if the default of @sig is not death.
 */
int die_by_signal(int sig);

/**
 * report_missing() - what a program asked for in vain (`stead run --report-missing`)
 * @counts: by call number; the last one counts all numbers beyond
 * @n: how many
 * @f: where to
 */
void report_missing(const uint32_t *counts, unsigned int n, FILE *f);

#endif
