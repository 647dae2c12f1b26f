/* SPDX-License-Identifier: MIT
 *
 * memfd_create. Huge pages are left out (ENOSYS, as a kernel without hugetlbfs says).
 */
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/memfd.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"
#include "vfs/tmpfs/tmpfs.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC	0x0010U
#endif
#define MFD_NAME_PREFIX "memfd:"
#define MFD_PREFIX_LEN	(sizeof(MFD_NAME_PREFIX) - 1)
#define MFD_ALL		(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC)

static int
check_flags(unsigned int flags)
{
	if (flags & MFD_HUGETLB ? flags & ~(MFD_ALL | (unsigned int)MFD_HUGE_MASK << MFD_HUGE_SHIFT) : flags & ~MFD_ALL)
		return -EINVAL;
	if ((flags & MFD_EXEC) && (flags & MFD_NOEXEC_SEAL))
		return -EINVAL;
	return 0;
}

/* vm.memfd_noexec: what is meant by neither flag, and whether MFD_EXEC may be given. */
static int
apply_noexec(struct task *t, unsigned int *flags)
{
	uint32_t mode = READ_ONCE(t->k->memfd_noexec);

	if (mode >= 1 && !(*flags & (MFD_EXEC | MFD_NOEXEC_SEAL)))
		*flags |= MFD_NOEXEC_SEAL;
	return mode >= 2 && !(*flags & MFD_NOEXEC_SEAL) ? -EACCES : 0;
}

int64_t
sys_memfd_create(struct task *t, uaddr_t uname, unsigned int flags)
{
	char name[NAME_MAX + 1] = MFD_NAME_PREFIX;
	struct file *file;
	int64_t len, fd = check_flags(flags);

	if (!fd)
		fd = apply_noexec(t, &flags);
	if (fd)
		return fd;
	len = strncpy_from_user(t, name + MFD_PREFIX_LEN, uname, sizeof(name) - MFD_PREFIX_LEN);
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	if (flags & MFD_HUGETLB)
		return -ENOSYS;
	fd = get_unused_fd_flags(t, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	file = shmem_file_setup(t, name, flags & MFD_NOEXEC_SEAL ? 0666 : 0777);
	if (IS_ERR(file)) {
		put_unused_fd(t, (int)fd);
		return PTR_ERR(file);
	}
	if (flags & MFD_NOEXEC_SEAL)
		file->f_inode->i_seals = F_SEAL_EXEC_NR;
	else if (flags & MFD_ALLOW_SEALING)
		file->f_inode->i_seals = 0;
	fd_install(t, (int)fd, file);
	return fd;
}
