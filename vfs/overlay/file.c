/* SPDX-License-Identifier: MIT
 *
 * Open regular files of an overlay: everything is done by the real file. Opening for writing copies up; a file that was
 * opened for reading before goes on with the copy.
 */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "mm/mm.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

#define PASSED_FLAGS (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

struct ovl_file {
	struct file *real;
	struct file *upper; /* opened when the file had been copied up meanwhile; atomic */
};

static struct file *
open_real(struct task *t, const struct inode *inode, uint32_t flags)
{
	struct path path;

	ovl_real_path(inode, &path);
	return dentry_open(t, &path, flags & ~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC));
}

/* The file to work on now; of the open file, no reference. */
static struct file *
real_file(struct task *t, struct file *file)
{
	struct ovl_file *of = file->private_data;
	struct dentry *upper = ovl_upper(file->f_inode);
	struct file *f = __atomic_load_n(&of->upper, __ATOMIC_ACQUIRE), *old = NULL;

	if (!f)
		f = of->real;
	if (unlikely(upper && f->f_inode != d_inode(upper))) {
		f = open_real(t, file->f_inode, file->f_flags);
		if (IS_ERR(f))
			return f;
		if (!__atomic_compare_exchange_n(&of->upper, &old, f, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			fput(t, f);
			f = old;
		}
	}
	if (unlikely((f->f_flags ^ file->f_flags) & PASSED_FLAGS))
		f->f_flags = (f->f_flags & ~(uint32_t)PASSED_FLAGS) | (file->f_flags & PASSED_FLAGS);
	return f;
}

static int
ovl_open(struct task *t, struct inode *inode, struct file *file)
{
	struct ovl_file *of;
	int err;

	if ((file->f_flags & O_ACCMODE) != O_RDONLY || (file->f_flags & O_TRUNC)) {
		err = ovl_copy_up(t, file->f_path.dentry, file->f_flags & O_TRUNC);
		if (err)
			return err;
	}
	of = kzalloc(t->k, sizeof(*of));
	if (!of)
		return -ENOMEM;
	ovl_follow_name(t, file->f_path.dentry);
	of->real = open_real(t, inode, file->f_flags);
	if (IS_ERR(of->real)) {
		err = (int)PTR_ERR(of->real);
		kfree(t->k, of);
		return err;
	}
	file->f_mode |= of->real->f_mode & FMODE_NOWAIT;
	file->private_data = of;
	return 0;
}

static void
ovl_release(struct task *t, struct inode *inode, struct file *file)
{
	struct ovl_file *of = file->private_data;

	if (!of)
		return;
	if (of->upper)
		fput(t, of->upper);
	fput(t, of->real);
	kfree(file->k, of);
	file->private_data = NULL;
}

static int
ovl_flush(struct task *t, struct file *file)
{
	struct ovl_file *of = file->private_data;
	struct file *f = of->upper ? of->upper : of->real;

	return f->f_op->flush ? f->f_op->flush(t, f) : 0;
}

static int64_t
ovl_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct file *real = real_file(t, file);

	return IS_ERR(real) ? PTR_ERR(real) : real->f_op->read(t, real, to, pos, rwf);
}

static int64_t
ovl_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct file *real = real_file(t, file);
	int64_t n;

	if (IS_ERR(real))
		return PTR_ERR(real);
	n = real->f_op->write(t, real, from, pos, rwf);
	ovl_copyattr(file->f_inode);
	return n;
}

static int64_t
ovl_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	struct file *real;

	/* the two positions are one; only the end and holes need the real file */
	if (whence == SEEK_SET || whence == SEEK_CUR)
		return generic_file_llseek(t, file, off, whence);
	real = real_file(t, file);
	if (IS_ERR(real))
		return PTR_ERR(real);
	real->f_pos = file->f_pos;
	off = vfs_llseek(t, real, off, whence);
	if (off >= 0)
		file->f_pos = off;
	return off;
}

static int
ovl_mmap(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src)
{
	struct file *real = real_file(t, file);

	if (IS_ERR(real))
		return (int)PTR_ERR(real);
	return real->f_op->mmap ? real->f_op->mmap(t, real, pgoff, len, vm_flags, src) : -ENODEV;
}

static int
ovl_fsync(struct task *t, struct file *file, int64_t start, int64_t end, int datasync)
{
	struct file *real = real_file(t, file);

	if (IS_ERR(real))
		return (int)PTR_ERR(real);
	if (!ovl_upper(file->f_inode) || !real->f_op->fsync)
		return 0; /* nothing of ours is in a lower file */
	return real->f_op->fsync(t, real, start, end, datasync);
}

static int64_t
ovl_fallocate(struct task *t, struct file *file, int mode, int64_t off, int64_t len)
{
	struct file *real = real_file(t, file);
	int64_t ret;

	if (IS_ERR(real))
		return PTR_ERR(real);
	ret = real->f_op->fallocate ? real->f_op->fallocate(t, real, mode, off, len) : -EOPNOTSUPP;
	ovl_copyattr(file->f_inode);
	return ret;
}

static hfd_t
ovl_host_fd(struct file *file)
{
	struct ovl_file *of = file->private_data;

	return of->upper ? file_host_fd(of->upper) : file_host_fd(of->real);
}

const struct file_operations ovl_file_fops = {
	.open = ovl_open,
	.release = ovl_release,
	.flush = ovl_flush,
	.read = ovl_read,
	.write = ovl_write,
	.llseek = ovl_llseek,
	.mmap = ovl_mmap,
	.fsync = ovl_fsync,
	.fallocate = ovl_fallocate,
	.host_fd = ovl_host_fd,
};
