/* SPDX-License-Identifier: MIT
 *
 * What the host says late: errors of writing back, which fsync(2), msync(2) and, of files that come over a network or from FUSE,
 * close(2) return. A quota or a full disk of theirs is often found no earlier.
 *
 * The host tells every open file of its own once. Several of ours share one, so each remembers how many errors there had been
 * when it was opened or last told (hostfs_file.wb_seq), and the inode the last of them.
 */
#include <asm/statfs.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "trap/host.h"
#include "vfs/hostfs/hostfs.h"

#define ORANGEFS_MAGIC 0x20030528

/* The other shared descriptor of the inode is told of the error, too: it has nothing to say later. */
static void
hear_it_twice(struct inode *inode, hfd_t told)
{
	bool writer;
	hfd_t other = hostfs_otherfd(inode, told, &writer);

	if (other.fd < 0)
		return;
	host_call1(__NR_fsync, other.fd);
	if (writer)
		hostfs_put_writer(inode);
	else
		hostfs_unpin(inode);
}

int
hostfs_fsync(struct task *t, struct file *file, int64_t start, int64_t end, int datasync)
{
	struct hostfs_file *hf = file->private_data;
	struct hostfs_inode *hi = HOSTFS_I(file->f_inode);
	int err = (int)host_call1(datasync ? __NR_fdatasync : __NR_fsync, hf->fd.fd);
	uint32_t seq;

	if (hf->kind == HOSTFS_OWN || err == -EINVAL || err == -EINTR)
		return err;
	if (err) {
		hear_it_twice(file->f_inode, hf->fd);
		__atomic_store_n(&hi->wb_err, err, __ATOMIC_RELAXED);
		__atomic_add_fetch(&hi->wb_seq, 1, __ATOMIC_RELEASE);
	}
	seq = __atomic_load_n(&hi->wb_seq, __ATOMIC_ACQUIRE);
	return __atomic_exchange_n(&hf->wb_seq, seq, __ATOMIC_RELAXED) == seq ? 0 : __atomic_load_n(&hi->wb_err, __ATOMIC_RELAXED);
}

static bool
fs_flushes(hfd_t fd)
{
	struct statfs sfs;

	if (host_call2(__NR_fstatfs, fd.fd, &sfs) < 0)
		return false;
	switch ((uint32_t)sfs.f_type) {
	case AFS_FS_MAGIC:
	case AFS_SUPER_MAGIC:
	case CEPH_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case ECRYPTFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case NFS_SUPER_MAGIC:
	case ORANGEFS_MAGIC:
	case SMB2_SUPER_MAGIC:
		return true;
	}
	return false;
}

int
hostfs_flush_fd(hfd_t fd)
{
	int64_t copy;

	if (!fs_flushes(fd))
		return 0;
	copy = host_call3(__NR_fcntl, fd.fd, F_DUPFD_CLOEXEC, 3);
	return copy < 0 ? 0 : (int)host_call1(__NR_close, copy);
}

/* Asked once a device. */
static bool
inode_flushes(const struct inode *inode, hfd_t fd)
{
	struct hostfs_sb *sbi = HOSTFS_SB(inode->i_sb);
	struct hostfs_state *st = sbi->state;
	uint64_t dev = HOSTFS_I(inode)->dev;

	hostfs_dev(sbi->k, st, dev);
	for (uint32_t i = 0, n = __atomic_load_n(&st->nr_devs, __ATOMIC_ACQUIRE); i < n; i++) {
		uint8_t flushes = __atomic_load_n(&st->devs[i].flushes, __ATOMIC_RELAXED);

		if (st->devs[i].host != dev)
			continue;
		if (flushes == HOSTFS_FLUSH_UNKNOWN) {
			flushes = fs_flushes(fd) ? HOSTFS_FLUSH_YES : HOSTFS_FLUSH_NO;
			__atomic_store_n(&st->devs[i].flushes, flushes, __ATOMIC_RELAXED);
		}
		return flushes == HOSTFS_FLUSH_YES;
	}
	return fs_flushes(fd);
}

int
hostfs_flush(struct task *t, struct file *file)
{
	struct hostfs_file *hf = file->private_data;

	if (!hf || !(file->f_mode & FMODE_WRITE) || !inode_flushes(file->f_inode, hf->fd))
		return 0;
	return hostfs_flush_fd(hf->fd);
}
