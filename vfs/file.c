/* SPDX-License-Identifier: MIT
 *
 * Open files: struct file from allocation to the last fput(). Memory is type-stable and a free file's count stays 0, so that
 * fget() works without a lock (vfs/fdtable.c).
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/eventpoll.h"
#include "vfs/fcntl.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"
#include "vfs/lease.h"

/* 0 read, 1 write, 2 both, 3 neither: access for ioctl only. */
static uint32_t
open_fmode(uint32_t flags)
{
	return (flags + 1) & (FMODE_READ | FMODE_WRITE) & 3;
}

/**
 * alloc_empty_file() - a file that is not open yet
 * @t: the current task
 * @flags: O_*; O_CLOEXEC is taken out, the flags of creation by vfs_open()
 *
 * Return: with one reference, -ENFILE, -ENOMEM.
 */
struct file *
alloc_empty_file(struct task *t, uint32_t flags)
{
	struct vfs_state *v = t->k->vfs;
	struct file *f;

	if (__atomic_add_fetch(&v->nr_files, 1, __ATOMIC_RELAXED) > v->max_files && !capable(t, CAP_SYS_ADMIN)) {
		__atomic_sub_fetch(&v->nr_files, 1, __ATOMIC_RELAXED);
		return ERR_PTR(-ENFILE);
	}
	f = stable_cache_alloc(&v->files);
	if (!f) {
		__atomic_sub_fetch(&v->nr_files, 1, __ATOMIC_RELAXED);
		return ERR_PTR(-ENOMEM);
	}
	/* All but the count, which a lock-free reader may be looking at. */
	memset((char *)f + sizeof(f->f_count), 0, sizeof(*f) - sizeof(f->f_count));
	f->f_flags = flags & ~(uint32_t)O_CLOEXEC;
	f->f_mode = (flags & O_PATH) ? FMODE_PATH : open_fmode(flags);
	f->k = t->k;
	f->f_cred = get_cred(t->cred);
	mutex_init(&f->f_pos_lock, RANK_NONE);
	mutex_init(&f->f_lock, RANK_LEAF);
	INIT_LIST_HEAD(&f->f_ep);
	__atomic_store_n(&f->f_count.n, 1, __ATOMIC_RELEASE);
	return f;
}

static void
free_file(struct file *f)
{
	struct vfs_state *v = f->k->vfs;

	put_cred(f->f_cred);
	__atomic_sub_fetch(&v->nr_files, 1, __ATOMIC_RELAXED);
	stable_cache_free(&v->files, f);
}

struct file *
alloc_file(struct task *t, const struct path *path, uint32_t flags, const struct file_operations *fops)
{
	struct file *f = alloc_empty_file(t, flags);

	if (IS_ERR(f))
		return f;
	f->f_path = *path;
	f->f_inode = d_inode(path->dentry);
	f->f_op = fops;
	f->f_mode |= FMODE_OPENED | (fops->llseek ? FMODE_LSEEK : 0);
	return f;
}

struct file *
alloc_file_clone(struct task *t, struct file *base, uint32_t flags, const struct file_operations *fops)
{
	struct file *f = alloc_file(t, &base->f_path, flags, fops);

	if (!IS_ERR(f))
		path_get(&f->f_path);
	return f;
}

static void
file_release(struct task *t, struct file *f)
{
	struct inode *inode = f->f_inode;

	if (!list_empty(&f->f_ep))
		eventpoll_release_file(t, f);
	if (f->f_mode & FMODE_OPENED) {
		fsnotify_file(f, f->f_mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
		dnotify_flush(f, NULL);
		locks_remove_file(f);
		lease_release(f);
		if ((f->f_flags & FASYNC) && f->f_op && f->f_op->fasync)
			ignore_err(f->f_op->fasync(t, -1, f, false), "leaving cannot fail");
		if (f->f_op && f->f_op->release)
			f->f_op->release(t, inode, f);
	}
	if (f->f_mode & FMODE_WRITER) {
		put_write_access(inode);
		__atomic_sub_fetch(&f->f_path.mnt->mnt_writers, 1, __ATOMIC_RELEASE);
	}
	if (f->f_mode & FMODE_READER)
		__atomic_sub_fetch(&inode->i_readcount, 1, __ATOMIC_RELEASE);
	fown_release(f);
	path_put(t, &f->f_path);
	free_file(f);
}

void
fput(struct task *t, struct file *file)
{
	if (file && refcount_dec_and_test(&file->f_count))
		file_release(t, file);
}

int
filp_close(struct task *t, struct file *file, struct files_struct *files)
{
	int err = 0;

	if (file->f_op && file->f_op->flush && (file->f_mode & FMODE_OPENED))
		err = file->f_op->flush(t, file);
	if (!(file->f_mode & FMODE_PATH)) {
		dnotify_flush(file, files);
		locks_remove_posix(t, file, files);
	}
	fput(t, file);
	return err;
}

hfd_t
file_host_fd(struct file *file)
{
	return file->f_op && file->f_op->host_fd ? file->f_op->host_fd(file) : HFD_NONE;
}
