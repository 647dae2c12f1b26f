/* SPDX-License-Identifier: MIT
 *
 * Regular files of tmpfs: reading, writing, mapping, seeking holes, allocating; attributes of all its inodes; seals.
 *
 * Writers and truncation hold i_rwsem; readers take no lock, they pin the file while they copy. A read beside a truncation sees
 * old bytes or zeros, as on Linux. SIGBUS in a mapping beyond the end of the file is mm's business (mm/truncate.c).
 */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/seeded.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "vfs/generic.h"
#include "vfs/namei.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/tmpfs/tmpfs.h"

#define FRESH_PAGES 4
#define REUSED_PAGES 16 /* of a file, at its beginning: from there on its pieces are larger than what the page pool keeps for the next */
#define MAX_MAP_PAGES (1ull << 18) /* of one answer of mmap: 1 GiB */

static int64_t
tmpfs_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct inode *inode = file->f_inode;
	struct tmpfs_inode *ti = TMPFS_I(inode);
	int64_t done = 0;

	while (to->count > 0) {
		int64_t left = READ_ONCE(inode->i_size) - *pos;
		uint64_t run, off = (uint64_t)*pos & (PAGE_SIZE - 1);
		size_t n, got;
		char *p;

		if (left <= 0)
			break;
		mutex_lock(&ti->lock);
		p = tmpfs_lookup_pages(inode, (uint64_t)*pos >> PAGE_SHIFT, &run);
		if (p)
			tmpfs_pin(inode);
		mutex_unlock(&ti->lock);
		n = MIN(MIN(to->count, (size_t)left), SEEDED(run * PAGE_SIZE, PAGE_SIZE) - off);
		got = p ? copy_to_iter(p + off, n, to) : iov_iter_zero(n, to);
		if (p)
			tmpfs_unpin(inode);
		done += (int64_t)got;
		*pos += (int64_t)got;
		if (got < n) {
			if (!done)
				done = -EFAULT;
			break;
		}
		if (SEEDED(0, off && !(*pos & (PAGE_SIZE - 1))))
			break;
	}
	file_accessed(t, file);
	return done;
}

/* What may be written from @pos on: page by page, F_SEAL_GROW lets through what does not reach beyond the end. */
static int64_t
check_write_seals(const struct inode *inode, int64_t pos, int64_t count)
{
	int64_t last = ALIGN_DOWN(inode->i_size, (int64_t)PAGE_SIZE);


	if (inode->i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (!(inode->i_seals & F_SEAL_GROW) || pos + count <= inode->i_size)
		return count;
	return last > pos ? last - pos : -EPERM;
}

/*
 * Are these @n bytes at offset @off of page @idx written by the host, if it can reach the program's memory from here? It fills new pages
 * without clearing them first, and without a fault for each; pages that are there already, and small extents, which the page pool uses
 * again, are faster filled by hand.
 */
static bool
is_hosts_work(uint64_t idx, uint64_t off, size_t n, uint64_t fresh, uint64_t run)
{
	if (idx >= REUSED_PAGES)
		return fresh > 0 && n >= PAGE_SIZE;
	return fresh == run && off == 0 && n >= FRESH_PAGES * PAGE_SIZE;
}

static size_t
write_by_host(struct task *t, struct inode *inode, struct iov_iter *from, char *p, size_t n)
{
	struct kernel *k = inode->i_sb->k;
	size_t left = from->count - n;
	int64_t ret;

	from->count = n;
	ret = hostfs_pwrite(t, NULL, k->arena_fd, from, (int64_t)arena_offset(p), 0);
	from->count += left;
	return ret > 0 ? (size_t)ret : 0;
}

/* Copy into the pages at *@pos; i_rwsem is held. */
static int64_t
write_pages(struct task *t, struct inode *inode, struct iov_iter *from, int64_t *pos)
{
	int64_t done = 0, err = 0;

	while (from->count > 0) {
		uint64_t run, off = (uint64_t)*pos & (PAGE_SIZE - 1);
		uint64_t want = (off + from->count + PAGE_SIZE - 1) >> PAGE_SHIFT;
		uint64_t fresh;
		bool by_host;
		char *p = tmpfs_get_pages(inode, (uint64_t)*pos >> PAGE_SHIFT, want, true, &run, &fresh);
		size_t n, got = 0;

		if (IS_ERR(p)) {
			err = PTR_ERR(p);
			break;
		}
		n = MIN(from->count, run * PAGE_SIZE - off);
		by_host = is_hosts_work((uint64_t)*pos >> PAGE_SHIFT, off, n, fresh, run) && hostfs_is_direct(t, from);
		if (by_host)
			got = write_by_host(t, inode, from, p + off, n);
		if (got == 0)
			got = copy_from_iter(p + off, n, from);
		done += (int64_t)got;
		*pos += (int64_t)got;
		if (got < n && !(by_host && got > 0)) {
			err = -EFAULT;
			break;
		}
	}
	return done ? done : err;
}

static int64_t
tmpfs_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct inode *inode = file->f_inode;
	int64_t ret;
	mutex_guard(&inode->i_rwsem);

	ret = generic_write_checks(t, file, from, pos, rwf);
	if (ret <= 0)
		return ret;
	if (unlikely(inode->i_seals))
		ret = check_write_seals(inode, *pos, ret);
	if (ret < 0)
		return ret;
	from->count = MIN(from->count, (size_t)ret);
	ret = write_pages(t, inode, from, pos);
	if (ret > 0) {
		if (*pos > inode->i_size)
			__atomic_store_n(&inode->i_size, *pos, __ATOMIC_RELEASE);
		inode_update_times(inode, ATTR_MTIME | ATTR_CTIME);
	}
	return ret;
}

