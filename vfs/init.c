/* SPDX-License-Identifier: MIT
 *
 * What the first program finds: a root, /proc, /dev, /sys, and what the options of `stead run` mount.
 *
 * The root is a directory of the host, or a tmpfs filled from an archive, under an overlay. Its upper layer is a tmpfs that goes with
 * the instance, or a directory of the host that is kept. An archive that is not to be kept needs no overlay.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include <asm/unistd.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "trap/host.h"
#include "vfs/dev/dev.h"
#include "vfs/fdtable.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"
#include "vfs/sys/sys.h"
#include "vfs/tmpfs/tmpfs.h"

/* Make @dst (absolute) and what is missing above it, as directories; the last one as an empty file if @file. */
static int
make_mountpoint(struct task *t, const char *dst, bool file)
{
	char *path = kstrndup(t->k, dst, strlen(dst));
	int err = path ? 0 : -ENOMEM;

	for (char *p = path; !err && p && *p;) {
		struct path parent;
		struct dentry *d;
		char *name, *end;
		const char *above;

		while (*p == '/')
			p++;
		name = p;
		while (*p && *p != '/')
			p++;
		end = p;
		while (*p == '/')
			p++;
		if (end == name || (end - name <= 2 && name[0] == '.' && (end - name == 1 || name[1] == '.')))
			continue;
		if (name > path + 1)
			name[-1] = 0;
		above = name > path + 1 ? path : "/";
		err = kern_path(t, above, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &parent);
		if (name > path + 1)
			name[-1] = '/';
		if (err)
			break;
		mutex_lock(&d_inode(parent.dentry)->i_rwsem);
		d = lookup_one(t, &QSTR_LEN(name, (uint32_t)(end - name)), parent.dentry);
		if (IS_ERR(d))
			err = (int)PTR_ERR(d);
		else if (d_is_negative(d))
			err = file && !*p ? vfs_create(t, d_inode(parent.dentry), d, 0644 | S_IFREG, true) :
					    vfs_mkdir(t, d_inode(parent.dentry), d, 0755);
		if (!IS_ERR(d))
			dput(d);
		mutex_unlock(&d_inode(parent.dentry)->i_rwsem);
		path_put(t, &parent);
	}
	kfree(t->k, path);
	return err;
}

static bool
is_mount_point_there(struct task *t, const char *dst)
{
	struct path path;

	if (kern_path(t, dst, LOOKUP_FOLLOW, &path) != 0)
		return false;
	path_put(t, &path);
	return true;
}

static int
mount_at(struct task *t, const struct file_system_type *type, struct fs_context *fc, const char *dst, uint32_t flags)
{
	fc->k = t->k;
	fc->t = t;
	if (!is_mount_point_there(t, dst)) {
		struct statx stx;
		bool file = type == &hostfs_fs_type && hostfs_statx(fc->host_root, "", &stx) == 0 && !S_ISDIR(stx.stx_mode);
		int err = make_mountpoint(t, dst, file);

		if (err)
			return err;
	}
	return do_mount_kernel(t, type, fc, dst, flags);
}

/* An empty tmpfs, and what the caller puts into it. It is the task's root meanwhile. */
static int
make_new_root(struct task *t, const struct mount_request *req, struct mount **out)
{
	struct fs_context fc = { .k = t->k, .t = t, .source = "tmpfs", .options = "mode=0755,size=100%,nr_inodes=0",
				 .host_root = HFD_NONE };
	int err = overlay_layer_mount(t, &tmpfs_fs_type, &fc, out);

	if (err)
		return err;
	set_fs_root(t, &(struct path){ *out, (*out)->mnt_root });
	set_fs_pwd(t, &(struct path){ *out, (*out)->mnt_root });
	err = req->fill(t, req->fill_arg);
	if (err)
		mntput(*out);
	return err;
}

/* What is there already becomes the root as it is. */
static int
same_tree(struct fs_context *fc, struct super_block **out)
{
	*out = fc->lower.mnt->mnt_sb;
	refcount_inc(&(*out)->s_active);
	return 0;
}

static int
mount_as_root(struct task *t, struct mount *m)
{
	static const struct file_system_type type = { .name = "tmpfs", .nodev = true, .get_tree = same_tree };
	struct fs_context fc = { .k = t->k, .t = t, .source = "tmpfs", .lower.mnt = m, .host_root = HFD_NONE };
	int err = do_mount_kernel(t, &type, &fc, "/", MNT_RELATIME);

	mntput(m);
	return err;
}

