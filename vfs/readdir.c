/* SPDX-License-Identifier: MIT
 *
 * Reading directories. f_op->iterate gives entries to an actor, from ctx->pos on, with the directory's i_rwsem held; the actor
 * fills a kernel buffer, which is copied out once.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/seeded.h"
#include "kernel/task.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"
#include "vfs/readdir.h"

int
iterate_dir(struct task *t, struct file *file, struct dir_context *ctx)
{
	struct inode *inode = file->f_inode;
	int err = -ENOENT;

	if (!file->f_op || !file->f_op->iterate)
		return -ENOTDIR;
	mutex_lock(&inode->i_rwsem);
	if (!(inode->i_flags & S_DEAD)) {
		ctx->pos = file->f_pos;
		err = file->f_op->iterate(t, file, ctx);
		file->f_pos = ctx->pos;
		fsnotify_file(file, IN_ACCESS);
		file_accessed(t, file);
	}
	mutex_unlock(&inode->i_rwsem);
	return err;
}

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
} __packed;

struct linux_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	char d_name[]; /* the type is in the last byte of the record */
} __packed;

struct getdents_buf {
	struct dir_context ctx;
	char *buf;
	size_t size, used;
	size_t last; /* where the last record begins */
	bool any, old;
	int error;
};

static size_t
record_size(bool old, int len)
{
	size_t head = old ? offsetof(struct linux_dirent, d_name) + 1 : offsetof(struct linux_dirent64, d_name);

	return ALIGN_UP(head + (size_t)len + 1, (size_t)8);
}

static bool
filldir(struct dir_context *ctx, const char *name, int len, int64_t off, uint64_t ino, unsigned int type)
{
	struct getdents_buf *b = container_of(ctx, struct getdents_buf, ctx);
	size_t reclen = record_size(b->old, len);
	char *p = b->buf + b->used;

	if (len <= 0 || memchr(name, '/', (size_t)len)) {
		b->error = -EIO;
		return false;
	}
	if (reclen > b->size - b->used) {
		b->error = -EINVAL; /* only counts if nothing fits */
		return false;
	}
	/* The offset of a record is that of the next one: it is known when that one comes. */
	if (b->any)
		memcpy(b->buf + b->last + offsetof(struct linux_dirent64, d_off), &off, sizeof(off));
	memset(p, 0, reclen);
	if (b->old) {
		struct linux_dirent *d = (struct linux_dirent *)(void *)p;

		d->d_ino = ino;
		d->d_reclen = (uint16_t)reclen;
		memcpy(d->d_name, name, (size_t)len);
		p[reclen - 1] = (char)type;
	} else {
		struct linux_dirent64 *d = (struct linux_dirent64 *)(void *)p;

		d->d_ino = ino;
		d->d_reclen = (uint16_t)reclen;
		d->d_type = (uint8_t)SEEDED(type, type == S_IFLNK >> 12 ? S_IFREG >> 12 : type);
		memcpy(d->d_name, name, (size_t)len);
	}
	b->last = b->used;
	b->any = true;
	b->used += reclen;
	return true;
}

int64_t
do_getdents(struct task *t, struct file *file, uaddr_t dirent, size_t count, bool old)
{
	struct getdents_buf b = { .ctx = { .actor = filldir }, .size = MIN(count, (size_t)(32 * 1024)), .old = old };
	int64_t ret;

	if (!file->f_op || !file->f_op->iterate)
		return -ENOTDIR;
	b.buf = kmalloc(t->k, b.size ? b.size : 1);
	if (!b.buf)
		return -ENOMEM;
	ret = iterate_dir(t, file, &b.ctx);
	if (ret >= 0 && !b.any)
		ret = b.error;
	if (b.any) {
		memcpy(b.buf + b.last + offsetof(struct linux_dirent64, d_off), &b.ctx.pos, sizeof(b.ctx.pos));
		ret = copy_to_user(t, dirent, b.buf, b.used) ? -EFAULT : (int64_t)b.used;
	}
	kfree(t->k, b.buf);
	return ret;
}
