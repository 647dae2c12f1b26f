/* SPDX-License-Identifier: MIT
 *
 * Where execvp(3) looks for a program.
 */
#include "src/program-path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 256

const char **
program_candidates(const char *name, char *const envp[])
{
	const char **list = calloc(CANDIDATES_MAX + 1, sizeof(*list)), *path = "/usr/local/bin:/usr/bin:/bin";
	size_t n = 0;

	if (!list)
		abort();
	if (strchr(name, '/') || !*name) {
		list[0] = name;
		return list;
	}
	for (; *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			path = *envp + 5;
	while (n < CANDIDATES_MAX) {
		size_t len = strcspn(path, ":");
		char *full;

		if (asprintf(&full, "%.*s%s%s", (int)len, path, len ? "/" : "./", name) < 0)
			break;
		list[n++] = full;
		if (!path[len])
			break;
		path += len + 1;
	}
	return list;
}
