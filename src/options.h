/* SPDX-License-Identifier: MIT
 *
 * The options of `stead run`, read once into a structure the supervisor boots from.
 */
#ifndef STEAD_SRC_OPTIONS_H
#define STEAD_SRC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of stead itself, those of env(1) and the shells. */
#define EXIT_STEAD_FAILED   125 /* stead could not start: bad option, host too old, ... */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND	    127

/* RUN_TRAP_UNPROTECTED: the resident trap without protection keys; a program can reach kernel memory. */
enum run_trap { RUN_TRAP_AUTO = 0, RUN_TRAP_RESIDENT, RUN_TRAP_REMOTE, RUN_TRAP_UNPROTECTED };

enum run_mount_kind { RUN_MOUNT_BIND = 0, RUN_MOUNT_TMPFS };

/* --bind and --tmpfs, in the order given: a later one may lie inside an earlier one. */
struct run_mount {
	enum run_mount_kind kind;
	char *src; /* host path; NULL for tmpfs */
	char *dst; /* absolute guest path */
	bool read_only;
	uint64_t size; /* tmpfs: bytes, 0 for its default */
};

struct inject_rules;
struct trace_hooks;
struct option;

struct run_options {
	enum run_trap trap;
	const char *root; /* host directory or tar archive that is the guest's root, "/" by default */
	bool read_only;	  /* the root's mount is read-only */
	bool ephemeral;	  /* said; it is the default */
	const char *upper; /* host directory that keeps what is written, or NULL */
	struct run_mount *mounts;
	size_t nmounts;
	char **envp;	 /* the program's whole environment, NULL-ended */
	const char *cwd; /* absolute guest path, or NULL: the caller's if it exists inside, else / */
	bool have_uid;	 /* --uid was given: run as uid, gid without supplementary groups */
	uint32_t uid, gid;
	const char *hostname; /* NULL: the host's */
	uint64_t memory;      /* bytes of RAM the guest sees; 0: as the host */
	bool no_aslr;
	bool trace;
	const char *trace_file; /* NULL: stderr */
	struct inject_rules *inject; /* faults to inject, or NULL */
	const struct trace_hooks *hooks; /* told of everything the program does, or NULL; not set by run_options_parse() */
	int fds; /* how many of our descriptors the first program gets; 0: those that were open (inherit_fds()) */
	bool report_missing;
	const char *report_file; /* NULL: stderr */
	bool debug_log;
	int argc; /* the program and its arguments, never empty, NULL-ended */
	char **argv;
};

/* What a subcommand that runs programs has besides the options of `stead run`. */
struct option_extension {
	const char *command;	       /* its name, for messages */
	const char *shorts;	       /* as getopt(3) has them */
	const struct option *longs;    /* ended by zeros; values of 1,000 and more */
	int (*parse)(void *ctx, struct run_options *o, int opt, const char *arg); /* 0, or an exit status after saying why */
	void *ctx;
	const char *help; /* the whole text of --help */
};

#define RUN_OPTIONS_HELP (-1)

/**
 * run_options_parse() - read the command line of `stead run`
 * @argc, @argv: argv[0] is "run"; options end at "--" or the first word that is none
 * @ext: another subcommand with these options, or NULL
 * @out: filled; strings point into @argv or are allocated and live as long as the process
 *
 * A mistake is one line on stderr that says what to do.
 * Return: 0, RUN_OPTIONS_HELP after printing help to stdout, or EXIT_STEAD_FAILED.
 */
int run_options_parse(int argc, char **argv, const struct option_extension *ext, struct run_options *out);

/**
 * run_options_inject(), run_options_fault() - the values of --inject, and of strace's older fault=, whose default is ENOSYS
 * @o: the rule is added to o->inject
 * @arg: the value
 *
 * Return: 0, or EXIT_STEAD_FAILED after saying why.
 */
int run_options_inject(struct run_options *o, const char *arg);
int run_options_fault(struct run_options *o, const char *arg);

/**
 * option_mistake() - one line on stderr about a wrong command line
 * @fmt: without "stead COMMAND:" and newline
 *
 * Return: EXIT_STEAD_FAILED
 */
int option_mistake(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * parse_size() - a number of bytes with an optional suffix k, m, g or t (powers of 1,024)
 * @text: the text, all of it
 * @out: the number
 *
 * Return: 0, or -1 when it is no size or does not fit.
 */
int parse_size(const char *text, uint64_t *out);

#endif
