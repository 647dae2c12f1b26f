/* SPDX-License-Identifier: MIT
 *
 * The virtual file system's objects: super block, inode, dentry, file, mount, path. Linux's names and Linux's meaning.
 *
 * Life of an inode: iget_locked() finds a live one or gives a struct new_inode that must be published with
 * unlock_new_inode() or is abandoned by its cleanup. Life of a dentry: d_alloc() -> d_add() (positive or negative) ->
 * found by d_lookup() -> d_drop()/d_delete(); a reference keeps the inode. Children hold their parent.
 * Life of a file: alloc_file() -> vfs_open() -> fd_install() last, after everything that can fail -> last fput() releases.
 *
 * The table of what is held stands above each ops struct; only vfs_*() functions call an op.
 */
#ifndef STEAD_VFS_FS_H
#define STEAD_VFS_FS_H

#include "kernel/errno.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/refcount.h"
#include "kernel/types.h"
#include "kernel/waitq.h"
#include "mm/uaccess.h"

struct kernel;
struct task;
struct cred;
struct fsnotify_mark;
struct lease;
struct vma;
struct mmap_source;
struct super_block;
struct inode;
struct dentry;
struct file;
struct mount;
struct poll_table;
struct kstat;

struct qstr {
	const char *name;
	uint32_t len, hash;
};

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

struct inode {
	struct list_head i_hash; /* first and together: what a search looks at */
	struct super_block *i_sb;
	uint64_t i_ino;
	uint64_t i_key; /* second half of the hash key: iget_keyed() */
	refcount_t i_count;
	uint16_t i_mode; /* type and permissions */
	uint32_t i_uid, i_gid;
	uint32_t i_nlink;
	uint32_t i_flags; /* S_* */
	uint64_t i_rdev;
	int64_t i_size;
	uint64_t i_blocks; /* of 512 bytes */
	struct k_timespec i_atime, i_mtime, i_ctime, i_btime;
	struct mutex i_rwsem; /* RANK_INODE: directories: names; files: writes and size */
	struct mutex i_new_lock; /* held by who fills a new inode (iget_locked); unranked, inside i_rwsem of the directory */
	const struct inode_operations *i_op;
	const struct file_operations *i_fop; /* for new opens */
	struct list_head i_sb_list;
	struct list_head i_mmap; /* vmas that map it */
	struct mutex i_mmap_lock;
	struct file_lock_context *i_flctx;
	struct pipe_inode_info *i_pipe; /* FIFO */
	uint64_t i_version;
	int32_t i_writecount; /* writers, or negative: denied (running program) */
	uint32_t i_state;
	uint32_t i_write_hint; /* RWH_* of F_SET_RW_HINT */
	uint32_t i_seals; /* F_SEAL_*, of tmpfs */
	struct lease *i_leases; /* vfs/lease.c */
	int32_t i_readcount;	/* files open for reading alone; atomic */
	uint32_t i_notify_mask; /* what any of i_marks wants */
	struct fsnotify_mark *i_marks; /* vfs/fsnotify.c */
	struct inode *i_overlay; /* the overlay inode that has it as its upper file */
	struct inode *i_overlaid; /* one that has it as its lower file; i_mmap_lock (vfs/overlay/iget.c) */
	void *i_private; /* the file system's */
};
#define S_DEAD	    1u
#define S_IMMUTABLE 2u
#define S_APPEND    4u
#define S_NOATIME   8u

/* i_state */
#define I_NEW	   1u
#define I_BAD	   2u
#define I_HASHED   4u
#define I_CUT	   16u /* became shorter while it was mapped (mm/truncate.c) */
#define I_OVL_HASHED 32u /* overlay inodes that have it as their lower file are in the hash */
#define I_LINKABLE 8u /* O_TMPFILE without O_EXCL: may get its first name by linkat */

/* The largest file offset. */
#define MAX_LFS_FILESIZE INT64_MAX

/*
 * An inode nobody else can use yet: publish with unlock_new_inode(), or it is given up by iget_failed().
 *
 *	struct new_inode fresh __cleanup(iget_failed) = { NULL };
 *	struct inode *inode = iget_locked(sb, ino, &fresh);
 *	if (!inode) {
 *		if (!fresh.inode)
 *			return -ENOMEM;
 *		... fill fresh.inode ...
 *		inode = unlock_new_inode(&fresh);
 *	}
 */
struct new_inode {
	struct inode *inode;
};

