/* SPDX-License-Identifier: MIT
 *
 * Overlays: copying up, whiteouts, opaque and merged directories, renames, links. Everything in a tmpfs in /dev/shm; where
 * mount(2) is not allowed the cases say ok and do nothing.
 */
#include <dirent.h>
#include <linux/fs.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "tests/guest/guest.h"

static char dir[] = "/dev/shm/guest.XXXXXX";

static void
leave(void)
{
	if (getpid() != guest_case_pid || chdir("/") != 0)
		return;
	if (chdir(dir) == 0) {
		umount2("m", MNT_DETACH);
		umount2(".", MNT_DETACH);
	}
	if (chdir("/") == 0)
		rmdir(dir);
}

static void
put(const char *path, const char *text)
{
	guest_write_file(path, text, strlen(text), 0644);
}

static const char *
get(const char *path)
{
	static char buf[4][200];
	static int i;
	char *b = buf[i++ % 4];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, b, 199);

	if (fd < 0)
		return strerror(errno);
	close(fd);
	b[n < 0 ? 0 : n] = '\0';
	return b;
}

/* The names of a directory in order, without dots: "a b c". */
static const char *
names(const char *path)
{
	static char buf[2000];
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);

	buf[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), "%s%s", buf[0] ? " " : "", list[i]->d_name);
		free(list[i]);
	}
	return n < 0 ? strerror(errno) : buf;
}

