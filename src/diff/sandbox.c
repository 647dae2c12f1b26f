/* SPDX-License-Identifier: MIT
 *
 * The native side's private view of the host's files. Every mount below / is repeated in the new root: /proc, /sys and /dev
 * as they are, directories under an overlay of their own, and what cannot be a lower layer (a file, another overlay)
 * read-only.
 */
#include "src/diff/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/diff/record.h"

extern char **environ;

static int
failed(const char *what)
{
	fprintf(stderr, "stead diff: %s: %s\n", what, strerror(errno));
	return -1;
}

bool
sandbox_possible(void)
{
	pid_t pid;
	int status;

	if (geteuid() != 0)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) == 0 ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The names in mountinfo have blanks and backslashes as octal. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static int
overlay_on(const char *lower, const char *target, const char *work, unsigned int i)
{
	char options[3 * PATH_MAX], up[PATH_MAX], wk[PATH_MAX];
	struct timespec times[2];
	struct stat st;

	snprintf(up, sizeof(up), "%s/up%u", work, i);
	snprintf(wk, sizeof(wk), "%s/wk%u", work, i);
	if (strpbrk(lower, ":,\\") || mkdir(up, 0755) < 0 || mkdir(wk, 0755) < 0 || stat(lower, &st) < 0)
		return -1;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (chown(up, st.st_uid, st.st_gid) < 0 || chmod(up, st.st_mode & 07777) < 0 ||
	    utimensat(AT_FDCWD, up, times, 0) < 0)
		return -1;
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", lower, up, wk);
	return mount("stead-diff", target, "overlay", 0, options);
}

/* One mount of the host, repeated below the new root. */
static void
repeat_mount(const char *point, const char *root, const char *work, unsigned int i)
{
	char target[PATH_MAX];
	struct stat st;

	snprintf(target, sizeof(target), "%s%s", root, point);
	if (strcmp(point, "/proc") == 0 || strcmp(point, "/sys") == 0 || strcmp(point, "/dev") == 0) {
		if (mount(point, target, NULL, MS_BIND | MS_REC, NULL) < 0)
			failed(point);
		return;
	}
	if (stat(point, &st) < 0 || access(target, F_OK) < 0)
		return;
	if (S_ISDIR(st.st_mode) && overlay_on(point, target, work, i) == 0)
		return;
	if (mount(point, target, NULL, MS_BIND, NULL) == 0)
		mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

static int
repeat_mounts(const char *root, const char *work)
{
	char *line = NULL, *point, *save;
	size_t cap = 0;
	unsigned int i = 1;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	if (!f)
		return failed("/proc/self/mountinfo");
	while (getline(&line, &cap, f) > 0) {
		point = strtok_r(line, " ", &save);
		for (unsigned int word = 0; point && word < 4; word++)
			point = strtok_r(NULL, " ", &save);
		if (!point)
			continue;
		unescape(point);
		if (strcmp(point, "/") == 0 || is_below(point, work) || (strncmp(point, "/proc/", 6) == 0) ||
		    strncmp(point, "/sys/", 5) == 0 || strncmp(point, "/dev/", 5) == 0)
			continue;
		repeat_mount(point, root, work, i++);
	}
	free(line);
	fclose(f);
	return 0;
}

int
sandbox_enter(const char *work)
{
	char root[PATH_MAX], here[PATH_MAX];
	bool have_here = getcwd(here, sizeof(here)) != NULL;

	snprintf(root, sizeof(root), "%s/root", work);
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed("a mount namespace");
	if (mount("stead-diff", work, "tmpfs", 0, "mode=0755") < 0 || mkdir(root, 0755) < 0)
		return failed(work);
	if (overlay_on("/", root, work, 0) < 0)
		return failed("an overlay over /");
	if (repeat_mounts(root, work) < 0)
		return -1;
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return failed("the new root");
	if (chdir(have_here ? here : "/") < 0)
		return failed(here);
	return 0;
}

static int
run_command(const char *const argv[])
{
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status == 0 ? 0 : -1;
}

void
tree_remove(const char *path)
{
	const char *const argv[] = { "rm", "-rf", "--one-file-system", "--", path, NULL };

	if (run_command(argv) < 0)
		fprintf(stderr, "stead diff: %s is left behind\n", path);
}

int
tree_copy(const char *from, const char *to)
{
	const char *const argv[] = { "cp", "-a", "-T", "--reflink=auto", "--", from, to, NULL };

	tree_remove(to);
	return run_command(argv);
}
