/* SPDX-License-Identifier: MIT
 *
 * mkdir, mknod, symlink, link, unlink, rmdir, rename and their -at forms.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/namei-ops.h"

int64_t
sys_mkdirat(struct task *t, int dirfd, uaddr_t path, unsigned int mode)
{
	struct filename *name = getname(t, path);
	int64_t ret;

	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = do_mkdirat(t, dirfd, name, (uint16_t)mode);
	putname(name);
	return ret;
}

int64_t
sys_mkdir(struct task *t, uaddr_t path, unsigned int mode)
{
	return sys_mkdirat(t, AT_FDCWD, path, mode);
}

int64_t
sys_mknodat(struct task *t, int dirfd, uaddr_t path, unsigned int mode, unsigned int dev)
{
	struct filename *name = getname(t, path);
	int64_t ret;

	ret = do_mknodat(t, dirfd, name, (uint16_t)mode, dev);
	putname(name);
	return ret;
}

int64_t
sys_mknod(struct task *t, uaddr_t path, unsigned int mode, unsigned int dev)
{
	return sys_mknodat(t, AT_FDCWD, path, mode, dev);
}

int64_t
sys_symlinkat(struct task *t, uaddr_t target, int newdirfd, uaddr_t linkpath)
{
	struct filename *text = getname(t, target), *name;
	int64_t ret;

	if (IS_ERR(text))
		return PTR_ERR(text);
	name = getname(t, linkpath);
	ret = IS_ERR(name) ? PTR_ERR(name) : do_symlinkat(t, text, newdirfd, name);
	putname(name);
	putname(text);
	return ret;
}

int64_t
sys_symlink(struct task *t, uaddr_t target, uaddr_t linkpath)
{
	return sys_symlinkat(t, target, AT_FDCWD, linkpath);
}

int64_t
sys_linkat(struct task *t, int olddirfd, uaddr_t oldpath, int newdirfd, uaddr_t newpath, int flags)
{
	struct filename *old, *new;
	int64_t ret;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	old = getname_flags(t, oldpath, (flags & AT_EMPTY_PATH) != 0);
	if (IS_ERR(old))
		return PTR_ERR(old);
	new = getname(t, newpath);
	ret = do_linkat(t, olddirfd, old, newdirfd, new, flags);
	putname(new);
	putname(old);
	return ret;
}

int64_t
sys_link(struct task *t, uaddr_t oldpath, uaddr_t newpath)
{
	return sys_linkat(t, AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

int64_t
sys_unlinkat(struct task *t, int dirfd, uaddr_t path, int flags)
{
	struct filename *name;
	int64_t ret;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	name = getname(t, path);
	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = (flags & AT_REMOVEDIR) ? do_rmdir(t, dirfd, name) : do_unlinkat(t, dirfd, name);
	putname(name);
	return ret;
}

int64_t
sys_unlink(struct task *t, uaddr_t path)
{
	return sys_unlinkat(t, AT_FDCWD, path, 0);
}

int64_t
sys_rmdir(struct task *t, uaddr_t path)
{
	return sys_unlinkat(t, AT_FDCWD, path, AT_REMOVEDIR);
}

/* Before the names are looked at. */
static int
check_rename_flags(unsigned int flags)
{
	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	return (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) && (flags & RENAME_EXCHANGE) ? -EINVAL : 0;
}

int64_t
sys_renameat2(struct task *t, int olddirfd, uaddr_t oldpath, int newdirfd, uaddr_t newpath, unsigned int flags)
{
	struct filename *old, *new;
	int64_t ret = check_rename_flags(flags);

	if (ret)
		return ret;
	old = getname(t, oldpath);
	if (IS_ERR(old))
		return PTR_ERR(old);
	new = getname(t, newpath);
	ret = do_renameat2(t, olddirfd, old, newdirfd, new, flags);
	putname(new);
	putname(old);
	return ret;
}

int64_t
sys_renameat(struct task *t, int olddirfd, uaddr_t oldpath, int newdirfd, uaddr_t newpath)
{
	return sys_renameat2(t, olddirfd, oldpath, newdirfd, newpath, 0);
}

int64_t
sys_rename(struct task *t, uaddr_t oldpath, uaddr_t newpath)
{
	return sys_renameat2(t, AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}
