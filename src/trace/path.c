/* SPDX-License-Identifier: MIT
 *
 * Paths of a call are compared as the program writes them, and descriptors by the name of what they lead to, as strace does
 * it.
 */
#include "src/trace/path.h"

#include <limits.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "src/decode.h"
#include "src/trace/events.h"
#include "src/trace/format.h"
#include "src/trace/mem.h"

#define POLL_MAX 1024

static bool
is_one_of(const char *path, const char *const *paths)
{
	for (; *paths; paths++)
		if (strcmp(path, *paths) == 0)
			return true;
	return false;
}

static bool
leads_there(const struct trace_call *c, int fd, const char *const *paths)
{
	struct trace_fd what;

	return fd >= 0 && c->m->look && c->m->look(c->m->ctx, fd, &what) && is_one_of(what.path, paths);
}

static bool
names_it(const struct trace_call *c, uint64_t addr, const char *const *paths)
{
	char path[PATH_MAX];
	size_t got;

	if (!addr)
		return false;
	got = trace_mem_string(c->m, addr, path, sizeof(path));
	return memchr(path, '\0', got) && is_one_of(path, paths);
}

static bool
polls_it(const struct trace_call *c, const char *const *paths)
{
	struct pollfd p;

	for (uint64_t i = 0; i < c->args[1] && i < POLL_MAX; i++)
		if (trace_peek(c, c->args[0] + i * sizeof(p), &p, sizeof(p)) && leads_there(c, p.fd, paths))
			return true;
	return false;
}

bool
trace_path_match(const struct trace_call *c, const char *const *paths)
{
	struct arg_type t;

	for (unsigned int i = 0; c->d && i < c->d->nargs; i++) {
		arg_type_split(c->d->args[i].type, &t);
		if (strcmp(t.base, "path") == 0 ? names_it(c, c->args[i], paths) :
		    strcmp(t.base, "fd") == 0 || strcmp(t.base, "dirfd") == 0 ? leads_there(c, (int)c->args[i], paths) :
						  strcmp(t.decode, "pollfd") == 0 && polls_it(c, paths))
			return true;
	}
	return false;
}
