/* SPDX-License-Identifier: MIT
 *
 * The place that a compared program is put into, made by the same calls on both sides.
 */
#include "src/diff/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/diff/record.h"
#include "src/options.h"

#define WORDS_EACH 4 /* of one option */

const char *
setup_wanted(const struct run_options *o)
{
	if (strcmp(o->root, "/") != 0)
		return "--root";
	if (o->nmounts)
		return o->mounts[0].kind == RUN_MOUNT_BIND ? "--bind" : "--tmpfs";
	return o->read_only ? "--read-only" : o->have_uid ? "--uid" : o->hostname ? "--hostname" : NULL;
}

static char *
copy(const char *text)
{
	char *s = strdup(text);

	if (!s)
		abort();
	return s;
}

static char *
printed(const char *format, unsigned long a, unsigned long b)
{
	char text[64];

	snprintf(text, sizeof(text), format, a, b);
	return copy(text);
}

static char *
absolute(const char *option, const char *path, bool directory)
{
	char *full = realpath(path, NULL);
	struct stat st;

	if (full && stat(full, &st) == 0 && (!directory || S_ISDIR(st.st_mode)))
		return full;
	if (full)
		fprintf(stderr, "stead diff: %s=%s: name a directory; an archive has to be unpacked first\n", option, path);
	else
		fprintf(stderr, "stead diff: %s=%s: %s: name something that exists on the host\n", option, path,
			strerror(errno));
	return NULL;
}

static int
mount_words(const struct run_mount *m, char **v, size_t *n)
{
	char *src;

	if (m->kind == RUN_MOUNT_TMPFS) {
		v[(*n)++] = copy("tmpfs");
		v[(*n)++] = copy(m->dst);
		v[(*n)++] = printed(m->size ? "size=%lu" : "", m->size, 0);
		return 0;
	}
	src = absolute("--bind", m->src, false);
	if (!src)
		return -1;
	v[(*n)++] = copy(m->read_only ? "bind-ro" : "bind");
	v[(*n)++] = copy(m->dst);
	v[(*n)++] = src;
	return 0;
}

int
setup_words(const struct run_options *o, char ***words)
{
	char **v = must_alloc((o->nmounts + 6) * WORDS_EACH * sizeof(*v)), *root, here[PATH_MAX];
	size_t n = 0;

	if (strcmp(o->root, "/") != 0) {
		root = absolute("--root", o->root, true);
		if (!root)
			return -1;
		v[n++] = copy("root");
		v[n++] = root;
	}
	for (size_t i = 0; i < o->nmounts; i++)
		if (mount_words(&o->mounts[i], v, &n) < 0)
			return -1;
	if (o->read_only)
		v[n++] = copy("read-only"); /* after the mount points were made */
	if (o->hostname) {
		v[n++] = copy("hostname");
		v[n++] = copy(o->hostname);
	}
	if (o->have_uid) {
		v[n++] = copy("user");
		v[n++] = printed("%lu:%lu", o->uid, o->gid);
	}
	if (setup_wanted(o)) {
		v[n++] = copy("cwd");
		v[n++] = o->cwd							   ? copy(o->cwd)
			 : strcmp(o->root, "/") == 0 && getcwd(here, sizeof(here)) ? copy(here)
										   : copy("/");
	}
	v[n++] = copy(".");
	*words = v;
	return 0;
}

static int
failed(const char *what)
{
	fprintf(stderr, "stead diff: %s: %s\n", what, strerror(errno));
	return -1;
}

/* A mount point, with the directories above it, if it is not there. */
static int
make_point(const char *path, bool directory)
{
	char part[PATH_MAX];
	struct stat st;
	int fd;

	if (stat(path, &st) == 0)
		return 0;
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return failed(part);
	}
	if (directory)
		return mkdir(path, 0755) < 0 && errno != EEXIST ? failed(path) : 0;
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return failed(path);
	close(fd);
	return 0;
}

/* /proc, /sys and /dev are those of the root that was. */
static int
enter_root(const char *root)
{
	static const char *const shared[] = { "/proc", "/sys", "/dev" };
	char path[PATH_MAX];

	if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(root) < 0)
		return failed(root);
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, shared[i]);
		if (make_point(path, true) < 0)
			return -1;
		if (mount(shared[i], path, NULL, MS_BIND | MS_REC, NULL) < 0)
			return failed(path);
	}
	return chroot(".") < 0 ? failed(root) : 0;
}

/* @source: of the old root, open. It is reached through /proc. */
static int
bind_on(int source, const char *point, bool read_only)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", source);
	if (fstat(source, &st) < 0 || make_point(point, S_ISDIR(st.st_mode)) < 0)
		return -1;
	if (mount(path, point, NULL, MS_BIND, NULL) < 0 ||
	    (read_only && mount(NULL, point, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0))
		return failed(point);
	return 0;
}

/* Words of one option, its name included. */
static size_t
length(const char *word)
{
	if (strcmp(word, "read-only") == 0)
		return 1;
	return strcmp(word, "tmpfs") == 0 || strncmp(word, "bind", 4) == 0 ? 3 : 2;
}

static int
apply(char **argv, int source, struct setup_user *user)
{
	const char *word = argv[0], *value = argv[1];

	if (strcmp(word, "read-only") == 0)
		return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0 ? failed("--read-only") : 0;
	if (strcmp(word, "root") == 0)
		return enter_root(value);
	if (strcmp(word, "hostname") == 0)
		return sethostname(value, strlen(value)) < 0 ? failed("--hostname") : 0;
	if (strcmp(word, "cwd") == 0)
		return chdir(value) < 0 ? failed(value) : 0;
	if (strcmp(word, "user") == 0) {
		user->set = sscanf(value, "%u:%u", &user->uid, &user->gid) == 2;
		return 0;
	}
	if (strcmp(word, "tmpfs") != 0)
		return bind_on(source, value, strcmp(word, "bind-ro") == 0);
	if (make_point(value, true) < 0)
		return -1;
	return mount("tmpfs", value, "tmpfs", 0, *argv[2] ? argv[2] : NULL) < 0 ? failed(value) : 0;
}

char **
setup_apply(char **argv, struct setup_user *user)
{
	int *sources;
	char **end;

	for (end = argv; strcmp(*end, ".") != 0; end += length(*end))
		;
	sources = must_alloc((size_t)(end - argv + 1) * sizeof(*sources));
	for (char **v = argv; v < end; v += length(*v)) { /* names of the old root, so they are opened first */
		if (strncmp(*v, "bind", 4) != 0)
			continue;
		sources[v - argv] = open(v[2], O_PATH | O_CLOEXEC);
		if (sources[v - argv] < 0) {
			failed(v[2]);
			goto out;
		}
	}
	for (char **v = argv; v < end; v += length(*v)) {
		if (apply(v, sources[v - argv], user) < 0)
			goto out;
	}
	free(sources);
	return end + 1;
out:
	free(sources);
	return NULL;
}

int
setup_become(const struct setup_user *user)
{
	if (!user->set)
		return 0;
	return setgroups(0, NULL) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
			       setresuid(user->uid, user->uid, user->uid) < 0
		       ? -1
		       : 0;
}
