/* SPDX-License-Identifier: MIT
 *
 * Reading and writing open files: checks, limits, and accounting around f_op->read and f_op->write. sendfile(2) and
 * copy_file_range(2) copy through a kernel buffer.
 */
#include <asm/resource.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/signal.h"
#include "kernel/seeded.h"
#include "kernel/task.h"
#include "vfs/fsnotify.h"
#include "vfs/generic.h"
#include "vfs/internal.h"
#include "vfs/pipe.h"
#include "vfs/read_write.h"
#include "vfs/splice.h"

static int
check_rwf(struct file *file, uint32_t rwf, uint32_t old)
{
	if ((file->f_mode & old) && (rwf & ~(uint32_t)RWF_HIPRI))
		return -EOPNOTSUPP;
	if (rwf & ~(uint32_t)(RWF_SUPPORTED | RWF_NOAPPEND))
		return -EOPNOTSUPP;
	if ((rwf & RWF_APPEND) && (rwf & RWF_NOAPPEND))
		return -EINVAL;
	/* Only what never sleeps anyway, or looks at the flag itself. */
	if ((rwf & RWF_NOWAIT) && !(file->f_mode & FMODE_NOWAIT))
		return -EOPNOTSUPP;
	if ((rwf & RWF_NOAPPEND) && (file->f_flags & O_APPEND) && (file->f_inode->i_flags & S_APPEND))
		return -EPERM;
	return 0;
}

static int
check_area(struct file *file, const int64_t *pos, size_t count)
{
	if (file->f_mode & FMODE_STREAM)
		return 0;
	if (*pos < 0)
		return -EINVAL;
	if ((int64_t)count > INT64_MAX - *pos)
		return -EINVAL;
	return 0;
}

static void
iter_cap(struct iov_iter *it)
{
	if (it->count > MAX_RW_COUNT)
		it->count = MAX_RW_COUNT;
}

/**
 * vfs_read() - read(2) on an open file
 * @t: the current task
 * @file: the file
 * @to: where to; cut at MAX_RW_COUNT
 * @pos: used and advanced
 * @rwf: RWF_*
 *
 * Context: sleeps; f_pos_lock only.
 * Return: bytes, or negative errno of read(2).
 */
int64_t
vfs_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	int64_t ret;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (S_ISDIR(file->f_inode->i_mode))
		return rwf & ~(uint32_t)RWF_HIPRI ? -EOPNOTSUPP : -EISDIR;
	if (!file->f_op || !file->f_op->read)
		return -EINVAL;
	iter_cap(to);
	ret = check_area(file, pos, to->count);
	if (!ret && unlikely(rwf))
		ret = check_rwf(file, rwf, FMODE_OLD_READ);
	if (ret)
		return ret;
	ret = file->f_op->read(t, file, to, pos, rwf);
	if (ret > 0) {
		fsnotify_file(file, IN_ACCESS);
		t->io_rchar += (uint64_t)ret;
	}
	t->io_syscr++;
	return ret;
}

/**
 * vfs_write() - write(2) on an open file
 * @t: the current task
 * @file: the file
 * @from: where from; cut at MAX_RW_COUNT
 * @pos: used and advanced
 * @rwf: RWF_*
 *
 * Context: sleeps; f_pos_lock only.
 * Return: bytes, or negative errno of write(2).
 */
/* A write that is refused because it is beyond the limits takes no set-id bits away. */
static int64_t
remove_privs(struct task *t, struct file *file, int64_t pos, uint32_t rwf)
{
	const struct inode *inode = file->f_inode;
	int64_t room = 1;

	if (likely(!S_ISREG(inode->i_mode) || !(inode->i_mode & (S_ISUID | S_ISGID))))
		return 0;
	if ((file->f_flags & O_APPEND) || (rwf & RWF_APPEND))
		pos = READ_ONCE(inode->i_size);
	if (pos >= 0)
		room = generic_write_check_limits(t, inode, pos);
	return room < 0 ? room : file_remove_privs(t, file);
}

int64_t
vfs_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	int64_t ret;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!file->f_op || !file->f_op->write)
		return -EINVAL;
	iter_cap(from);
	ret = check_area(file, pos, from->count);
	if (!ret && unlikely(rwf))
		ret = check_rwf(file, rwf, FMODE_OLD_WRITE);
	if (!ret && from->count)
		ret = remove_privs(t, file, *pos, rwf);
	if (ret)
		return ret;
	ret = file->f_op->write(t, file, from, pos, rwf);
	if (ret > 0) {
		fsnotify_file(file, IN_MODIFY);
		t->io_wchar += (uint64_t)ret;
		if (unlikely((file->f_flags & O_DSYNC) || (rwf & (RWF_SYNC | RWF_DSYNC)))) {
			bool full = (file->f_flags & __O_SYNC) || (rwf & RWF_SYNC);
			int err = vfs_fsync_range(t, file, *pos - ret, *pos - 1, !full);

			if (err && err != -EINVAL)
				ret = err;
		}
	}
	t->io_syscw++;
	return ret;
}

