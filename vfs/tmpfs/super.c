/* SPDX-License-Identifier: MIT
 *
 * Mounting tmpfs: options, limits, inodes. tmpfs(5).
 */
#include <asm/statfs.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/namei.h"
#include "vfs/tmpfs/tmpfs.h"

bool
tmpfs_reserve_inode(struct tmpfs_sb *sbi)
{
	uint64_t used = __atomic_add_fetch(&sbi->used_inodes, 1, __ATOMIC_RELAXED);

	if (!sbi->max_inodes || used <= sbi->max_inodes)
		return true;
	tmpfs_unreserve_inode(sbi);
	return false;
}

void
tmpfs_unreserve_inode(struct tmpfs_sb *sbi)
{
	__atomic_sub_fetch(&sbi->used_inodes, 1, __ATOMIC_RELAXED);
}

static void
set_ops(struct inode *inode)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &tmpfs_file_iops;
		inode->i_fop = &tmpfs_file_fops;
		break;
	case S_IFDIR:
		inode->i_op = &tmpfs_dir_iops;
		inode->i_fop = &tmpfs_dir_fops;
		inode->i_nlink = 2;
		inode->i_size = 2 * BOGO_DIRENT_SIZE;
		break;
	case S_IFLNK:
		inode->i_op = &tmpfs_symlink_iops;
		break;
	default:
		inode->i_op = &tmpfs_special_iops;
		break;
	}
}

struct inode *
tmpfs_new_inode(struct task *t, struct super_block *sb, const struct inode *dir, uint16_t mode, uint64_t rdev)
{
	struct tmpfs_sb *sbi = TMPFS_SB(sb);
	struct tmpfs_inode *ti;
	struct inode *inode;

	if (!tmpfs_reserve_inode(sbi))
		return ERR_PTR(-ENOSPC);
	ti = kzalloc(sbi->k, sizeof(*ti));
	inode = ti ? new_inode_of(sb) : NULL;
	if (!inode) {
		kfree(sbi->k, ti);
		tmpfs_unreserve_inode(sbi);
		return ERR_PTR(-ENOMEM);
	}
	ti->inode = inode;
	mutex_init(&ti->lock, RANK_LEAF);
	inode->i_private = ti;
	inode->i_ino = __atomic_add_fetch(&sbi->next_ino, 1, __ATOMIC_RELAXED);
	inode_init_owner(t, inode, dir, mode);
	inode->i_rdev = rdev;
	inode->i_seals = 1; /* F_SEAL_SEAL: only memfds can be sealed */
	inode_update_times(inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	inode->i_btime = inode->i_mtime;
	set_ops(inode);
	return inode;
}

static void
tmpfs_evict_inode(struct kernel *k, struct inode *inode)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);

	if (!ti)
		return;
	if (S_ISREG(inode->i_mode))
		tmpfs_free_pages(inode);
	else if (S_ISDIR(inode->i_mode))
		tmpfs_dir_destroy(k, inode);
	else if (S_ISLNK(inode->i_mode))
		kfree(k, ti->link);
	tmpfs_free_xattrs(k, ti);
	tmpfs_unreserve_inode(TMPFS_SB(inode->i_sb));
	kfree(k, ti);
	inode->i_private = NULL;
}

static int
tmpfs_statfs(struct task *t, struct dentry *dentry, void *kstatfs)
{
	struct tmpfs_sb *sbi = TMPFS_SB(dentry->d_sb);
	struct statfs64 *st = kstatfs;

	memset(st, 0, sizeof(*st));
	st->f_type = TMPFS_MAGIC_NR;
	st->f_bsize = st->f_frsize = PAGE_SIZE;
	st->f_namelen = NAME_MAX;
	if (sbi->max_blocks) {
		uint64_t used = __atomic_load_n(&sbi->used_blocks, __ATOMIC_RELAXED);

		st->f_blocks = sbi->max_blocks;
		st->f_bavail = st->f_bfree = used < sbi->max_blocks ? sbi->max_blocks - used : 0;
	}
	if (sbi->max_inodes) {
		st->f_files = sbi->max_inodes;
		st->f_ffree = sbi->max_inodes - __atomic_load_n(&sbi->used_inodes, __ATOMIC_RELAXED);
	}
	st->f_fsid.val[0] = (int)dentry->d_sb->s_dev;
	return 0;
}

static void
tmpfs_put_super(struct super_block *sb)
{
	kfree(sb->k, sb->s_fs_info);
	sb->s_fs_info = NULL;
}

static int
tmpfs_show_options(struct super_block *sb, char *buf, size_t n)
{
	struct tmpfs_sb *sbi = TMPFS_SB(sb);
	size_t at = 0;

	buf[0] = 0;
	if (sbi->max_blocks)
		at += (size_t)ksnprintf(buf + at, n - at, ",size=%lluk", (unsigned long long)(sbi->max_blocks << 2));
	if (sbi->max_inodes && at < n)
		at += (size_t)ksnprintf(buf + at, n - at, ",nr_inodes=%llu", (unsigned long long)sbi->max_inodes);
	if (sbi->mode != 01777 && at < n)
		at += (size_t)ksnprintf(buf + at, n - at, ",mode=%03o", sbi->mode);
	if (sbi->uid && at < n)
		at += (size_t)ksnprintf(buf + at, n - at, ",uid=%u", sbi->uid);
	if (sbi->gid && at < n)
		at += (size_t)ksnprintf(buf + at, n - at, ",gid=%u", sbi->gid);
	return (int)MIN(at, n);
}