/* A lower tree and an overlay of it at "m"; the working directory is there. */
static void
enter(void)
{
	bool ok;

	CHECK(mkdtemp(dir) != NULL);
	atexit(leave);
	umask(022);
	ok = mount("none", dir, "tmpfs", 0, "mode=755") == 0 && chdir(dir) == 0 && mkdir("lower", 0755) == 0 &&
	     mkdir("upper", 0755) == 0 && mkdir("work", 0755) == 0 && mkdir("m", 0755) == 0 && chdir("lower") == 0;
	if (ok) {
		put("a", "lower a");
		put("b", "lower b");
		put("c", "lower c");
		CHECK_EQ(chmod("c", 0640) | chown("c", 12, 13), 0);
		CHECK_EQ(link("b", "b2"), 0);
		CHECK_EQ(symlink("a", "link"), 0);
		CHECK_EQ(mkdir("d", 0750) | mkdir("d/e", 0700) | mkdir("empty", 0755), 0);
		put("d/x", "lower d/x");
		put("d/e/y", "lower d/e/y");
		CHECK_EQ(chdir(".."), 0);
		ok = mount("overlay", "m", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") == 0 && chdir("m") == 0;
	}
	if (!ok) {
		printf("ok %s\n", guest_case_name);
		exit(0);
	}
}

static void
reading_leaves_the_upper_layer_empty(void)
{
	struct stat st;

	enter();
	CHECK_STR(names("."), "a b b2 c d empty link");
	CHECK_STR(get("d/e/y"), "lower d/e/y");
	CHECK_STR(get("link"), "lower a");
	CHECK_EQ(stat("c", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0640);
	CHECK_EQ(st.st_uid, 12);
	CHECK_STR(names("../upper"), "");
}

static void
writing_copies_up(void)
{
	struct stat before, after;
	int fd;

	enter();
	CHECK_EQ(stat("d/e/y", &before), 0);
	fd = open("d/e/y", O_WRONLY | O_APPEND);
	CHECK_EQ(write(fd, " and more", 9), 9);
	close(fd);
	CHECK_STR(get("d/e/y"), "lower d/e/y and more");
	CHECK_STR(get("../lower/d/e/y"), "lower d/e/y");
	CHECK_EQ(stat("d/e/y", &after), 0);
	CHECK_EQ(before.st_ino, after.st_ino);
	CHECK_EQ(stat("d/e", &after), 0);
	CHECK_EQ(after.st_mode & 07777, 0700);
	CHECK_STR(names("d"), "e x");
	CHECK_STR(names("../upper/d"), "e");
	CHECK_STR(names("../work/work"), "");
}

static void
metadata_copies_up(void)
{
	struct timespec ts[2] = { { 1000, 1 }, { 2000, 2 } };
	struct stat st;

	enter();
	CHECK_EQ(chmod("a", 0600), 0);
	CHECK_STR(get("a"), "lower a");
	CHECK_EQ(utimensat(AT_FDCWD, "b", ts, 0), 0);
	CHECK_EQ(stat("b", &st), 0);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(truncate("c", 3), 0);
	CHECK_STR(get("c"), "low");
	CHECK_EQ(stat("c", &st), 0);
	CHECK_EQ(st.st_gid, 13);
	CHECK_EQ(lchown("link", 5, 6), 0);
	CHECK_EQ(lstat("link", &st), 0);
	CHECK(S_ISLNK(st.st_mode) && st.st_uid == 5);
	CHECK_EQ(lstat("../lower/a", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0644);
}

static void
an_open_file_sees_the_copy(void)
{
	char buf[20] = "";
	int fd, w;

	enter();
	fd = open("a", O_RDONLY);
	w = open("a", O_WRONLY);
	CHECK_EQ(pwrite(w, "UPPER", 5, 0), 5);
	CHECK_EQ(read(fd, buf, 19), 7);
	CHECK_STR(buf, "UPPER a");
	CHECK_EQ(fchmod(fd, 0600), 0);
}

static void
removing_leaves_a_whiteout(void)
{
	struct stat st;

	enter();
	CHECK_EQ(unlink("a"), 0);
	CHECK_ERR(stat("a", &st), ENOENT);
	CHECK_ERR(unlink("a"), ENOENT);
	CHECK_STR(names("."), "b b2 c d empty link");
	CHECK_EQ(stat("../upper/a", &st), 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
	put("a", "again");
	CHECK_STR(get("a"), "again");
	CHECK_STR(get("../lower/a"), "lower a");
	CHECK_EQ(unlink("a"), 0);
	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_STR(names("a"), "");
	CHECK_EQ(rmdir("a"), 0);
	CHECK_ERR(stat("a", &st), ENOENT);
	CHECK_ERR(mknod("w", S_IFCHR | 0600, 0), EPERM);
}

static void
a_new_directory_hides_the_old_one(void)
{
	char v = 0;

	enter();
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_EQ(unlink("d/x"), 0);
	CHECK_EQ(unlink("d/e/y"), 0);
	CHECK_EQ(rmdir("d/e"), 0);
	CHECK_STR(names("d"), "");
	CHECK_EQ(rmdir("d"), 0);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_STR(names("d"), "");
	CHECK_EQ(getxattr("../upper/d", "trusted.overlay.opaque", &v, 1), 1);
	CHECK_EQ(v, 'y');
	put("d/x", "new");
	CHECK_STR(names("d"), "x");
}

static void
renames(void)
{
	enter();
	CHECK_EQ(rename("a", "new"), 0);
	CHECK_STR(get("new"), "lower a");
	CHECK_EQ(rename("c", "b"), 0);
	CHECK_STR(get("b"), "lower c");
	CHECK_STR(names("."), "b b2 d empty link new");
	CHECK_ERR(rename("d", "dd"), EXDEV);
	CHECK_EQ(mkdir("mine", 0755), 0);
	put("mine/f", "f");
	CHECK_EQ(rename("mine", "yours"), 0);
	CHECK_ERR(rename("yours", "d"), ENOTEMPTY);
	CHECK_EQ(rename("yours", "empty"), 0);
	CHECK_STR(names("empty"), "f");
	CHECK_EQ(renameat2(AT_FDCWD, "new", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
	CHECK_STR(get("b"), "lower a");
	CHECK_ERR(renameat2(AT_FDCWD, "b", AT_FDCWD, "zz", RENAME_WHITEOUT), EINVAL);
}

static void
links(void)
{
	struct stat st, st2;

	enter();
	CHECK_EQ(link("a", "a2"), 0);
	CHECK_EQ(stat("a", &st), 0);
	CHECK_EQ(stat("a2", &st2), 0);
	CHECK_EQ(st.st_ino, st2.st_ino);
	CHECK_EQ(st.st_nlink, 2);
	put("a2", "by the link");
	CHECK_STR(get("a"), "by the link");
	CHECK_EQ(unlink("a"), 0);
	CHECK_STR(get("a2"), "by the link");
}

static void
listing_while_removing(void)
{
	struct dirent *de;
	int removed = 0;
	DIR *d;

	enter();
	for (int i = 0; i < 300; i++) {
		char name[20];

		snprintf(name, sizeof(name), "d/n%03d", i);
		put(name, "");
	}
	d = opendir("d");
	while ((de = readdir(d))) {
		char name[300];

		snprintf(name, sizeof(name), "d/%s", de->d_name);
		if (de->d_name[0] == 'n' && unlink(name) == 0)
			removed++;
	}
	CHECK_EQ(removed, 300);
	CHECK_STR(names("d"), "e x");
	rewinddir(d);
	removed = 0;
	while (readdir(d))
		removed++;
	CHECK_EQ(removed, 4);
}

static void
attributes(void)
{
	char buf[100];

	enter();
	CHECK_EQ(setxattr("a", "trusted.mine", "1", 1, 0), 0);
	CHECK_EQ(getxattr("a", "trusted.mine", buf, 100), 1);
	CHECK_ERR(getxattr("../lower/a", "trusted.mine", buf, 100), ENODATA);
	CHECK_EQ(listxattr("a", buf, 100), 13);
	CHECK_STR(buf, "trusted.mine");
	CHECK_STR(get("a"), "lower a");
	CHECK_EQ(removexattr("a", "trusted.mine"), 0);
	CHECK_EQ(listxattr("a", buf, 100), 0);
}

static void
mapping_and_unnamed_files(void)
{
	char path[40], *p;
	int fd;

	enter();
	fd = open("a", O_RDWR);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	memcpy(p, "MAPPED", 6);
	CHECK_STR(get("a"), "MAPPEDa");
	fd = open("d", O_TMPFILE | O_RDWR, 0600);
	if (fd < 0)
		return; /* overlays before Linux 6.1 */
	CHECK_EQ(write(fd, "unnamed", 7), 7);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(linkat(AT_FDCWD, path, AT_FDCWD, "d/named", AT_SYMLINK_FOLLOW), 0);
	CHECK_STR(get("d/named"), "unnamed");
}

static void
three_layers_and_read_only(void)
{
	enter();
	CHECK_EQ(chdir(".."), 0);
	CHECK_EQ(umount("m"), 0);
	CHECK_EQ(mkdir("top", 0755) | mkdir("top/d", 0755), 0);
	put("top/a", "top a");
	put("top/d/z", "top z");
	CHECK_EQ(mount("overlay", "m", "overlay", 0, "lowerdir=top:lower"), 0);
	CHECK_STR(get("m/a"), "top a");
	CHECK_STR(names("m/d"), "e x z");
	CHECK_ERR(open("m/new", O_CREAT | O_WRONLY, 0644), EROFS);
	CHECK_ERR(unlink("m/a"), EROFS);
	CHECK_ERR(chmod("m/b", 0600), EROFS);
	CHECK_EQ(umount("m"), 0);
	CHECK_ERR(mount("overlay", "m", "overlay", 0, "lowerdir=nowhere,upperdir=upper,workdir=work"), ENOENT);
	CHECK_ERR(mount("overlay", "m", "overlay", 0, "upperdir=upper,workdir=work"), EINVAL);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(reading_leaves_the_upper_layer_empty), T(writing_copies_up), T(metadata_copies_up), T(an_open_file_sees_the_copy),
		T(removing_leaves_a_whiteout), T(a_new_directory_hides_the_old_one), T(renames), T(links), T(listing_while_removing),
		T(attributes), T(mapping_and_unnamed_files), T(three_layers_and_read_only),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
