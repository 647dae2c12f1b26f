/* SPDX-License-Identifier: MIT
 *
 * stead syscalls: the support table, as text, JSON or the manual page stead-syscalls(7). And what a program missed.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/commands.h"
#include "src/decode.h"
#include "src/options.h"

static const char *const status_names[] = { "", "absent", "partial", "full" };

static void
count_status(unsigned int count[4])
{
	unsigned int i;

	memset(count, 0, 4 * sizeof(*count));
	for (i = 0; i < nr_syscall_descs; i++) {
		if (syscall_descs[i].name)
			count[syscall_descs[i].status]++;
	}
}

static void
list_text(void)
{
	const struct syscall_desc *d;
	unsigned int count[4], i;

	for (i = 0; i < nr_syscall_descs; i++) {
		d = &syscall_descs[i];
		if (d->name)
			printf("%3u %-24s %-8s%s%s\n", i, d->name, status_names[d->status], d->missing ? " missing: " : "",
			       d->missing ? d->missing : "");
	}
	count_status(count);
	printf("%u full, %u partial, %u absent\n", count[SYSCALL_FULL], count[SYSCALL_PARTIAL], count[SYSCALL_ABSENT]);
}

static void
json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void
list_json(void)
{
	const struct syscall_desc *d;
	const char *sep = "";
	unsigned int i, a;

	puts("[");
	for (i = 0; i < nr_syscall_descs; i++) {
		d = &syscall_descs[i];
		if (!d->name)
			continue;
		printf("%s{\"number\": %u, \"name\": \"%s\", \"status\": \"%s\", \"arguments\": [", sep, i, d->name,
		       status_names[d->status]);
		for (a = 0; a < d->nargs; a++)
			printf("%s\"%s:%s\"", a ? ", " : "", d->args[a].name, d->args[a].type);
		fputs("]", stdout);
		if (d->missing) {
			fputs(", \"missing\": ", stdout);
			json_string(d->missing);
		}
		fputs("}", stdout);
		sep = ",\n";
	}
	puts("\n]");
}

/* doc/syscalls.md */
static void
list_markdown(void)
{
	const struct syscall_desc *d;
	unsigned int count[4], i;

	count_status(count);
	puts("<!-- Made from syscalls/table by stead syscalls --markdown. -->\n# System calls\n");
	printf("Of the %u system calls of Linux on x86-64, %u are complete, %u are partial and %u are absent (ENOSYS, as of "
	       "a kernel built\n"
	       "without them).\n\n| | call | state | missing |\n|---|---|---|---|\n",
	       count[SYSCALL_FULL] + count[SYSCALL_PARTIAL] + count[SYSCALL_ABSENT], count[SYSCALL_FULL],
	       count[SYSCALL_PARTIAL], count[SYSCALL_ABSENT]);
	for (i = 0; i < nr_syscall_descs; i++) {
		d = &syscall_descs[i];
		if (d->name)
			printf("| %u | %s | %s | %s |\n", i, d->name, status_names[d->status], d->missing ? d->missing : "");
	}
}

/* roff eats backslashes everywhere, and dots and quotes at a line's start. */
static void
roff_text(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
	}
}

static void
man_section(enum syscall_status status, const char *title, const char *intro)
{
	const struct syscall_desc *d;
	const char *sep = "";
	unsigned int i;

	printf(".SH %s\n%s\n", title, intro);
	if (status != SYSCALL_PARTIAL)
		puts(".PP");
	for (i = 0; i < nr_syscall_descs; i++) {
		d = &syscall_descs[i];
		if (!d->name || d->status != status)
			continue;
		if (status != SYSCALL_PARTIAL) {
			printf("%s%s", sep, d->name);
			sep = ",\n";
			continue;
		}
		printf(".TP\n.B %s\n", d->name);
		if (d->missing)
			roff_text(d->missing);
		else
			fputs("Not everything its manual page describes.", stdout);
		putchar('\n');
	}
	if (*sep)
		puts(".");
}

static void
list_man(void)
{
	unsigned int count[4];

	count_status(count);
	puts(".\\\" Made from syscalls/table by stead syscalls --man.\n"
	     ".TH stead\\-syscalls 7 \"\" stead \"System calls of stead\"\n"
	     ".SH NAME\nstead\\-syscalls \\- the system calls that stead answers\n"
	     ".SH DESCRIPTION");
	printf("Of the %u system calls of Linux on x86\\-64, %u are complete, %u are partial and %u are absent.\n",
	       count[SYSCALL_FULL] + count[SYSCALL_PARTIAL] + count[SYSCALL_ABSENT], count[SYSCALL_FULL],
	       count[SYSCALL_PARTIAL], count[SYSCALL_ABSENT]);
	puts("An absent call returns\n.BR ENOSYS ,\nas a kernel built without it does;\n"
	     ".B stead run \\-\\-report\\-missing\nlists those a program asked for.");
	man_section(SYSCALL_FULL, "COMPLETE", "These do what their manual pages in section 2 say.");
	man_section(SYSCALL_PARTIAL, "PARTIAL", "These work, and lack what is written beside them.");
	man_section(SYSCALL_ABSENT, "ABSENT", "These are not there.");
	puts(".SH SEE ALSO\n.BR stead (1),\n.BR stead\\-run (1),\n.BR syscalls (2)");
}

void
report_missing(const uint32_t *counts, unsigned int n, FILE *f)
{
	const struct syscall_desc *d;
	unsigned int i, any = 0;

	for (i = 0; i < n; i++) {
		if (!counts[i])
			continue;
		if (!any++)
			fputs("stead: system calls that were asked for and are not there:\n", f);
		d = syscall_desc(i);
		if (d)
			fprintf(f, "stead: %8u  %s\n", counts[i], d->name);
		else
			fprintf(f, "stead: %8u  number %u%s\n", counts[i], i, i == n - 1 ? " and beyond" : "");
	}
	if (!any)
		fputs("stead: no system call was missing\n", f);
}

int
cmd_syscalls(int argc, char **argv)
{
	if (argc == 1)
		list_text();
	else if (argc == 2 && strcmp(argv[1], "--json") == 0)
		list_json();
	else if (argc == 2 && strcmp(argv[1], "--man") == 0)
		list_man();
	else if (argc == 2 && strcmp(argv[1], "--markdown") == 0)
		list_markdown();
	else if (argc == 2 && strcmp(argv[1], "--help") == 0)
		puts("Usage: stead syscalls [--json | --man | --markdown]\n"
		     "List the system calls of Linux and how far stead has them.");
	else {
		fprintf(stderr, "stead syscalls: I do not know %s; write stead syscalls [--json | --man | --markdown]\n",
			argv[argc - 1]);
		return EXIT_STEAD_FAILED;
	}
	return 0;
}
