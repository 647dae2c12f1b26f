/* SPDX-License-Identifier: MIT
 *
 * Open files of hostfs: regular files and directory listings.
 *
 * Reads take no lock; writes hold i_rwsem. vfs_write() does the syncing that O_SYNC asks for. Listings keep the host's cookies, so telldir and seekdir work as on the host.
 * Left out: O_DIRECT's alignment errors (the data is right, through the host's cache).
 */
#include <asm/unistd.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "mm/mm.h"
#include "trap/host.h"
#include "vfs/generic.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

#define DIR_BUF_SIZE (32 * 1024u)

struct host_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

static int
hostfs_open(struct task *t, struct inode *inode, struct file *file)
{
	struct hostfs_sb *sbi = HOSTFS_SB(inode->i_sb);
	uint32_t acc = file->f_flags & O_ACCMODE;
	bool own = false, writer = acc != O_RDONLY;
	struct hostfs_file *hf = kzalloc(sbi->k, sizeof(*hf));
	int err;

	if (!hf)
		return -ENOMEM;
	if (writer)
		err = hostfs_writefd(t, file->f_path.dentry, acc == O_RDWR, &hf->fd, &own);
	else
		err = hostfs_readfd(t, file->f_path.dentry, file->f_flags, &hf->fd, &own);
	/* The host refuses its owner a file just made with a mode of 0, but for the descriptor it was made by. */
	if (err == -EACCES && !writer && hostfs_writefd(t, file->f_path.dentry, true, &hf->fd, &own) == 0) {
		writer = true;
		err = 0;
	}
	if (err) {
		kfree(sbi->k, hf);
		return err;
	}
	hf->wb_seq = __atomic_load_n(&HOSTFS_I(inode)->wb_seq, __ATOMIC_ACQUIRE);
	hf->kind = own ? HOSTFS_OWN : writer ? HOSTFS_WRITER : HOSTFS_PINNED;
	file->private_data = hf;
	return 0;
}

static void
hostfs_release(struct task *t, struct inode *inode, struct file *file)
{
	struct hostfs_sb *sbi = HOSTFS_SB(inode->i_sb);
	struct hostfs_file *hf = file->private_data;

	if (!hf)
		return;
	if (hf->kind == HOSTFS_OWN)
		hostfs_close(hf->fd);
	else if (hf->kind == HOSTFS_WRITER)
		hostfs_put_writer(inode);
	else
		hostfs_unpin(inode);
	if (hf->buf)
		page_free(sbi->k, hf->buf, DIR_BUF_SIZE / PAGE_SIZE);
	kfree(sbi->k, hf);
	file->private_data = NULL;
}

static struct hostfs_state *
state_of(const struct file *file)
{
	return HOSTFS_SB(file->f_inode->i_sb)->state;
}

static hfd_t
hostfs_host_fd(struct file *file)
{
	const struct hostfs_file *hf = file->private_data;

	return hf ? hf->fd : HFD_NONE;
}

static int64_t
hostfs_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct hostfs_file *hf = file->private_data;
	int64_t n = hostfs_pread(t, state_of(file), hf->fd, to, *pos, rwf & (RWF_HIPRI | RWF_NOWAIT));

	if (n > 0)
		*pos += n;
	return n;
}

static int64_t
hostfs_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct hostfs_file *hf = file->private_data;
	struct inode *inode = file->f_inode;
	bool append = write_appends(file, rwf);
	int64_t n;

	mutex_lock(&inode->i_rwsem);
	n = append ? hostfs_refresh(t, file->f_path.dentry) : 0; /* processes of the host may append too */
	if (n == 0)
		n = generic_write_checks(t, file, from, pos, rwf);
	if (n > 0)
		n = hostfs_pwrite(t, state_of(file), hf->fd, from, *pos, (append ? RWF_APPEND : 0) | (rwf & RWF_NOWAIT));
	if (n > 0) {
		*pos += n;
		hostfs_change_begin(inode);
		if (*pos > inode->i_size)
			WRITE_ONCE(inode->i_size, *pos);
		hostfs_change_end(inode);
	}
	mutex_unlock(&inode->i_rwsem);
	return n;
}

static int64_t
hostfs_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	struct hostfs_file *hf = file->private_data;

	if (whence == SEEK_END) {
		int err = hostfs_refresh(t, file->f_path.dentry);

		if (err)
			return err;
	} else if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		off = host_call3(__NR_lseek, hf->fd.fd, off, whence); /* the host's position is nobody's */
		if (off < 0)
			return off;
		whence = SEEK_SET;
	}
	return generic_file_llseek(t, file, off, whence);
}

