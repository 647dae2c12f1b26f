/* SPDX-License-Identifier: MIT
 *
 * mount, umount2, pivot_root.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/namespace.h"

#define UMOUNT_FLAGS	0xf /* MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW */
#define UMOUNT_NOFOLLOW 0x8

/* NULL for no string; else getname()'s, also for what is not a path. */
static struct filename *
optional_string(struct task *t, uaddr_t u)
{
	struct filename *f = uaddr_null(u) ? NULL : getname_flags(t, u, true);

	return f && IS_ERR(f) && PTR_ERR(f) == -ENAMETOOLONG ? ERR_PTR(-EINVAL) : f;
}

static const char *
string_of(const struct filename *f)
{
	return f ? f->name : NULL;
}

/* A page of options, as much of it as is mapped; or NULL. */
static char *
copy_mount_options(struct task *t, uaddr_t data)
{
	char *page;
	size_t n;

	if (uaddr_null(data))
		return NULL;
	page = kzalloc(t->k, PAGE_SIZE);
	if (!page)
		return ERR_PTR(-ENOMEM);
	n = copy_from_user_partial(t, page, data, PAGE_SIZE - (data.a & (PAGE_SIZE - 1)));
	if (n < PAGE_SIZE && (data.a + n) % PAGE_SIZE == 0)
		n += copy_from_user_partial(t, page + n, uaddr_add(data, n), PAGE_SIZE - n);
	page[PAGE_SIZE - 1] = 0;
	if (n == 0) {
		kfree(t->k, page);
		return ERR_PTR(-EFAULT);
	}
	return page;
}

int64_t
sys_mount(struct task *t, uaddr_t source, uaddr_t target, uaddr_t type, uint64_t flags, uaddr_t data)
{
	struct filename *src = NULL, *ty = optional_string(t, type);
	struct path path;
	char *options = NULL;
	int64_t ret;

	if (ty && IS_ERR(ty))
		return PTR_ERR(ty);
	src = optional_string(t, source);
	if (src && IS_ERR(src)) {
		putname(ty);
		return PTR_ERR(src);
	}
	options = copy_mount_options(t, data);
	if (IS_ERR(options)) {
		putname(src);
		putname(ty);
		return PTR_ERR(options);
	}
	ret = user_path_at(t, AT_FDCWD, target, LOOKUP_FOLLOW, &path);
	if (!ret) {
		ret = path_mount(t, string_of(src), &path, string_of(ty), flags, options);
		path_put(t, &path);
	}
	kfree(t->k, options);
	putname(src);
	putname(ty);
	return ret;
}

int64_t
sys_umount2(struct task *t, uaddr_t target, int flags)
{
	struct path path;
	int err;

	if (flags & ~UMOUNT_FLAGS)
		return -EINVAL;
	err = user_path_at(t, AT_FDCWD, target, (flags & UMOUNT_NOFOLLOW) ? 0 : LOOKUP_FOLLOW, &path);
	return err ? err : path_umount(t, &path, flags);
}

int64_t
sys_pivot_root(struct task *t, uaddr_t new_root, uaddr_t put_old)
{
	struct path new, old;
	int err;

	if (!capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_at(t, AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = user_path_at(t, AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (!err) {
		err = path_pivot_root(t, &new, &old);
		path_put(t, &old);
	}
	path_put(t, &new);
	return err;
}
