/* SPDX-License-Identifier: MIT
 *
 * exec: the "#!" line. At most 255 bytes of it count; one argument, which may hold blanks; a line that may have been cut inside
 * the interpreter's name is refused (execve(2), "Interpreter scripts").
 */
#include "kernel/binprm.h"
#include "kernel/errno.h"

static bool
spacetab(char c)
{
	return c == ' ' || c == '\t';
}

/* Both look at @last too, and return NULL if there is none. */
static char *
next_non_spacetab(char *first, const char *last)
{
	for (; first <= last; first++)
		if (!spacetab(*first))
			return first;
	return NULL;
}

static char *
next_terminator(char *first, const char *last)
{
	for (; first <= last; first++)
		if (spacetab(*first) || !*first)
			return first;
	return NULL;
}

int
bprm_parse_script(unsigned char *bytes, char **name, char **arg)
{
	char *buf = (char *)bytes, *buf_end = buf + BINPRM_BUF_SIZE - 1, *end, *sep;

	if (buf[0] != '#' || buf[1] != '!')
		return -ENOEXEC;
	end = memchr(buf, '\n', strnlen(buf, BINPRM_BUF_SIZE));
	if (!end) {
		end = next_non_spacetab(buf + 2, buf_end);
		if (!end || !next_terminator(end, buf_end))
			return -ENOEXEC;
		end = buf_end;
	}
	while (spacetab(end[-1]))
		end--;
	*name = next_non_spacetab(buf + 2, end);
	if (!*name || *name == end)
		return -ENOEXEC;
	*arg = NULL;
	sep = next_terminator(*name, end);
	if (sep && *sep != '\0')
		*arg = next_non_spacetab(sep, end);
	*end = '\0';
	if (*arg)
		*sep = '\0';
	return 0;
}