static int
hostfs_mmap(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src)
{
	struct hostfs_file *hf = file->private_data;

	*src = (struct mmap_source){ .fd = hf->fd, .off = pgoff << PAGE_SHIFT, .len = len };
	return 0;
}

static int64_t
hostfs_fallocate(struct task *t, struct file *file, int mode, int64_t off, int64_t len)
{
	struct hostfs_file *hf = file->private_data;
	struct inode *inode = file->f_inode;
	int64_t ret = 0;

	mutex_lock(&inode->i_rwsem);
	if (!(mode & (FALLOC_FL_KEEP_SIZE | FALLOC_FL_COLLAPSE_RANGE)) && off + len > inode->i_size)
		ret = inode_newsize_ok(t, inode, off + len);
	if (ret == 0)
		ret = host_call4(__NR_fallocate, hf->fd.fd, mode, off, len);
	hostfs_change_begin(inode);
	if (ret == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && off + len > inode->i_size)
		WRITE_ONCE(inode->i_size, off + len);
	hostfs_change_end(inode);
	mutex_unlock(&inode->i_rwsem);
	return ret;
}

const struct file_operations hostfs_file_fops = {
	.f_mode = FMODE_NOWAIT, /* if the host has none, it says so */
	.open = hostfs_open,
	.release = hostfs_release,
	.flush = hostfs_flush,
	.read = hostfs_read,
	.write = hostfs_write,
	.llseek = hostfs_llseek,
	.mmap = hostfs_mmap,
	.host_fd = hostfs_host_fd,
	.fsync = hostfs_fsync,
	.fallocate = hostfs_fallocate,
};

/* More entries from the host, from cookie @pos on. Another open file of the directory may have moved the position. */
static int64_t
fill_dir_buf(struct inode *inode, struct hostfs_file *hf, int64_t pos)
{
	struct hostfs_inode *hi = HOSTFS_I(inode);
	int64_t ret = 0;
	bool shared = hf->kind == HOSTFS_PINNED;

	mutex_lock(&hi->dir_lock);
	if (!shared || hi->dir_pos != pos)
		ret = host_call3(__NR_lseek, hf->fd.fd, pos, SEEK_SET);
	if (ret >= 0)
		ret = host_call3(__NR_getdents64, hf->fd.fd, hf->buf, DIR_BUF_SIZE);
	hf->buf_pos = 0;
	hf->buf_len = ret > 0 ? (uint32_t)ret : 0;
	hf->next_pos = pos;
	hf->end_pos = ret == 0 ? pos : -1;
	if (shared)
		hi->dir_pos = -1;
	if (shared && ret > 0) { /* where the host stands now: the last entry's cookie */
		for (uint32_t at = 0; at < hf->buf_len;) {
			const struct host_dirent64 *de = (const void *)(hf->buf + at);

			hi->dir_pos = de->d_off;
			at += de->d_reclen;
		}
	}
	mutex_unlock(&hi->dir_lock);
	return ret;
}

static int
hostfs_iterate(struct task *t, struct file *file, struct dir_context *ctx)
{
	struct hostfs_file *hf = file->private_data;
	struct hostfs_sb *sbi = HOSTFS_SB(file->f_inode->i_sb);

	if (!hf->buf) {
		hf->buf = page_alloc_raw(sbi->k, DIR_BUF_SIZE / PAGE_SIZE, 1);
		if (!hf->buf)
			return -ENOMEM;
		hf->next_pos = hf->end_pos = -1;
	}
	for (;;) {
		const struct host_dirent64 *de;

		/* from the start: what is there now, not what was read before */
		if (hf->buf_pos >= hf->buf_len || ctx->pos != hf->next_pos || ctx->pos == 0) {
			int64_t n;

			if (ctx->pos == hf->end_pos) { /* said once: the reader that sees the end asks twice for it */
				hf->end_pos = -1;
				return 0;
			}
			n = fill_dir_buf(file->f_inode, hf, ctx->pos);
			if (n <= 0)
				return (int)n;
		}
		de = (const void *)(hf->buf + hf->buf_pos);
		if (!ctx->actor(ctx, de->d_name, (int)strlen(de->d_name), ctx->pos, de->d_ino, de->d_type))
			return 0;
		hf->buf_pos += de->d_reclen;
		hf->next_pos = ctx->pos = de->d_off;
	}
}

static int64_t
hostfs_dir_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	file->f_pos = off;
	return off;
}

const struct file_operations hostfs_dir_fops = {
	.open = hostfs_open,
	.release = hostfs_release,
	.llseek = hostfs_dir_llseek,
	.iterate = hostfs_iterate,
	.fsync = hostfs_fsync,
};