/*
 * d_count counts references, one of them the cache's own while the dentry is hashed: an unused dentry has a count of 1, a dead
 * one 0. Memory is type-stable: a dentry found without a lock is used after refcount_inc_not_zero() and another look at d_seq.
 * d_inode goes from NULL to an inode once and never back: a removed name is unhashed, with its inode.
 */
struct dentry {
	refcount_t d_count;
	uint32_t d_flags; /* DCACHE_*, atomic */
	uint32_t d_seq; /* even: stable; odd: being renamed or reused */
	uint32_t d_mounted; /* how many mounts sit on it; atomic */
	struct dentry *d_parent;
	struct inode *d_inode; /* NULL: negative; read it once, by d_inode() */
	struct qstr d_name;
	struct dentry *d_hash; /* next in the hash chain */
	uint64_t d_child_bits; /* d_child_bit() of every name in d_subdirs, and perhaps of some that are gone */
	const struct dentry_operations *d_op;
	struct super_block *d_sb;
	uint64_t d_time;
	void *d_fsdata;
	char d_iname[40];
	struct list_head d_child;   /* in parent's d_subdirs */
	struct list_head d_subdirs; /* d_lock */
	struct list_head d_lru;
	struct mutex d_lock; /* RANK_DCACHE: d_subdirs */
};
#define DCACHE_DENTRY_KILLED 1u
#define DCACHE_UNHASHED	     2u
#define DCACHE_REFERENCED    4u	 /* looked up since the shrinker last came by */
#define DCACHE_ON_LRU	     8u
#define DCACHE_PERSISTENT    16u /* d_make_persistent() holds a reference */
#define DCACHE_DISCONNECTED  64u /* no name anywhere: pipes, anonymous inodes, O_TMPFILE */

static inline struct inode *
d_inode(const struct dentry *d)
{
	return __atomic_load_n(&d->d_inode, __ATOMIC_ACQUIRE);
}

static inline bool
d_is_negative(const struct dentry *d)
{
	return d_inode(d) == NULL;
}

static inline bool
d_unhashed(const struct dentry *d)
{
	return (__atomic_load_n(&d->d_flags, __ATOMIC_ACQUIRE) & DCACHE_UNHASHED) != 0;
}

/* Type-stable, as dentries. Which mount sits where is protected by mount_lock (short) and the namespace lock (RANK_MOUNT). */
struct mount {
	refcount_t mnt_count; /* one of them is the tree's while it is attached */
	struct mount *mnt_parent; /* itself at the root */
	struct dentry *mnt_mountpoint;
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	uint32_t mnt_flags; /* MNT_* */
	int mnt_id;
	uint64_t mnt_id_unique;
	uint32_t mnt_writers; /* files open for writing; atomic */
	struct mount *mnt_hash_next;
	struct list_head mnt_list; /* ns->mounts, in the order they were made */
	struct list_head mnt_mounts, mnt_child;
	char *mnt_devname;
	struct mnt_namespace *mnt_ns; /* NULL: detached */
};
#define MNT_NOSUID   0x01u
#define MNT_NODEV    0x02u
#define MNT_NOEXEC   0x04u
#define MNT_NOATIME  0x08u
#define MNT_NODIRATIME 0x10u
#define MNT_RELATIME 0x20u
#define MNT_READONLY 0x40u
#define MNT_NOSYMFOLLOW 0x80u
#define MNT_INTERNAL   0x4000u
#define MNT_UNBINDABLE 0x8000u
#define MNT_USER_SETTABLE (MNT_NOSUID | MNT_NODEV | MNT_NOEXEC | MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME | MNT_READONLY | \
			   MNT_NOSYMFOLLOW)

#define SB_RDONLY 1u

struct super_block {
	struct kernel *k;
	refcount_t s_active;
	uint64_t s_dev;
	uint32_t s_magic;
	uint32_t s_blocksize;
	uint64_t s_maxbytes;
	uint32_t s_flags; /* SB_RDONLY and others as MS_* */
	bool s_host_rdonly; /* whoever started the instance wants it so: no remount makes it writable */
	const struct super_operations *s_op;
	const struct file_system_type *s_type;
	const struct dentry_operations *s_d_op; /* of every new dentry */
	struct dentry *s_root;
	uint32_t s_stack_depth; /* overlays: 1 + the deepest layer's */
	uint32_t s_time_gran; /* ns; 0 is 1 */
	struct mutex s_vfs_rename; /* RANK_RENAME */
	struct mutex s_inodes_lock;
	struct list_head s_inodes;
	void *s_fs_info;
};

