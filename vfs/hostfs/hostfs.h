/* SPDX-License-Identifier: MIT
 *
 * hostfs: a directory of the host as a file system. What the files of vfs/hostfs/ need of each other.
 *
 * A directory inode has at most one host descriptor (O_PATH, or readable once somebody lists it), a regular file at most one
 * for reading and one for writing, shared by all opens: every transfer names its offset, so the host's file position is not
 * used. Descriptors nobody uses at the moment stay open in a list (least recently used first) that is bounded, and come back
 * by name from the nearest ancestor that still has one. The result is checked against the inode's identity.
 *
 * The host is only ever asked for one name in a directory, or for a path of plain directory names with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS; links are followed by our own path walk.
 *
 * Locks: hostfs_state.lock (RANK_LEAF) protects fd, wfd, pins, writers and the list; it is not held over opens.
 */
#ifndef STEAD_VFS_HOSTFS_H
#define STEAD_VFS_HOSTFS_H

#include "vfs/fs.h"

struct statx;

#define HOSTFS_BOUNCE_SIZE (256 * 1024UL)
#define HOSTFS_NR_BOUNCE   8
#define HOSTFS_MAX_DEVS	   64
#define HOSTFS_NR_RECENT   64

struct hostfs_recent;

/* Of the instance: all hostfs mounts share it. */
struct hostfs_state {
	struct mutex lock;
	struct list_head lru; /* hostfs_inode.lru with fd and no pin, oldest first */
	uint32_t nr_fds, max_fds;
	uint32_t bounce_busy; /* atomic bits: bounce buffers in use */
	void *bounce[HOSTFS_NR_BOUNCE];
	struct {
		uint64_t host, guest;
		uint8_t flushes; /* HOSTFS_FLUSH_*: has close(2) something to say there */
	} devs[HOSTFS_MAX_DEVS]; /* host st_dev to the number programs see */
	uint32_t nr_devs;
	struct super_block *sys_sb; /* of /sys, once mounted */
	bool no_xattrat; /* the host is older than Linux 6.13 */
	struct hostfs_recent *recent; /* HOSTFS_NR_RECENT of them */
};

struct hostfs_sb {
	struct kernel *k;
	struct hostfs_state *state;
	hfd_t root;    /* O_PATH, or the file itself when a file is bound */
	bool layer;    /* under an overlay: the host may be asked less often, and is left unchanged */
	bool ro;       /* nothing here may change on the host: the last word, whatever mounts say */
	bool exclusive; /* the upper layer of an overlay: nobody else changes it, names need no second look */
	bool may_noatime; /* O_NOATIME has not failed yet */
};

enum { HOSTFS_FLUSH_UNKNOWN, HOSTFS_FLUSH_NO, HOSTFS_FLUSH_YES };

enum hostfs_fd_kind { HOSTFS_FD_NONE, HOSTFS_FD_PATH, HOSTFS_FD_READ };

struct hostfs_inode {
	struct inode *inode;
	uint64_t dev, ino; /* the host's */
	struct k_timespec btime;
	hfd_t fd;
	hfd_t wfd;	 /* writable, also for reading if wfd_rw */
	uint8_t fd_kind; /* enum hostfs_fd_kind */
	bool wfd_rw;
	uint32_t pins;	 /* users of fd */
	uint32_t writers; /* users of wfd; it may be kept with none just after creation */
	struct list_head lru;
	struct mutex attr_lock; /* RANK_LEAF: what is the host's of the inode's attributes, and the next two */
	uint64_t stamp;	   /* hostfs_clock() when the attributes were read; 0: not any more */
	uint64_t changed;  /* hostfs_clock() when we last changed them: what was read earlier is out of date */
	char *link;	 /* target of a symbolic link, once read */
	struct mutex dir_lock; /* RANK_LEAF: position of fd of a directory */
	int64_t dir_pos;       /* -1: not known */
	int32_t wb_err;	       /* the last error of writing back, see late.c */
	uint32_t wb_seq;       /* how many there were */
};

/* file->private_data of an open regular file or directory. */
struct hostfs_file {
	hfd_t fd;
	enum { HOSTFS_PINNED, HOSTFS_WRITER, HOSTFS_OWN } kind; /* inode's fd, inode's wfd, or its own */
	char *buf;	  /* directories: entries read ahead */
	uint32_t buf_pos, buf_len;
	int64_t next_pos; /* cookie of the entry at buf_pos */
	uint32_t wb_seq;  /* errors of writing back that this file need not be told of */
	int64_t end_pos;  /* cookie at which the host had no more entries, or -1 */
};

