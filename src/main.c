/* SPDX-License-Identifier: MIT
 *
 * The stead command: picks the subcommand.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "src/commands.h"
#include "src/inherit.h"
#include "src/options.h"

static const struct {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cmd_run, "run a program on stead's kernel" },
	{ "trace", cmd_trace, "run a program there, or natively, and show its system calls" },
	{ "diff", cmd_diff, "run a program both there and natively, and show what differs" },
	{ "doctor", cmd_doctor, "say what this host can do, and why not" },
	{ "syscalls", cmd_syscalls, "list the system calls stead knows" },
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
help(FILE *f)
{
	size_t i;

	fputs("Usage: stead COMMAND [OPTION]...\n"
	      "A Linux kernel that runs as ordinary processes.\n\n",
	      f);
	for (i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  stead %-9s %s\n", commands[i].name, commands[i].help);
	fputs("\nTry: stead run -- bash\nEach command has --help and a manual page, for example stead-run(1).\n", f);
}

/* Whoever started us may have closed 0, 1 or 2. Nothing of ours may get such a number: the program would own it. What holds
 * the place is of no use to anybody, and is not passed on. */
static void
hold_closed_stdio(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH | O_CLOEXEC) != fd)
			_exit(EXIT_STEAD_FAILED);
	}
}

int
main(int argc, char **argv)
{
	size_t i;

	inherit_note_fds();
	hold_closed_stdio();
	if (argc < 2) {
		fputs("stead: which command? Try: stead run -- PROGRAM, or stead --help\n", stderr);
		return EXIT_STEAD_FAILED;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts(PACKAGE_STRING);
		return 0;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		help(stdout);
		return 0;
	}
	for (i = 0; i < NCOMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].fn(argc - 1, argv + 1);
	}
	fprintf(stderr, "stead: there is no command %s; try stead --help, or stead run -- %s\n", argv[1], argv[1]);
	return EXIT_STEAD_FAILED;
}