static int
mount_root(struct task *t, const struct mount_request *req)
{
	struct fs_context fc = { .k = t->k, .t = t, .source = "hostfs", .host_root = req->host_root, .options = "layer" };
	struct fs_context up = { .k = t->k, .t = t, .source = "upper", .host_root = req->upper, .options = "upper" };
	struct fs_context mem = { .k = t->k, .t = t, .source = "upper", .options = "mode=0755,size=100%,nr_inodes=0",
				  .host_root = HFD_NONE };
	struct mount *lower;
	int err = req->kind == MOUNT_ROOT_NEW ? make_new_root(t, req, &lower) : overlay_layer_mount(t, &hostfs_fs_type, &fc, &lower);

	if (err)
		return err;
	if (req->upper.fd >= 0)
		return overlay_mount_root(t, lower, &hostfs_fs_type, &up, req->userxattr);
	if (req->kind == MOUNT_ROOT_NEW)
		return mount_as_root(t, lower);
	return overlay_mount_root(t, lower, &tmpfs_fs_type, &mem, false);
}

static int
mount_proc(struct task *t)
{
	const struct file_system_type *type = get_fs_type(t->k, "proc");
	struct fs_context fc = { .source = "proc", .host_root = HFD_NONE };

	if (!type)
		return 0;
	return mount_at(t, type, &fc, "/proc", MNT_NOSUID | MNT_NODEV | MNT_NOEXEC | MNT_RELATIME);
}

static int
mount_dev(struct task *t)
{
	struct fs_context dev = { .source = "tmpfs", .options = "mode=0755,size=64m", .host_root = HFD_NONE };
	struct fs_context shm = { .source = "shm", .options = "mode=1777", .host_root = HFD_NONE };
	int err = mount_at(t, &tmpfs_fs_type, &dev, "/dev", MNT_NOSUID);

	if (!err)
		err = dev_populate(t->k, t, "/dev");
	if (!err)
		err = mount_at(t, &tmpfs_fs_type, &shm, "/dev/shm", MNT_NOSUID | MNT_NODEV);
	return err;
}

/* The host's /sys to look at: what a guest may know of the machine it cannot touch. */
static int
mount_sys(struct task *t)
{
	struct fs_context fc = { .source = "sysfs", .flags = MS_RDONLY };
	int64_t fd = host_call4(__NR_openat, AT_FDCWD, "/sys", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return 0;
	fc.host_root = HFD((int)fd);
	err = mount_at(t, &sys_fs_type, &fc, "/sys", MNT_READONLY | MNT_NOSUID | MNT_NODEV | MNT_NOEXEC | MNT_RELATIME);
	return err == -ENOENT ? 0 : err;
}

static int
mount_extra(struct task *t, const struct mount_request *req)
{
	struct fs_context fc = { .source = "tmpfs", .host_root = HFD_NONE };
	char options[64];

	if (req->kind == MOUNT_BIND) {
		fc.source = "hostfs";
		fc.host_root = req->host_root;
		fc.flags = req->read_only ? MS_RDONLY : 0;
		return mount_at(t, &hostfs_fs_type, &fc, req->dst, (req->read_only ? MNT_READONLY : 0) | MNT_RELATIME);
	}
	if (req->size) {
		ksnprintf(options, sizeof(options), "mode=1777,size=%llu", (unsigned long long)req->size);
		fc.options = options;
	}
	return mount_at(t, &tmpfs_fs_type, &fc, req->dst, (req->read_only ? MNT_READONLY : 0) | MNT_NOSUID | MNT_NODEV);
}

static bool
is_root_request(const struct mount_request *req)
{
	return req->kind == MOUNT_ROOT_HOST || req->kind == MOUNT_ROOT_NEW;
}

static int
seal_root(struct task *t)
{
	struct path root;
	int err = kern_path(t, "/", 0, &root);

	if (err)
		return err;
	set_bits(&root.mnt->mnt_flags, MNT_READONLY); /* nothing is open there yet */
	path_put(t, &root);
	return 0;
}

/* The root comes first in @req. */
static int
mount_all(struct task *t, const struct mount_request *req, unsigned int n)
{
	int err = n > 0 && is_root_request(&req[0]) ? mount_root(t, &req[0]) : -EINVAL;

	if (!err)
		err = mount_proc(t);
	if (!err)
		err = mount_dev(t);
	if (!err)
		err = mount_sys(t);
	for (unsigned int i = 1; i < n && !err; i++)
		err = mount_extra(t, &req[i]);
	return err || !req[0].seal_root ? err : seal_root(t);
}

int
vfs_boot(struct kernel *k, struct task *t, const struct mount_request *req, unsigned int n)
{
	struct cred *own = t->cred, *root;
	int err;

	register_filesystem(k, &tmpfs_fs_type);
	register_filesystem(k, &overlay_fs_type);
	register_filesystem(k, &sys_fs_type);
	if (!t->fs) {
		t->fs = fs_alloc(k);
		if (!t->fs)
			return -ENOMEM;
	}
	root = prepare_creds(t);
	if (!root)
		return -ENOMEM;
	root->cap_effective = CAP_FULL;
	root->fsuid = root->fsgid = 0;
	t->cred = root; /* whoever the program runs as, its machine was set up by root */
	err = mount_all(t, req, n);
	t->cred = own;
	put_cred(root);
	return err;
}
