/* SPDX-License-Identifier: MIT
 *
 * read, write and their vector and positioned forms, lseek, sendfile, copy_file_range, readahead, fadvise64.
 */
#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/internal.h"
#include "vfs/read_write.h"

/* One call on a file at its own position. The operation gets f_pos itself: a host file shares its position with the host then. */
static int64_t
rw_at_pos(struct task *t, struct fd *f, struct iov_iter *it, bool write, uint32_t rwf)
{
	bool locked = file_pos_lock(t, f);
	int64_t none = 0, *pos = (f->file->f_mode & FMODE_STREAM) ? &none : &f->file->f_pos, old = *pos;
	int64_t ret = write ? vfs_write(t, f->file, it, pos, rwf) : vfs_read(t, f->file, it, pos, rwf);

	if (ret < 0)
		*pos = old;
	file_pos_unlock(f, locked);
	return ret;
}

static bool
has_positions(const struct file *file, bool write)
{
	return (file->f_mode & (write ? FMODE_PWRITE : FMODE_PREAD)) && !(file->f_mode & FMODE_STREAM);
}

/* One call at a position given; f_pos stays. */
static int64_t
rw_at(struct task *t, struct file *file, struct iov_iter *it, int64_t pos, bool write, uint32_t rwf)
{
	if (pos < 0)
		return -EINVAL;
	if (!has_positions(file, write))
		return -ESPIPE;
	return write ? vfs_write(t, file, it, &pos, rwf) : vfs_read(t, file, it, &pos, rwf);
}

static int64_t
rw_buffer(struct task *t, int fd, uaddr_t buf, uint64_t count, const int64_t *pos, bool write)
{
	struct fd f = fdget(t, fd);
	struct iov_iter it;
	int64_t ret;

	if (!f.file)
		return -EBADF;
	if (pos && !has_positions(f.file, write)) {
		ret = -ESPIPE; /* found before the access mode is looked at */
	} else if (!(f.file->f_mode & (write ? FMODE_WRITE : FMODE_READ))) {
		ret = -EBADF;
	} else if (count > TASK_SIZE_MAX - MIN(buf.a, TASK_SIZE_MAX)) {
		ret = -EFAULT; /* as much as that is nowhere */
	} else {
		iov_iter_user(&it, t, buf, count);
		ret = pos ? rw_at(t, f.file, &it, *pos, write, 0) : rw_at_pos(t, &f, &it, write, 0);
	}
	fdput(t, f);
	return ret;
}

int64_t
sys_read(struct task *t, int fd, uaddr_t buf, uint64_t count)
{
	return rw_buffer(t, fd, buf, count, NULL, false);
}

int64_t
sys_write(struct task *t, int fd, uaddr_t buf, uint64_t count)
{
	return rw_buffer(t, fd, buf, count, NULL, true);
}

int64_t
sys_pread64(struct task *t, int fd, uaddr_t buf, uint64_t count, int64_t pos)
{
	return pos < 0 ? -EINVAL : rw_buffer(t, fd, buf, count, &pos, false);
}

int64_t
sys_pwrite64(struct task *t, int fd, uaddr_t buf, uint64_t count, int64_t pos)
{
	return pos < 0 ? -EINVAL : rw_buffer(t, fd, buf, count, &pos, true);
}

static bool
has_op(const struct file *file, bool write)
{
	if (S_ISDIR(file->f_inode->i_mode))
		return !write;
	return file->f_op && (write ? file->f_op->write != NULL : file->f_op->read != NULL);
}

/* A vector without any bytes does not reach the file. */
static int64_t
rw_vector(struct task *t, int fd, uaddr_t iov, uint64_t nr, const int64_t *pos, bool write, uint32_t rwf)
{
	struct fd f = fdget(t, fd);
	struct iovec_k fast[UIO_FASTIOV], *heap = NULL;
	struct iov_iter it;
	int64_t ret;

	if (!f.file)
		return -EBADF;
	ret = -EBADF;
	if (pos && !has_positions(f.file, write))
		ret = -ESPIPE; /* as above */
	else if (f.file->f_mode & (write ? FMODE_WRITE : FMODE_READ))
		ret = import_iovec(t, &it, iov, nr, fast, &heap);
	if (ret > 0 || (ret == 0 && !has_op(f.file, write)))
		ret = pos ? rw_at(t, f.file, &it, *pos, write, rwf) : rw_at_pos(t, &f, &it, write, rwf);
	kfree(t->k, heap);
	fdput(t, f);
	return ret;
}

int64_t
sys_readv(struct task *t, int fd, uaddr_t iov, uint64_t vlen)
{
	return rw_vector(t, fd, iov, vlen, NULL, false, 0);
}

int64_t
sys_writev(struct task *t, int fd, uaddr_t iov, uint64_t vlen)
{
	return rw_vector(t, fd, iov, vlen, NULL, true, 0);
}

