/* SPDX-License-Identifier: MIT
 *
 * The mount tree: binding, moving, taking apart, changing the root, and what names look like then.
 */
#include "tests/unit/vfs-env.h"

#include <linux/mount.h>

#include "vfs/namei-ops.h"
#include "vfs/namespace.h"

#define DETACH 2

static void
make_dir(struct task *t, const char *name)
{
	struct filename *f = getname_kernel(t, name);

	cr_assert_eq(do_mkdirat(t, AT_FDCWD, f, 0755), 0, "%s", name);
	putname(f);
}

static int
mount_on(struct task *t, const char *source, const char *target, const char *type, uint64_t flags)
{
	struct path path;
	int err = kern_path(t, target, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = path_mount(t, source, &path, type, flags, NULL);
	path_put(t, &path);
	return err;
}

static int
umount_of(struct task *t, const char *target, int flags)
{
	struct path path;
	int err = kern_path(t, target, LOOKUP_FOLLOW, &path);

	return err ? err : path_umount(t, &path, flags);
}

static bool
exists(struct task *t, const char *name)
{
	struct path path;

	if (kern_path(t, name, LOOKUP_FOLLOW, &path))
		return false;
	path_put(t, &path);
	return true;
}

static int
change_dir(struct task *t, const char *name)
{
	struct path path;
	int err = kern_path(t, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	set_fs_pwd(t, &path);
	path_put(t, &path);
	return 0;
}

static struct task *
mount_env(void)
{
	struct task *t = vfs_env();

	register_filesystem(t->k, &toy_fs);
	make_dir(t, "/a");
	make_dir(t, "/a/sub");
	make_dir(t, "/b");
	fput(t, vfs_test_open(t, "/a/file", O_CREAT | O_RDWR));
	return t;
}

Test(mount, mount_and_umount)
{
	struct task *t = mount_env();
	uint32_t dentries = t->k->vfs->nr_dentry;
	struct file *f;

	cr_expect_eq(mount_on(t, "x", "/a", "none", 0), -ENODEV);
	cr_expect_eq(mount_on(t, "x", "/a/file", "toy", 0), -ENOTDIR);
	cr_expect_eq(mount_on(t, "x", "/a", "toy", 0), 0);
	cr_expect(!exists(t, "/a/file"));
	f = vfs_test_open(t, "/a/new", O_CREAT | O_RDWR);
	cr_expect_eq(umount_of(t, "/a", 0), -EBUSY);
	fput(t, f);
	cr_expect_eq(umount_of(t, "/a/new", 0), -EINVAL);
	cr_expect_eq(umount_of(t, "/a", 0), 0);
	cr_expect(exists(t, "/a/file"));
	cr_expect_eq(umount_of(t, "/a", 0), -EINVAL);
	cr_expect_leq(t->k->vfs->nr_dentry, dentries + 1, "only the name that was not found stays");
	cr_expect_eq(t->k->vfs->ns.nr_mounts, 1);
}

Test(mount, binds_share_their_files)
{
	struct task *t = mount_env();

	cr_expect_eq(mount_on(t, "/a", "/b", NULL, MS_BIND), 0);
	cr_expect(exists(t, "/b/file"));
	fput(t, vfs_test_open(t, "/b/sub/x", O_CREAT | O_RDWR));
	cr_expect(exists(t, "/a/sub/x"));
	cr_expect_eq(mount_on(t, "x", "/a/sub", "toy", 0), 0);
	cr_expect(!exists(t, "/a/sub/x"));
	cr_expect(exists(t, "/b/sub/x"), "what is mounted later is not in the other mount");
	make_dir(t, "/c");
	make_dir(t, "/d");
	cr_expect_eq(mount_on(t, "/a", "/c", NULL, MS_BIND | MS_REC), 0);
	cr_expect(!exists(t, "/c/sub/x"));
	cr_expect_eq(mount_on(t, "/a", "/d", NULL, MS_BIND), 0);
	cr_expect(exists(t, "/d/sub/x"));
	cr_expect_eq(umount_of(t, "/c", 0), -EBUSY);
	cr_expect_eq(umount_of(t, "/c", DETACH), 0);
	cr_expect_eq(umount_of(t, "/d", 0), 0);
	cr_expect_eq(umount_of(t, "/a/sub", 0), 0);
	cr_expect_eq(umount_of(t, "/b", 0), 0);
	cr_expect_eq(t->k->vfs->ns.nr_mounts, 1);
}

Test(mount, dotdot_crosses_and_stops)
{
	struct task *t = mount_env();
	struct path root;

	cr_expect_eq(mount_on(t, "/a/sub", "/b", NULL, MS_BIND), 0);
	cr_expect_eq(change_dir(t, "/b"), 0);
	cr_expect(exists(t, "../a/file"), "above a mount is the directory that holds its mount point");
	cr_expect(!exists(t, "../file"));
	cr_expect_eq(kern_path(t, "/a", LOOKUP_FOLLOW, &root), 0);
	set_fs_root(t, &root);
	path_put(t, &root);
	cr_expect(exists(t, "/../../file"));
	cr_expect(!exists(t, "/a"));
}

Test(mount, moving)
{
	struct task *t = mount_env();

	cr_expect_eq(mount_on(t, "x", "/a/sub", "toy", 0), 0);
	make_dir(t, "/a/sub/in");
	cr_expect_eq(mount_on(t, "/a", "/b", NULL, MS_MOVE), -EINVAL, "not a mount");
	cr_expect_eq(mount_on(t, "/a/sub", "/a/sub/in", NULL, MS_MOVE), -ELOOP);
	cr_expect_eq(mount_on(t, "/a/sub", "/b", NULL, MS_MOVE), 0);
	cr_expect(exists(t, "/b/in"));
	cr_expect(!exists(t, "/a/sub/in"));
	cr_expect_eq(umount_of(t, "/b", 0), 0);
}

Test(mount, read_only)
{
	struct task *t = mount_env();
	struct file *f;

	cr_expect_eq(mount_on(t, "/a", "/b", NULL, MS_BIND), 0);
	f = vfs_test_open(t, "/b/file", O_RDWR);
	cr_expect_eq(mount_on(t, NULL, "/b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY), -EBUSY);
	fput(t, f);
	cr_expect_eq(mount_on(t, NULL, "/b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY), 0);
	cr_expect_eq(PTR_ERR(filp_open(t, "/b/file", O_RDWR, 0)), -EROFS);
	cr_expect_eq(PTR_ERR(filp_open(t, "/b/none", O_CREAT | O_RDWR, 0600)), -EROFS);
	fput(t, vfs_test_open(t, "/b/file", O_RDONLY));
	fput(t, vfs_test_open(t, "/a/file", O_RDWR));
	cr_expect_eq(mount_on(t, NULL, "/b/sub", NULL, MS_REMOUNT | MS_BIND), -EINVAL, "not the root of a mount");
}

Test(mount, lazy_umount_and_unreachable_names)
{
	struct task *t = mount_env();
	char buf[4096], *p;

	cr_expect_eq(mount_on(t, "x", "/a", "toy", 0), 0);
	make_dir(t, "/a/deep");
	cr_expect_eq(change_dir(t, "/a/deep"), 0);
	p = d_getcwd(t, buf, sizeof(buf));
	cr_expect_str_eq(p, "/a/deep");
	cr_expect_eq(umount_of(t, "/a", DETACH), 0);
	cr_expect(exists(t, "/a/file"));
	p = d_getcwd(t, buf, sizeof(buf));
	cr_expect_str_eq(p, "(unreachable)/deep");
	cr_expect_eq(change_dir(t, "/a/sub"), 0);
	p = d_getcwd(t, buf, sizeof(buf));
	cr_expect_str_eq(p, "/a/sub");
	cr_expect_eq(PTR_ERR(d_getcwd(t, buf, 4)), -ENAMETOOLONG);
}

Test(mount, pivot)
{
	struct task *t = mount_env(), *other = vfs_task(t->k);
	struct path new, old;
	char buf[4096];

	INIT_LIST_HEAD(&t->k->tasks);
	mutex_init(&t->k->tasklist_lock, RANK_TASKLIST);
	cr_expect_eq(mount_on(t, "x", "/a", "toy", 0), 0);
	make_dir(t, "/a/old");
	cr_assert_eq(kern_path(t, "/a", LOOKUP_FOLLOW, &new), 0);
	cr_assert_eq(kern_path(t, "/b", LOOKUP_FOLLOW, &old), 0);
	cr_expect_eq(path_pivot_root(t, &new, &old), -EBUSY, "the old root cannot go below itself");
	path_put(t, &old);
	cr_assert_eq(kern_path(t, "/a/old", LOOKUP_FOLLOW, &old), 0);
	cr_expect_eq(path_pivot_root(t, &new, &old), 0);
	path_put(t, &old);
	set_fs_root(t, &new);
	set_fs_pwd(t, &new);
	path_put(t, &new);
	cr_expect(exists(t, "/old/a/file"));
	cr_expect(!exists(t, "/a"));
	cr_expect_eq(change_dir(t, "/old/b"), 0);
	cr_expect_str_eq(d_getcwd(t, buf, sizeof(buf)), "/old/b");
	cr_expect_eq(change_dir(t, "/"), 0);
	put_fs_struct(other->fs);
	cr_expect_eq(umount_of(t, "/old", DETACH), 0);
	cr_expect(!exists(t, "/old/a"));
}

Test(mount, deep_trees)
{
	struct task *t = mount_env();

	cr_expect_eq(change_dir(t, "/a/sub"), 0);
	for (int i = 0; i < 5000; i++) {
		cr_assert_eq(mount_on(t, "x", ".", "toy", 0), 0);
		cr_assert_eq(change_dir(t, "/a/sub"), 0);
	}
	cr_expect_eq(change_dir(t, "/"), 0);
	cr_expect_eq(mount_on(t, "/a", "/b", NULL, MS_BIND | MS_REC), 0);
	cr_expect_eq(t->k->vfs->ns.nr_mounts, 10002);
	cr_expect_eq(umount_of(t, "/b", DETACH), 0);
	for (int i = 0; i < 5000; i++)
		cr_assert_eq(umount_of(t, "/a/sub", 0), 0);
	cr_expect_eq(t->k->vfs->ns.nr_mounts, 1);
}