int64_t
kernel_read(struct task *t, struct file *file, void *buf, size_t n, int64_t *pos)
{
	struct iov_iter it;

	iov_iter_kernel(&it, buf, n);
	return vfs_read(t, file, &it, pos, 0);
}

int64_t
kernel_write(struct task *t, struct file *file, const void *buf, size_t n, int64_t *pos)
{
	struct iov_iter it;

	iov_iter_kernel(&it, (void *)(uintptr_t)buf, n);
	return vfs_write(t, file, &it, pos, 0);
}

static int64_t
seek_to(struct file *file, int64_t off, int64_t max)
{
	if (off < 0 || off > max)
		return -EINVAL;
	if (off != file->f_pos) {
		file->f_pos = off;
		file->f_version = 0;
	}
	return off;
}

/**
 * generic_file_llseek() - lseek(2) for files with a size and no holes known
 * @t: the current task
 * @file: the file
 * @off: offset
 * @whence: SEEK_*
 *
 * Context: f_pos_lock may be held.
 * Return: the new position, -EINVAL, -EOVERFLOW, -ENXIO.
 */
int64_t
generic_file_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	int64_t size = __atomic_load_n(&file->f_inode->i_size, __ATOMIC_RELAXED), max = (int64_t)file->f_inode->i_sb->s_maxbytes;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		if (off == 0)
			return file->f_pos;
		if (__builtin_add_overflow(off, file->f_pos, &off))
			return -EINVAL;
		break;
	case SEEK_END:
		if (__builtin_add_overflow(off, size, &off))
			return -EINVAL;
		break;
	case SEEK_DATA:
		if (off < 0 || off >= size)
			return -ENXIO;
		break;
	case SEEK_HOLE:
		if (off < 0 || off >= size)
			return -ENXIO;
		off = size;
		break;
	default:
		return -EINVAL;
	}
	return seek_to(file, off, max);
}

int64_t
vfs_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	if (whence < 0 || whence > SEEK_MAX)
		return -EINVAL;
	if (!(file->f_mode & FMODE_LSEEK) || (file->f_mode & FMODE_STREAM))
		return SEEDED(-ESPIPE, -EINVAL);
	return file->f_op->llseek(t, file, off, whence);
}

int64_t
noop_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	return file->f_pos;
}

bool
file_pos_lock(struct task *t, struct fd *f) __no_thread_safety
{
	if (!(f->file->f_mode & FMODE_ATOMIC_POS))
		return false;
	/* Nobody else has the file, or the table: nobody to exclude. */
	if (!f->put && refcount_read(&f->file->f_count) == 1)
		return false;
	mutex_lock(&f->file->f_pos_lock);
	return true;
}

void
file_pos_unlock(struct fd *f, bool locked) __no_thread_safety
{
	if (locked)
		mutex_unlock(&f->file->f_pos_lock);
}

/* Moves up to @count bytes by a buffer. Stops early when the source ends, or the sink takes less. */
int64_t
file_position(struct task *t, struct file *file)
{
	int64_t pos = vfs_llseek(t, file, 0, SEEK_CUR);

	return pos < 0 ? file->f_pos : pos;
}

void
file_set_position(struct task *t, struct file *file, int64_t pos)
{
	if (vfs_llseek(t, file, pos, SEEK_SET) < 0)
		file->f_pos = pos;
}

static int64_t
copy_through(struct task *t, struct file *in, int64_t *ipos, struct file *out, int64_t *opos, uint64_t count)
{
	size_t chunk = MIN(count, (uint64_t)(16 * PAGE_SIZE));
	char *buf = kmalloc(t->k, chunk ? chunk : 1);
	int64_t done = 0, ret = 0;

	if (!buf)
		return -ENOMEM;
	while ((uint64_t)done < count) {
		int64_t at = *ipos, got, put = 0;

		got = kernel_read(t, in, buf, MIN(chunk, count - (uint64_t)done), &at);
		if (got <= 0) {
			ret = got;
			break;
		}
		while (put < got) {
			int64_t n = kernel_write(t, out, buf + put, (size_t)(got - put), opos);

			if (n <= 0) {
				ret = n;
				break;
			}
			put += n;
		}
		/* What the sink did not take is read again next time. */
		*ipos += put;
		done += put;
		if (put < got || signal_pending(t))
			break;
	}
	kfree(t->k, buf);
	return done ? done : ret;
}