/* The next offset at or after @off that is data (@want) or a hole; the end of the file is a hole. */
static int64_t
seek_data_hole(struct inode *inode, int64_t off, bool want)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);

	tmpfs_note_touched(inode);
	mutex_guard(&ti->lock);
	if (off < 0 || off >= inode->i_size)
		return -ENXIO;
	while (off < inode->i_size) {
		uint64_t run, nr = (uint64_t)off >> PAGE_SHIFT >> CHUNK_SHIFT;
		struct tmpfs_chunk *c;
		unsigned int page = (unsigned int)((uint64_t)off >> PAGE_SHIFT) & (CHUNK_PAGES - 1);

		c = radix_next(&ti->file.chunks, &nr);
		if (!c || nr != (uint64_t)off >> PAGE_SHIFT >> CHUNK_SHIFT) { /* no chunk here: a hole up to the next */
			if (!want)
				return off;
			if (!c)
				break;
			off = (int64_t)(nr << CHUNK_SHIFT << PAGE_SHIFT);
			continue;
		}
		for (run = 0; page + run < CHUNK_PAGES; run++)
			if (((c->written[(page + run) / 64] >> ((page + run) % 64)) & 1) == want)
				break;
		if (page + run < CHUNK_PAGES)
			return run == 0 ? off : MIN((int64_t)(((uint64_t)off >> PAGE_SHIFT) + run) << PAGE_SHIFT, inode->i_size);
		off = (int64_t)((nr + 1) << CHUNK_SHIFT << PAGE_SHIFT);
	}
	return want ? -ENXIO : inode->i_size;
}

static int64_t
tmpfs_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		off = seek_data_hole(file->f_inode, off, whence == SEEK_DATA);
		/* beyond the end: data asked for past the last of it */
		if (off >= file->f_inode->i_size && whence == SEEK_DATA)
			off = -ENXIO;
		if (off < 0)
			return off;
		whence = SEEK_SET;
	}
	return generic_file_llseek(t, file, off, whence);
}

