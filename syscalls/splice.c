/* SPDX-License-Identifier: MIT
 *
 * splice, tee, vmsplice.
 */
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/pipe.h"
#include "vfs/splice.h"

#define SPLICE_F_ALL 15u

static int
get_off(struct task *t, uaddr_t u, int64_t *off, int64_t **p)
{
	*p = NULL;
	if (uaddr_null(u))
		return 0;
	if (copy_in(t, off, u))
		return -EFAULT;
	*p = off;
	return 0;
}

int64_t
sys_splice(struct task *t, int fd_in, uaddr_t off_in, int fd_out, uaddr_t off_out, uint64_t len, unsigned int flags)
{
	int64_t in, out, *pin, *pout, ret = -EBADF;
	struct fd fi, fo;

	if (len == 0)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	fi = fdget(t, fd_in);
	if (!fi.file)
		return -EBADF;
	fo = fdget(t, fd_out);
	if (fo.file) {
		/* A position for a pipe is an error before it is looked at. */
		if ((!uaddr_null(off_in) && get_pipe_info(fi.file)) || (!uaddr_null(off_out) && get_pipe_info(fo.file)))
			ret = -ESPIPE;
		else if (get_off(t, off_in, &in, &pin) || get_off(t, off_out, &out, &pout))
			ret = -EFAULT;
		else
			ret = do_splice(t, fi.file, pin, fo.file, pout, len, flags);
		if (ret >= 0 && ((!uaddr_null(off_in) && copy_out(t, off_in, &in)) || (!uaddr_null(off_out) && copy_out(t, off_out, &out))))
			ret = -EFAULT;
		fdput(t, fo);
	}
	fdput(t, fi);
	return ret;
}

int64_t
sys_tee(struct task *t, int fd_in, int fd_out, uint64_t len, unsigned int flags)
{
	int64_t ret = -EBADF;
	struct fd fi, fo;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (len == 0)
		return 0;
	fi = fdget(t, fd_in);
	if (!fi.file)
		return -EBADF;
	fo = fdget(t, fd_out);
	if (fo.file) {
		ret = do_tee(t, fi.file, fo.file, len, flags);
		fdput(t, fo);
	}
	fdput(t, fi);
	return ret;
}

int64_t
sys_vmsplice(struct task *t, int fd, uaddr_t iov, uint64_t nr_segs, unsigned int flags)
{
	struct iovec_k fast[UIO_FASTIOV], *heap = NULL;
	struct iov_iter it;
	int64_t ret;
	struct fd f;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	ret = import_iovec(t, &it, iov, nr_segs, fast, &heap);
	if (ret > 0) {
		if (!get_pipe_info(f.file))
			ret = -EBADF;
		else if (f.file->f_mode & FMODE_WRITE)
			ret = vmsplice_to_pipe(t, f.file, &it, flags);
		else
			ret = vfs_read(t, f.file, &it, &f.file->f_pos, 0);
	}
	kfree(t->k, heap);
	fdput(t, f);
	return ret;
}
