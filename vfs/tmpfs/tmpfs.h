/* SPDX-License-Identifier: MIT
 *
 * tmpfs: files in the page pool. What the files of vfs/tmpfs/ need of each other.
 *
 * A name in a directory holds a reference to its inode, so an inode lives while it has a name or a user. Directories keep
 * their own table of names (dir.c); the dentry cache may forget them. File data is kept in chunks of 2 MiB of file offset
 * (pages.c); a file's pages stay where they are once something has mapped it.
 *
 * Locks: i_rwsem as the VFS holds it -> tmpfs_inode.lock (RANK_LEAF: the page table and flags) -> the pool.
 */
#ifndef STEAD_VFS_TMPFS_H
#define STEAD_VFS_TMPFS_H

#include "vfs/fs.h"
#include "vfs/tmpfs/radix.h"

#define TMPFS_MAGIC_NR 0x01021994
#define F_SEAL_EXEC_NR 0x0020 /* F_SEAL_EXEC: newer than some headers */
#define BOGO_DIRENT_SIZE 20 /* what an entry adds to a directory's size, as on Linux */

/* A chunk: pages [512 n, 512 n + 512) of a file. Piece 0 is page 0, piece j > 0 pages [2^(j-1), 2^j), each contiguous. */
#define CHUNK_SHIFT  9
#define CHUNK_PAGES  (1u << CHUNK_SHIFT)
#define CHUNK_PIECES (CHUNK_SHIFT + 1)

struct tmpfs_chunk {
	void *piece[CHUNK_PIECES];
	uint64_t data[CHUNK_PAGES / 64]; /* pages that count as the file's; others are holes even if backed */
	uint64_t written[CHUNK_PAGES / 64]; /* of these, what SEEK_DATA finds: not what fallocate(2) only reserved */
	struct tmpfs_chunk *next;	 /* waiting to be freed */
};

struct tmpfs_sb {
	struct kernel *k;
	uint64_t max_blocks, used_blocks; /* pages; 0: no limit; used is atomic */
	uint64_t max_inodes, used_inodes; /* 0: no limit; used is atomic */
	uint64_t next_ino;
	uint16_t mode;
	uint32_t uid, gid;
	struct list_head doomed; /* names of directories that are being torn down with the file system */
};

struct tmpfs_dirent {
	struct tmpfs_dirent *next; /* hash chain */
	struct list_head doomed;
	uint64_t cookie;
	struct inode *inode; /* with a reference */
	uint32_t hash;
	uint16_t len;
	uint8_t type; /* DT_* */
	char name[];
};

struct tmpfs_xattr {
	struct tmpfs_xattr *next;
	size_t size;
	char *value;
	char name[];
};

struct tmpfs_inode {
	struct inode *inode;
	struct mutex lock;
	struct tmpfs_xattr *xattrs; /* i_rwsem for changes, lock for looks */
	union {
		struct {
			struct radix chunks;
			uint32_t pins;	     /* readers that may stand on pages */
			bool mapped;	     /* pages are never given back before the end */
			struct tmpfs_chunk *limbo; /* chunks to be freed with the last pin */
		} file;
		struct {
			struct tmpfs_dirent **buckets;
			uint32_t nbuckets, nr;
			struct radix cookies;
			uint64_t next_cookie;
		} dir;
		char *link;
	};
};

static inline struct tmpfs_inode *
TMPFS_I(const struct inode *inode)
{
	return inode->i_private;
}

static inline struct tmpfs_sb *
TMPFS_SB(const struct super_block *sb)
{
	return sb->s_fs_info;
}

/* super.c */
struct inode *tmpfs_new_inode(struct task *t, struct super_block *sb, const struct inode *dir, uint16_t mode,
			      uint64_t rdev) __must_check; /* ERR_PTR: ENOSPC ENOMEM */
bool tmpfs_reserve_inode(struct tmpfs_sb *sbi) __must_check;
void tmpfs_unreserve_inode(struct tmpfs_sb *sbi);
extern const struct file_system_type tmpfs_fs_type;

/* shmem.c */

/**
 * shmem_file_setup() - a file in memory without a name
 * @t: the current task
 * @name: what /proc shows: "/NAME (deleted)"
 * @mode: permissions
 *
 * Context: may sleep (allocates).
 * Return: open for reading and writing, sealed against sealing; or ERR_PTR: -ENOMEM, -ENFILE.
 */
struct file *shmem_file_setup(struct task *t, const char *name, uint16_t mode) __must_check;

/* dir.c */
struct tmpfs_dirent *tmpfs_find(struct inode *dir, const char *name, uint32_t len) __must_check;
void tmpfs_dir_destroy(struct kernel *k, struct inode *dir);
extern const struct file_operations tmpfs_dir_fops;

/* namei.c */
extern const struct inode_operations tmpfs_dir_iops;

/**
 * tmpfs_add_name(), tmpfs_remove_name() - the table of names; consumes or drops the reference to the inode
 *
 * Context: i_rwsem of the directory.
 * Return: 0, -ENOMEM.
 */
int tmpfs_add_name(struct inode *dir, const struct qstr *name, struct inode *inode) __must_check;
void tmpfs_remove_name(struct inode *dir, struct tmpfs_dirent *de);

/* pages.c */

/**
 * tmpfs_lookup_pages() - the pages at an index
 * @inode: a regular file
 * @idx: page index
 * @run: set: how many pages from @idx on are like it: contiguous in the arena, or all holes
 *
 * Context: tmpfs_inode.lock is held.
 * Return: the first page, or NULL: a hole.
 */
char *tmpfs_lookup_pages(struct inode *inode, uint64_t idx, uint64_t *run) __must_check;

/**
 * tmpfs_get_pages() - the same for writing: up to @want pages become data
 * @want: at least 1
 * @write: the caller is about to write them
 * @run: set to how many there are
 * @new: set to how many of them were not data before
 *
 * Context: i_rwsem is held; takes tmpfs_inode.lock.
 * Return: the first page; @run contiguous ones are data now (zero if they were not); ERR_PTR: -ENOSPC, -ENOMEM.
 */
char *tmpfs_get_pages(struct inode *inode, uint64_t idx, uint64_t want, bool write, uint64_t *run,
		      uint64_t *new) __must_check;

/**
 * tmpfs_map_pages() - back a range for a mapping, whether it is data or not
 *
 * Return: as tmpfs_get_pages().
 */
char *tmpfs_map_pages(struct inode *inode, uint64_t idx, uint64_t want, uint64_t *run) __must_check;

/* Pages [first, last] become holes. i_rwsem is held. */
void tmpfs_drop_pages(struct inode *inode, uint64_t first, uint64_t last);
void tmpfs_zero_range(struct inode *inode, int64_t from, int64_t to); /* inside data pages; holes are left */
void tmpfs_pin(struct inode *inode);   /* with tmpfs_inode.lock held */
void tmpfs_unpin(struct inode *inode); /* takes it */
void tmpfs_free_pages(struct inode *inode); /* the end of the inode */
/* Pages that a mapping has touched become data. Takes the lock. */
void tmpfs_note_touched(struct inode *inode);

/* file.c */
extern const struct file_operations tmpfs_file_fops;
extern const struct inode_operations tmpfs_file_iops, tmpfs_symlink_iops, tmpfs_special_iops;
int tmpfs_setattr(struct task *t, struct dentry *dentry, struct iattr *attr);
int tmpfs_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags);

/* xattr.c */
int64_t tmpfs_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n);
int tmpfs_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags);
int64_t tmpfs_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n);
void tmpfs_free_xattrs(struct kernel *k, struct tmpfs_inode *ti);

#endif