static inline struct hostfs_inode *
HOSTFS_I(const struct inode *inode)
{
	return inode->i_private;
}

static inline struct hostfs_sb *
HOSTFS_SB(const struct super_block *sb)
{
	return sb->s_fs_info;
}

/* A clock for ages of cached attributes, in cycles. It need not be exact. */
static inline uint64_t
hostfs_clock(void)
{
	return __builtin_ia32_rdtsc();
}

#define HOSTFS_AGE_STAT (1ull << 16) /* some 20 us: the lookup just done counts for the stat that follows */
#define HOSTFS_AGE_DIR	(1ull << 22) /* 1 to 2 ms: directories on a path */

/* fd.c */

/**
 * hostfs_dirfd() - a host descriptor of a directory, for use with *at calls
 * @t: the current task
 * @dentry: a directory
 * @out: set; give it back with hostfs_unpin(dentry->d_inode)
 *
 * Context: host calls; takes hostfs_state.lock.
 * Return: 0, -ESTALE (the host has another directory there now), or the host's errno.
 */
int hostfs_dirfd(struct task *t, struct dentry *dentry, hfd_t *out) __must_check;

/**
 * hostfs_readfd() - the same for reading: a directory's entries, a regular file's data
 * @t: the current task
 * @dentry: a directory or regular file
 * @file_flags: O_NOATIME is passed on
 * @out: set; give it back with hostfs_unpin() if @own is false, else close it
 * @own: set: the descriptor is not shared
 *
 * Return: 0, -ESTALE, or the host's errno of open(2).
 */
int hostfs_readfd(struct task *t, struct dentry *dentry, uint32_t file_flags, hfd_t *out, bool *own) __must_check;

/**
 * hostfs_writefd() - a writable one; hostfs_put_writer() or close as above
 */
int hostfs_writefd(struct task *t, struct dentry *dentry, bool read_too, hfd_t *out, bool *own) __must_check;

/* What hostfs_readfd() and hostfs_writefd() gave, back. */
void hostfs_unpin(struct inode *inode);
void hostfs_put_writer(struct inode *inode);

/**
 * hostfs_adopt_writefd() - a descriptor just made with the file (O_CREAT, O_TMPFILE) becomes the inode's, for the open to come
 */
void hostfs_adopt_writefd(struct inode *inode, hfd_t fd);

/**
 * hostfs_anyfd() - a descriptor of the inode that is already open, as hostfs_dirfd(), or HFD_NONE
 * @inode: the inode
 * @writer: set: give back by hostfs_put_writer(), else hostfs_unpin()
 * @real: an O_PATH descriptor will not do
 */
hfd_t hostfs_anyfd(struct inode *inode, bool real, bool *writer) __must_check;

/**
 * hostfs_open_at() - openat2 of a single name or a path of plain names beneath a directory
 */
int64_t hostfs_open_at(hfd_t dir, const char *name, uint64_t flags, uint32_t mode) __must_check;

/**
 * hostfs_name() - the parent and name of a dentry at one moment
 * @dentry: referenced, not a root
 * @name: room for NAME_MAX + 1
 *
 * Return: the parent with a reference.
 */
struct dentry *hostfs_name(struct dentry *dentry, char *name) __must_check;

/**
 * hostfs_otherfd() - of the inode's two shared descriptors with data the one that is not @fd, as hostfs_anyfd()
 */
hfd_t hostfs_otherfd(struct inode *inode, hfd_t fd, bool *writer) __must_check;

/* Close all that an inode has open; close one descriptor; the state of the instance, made on first use. */
void hostfs_close_all(struct inode *inode);
void hostfs_close(hfd_t fd);
struct hostfs_state *hostfs_state_get(struct kernel *k) __must_check; /* or NULL: -ENOMEM */

/* inode.c */
int hostfs_statx(hfd_t dir, const char *name, struct statx *stx) __must_check; /* name "": the descriptor itself */
/* @since: hostfs_clock() before the host was asked for @stx. ERR_PTR. */
struct inode *hostfs_iget(struct super_block *sb, const struct statx *stx, uint64_t since) __must_check;
void hostfs_fill_stat(const struct super_block *sb, const struct statx *stx, struct kstat *st); /* as the inode's getattr would */
bool hostfs_same(const struct inode *inode, const struct statx *stx);
/* Attributes as @stx has them, unless something newer is known. @since: as for hostfs_iget(). False: it is. */
bool hostfs_fill(struct inode *inode, const struct statx *stx, uint64_t since);
/* Around what follows in the inode from a change that we made on the host. */
void hostfs_change_begin(struct inode *inode);
void hostfs_change_end(struct inode *inode);
void hostfs_changed(struct inode *inode);
int hostfs_refresh(struct task *t, struct dentry *dentry) __must_check;
uint64_t hostfs_dev(struct kernel *k, struct hostfs_state *st, uint64_t host);
const char *hostfs_get_link(struct task *t, struct dentry *dentry, struct inode *inode, void **done, struct path *jump);
int hostfs_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags);
int hostfs_setattr(struct task *t, struct dentry *dentry, struct iattr *attr);