static const struct super_operations tmpfs_sops = {
	.evict_inode = tmpfs_evict_inode,
	.statfs = tmpfs_statfs,
	.put_super = tmpfs_put_super,
	.show_options = tmpfs_show_options,
};

/* A number with the suffixes of tmpfs(5): k m g t p e, and % (of @total). False if it is none. */
static bool
parse_size(const char *s, size_t n, unsigned int base, uint64_t total, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < n && s[i] >= '0' && s[i] < (char)('0' + MIN(base, 10u)); i++)
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return false;
	if (i == 0)
		return false;
	if (i < n) {
		static const char suffix[] = "kmgtpe";
		const char *p = strchr(suffix, s[i] | 0x20);

		if (s[i] == '%' && total) {
			v = v * (total / 100);
		} else if (p && *p) {
			uint64_t mul = 1ull << (10 * (p - suffix + 1));

			if (__builtin_mul_overflow(v, mul, &v))
				return false;
		} else {
			return false;
		}
		i++;
	}
	*out = v;
	return i == n;
}

static bool
option_is(const char *s, size_t n, const char *name, const char **value, size_t *len)
{
	size_t m = strlen(name);

	if (n < m || memcmp(s, name, m) != 0)
		return false;
	*value = s + m;
	*len = n - m;
	return name[m - 1] == '=' || n == m;
}

static bool
parse_one(struct tmpfs_sb *sbi, const char *s, size_t n)
{
	uint64_t ram = sbi->k->params.memory, v;
	const char *val;
	size_t len;

	if (option_is(s, n, "size=", &val, &len)) {
		if (!parse_size(val, len, 10, ram, &v))
			return false;
		sbi->max_blocks = (v + PAGE_SIZE - 1) >> PAGE_SHIFT;
	} else if (option_is(s, n, "nr_blocks=", &val, &len)) {
		if (!parse_size(val, len, 10, 0, &sbi->max_blocks))
			return false;
	} else if (option_is(s, n, "nr_inodes=", &val, &len)) {
		if (!parse_size(val, len, 10, 0, &sbi->max_inodes))
			return false;
	} else if (option_is(s, n, "mode=", &val, &len)) {
		if (!parse_size(val, len, 8, 0, &v))
			return false;
		sbi->mode = v & 07777;
	} else if (option_is(s, n, "uid=", &val, &len)) {
		if (!parse_size(val, len, 10, 0, &v) || v >= UINT32_MAX)
			return false;
		sbi->uid = (uint32_t)v;
	} else if (option_is(s, n, "gid=", &val, &len)) {
		if (!parse_size(val, len, 10, 0, &v) || v >= UINT32_MAX)
			return false;
		sbi->gid = (uint32_t)v;
	} else {
		return option_is(s, n, "huge=", &val, &len) || option_is(s, n, "mpol=", &val, &len) ||
		       option_is(s, n, "inode32", &val, &len) || option_is(s, n, "inode64", &val, &len) ||
		       option_is(s, n, "noswap", &val, &len);
	}
	return true;
}

static int
parse_options(struct tmpfs_sb *sbi, const char *opts)
{
	while (opts && *opts) {
		size_t n = 0;

		while (opts[n] && opts[n] != ',')
			n++;
		if (n && !parse_one(sbi, opts, n))
			return -EINVAL;
		opts += n + (opts[n] == ',');
	}
	return 0;
}

static int
tmpfs_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct tmpfs_sb *sbi = kzalloc(fc->k, sizeof(*sbi));
	uint64_t pages = fc->k->params.memory >> PAGE_SHIFT;
	struct super_block *sb;
	struct inode *root;
	int err;

	if (!sbi)
		return -ENOMEM;
	*sbi = (struct tmpfs_sb){ .k = fc->k, .max_blocks = pages / 2, .max_inodes = pages / 2, .mode = 01777 };
	sbi->uid = fc->t->cred->fsuid;
	sbi->gid = fc->t->cred->fsgid;
	INIT_LIST_HEAD(&sbi->doomed);
	err = parse_options(sbi, fc->options);
	sb = err ? NULL : sget(fc->k, &tmpfs_fs_type);
	if (!sb) {
		kfree(fc->k, sbi);
		return err ? err : -ENOMEM;
	}
	sb->s_fs_info = sbi;
	sb->s_op = &tmpfs_sops;
	sb->s_magic = TMPFS_MAGIC_NR;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_flags = fc->flags;
	root = tmpfs_new_inode(fc->t, sb, NULL, S_IFDIR | sbi->mode, 0);
	if (IS_ERR(root)) {
		deactivate_super(sb);
		return (int)PTR_ERR(root);
	}
	root->i_uid = sbi->uid;
	root->i_gid = sbi->gid;
	sb->s_root = d_make_root(sb, root);
	if (!sb->s_root) {
		deactivate_super(sb);
		return -ENOMEM;
	}
	*out = sb;
	return 0;
}

const struct file_system_type tmpfs_fs_type = {
	.name = "tmpfs",
	.nodev = true,
	.get_tree = tmpfs_get_tree,
};