struct file {
	refcount_t f_count;
	uint32_t f_flags; /* O_* */
	uint32_t f_mode;  /* FMODE_* */
	const struct file_operations *f_op;
	struct path f_path;
	struct inode *f_inode;
	struct mutex f_pos_lock;
	int64_t f_pos;
	struct kernel *k;
	struct cred *f_cred;
	struct fown *f_owner; /* F_SETOWN, or NULL */
	void *private_data;
	uint64_t f_version;    /* private to f_op */
	struct list_head f_ep; /* epoll items watching it */
	struct mutex f_lock; /* RANK_LEAF: f_flags, f_owner */
	void *f_free; /* in the cache of free files; memory is type-stable */
};
#define FMODE_READ     1u
#define FMODE_WRITE    2u
#define FMODE_LSEEK    4u
#define FMODE_PREAD    8u
#define FMODE_PWRITE   0x10u
#define FMODE_EXEC     0x20u
#define FMODE_PATH     0x4000u
#define FMODE_ATOMIC_POS 0x8000u /* reads and writes that use f_pos exclude each other */
#define FMODE_WRITER   0x10000u /* counted in i_writecount and mnt_writers */
#define FMODE_READER   0x20000u /* counted in i_readcount */
#define FMODE_OPENED   0x80000u /* f_op->open succeeded: release is due */
#define FMODE_CREATED  0x100000u
#define FMODE_OLD_READ  0x400000u /* reads take no RWF_* but RWF_HIPRI: Linux has ->read there, not ->read_iter */
#define FMODE_OLD_WRITE 0x800000u
#define FMODE_NO_SPLICE_READ 0x1000000u /* no splice(2) and sendfile(2) from it; nor from FMODE_OLD_READ */
#define FMODE_NOWAIT   0x8000000u
#define FMODE_STREAM   0x200000u /* no f_pos: pipes, sockets, ttys */

struct kstat {
	uint64_t dev, ino, rdev, size, blocks;
	uint32_t mode, nlink, uid, gid, blksize;
	uint32_t attributes, attributes_mask;
	struct k_timespec atime, mtime, ctime, btime;
	uint32_t result_mask;
	uint64_t mnt_id;
};

/* Changes asked of setattr. */
struct iattr {
	uint32_t ia_valid; /* ATTR_* */
	uint32_t ia_mode;
	uint32_t ia_uid, ia_gid;
	int64_t ia_size;
	struct k_timespec ia_atime, ia_mtime, ia_ctime;
	struct file *ia_file;
};
#define ATTR_MODE      1u
#define ATTR_UID       2u
#define ATTR_GID       4u
#define ATTR_SIZE      8u
#define ATTR_ATIME     16u
#define ATTR_MTIME     32u
#define ATTR_CTIME     64u
#define ATTR_ATIME_SET 128u
#define ATTR_MTIME_SET 256u
#define ATTR_FORCE     512u
#define ATTR_KILL_SUID 2048u
#define ATTR_KILL_SGID 4096u
#define ATTR_FILE      8192u
#define ATTR_OPEN      32768u
#define ATTR_TIMES_SET 65536u
#define ATTR_TOUCH     131072u /* both times to now, by utimes(path, NULL) */

/* readdir gives entries to this. Returns false when there is no more room. */
struct dir_context {
	bool (*actor)(struct dir_context *ctx, const char *name, int len, int64_t off, uint64_t ino, unsigned int type);
	int64_t pos;
};

/*
 * All of these run with the directory's i_rwsem held (both for rename, ancestors first), on checked permissions, and may sleep;
 * except: lookup (held), get_link, permission, getattr, getattr_name, setattr (i_rwsem of the inode for setattr), readlink.
 */
