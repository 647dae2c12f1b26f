/* SPDX-License-Identifier: MIT
 *
 * What a file or a whole tree looks like, as text that is the same on every file system.
 */
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "random.h"
#include "rules.h"

#define SET_BELOW 1000000
#define HEAD (200 << 10)
#define MAX_NAMES 400

static void
say_time(struct op *o, const char *what, const struct timespec *ts)
{
	if (ts->tv_sec < SET_BELOW)
		say(o, " %s=%lld.%09ld", what, (long long)ts->tv_sec, ts->tv_nsec);
}

void
say_stat(struct op *o, const struct stat *st)
{
	bool dir = S_ISDIR(st->st_mode);

	say(o, " %06o %u:%u", st->st_mode, st->st_uid, st->st_gid);
	if (!(dir && rule(RULE_DIR_NLINK)))
		say(o, " nlink=%lu", (unsigned long)st->st_nlink);
	if (!(dir && rule(RULE_DIR_SIZE)))
		say(o, " size=%lld", (long long)st->st_size);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		say(o, " dev=%u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (!(dir && rule(RULE_DIR_TIMES)) && !(o->maps && S_ISREG(st->st_mode) && rule(RULE_MAPPED_TIMES)) && !(S_ISFIFO(st->st_mode) && lacks("fifo-times")))
		say_time(o, "m", &st->st_mtim);
	if (!rule(RULE_ATIME))
		say_time(o, "a", &st->st_atim);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a directory in order; NULL at the end. */
static char **
sorted_names(DIR *d)
{
	char **names = calloc(MAX_NAMES + 1, sizeof(*names));
	struct dirent *de;
	size_t n = 0;

	while (n < MAX_NAMES && (de = readdir(d)))
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
			names[n++] = strdup(de->d_name);
	qsort(names, n, sizeof(*names), compare_names);
	return names;
}

static void
free_names(char **names)
{
	for (char **n = names; *n; n++)
		free(*n);
	free(names);
}

static void
say_content(struct proc *p, struct op *o, int fd, off_t size)
{
	ssize_t n = pread(fd, p->buf, HEAD < BUF_SIZE ? HEAD : BUF_SIZE, 0), m = 0;

	if (size > n && n >= 0)
		m = pread(fd, p->buf2, 8192, size > 8192 ? size - 8192 : 0);
	if (n < 0 || m < 0)
		say(o, " read:%s", strerrorname_np(errno));
	else
		say(o, " %08x", hash(p->buf, (size_t)n) ^ hash(p->buf2, (size_t)m));
	if (size > (4 << 20)) { /* sparse: what lies in between, where the operations write */
		n = pread(fd, p->buf, BUF_SIZE, 0x1ff000);
		say(o, " %08x", n < 0 ? 0 : hash(p->buf, (size_t)n));
	}
}

static void
say_xattrs(struct op *o, int fd)
{
	char list[4096], value[4096], *names[256];
	ssize_t n = flistxattr(fd, list, sizeof(list));
	size_t count = 0;

	if (n < 0) {
		say(o, " xattr:%s", strerrorname_np(errno));
		return;
	}
	for (char *s = list; s < list + n && count < ARRAY_SIZE(names); s += strlen(s) + 1)
		if (!strncmp(s, "user.", 5) || !strncmp(s, "trusted.t", 9))
			names[count++] = s;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		ssize_t len = fgetxattr(fd, names[i], value, sizeof(value));

		say(o, " %s=%zd:%08x", names[i], len, len < 0 ? 0 : hash(value, (size_t)len));
	}
}

static void digest_dir(struct proc *p, struct op *o, int fd, const char *path, int depth);

static void
digest_one(struct proc *p, struct op *o, int dirfd, const char *name, const char *path, int depth)
{
	char link[4100];
	struct stat st;
	int fd = -1;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		say(o, "  %s: %s\n", path, strerrorname_np(errno));
		return;
	}
	say(o, "  %s", path);
	say_stat(o, &st);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(dirfd, name, link, sizeof(link));

		say(o, " -> %.*s", n < 0 ? 0 : (int)n, link);
	}
	if (fd >= 0 && S_ISREG(st.st_mode))
		say_content(p, o, fd, st.st_size);
	if (fd >= 0)
		say_xattrs(o, fd);
	else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		say(o, " %s", strerrorname_np(errno));
	say(o, "\n");
	if (fd >= 0 && S_ISDIR(st.st_mode) && depth < 20)
		digest_dir(p, o, fd, path, depth + 1);
	if (fd >= 0)
		close(fd);
}

static void
digest_dir(struct proc *p, struct op *o, int fd, const char *path, int depth)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_NOATIME);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	char **names;

	if (!d) {
		say(o, "  %s: %s\n", path, strerrorname_np(errno));
		return;
	}
	names = sorted_names(d);
	closedir(d);
	for (char **n = names; *n; n++) {
		char *sub = malloc(strlen(path) + strlen(*n) + 2);

		sprintf(sub, "%s/%s", path, *n);
		digest_one(p, o, fd, *n, sub, depth);
		free(sub);
	}
	free_names(names);
}

void
digest_tree(struct proc *p, struct op *o)
{
	say(o, " tree:\n");
	digest_one(p, o, p->shared->root, ".", ".", 0);
}

/* The names that getdents gives from the position where the descriptor is, in order. */
void
say_listing(struct op *o, int fd)
{
	int copy = dup(fd);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	char **names;

	if (!d) {
		say(o, " %s", strerrorname_np(errno));
		close(copy);
		return;
	}
	names = sorted_names(d);
	closedir(d);
	for (char **n = names; *n; n++)
		say(o, " %.8s", *n);
	free_names(names);
}
