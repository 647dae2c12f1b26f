/* SPDX-License-Identifier: MIT
 *
 * open, openat, openat2, creat, umask.
 */
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/internal.h"

/* open(2) ignores flags and modes it does not know, where openat2(2) refuses them. */
static int64_t
open_lenient(struct task *t, int dfd, uaddr_t path, uint32_t flags, uint32_t mode)
{
	struct filename *name;
	int64_t fd;

	flags = (flags & VALID_OPEN_FLAGS) | O_LARGEFILE;
	if (flags & O_PATH)
		flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
	if (!(flags & (O_CREAT | __O_TMPFILE)))
		mode = 0;
	fd = check_open_flags(flags, (uint16_t)(mode & 07777), 0);
	if (fd)
		return fd;
	name = getname(t, path);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = do_sys_open(t, dfd, name, flags, (uint16_t)(mode & 07777), 0);
	putname(name);
	return fd;
}

int64_t
sys_open(struct task *t, uaddr_t path, int flags, unsigned int mode)
{
	return open_lenient(t, AT_FDCWD, path, (uint32_t)flags, mode);
}

int64_t
sys_openat(struct task *t, int dirfd, uaddr_t path, int flags, unsigned int mode)
{
	return open_lenient(t, dirfd, path, (uint32_t)flags, mode);
}

int64_t
sys_creat(struct task *t, uaddr_t path, unsigned int mode)
{
	return open_lenient(t, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* A structure that may be newer and larger than ours, if what we do not know of it is zero. */
static int
copy_struct_from_user(struct task *t, void *to, size_t ksize, uaddr_t from, size_t usize)
{
	uint8_t tail[64];

	memset(to, 0, ksize);
	if (copy_from_user(t, to, from, MIN(ksize, usize)))
		return -EFAULT;
	for (size_t at = ksize; at < usize;) {
		size_t n = MIN(usize - at, sizeof(tail));

		if (copy_from_user(t, tail, uaddr_add(from, at), n))
			return -EFAULT;
		for (size_t i = 0; i < n; i++)
			if (tail[i])
				return -E2BIG;
		at += n;
	}
	return 0;
}

int64_t
sys_openat2(struct task *t, int dirfd, uaddr_t path, uaddr_t how, uint64_t size)
{
	struct open_how h;
	struct filename *name;
	int64_t ret;

	if (size < sizeof(h))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(t, &h, sizeof(h), how, size);
	if (ret)
		return ret;
	if (h.mode & ~(uint64_t)07777)
		return -EINVAL;
	if (!(h.flags & O_PATH))
		h.flags |= O_LARGEFILE;
	ret = check_open_flags(h.flags, (uint16_t)h.mode, h.resolve);
	if (ret)
		return ret;
	name = getname(t, path);
	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = do_sys_open(t, dirfd, name, h.flags, (uint16_t)h.mode, h.resolve);
	putname(name);
	return ret;
}

int64_t
sys_umask(struct task *t, unsigned int mask)
{
	return __atomic_exchange_n(&t->fs->umask, mask & 0777, __ATOMIC_RELAXED);
}