struct inode_operations {
	/* Fill @dentry (d_add it, positive or negative), or return ERR_PTR, or another dentry to use instead. */
	struct dentry *(*lookup)(struct task *t, struct inode *dir, struct dentry *dentry);
	/* The target, valid while the inode is referenced; or ERR_PTR. *@done non-NULL: kfree it afterwards. A magic link (proc)
	 * fills @jump and returns NULL. */
	const char *(*get_link)(struct task *t, struct dentry *dentry, struct inode *inode, void **done, struct path *jump);
	int (*permission)(struct task *t, struct inode *inode, int mask);
	int (*create)(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl);
	int (*link)(struct task *t, struct dentry *old, struct inode *dir, struct dentry *dentry);
	int (*unlink)(struct task *t, struct inode *dir, struct dentry *dentry);
	int (*symlink)(struct task *t, struct inode *dir, struct dentry *dentry, const char *target);
	int (*mkdir)(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode);
	int (*rmdir)(struct task *t, struct inode *dir, struct dentry *dentry);
	int (*mknod)(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, uint64_t rdev);
	int (*rename)(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new,
		      unsigned int flags);
	int (*setattr)(struct task *t, struct dentry *dentry, struct iattr *attr);
	int (*getattr)(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags);
	/*
	 * The attributes of a name that is not in the cache, without putting it there: for file systems that would have to ask again soon.
	 * No lock is held. @follow: not those of a symbolic link. 0; 1: it has to be looked up; or negative errno.
	 */
	int (*getattr_name)(struct task *t, struct dentry *dir, const struct qstr *name, bool follow, struct kstat *st);
	int (*tmpfile)(struct task *t, struct inode *dir, struct file *file, uint16_t mode);
	int64_t (*getxattr)(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n);
	int (*setxattr)(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags);
	int64_t (*listxattr)(struct task *t, struct dentry *dentry, char *buf, size_t n);
};

/* No lock is held, but f_pos_lock where *@pos is the file's own. All may sleep. */
struct file_operations {
	uint32_t f_mode; /* FMODE_* that all such files have */
	int (*open)(struct task *t, struct inode *inode, struct file *file);
	void (*release)(struct task *t, struct inode *inode, struct file *file); /* last reference; @t may be NULL */
	int (*flush)(struct task *t, struct file *file);			  /* every close(2) */
	int64_t (*read)(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf);
	int64_t (*write)(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf);
	int64_t (*llseek)(struct task *t, struct file *file, int64_t off, int whence);
	int (*iterate)(struct task *t, struct file *file, struct dir_context *ctx);
	uint32_t (*poll)(struct task *t, struct file *file, struct poll_table *pt);
	int64_t (*ioctl)(struct task *t, struct file *file, unsigned int cmd, uint64_t arg);
	/* How [@pgoff, @pgoff + @len) is mapped; called with mmap_lock held. 0, -ENODEV, -EACCES ... */
	int (*mmap)(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src);
	/* A vma of the file was entered into a tree, or leaves it (the file stays until later). Under mmap_lock; must not sleep. */
	void (*vma_open)(const struct vma *v);
	void (*vma_close)(const struct vma *v);
	int (*fsync)(struct task *t, struct file *file, int64_t start, int64_t end, int datasync);
	int64_t (*fallocate)(struct task *t, struct file *file, int mode, int64_t off, int64_t len);
	int (*show_fdinfo)(struct task *t, struct file *file, char *buf, size_t n);
	hfd_t (*host_fd)(struct file *file); /* file_host_fd(): hostfs, overlay */
	int (*fasync)(struct task *t, int fd, struct file *file, bool on); /* O_ASYNC switched (vfs/fcntl.h); at release too */
};

struct dentry_operations {
	/* Is a cached dentry still true? 1 yes, 0 drop it, negative errno. May sleep. */
	int (*d_revalidate)(struct task *t, struct dentry *dentry);
	/* A name for /proc links: "pipe:[1]". */
	int (*d_dname)(struct dentry *dentry, char *buf, size_t n);
	bool (*d_delete)(const struct dentry *dentry); /* true: do not cache when unused */
	void (*d_release)(struct dentry *dentry);      /* d_fsdata goes */
};

struct super_operations {
	void (*evict_inode)(struct kernel *k, struct inode *inode); /* the last reference is gone */
	int (*statfs)(struct task *t, struct dentry *dentry, void *kstatfs); /* struct statfs64 of the uapi */
	int (*sync_fs)(struct task *t, struct super_block *sb);
	void (*put_super)(struct super_block *sb);
	int (*show_options)(struct super_block *sb, char *buf, size_t n);
};

struct fs_context {
	struct kernel *k;
	struct task *t;
	const char *source; /* device or directory */
	const char *options;
	uint32_t flags; /* MS_* */
	hfd_t host_root; /* hostfs: an O_PATH descriptor */
	struct path lower, upper, work; /* overlay */
};

struct file_system_type {
	const char *name;
	bool nodev;
	int (*get_tree)(struct fs_context *fc, struct super_block **out);
};

/* Masks of permission checks: access(2). */
#define MAY_EXEC  1
#define MAY_WRITE 2
#define MAY_READ  4
#define MAY_APPEND 8
#define MAY_ACCESS 0x10
#define MAY_OPEN  0x20
#define MAY_CHDIR 0x40

#endif