/**
 * do_sendfile() - sendfile(2)
 * @t: the current task
 * @out: where to; NULL: nothing was open there
 * @in: where from; it must have positions
 * @pos: NULL: its own position is used and moved
 * @count: bytes
 *
 * Return: bytes, -EINVAL, -EBADF, -ESPIPE, ...
 */
int64_t
do_sendfile(struct task *t, struct file *out, struct file *in, int64_t *pos, uint64_t count)
{
	int64_t ipos, opos, ret;
	bool has_opos = out && !(out->f_mode & FMODE_STREAM);

	bool seekable = !(in->f_mode & FMODE_STREAM) && (in->f_mode & FMODE_PREAD);

	if (!(in->f_mode & FMODE_READ))
		return -EBADF;
	if (pos && !seekable)
		return -ESPIPE;
	ipos = pos ? *pos : seekable ? file_position(t, in) : 0;
	if (ipos < 0)
		return -EINVAL;
	if (!out || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (get_pipe_info(out)) { /* the buffers of a pipe: as many as it takes now */
		ret = splice_file_to_pipe(t, in, &ipos, out, MIN(count, MAX_RW_COUNT), 0);
		if (ret > 0 && pos)
			*pos = ipos;
		else if (ret > 0 && seekable)
			file_set_position(t, in, ipos);
		return ret;
	}
	if (!seekable)
		return -EINVAL;
	if (out->f_flags & O_APPEND)
		return -EINVAL;
	if (S_ISDIR(in->f_inode->i_mode) ? count > 0 : !can_splice_from(in))
		return -EINVAL;
	if (!can_splice_to(out) || count > INT64_MAX)
		return -EINVAL;
	if (count == 0)
		return 0;
	opos = has_opos ? file_position(t, out) : 0;
	ret = copy_through(t, in, &ipos, out, &opos, MIN(count, MAX_RW_COUNT));
	if (ret > 0) {
		if (pos)
			*pos = ipos;
		else
			file_set_position(t, in, ipos);
		if (has_opos)
			file_set_position(t, out, opos);
	}
	return ret;
}

static int
copy_range_checks(struct task *t, struct file *in, int64_t ipos, struct file *out, int64_t opos, uint64_t *count)
{
	int64_t size, room;

	if (S_ISDIR(in->f_inode->i_mode) || S_ISDIR(out->f_inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(in->f_inode->i_mode) || !S_ISREG(out->f_inode->i_mode))
		return -EINVAL;
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE) || (out->f_flags & O_APPEND))
		return -EBADF;
	if (in->f_inode->i_sb != out->f_inode->i_sb)
		return -EXDEV;
	if (out->f_inode->i_flags & S_IMMUTABLE)
		return -EPERM;
	if ((uint64_t)ipos + *count < (uint64_t)ipos || (uint64_t)opos + *count < (uint64_t)opos)
		return -EOVERFLOW;
	if (ipos < 0 || opos < 0)
		return -EINVAL;
	size = __atomic_load_n(&in->f_inode->i_size, __ATOMIC_RELAXED);
	*count = ipos >= size ? 0 : MIN(*count, (uint64_t)(size - ipos));
	*count = MIN(*count, MAX_RW_COUNT);
	room = generic_write_check_limits(t, out->f_inode, opos);
	if (room < 0)
		return (int)room;
	*count = MIN(*count, (uint64_t)room);
	if (in->f_inode == out->f_inode && opos < ipos + (int64_t)*count && opos + (int64_t)*count > ipos)
		return -EINVAL;
	return 0;
}

/**
 * vfs_copy_file_range() - copy_file_range(2)
 * @t: the current task
 * @in: regular file
 * @ipos: used and advanced
 * @out: regular file
 * @opos: used and advanced
 * @count: bytes
 *
 * Return: bytes; negative errno of copy_file_range(2). -EXDEV between file systems, as Linux since 5.19.
 */
int64_t
vfs_copy_file_range(struct task *t, struct file *in, int64_t *ipos, struct file *out, int64_t *opos, uint64_t count)
{
	int err = copy_range_checks(t, in, *ipos, out, *opos, &count);

	if (err)
		return err;
	return count ? copy_through(t, in, ipos, out, opos, count) : 0;
}