/* What a change or question is made on: a real descriptor, or a name in a directory. */
struct hostfs_target {
	hfd_t fd;
	const char *name; /* NULL: fd is the file itself */
	struct dentry *parent;
	struct inode *pinned;
	bool writer;
	char buf[256];
};

/**
 * hostfs_target_get() - the way to a file that costs no open on the host
 * @t: the current task, or NULL
 * @dentry: of hostfs, positive
 * @tg: filled; give it back with hostfs_target_put()
 *
 * Return: 0, -ENOENT (it has no name any more), -ESTALE, or the host's errno.
 */
int hostfs_target_get(struct task *t, struct dentry *dentry, struct hostfs_target *tg) __must_check;
void hostfs_target_put(struct hostfs_target *tg);

/* late.c */

/**
 * hostfs_fsync() - file_operations.fsync: each open file is told of an error once
 */
int hostfs_fsync(struct task *t, struct file *file, int64_t start, int64_t end, int datasync);

/**
 * hostfs_flush() - file_operations.flush: what the host's close(2) says, where it may say something
 */
int hostfs_flush(struct task *t, struct file *file);
int hostfs_flush_fd(hfd_t fd);

/* recent.c */

/**
 * hostfs_lookup_host() - what the host has by a name in a directory, or had when hostfs_getattr_name() asked
 * @t: the current task
 * @dir: the directory
 * @name: the name
 * @stx: set
 * @since: set to hostfs_clock() before that was asked
 *
 * Return: 0, or the host's errno of statx(2).
 */
int hostfs_lookup_host(struct task *t, struct dentry *dir, const struct qstr *name, struct statx *stx, uint64_t *since) __must_check;
int hostfs_recent_init(struct kernel *k, struct hostfs_state *st) __must_check; /* boot: 0, -ENOMEM */
int hostfs_getattr_name(struct task *t, struct dentry *dir, const struct qstr *name, bool follow, struct kstat *st);

/* xattr.c */
struct hostfs_xattr_call {
	enum hostfs_xattr_op { HOSTFS_XATTR_GET, HOSTFS_XATTR_SET, HOSTFS_XATTR_REMOVE, HOSTFS_XATTR_LIST } op;
	hfd_t fd;
	const char *file; /* a single name in the directory fd, or NULL: fd itself */
	const char *name;
	const void *value;
	size_t n;
	int flags;
};

/**
 * hostfs_xattr() - make the host call
 * @c: what to do; all of it in the kernel's memory, for the supervisor may be the one that does it
 *
 * Return: the call's result.
 */
int64_t hostfs_xattr(const struct hostfs_xattr_call *c);
int64_t hostfs_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n);
int hostfs_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags);
int64_t hostfs_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n);

extern const struct inode_operations hostfs_dir_iops, hostfs_file_iops, hostfs_symlink_iops;
extern const struct file_operations hostfs_dir_fops, hostfs_file_fops;
extern const struct dentry_operations hostfs_dentry_ops;
extern const struct file_system_type hostfs_fs_type;

/* super.c: file_system_type.get_tree; and whether a super block came from it. */
int hostfs_get_tree(struct fs_context *fc, struct super_block **out) __must_check;
bool is_hostfs(const struct super_block *sb);

/**
 * hostfs_is_direct() - can the host be given the iterator's own memory?
 * @t: the current task
 * @it: then hostfs_pread() and hostfs_pwrite() need no state
 */
bool hostfs_is_direct(const struct task *t, const struct iov_iter *it);

/* bounce.c: transfers through the kernel's memory, where the program's cannot be reached from this process */
int64_t hostfs_pread(struct task *t, struct hostfs_state *st, hfd_t fd, struct iov_iter *to, int64_t pos, uint32_t rwf) __must_check;
int64_t hostfs_pwrite(struct task *t, struct hostfs_state *st, hfd_t fd, struct iov_iter *from, int64_t pos,
		      uint32_t rwf) __must_check;

/**
 * hostfile_evict() - super_operations.evict_inode of the file systems that hold descriptors of the host (hostfile.c)
 * @k: the instance
 * @inode: any inode of pipefs, sockfs or anon_inodefs
 */
void hostfile_evict(struct kernel *k, struct inode *inode);

#endif
