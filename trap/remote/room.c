/* SPDX-License-Identifier: MIT
 *
 * How far a host process is from the limit of its mappings (vm.max_map_count).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "trap/remote/ptrace.h"

#define LIMIT_IF_UNKNOWN 65530
#define LOOK_AGAIN	 10000
#define MAPS_A_CALL	 2

static int
host_limit(void)
{
	static int limit;
	FILE *f;

	if (limit)
		return limit;
	f = fopen("/proc/sys/vm/max_map_count", "re");
	if (!f || fscanf(f, "%d", &limit) != 1 || limit <= 0)
		limit = LIMIT_IF_UNKNOWN;
	if (f)
		fclose(f);
	return limit;
}

/* -1: not to be seen. */
static int
count_maps(pid_t pid)
{
	char path[32], buf[4096];
	int fd, lines = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (const char *p = buf; (p = memchr(p, '\n', (size_t)(buf + n - p))) != NULL; p++)
			lines++;
	close(fd);
	return lines;
}

int
count_room(pid_t pid)
{
	int maps = count_maps(pid), room = (host_limit() / 2 - maps) / MAPS_A_CALL;

	return maps >= 0 && room > 0 ? room : -LOOK_AGAIN;
}