static int
tmpfs_mmap(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src)
{
	struct inode *inode = file->f_inode;
	uint64_t pages = (len + PAGE_SIZE - 1) >> PAGE_SHIFT, run;
	uint64_t eof = ALIGN_UP((uint64_t)READ_ONCE(inode->i_size), PAGE_SIZE) >> PAGE_SHIFT;
	char *p;

	if ((vm_flags & VM_SHARED) && (vm_flags & VM_WRITE) && (inode->i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return -EPERM;
	if (pgoff + pages < pgoff || pgoff + pages > MAX_LFS_FILESIZE >> PAGE_SHIFT)
		return -EOVERFLOW;
	if (pgoff >= eof) {
		src->len = 0; /* SIGBUS there, until the file grows */
		return 0;
	}
	pages = MIN(pages, eof - pgoff);
	p = tmpfs_map_pages(inode, pgoff, MIN(pages, MAX_MAP_PAGES), &run);
	if (IS_ERR(p))
		return (int)PTR_ERR(p);
	*src = (struct mmap_source){ .fd = t->k->arena_fd, .off = arena_offset(p), .len = MIN(run << PAGE_SHIFT, len) };
	file_accessed(t, file);
	return 0;
}

static int
tmpfs_fsync(struct task *t, struct file *file, int64_t start, int64_t end, int datasync)
{
	return 0;
}

static int
punch_hole(struct inode *inode, int64_t off, int64_t end)
{
	int64_t first = ALIGN_UP(off, (int64_t)PAGE_SIZE), last = ALIGN_DOWN(end, (int64_t)PAGE_SIZE);

	if (inode->i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (first > last) { /* inside one page */
		tmpfs_zero_range(inode, off, end);
		return 0;
	}
	tmpfs_zero_range(inode, off, first);
	tmpfs_zero_range(inode, last, end);
	if (last > first)
		tmpfs_drop_pages(inode, (uint64_t)first >> PAGE_SHIFT, ((uint64_t)last >> PAGE_SHIFT) - 1);
	return 0;
}

static int64_t
tmpfs_fallocate(struct task *t, struct file *file, int mode, int64_t off, int64_t len)
{
	struct inode *inode = file->f_inode;
	int64_t end = off + len, err = 0;
	uint64_t idx = (uint64_t)off >> PAGE_SHIFT, last;
	mutex_guard(&inode->i_rwsem);

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = punch_hole(inode, off, end);
		if (!err)
			inode_update_times(inode, ATTR_MTIME | ATTR_CTIME);
		return err;
	}
	err = inode_newsize_ok(t, inode, end);
	if (err)
		return err;
	if ((inode->i_seals & F_SEAL_GROW) && end > inode->i_size)
		return -EPERM;
	last = ((uint64_t)end + PAGE_SIZE - 1) >> PAGE_SHIFT;
	if (TMPFS_SB(inode->i_sb)->max_blocks && last - idx > TMPFS_SB(inode->i_sb)->max_blocks)
		return -ENOSPC;
	for (uint64_t at = idx, run, fresh; at < last; at += run) {
		char *p = tmpfs_get_pages(inode, at, last - at, false, &run, &fresh);

		if (IS_ERR(p))
			return PTR_ERR(p);
		if (fatal_signal_pending(t))
			return -EINTR;
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > inode->i_size)
		__atomic_store_n(&inode->i_size, end, __ATOMIC_RELEASE);
	inode_update_times(inode, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

/* i_rwsem is held. */
static int
resize(struct inode *inode, int64_t size)
{
	int64_t old = inode->i_size;
	bool emptied;

	if ((size < old && (inode->i_seals & F_SEAL_SHRINK)) || (size > old && (inode->i_seals & F_SEAL_GROW)))
		return -EPERM;
	if (size <= old && TMPFS_I(inode)->file.mapped)
		tmpfs_note_touched(inode);
	emptied = size <= old && inode->i_blocks > 0; /* it changes then even if it is as long as before */
	if (size != old)
		__atomic_store_n(&inode->i_size, size, __ATOMIC_RELEASE);
	if (size != old || emptied)
		inode_update_times(inode, ATTR_MTIME | ATTR_CTIME);
	if (size <= old) { /* also for what was allocated beyond the end */
		tmpfs_zero_range(inode, size, ALIGN_UP(size, (int64_t)PAGE_SIZE));
		tmpfs_drop_pages(inode, ((uint64_t)size + PAGE_SIZE - 1) >> PAGE_SHIFT, UINT64_MAX >> PAGE_SHIFT);
	}
	return 0;
}

int
tmpfs_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);

	if (attr->ia_valid & ATTR_SIZE) {
		int err;

		if (!S_ISREG(inode->i_mode))
			return S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL;
		err = resize(inode, attr->ia_size);
		if (err)
			return err;
	}
	if ((attr->ia_valid & ATTR_MODE) && (inode->i_seals & F_SEAL_EXEC_NR) && ((inode->i_mode ^ attr->ia_mode) & 0111))
		return -EPERM;
	setattr_copy(t, inode, attr);
	return 0;
}

int
tmpfs_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);

	if (S_ISREG(inode->i_mode) && TMPFS_I(inode)->file.mapped)
		tmpfs_note_touched(inode);
	generic_fillattr(inode, st);
	st->btime = inode->i_btime;
	st->result_mask |= STATX_BTIME;
	return 0;
}

static const char *
tmpfs_get_link(struct task *t, struct dentry *dentry, struct inode *inode, void **done, struct path *jump)
{
	return TMPFS_I(inode)->link;
}

const struct file_operations tmpfs_file_fops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.llseek = tmpfs_llseek,
	.mmap = tmpfs_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

const struct inode_operations tmpfs_file_iops = {
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
};

const struct inode_operations tmpfs_symlink_iops = {
	.get_link = tmpfs_get_link,
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
};

const struct inode_operations tmpfs_special_iops = {
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
};