/* The high half of a position is for 32-bit programs: here the low half is all of it. */
int64_t
sys_preadv(struct task *t, int fd, uaddr_t iov, uint64_t vlen, uint64_t pos_l, uint64_t pos_h)
{
	int64_t pos = (int64_t)pos_l;

	return pos < 0 ? -EINVAL : rw_vector(t, fd, iov, vlen, &pos, false, 0);
}

int64_t
sys_pwritev(struct task *t, int fd, uaddr_t iov, uint64_t vlen, uint64_t pos_l, uint64_t pos_h)
{
	int64_t pos = (int64_t)pos_l;

	return pos < 0 ? -EINVAL : rw_vector(t, fd, iov, vlen, &pos, true, 0);
}

int64_t
sys_preadv2(struct task *t, int fd, uaddr_t iov, uint64_t vlen, uint64_t pos_l, uint64_t pos_h, int flags)
{
	int64_t pos = (int64_t)pos_l;

	if (pos < -1)
		return -EINVAL;
	return rw_vector(t, fd, iov, vlen, pos == -1 ? NULL : &pos, false, (uint32_t)flags);
}

int64_t
sys_pwritev2(struct task *t, int fd, uaddr_t iov, uint64_t vlen, uint64_t pos_l, uint64_t pos_h, int flags)
{
	int64_t pos = (int64_t)pos_l;

	if (pos < -1)
		return -EINVAL;
	return rw_vector(t, fd, iov, vlen, pos == -1 ? NULL : &pos, true, (uint32_t)flags);
}

int64_t
sys_lseek(struct task *t, int fd, int64_t offset, int whence)
{
	struct fd f = fdget(t, fd);
	int64_t ret = -EBADF;
	bool locked;

	if (f.file) {
		locked = file_pos_lock(t, &f);
		ret = vfs_llseek(t, f.file, offset, whence);
		file_pos_unlock(&f, locked);
	}
	fdput(t, f);
	return ret;
}

int64_t
sys_sendfile(struct task *t, int out_fd, int in_fd, uaddr_t offset, uint64_t count)
{
	struct fd in = fdget(t, in_fd), out = fdget(t, out_fd);
	int64_t ret = -EBADF, pos = 0;

	if (!uaddr_null(offset) && copy_in(t, &pos, offset)) {
		ret = -EFAULT;
		goto out;
	}
	if (in.file)
		ret = do_sendfile(t, out.file, in.file, uaddr_null(offset) ? NULL : &pos, count);
	if (ret >= 0 && !uaddr_null(offset) && copy_out(t, offset, &pos))
		ret = -EFAULT;
out:
	fdput(t, out);
	fdput(t, in);
	return ret;
}

int64_t
sys_copy_file_range(struct task *t, int fd_in, uaddr_t off_in, int fd_out, uaddr_t off_out, uint64_t len, unsigned int flags)
{
	struct fd in = fdget(t, fd_in), out = fdget(t, fd_out);
	int64_t ret = -EBADF, ipos, opos;

	if (!in.file || !out.file)
		goto out;
	ipos = file_position(t, in.file);
	opos = file_position(t, out.file);
	ret = -EFAULT;
	if ((!uaddr_null(off_in) && copy_in(t, &ipos, off_in)) || (!uaddr_null(off_out) && copy_in(t, &opos, off_out)))
		goto out;
	ret = flags ? -EINVAL : vfs_copy_file_range(t, in.file, &ipos, out.file, &opos, len);
	if (ret <= 0)
		goto out;
	if (uaddr_null(off_in))
		file_set_position(t, in.file, ipos);
	else if (copy_out(t, off_in, &ipos))
		ret = -EFAULT;
	if (uaddr_null(off_out))
		file_set_position(t, out.file, opos);
	else if (copy_out(t, off_out, &opos))
		ret = -EFAULT;
out:
	fdput(t, out);
	fdput(t, in);
	return ret;
}

/* The host reads ahead by itself; what is left is to say what is wrong. */
int64_t
sys_readahead(struct task *t, int fd, int64_t offset, uint64_t count)
{
	struct fd f = fdget(t, fd);
	int64_t ret = 0;

	if (!f.file || !(f.file->f_mode & FMODE_READ))
		ret = -EBADF;
	else if (!S_ISREG(f.file->f_inode->i_mode) && !S_ISBLK(f.file->f_inode->i_mode))
		ret = -EINVAL;
	fdput(t, f);
	return ret;
}

int64_t
sys_fadvise64(struct task *t, int fd, int64_t offset, uint64_t len, int advice)
{
	struct fd f = fdget(t, fd);
	int64_t ret = 0;

	if (!f.file)
		ret = -EBADF;
	else if (S_ISFIFO(f.file->f_inode->i_mode))
		ret = -ESPIPE;
	else if ((int64_t)len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		ret = -EINVAL;
	fdput(t, f);
	return ret;
}
