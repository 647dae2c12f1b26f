/* SPDX-License-Identifier: MIT
 *
 * "#!" lines: names, arguments, blanks, and lines that are cut.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "kernel/binprm.h"

static unsigned char buf[BINPRM_BUF_SIZE];
static char *name, *arg;

static int
parse(const char *line)
{
	memset(buf, 0, sizeof(buf));
	memcpy(buf, line, strnlen(line, sizeof(buf)));
	return bprm_parse_script(buf, &name, &arg);
}

Test(script, names_and_arguments)
{
	cr_assert_eq(parse("#!/bin/sh\necho\n"), 0);
	cr_assert_str_eq(name, "/bin/sh");
	cr_assert_null(arg);
	cr_assert_eq(parse("#! \t/bin/sh  \t\n"), 0);
	cr_assert_str_eq(name, "/bin/sh");
	cr_assert_null(arg);
	cr_assert_eq(parse("#!/usr/bin/env -S  python3 -u \n"), 0);
	cr_assert_str_eq(name, "/usr/bin/env");
	cr_assert_str_eq(arg, "-S  python3 -u");
	cr_assert_eq(parse("#!/bin/sh"), 0);
	cr_assert_str_eq(name, "/bin/sh");
}

Test(script, refused)
{
	char line[300];

	cr_assert_eq(parse("#!\n"), -ENOEXEC);
	cr_assert_eq(parse("#!   \t \n"), -ENOEXEC);
	cr_assert_eq(parse("# !/bin/sh\n"), -ENOEXEC);
	memset(line, ' ', sizeof(line));
	memcpy(line, "#!", 2);
	cr_assert_eq(parse(line), -ENOEXEC, "all blanks");
	memset(line + 2, 'x', sizeof(line) - 2);
	cr_assert_eq(parse(line), -ENOEXEC, "a name that is cut");
	line[100] = ' ';
	cr_assert_eq(parse(line), 0, "an argument that is cut is used");
	cr_assert_eq(strlen(name), 98);
	cr_assert_eq(strlen(arg), 154);
}
