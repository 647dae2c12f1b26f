/* SPDX-License-Identifier: MIT
 *
 * Path walk and the operations on names (vfs/namei.c), opening (vfs/open.c), reading and writing (vfs/read_write.c), and what a
 * file system or a pseudo file needs to be made (vfs/inode.c, vfs/dcache.c, vfs/super.c, vfs/anon_inodes.c).
 */
#ifndef STEAD_VFS_NAMEI_H
#define STEAD_VFS_NAMEI_H

#include "vfs/fs.h"

struct files_struct;

#define LOOKUP_FOLLOW	     0x0001u
#define LOOKUP_DIRECTORY     0x0002u
#define LOOKUP_EMPTY	     0x0004u
#define LOOKUP_LINKAT_EMPTY  0x0008u /* the descriptor of an empty path must be one that the caller opened itself */
#define LOOKUP_NO_SYMLINKS   0x010000u
#define LOOKUP_NO_MAGICLINKS 0x020000u
#define LOOKUP_NO_XDEV	     0x040000u
#define LOOKUP_BENEATH	     0x080000u
#define LOOKUP_IN_ROOT	     0x100000u
#define LOOKUP_CACHED	     0x200000u
#define LOOKUP_IS_SCOPED     (LOOKUP_BENEATH | LOOKUP_IN_ROOT)

/* Names: getname() copies a path in (one page, from a cache). */
struct filename {
	char *name;
	struct kernel *k;
};
struct filename *getname(struct task *t, uaddr_t path) __must_check;	       /* or ERR_PTR: ENOENT EFAULT ENAMETOOLONG ENOMEM */
struct filename *getname_flags(struct task *t, uaddr_t path, bool empty_ok) __must_check;
struct filename *getname_kernel(struct task *t, const char *path) __must_check;
void putname(struct filename *name);

/* Each returns 0 or a negative errno of path_resolution(7) and the call; path gets references (path_put). */
int user_path_at(struct task *t, int dfd, uaddr_t name, unsigned int lookup, struct path *out) __must_check;
int filename_lookup(struct task *t, int dfd, struct filename *name, unsigned int lookup, struct path *out) __must_check;
/* filename_lookup() and vfs_getattr() in one, which may leave no trace in the cache (vfs/namei-stat.c). */
int filename_getattr(struct task *t, int dfd, struct filename *name, unsigned int lookup, struct kstat *st, uint32_t mask,
		     unsigned int flags) __must_check;
int kern_path(struct task *t, const char *name, unsigned int lookup, struct path *out) __must_check;
void path_get(const struct path *p);
void path_put(struct task *t, const struct path *p);

/* Open for the kernel's own use and for exec (checks execute permission, denies writers until allow_write_access). */
struct file *filp_open(struct task *t, const char *name, uint32_t flags, uint16_t mode) __must_check; /* or ERR_PTR */
struct file *do_open_execat(struct task *t, int dfd, struct filename *name, int flags) __must_check;   /* or ERR_PTR */
void allow_write_access(struct file *file);
int deny_write_access(struct inode *inode) __must_check; /* 0, -ETXTBSY: somebody has it open for writing */
int64_t do_sys_open(struct task *t, int dfd, struct filename *name, uint64_t flags, uint16_t mode, uint64_t resolve) __must_check;

/* I/O on open files; *pos is used and advanced. */
int64_t vfs_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf) __must_check;
int64_t vfs_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf) __must_check;
int64_t kernel_read(struct task *t, struct file *file, void *buf, size_t n, int64_t *pos) __must_check;
int64_t vfs_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg) __must_check;
uint32_t vfs_poll(struct task *t, struct file *file, struct poll_table *pt);
int vfs_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags) __must_check;
/* The whole file's host descriptor if it has one (hostfs; loader), else HFD_NONE. Valid while the file is referenced. */
hfd_t file_host_fd(struct file *file);
int inode_permission(struct task *t, struct inode *inode, int mask) __must_check;

/* The path of a dentry as the task sees it ("(unreachable)" or " (deleted)" as Linux); ERR_PTR(-ENAMETOOLONG). Returns into buf. */
char *d_path(struct task *t, const struct path *path, char *buf, size_t n) __must_check;

/* A file on no visible file system: pipes, eventfd, epoll, pidfd. Name is what /proc shows: "anon_inode:[eventfd]". */
struct file *anon_inode_getfile(struct task *t, const char *name, const struct file_operations *fops, void *priv,
				uint32_t flags) __must_check; /* or ERR_PTR */
/* A pair of inode and file of an internal file system with its own inode numbers: "pipe:[7]", "socket:[9]". */
struct file *pseudo_getfile(struct task *t, const char *prefix, uint16_t mode, const struct file_operations *fops, void *priv,
			    uint32_t flags) __must_check; /* or ERR_PTR */

/* Another file on the same path and inode, with flags of its own and no private_data (the other end of a pipe). */
struct file *alloc_file_clone(struct task *t, struct file *base, uint32_t flags,
			      const struct file_operations *fops) __must_check; /* or ERR_PTR */

/* An open file on any path, with the current task's credentials; no permission check, no O_CREAT (vfs/open.c). ERR_PTR. */
struct file *dentry_open(struct task *t, const struct path *path, uint32_t flags) __must_check;
/* A file that is open already, for objects without a path of their own; consumes the reference to the path (vfs/file.c). */
struct file *alloc_file(struct task *t, const struct path *path, uint32_t flags, const struct file_operations *fops) __must_check;
/* close(2) without the descriptor: flush, POSIX locks of @files, fput. */
int filp_close(struct task *t, struct file *file, struct files_struct *files);

/* For file systems: inodes (vfs/inode.c). */
struct inode *new_inode_of(struct super_block *sb) __must_check; /* unhashed, one reference, or NULL */
struct inode *iget_locked(struct super_block *sb, uint64_t ino, struct new_inode *fresh) __must_check;
/* The same where i_ino alone does not tell inodes apart (host files of several host devices): @key is the rest of the identity. */
struct inode *iget_keyed(struct super_block *sb, uint64_t ino, uint64_t key, struct new_inode *fresh) __must_check;
struct inode *unlock_new_inode(struct new_inode *fresh);
void iget_failed(struct new_inode *fresh);
struct inode *igrab(struct inode *inode);
void iput(struct inode *inode);
/* Take an inode out of the hash, so that the next iget_locked() makes a new one (the host's file was replaced). */
void remove_inode_hash(struct inode *inode);
uint16_t mode_strip_sgid(struct task *t, const struct inode *dir, uint16_t mode) __must_check;
void inode_init_owner(struct task *t, struct inode *inode, const struct inode *dir, uint16_t mode);
struct k_timespec current_time(void);
void inode_update_times(struct inode *inode, uint32_t which); /* ATTR_ATIME | ATTR_MTIME | ATTR_CTIME to now */
void touch_atime(struct task *t, const struct path *path);	  /* after a read, by the mount's atime rules; f_op->read calls it */
uint64_t get_next_ino(struct kernel *k);
uint64_t get_anon_dev(struct kernel *k);
void generic_fillattr(const struct inode *inode, struct kstat *st);
void inc_nlink(struct inode *inode);
void drop_nlink(struct inode *inode);
void clear_nlink(struct inode *inode);
void set_nlink(struct inode *inode, uint32_t n);

/*
 * For file systems: dentries (vfs/dcache.c). lookup() ends in d_add() or d_splice_alias(); create() and its like in
 * d_instantiate(). The VFS itself does d_move() after rename() and d_drop() after unlink() and rmdir() have succeeded: the file
 * system does neither. A file system that lives in the dcache alone calls d_make_persistent() for each name that exists.
 */
struct dentry *d_alloc(struct dentry *parent, const struct qstr *name) __must_check; /* or NULL */
struct dentry *d_alloc_name(struct dentry *parent, const char *name) __must_check;   /* the same */
struct dentry *d_make_root(struct super_block *sb, struct inode *inode) __must_check; /* or NULL; consumes the inode */
struct dentry *d_alloc_anon(struct super_block *sb, struct inode *inode, const char *name) __must_check; /* the same; no parent */
void d_add(struct dentry *dentry, struct inode *inode); /* consumes the inode's reference; NULL: negative */
void d_instantiate(struct dentry *dentry, struct inode *inode);
/* d_add() of what lookup() found: @inode may be NULL or ERR_PTR (returned). Returns what lookup() returns. */
struct dentry *d_splice_alias(struct inode *inode, struct dentry *dentry) __must_check;
void d_tmpfile(struct file *file, struct inode *inode); /* i_op->tmpfile ends in it */
void d_make_persistent(struct dentry *dentry); /* keeps it in the cache until d_make_discardable() or umount */
void d_make_discardable(struct dentry *dentry);
void d_drop(struct dentry *dentry);
void d_move(struct dentry *dentry, struct dentry *target);
void d_exchange(struct dentry *a, struct dentry *b);
struct dentry *dget(struct dentry *dentry);
struct dentry *dget_parent(struct dentry *dentry) __must_check;
void dput(struct dentry *dentry);
/* A cached child with a reference, positive or negative, or NULL. Not revalidated. Any lock or none. */
struct dentry *d_lookup(struct dentry *parent, const struct qstr *name) __must_check;
bool is_subdir(struct kernel *k, struct dentry *d, struct dentry *ancestor);
/* Drop every unused dentry below @dentry. */
void shrink_dcache_parent(struct dentry *dentry);
/* The hash of a name, as d_alloc() and d_lookup() want it in qstr.hash (0: they compute it). */
uint32_t full_name_hash(const char *name, size_t len);
#define QSTR(s)	       ((struct qstr){ .name = (s), .len = (uint32_t)strlen(s) })
#define QSTR_LEN(s, n) ((struct qstr){ .name = (s), .len = (n) })

/* For file systems: super blocks and mounts (vfs/super.c, vfs/mount.c). */
struct super_block *sget(struct kernel *k, const struct file_system_type *type) __must_check; /* new, or NULL */
void deactivate_super(struct super_block *sb); /* get_tree() that fails after sget() */
/* Make a type known to mount(2) and /proc/filesystems; @type is static const. At most 32. */
void register_filesystem(struct kernel *k, const struct file_system_type *type);
const struct file_system_type *get_fs_type(struct kernel *k, const char *name);
/* Mount at boot: the first one, at "/", becomes the root of the instance and of @t. fc->flags are MS_*, @mnt_flags MNT_*. */
int do_mount_kernel(struct task *t, const struct file_system_type *type, struct fs_context *fc, const char *mountpoint,
		    uint32_t mnt_flags) __must_check;
/* A mount nobody can see (overlay's layers, pipes). ERR_PTR. */
struct mount *kern_mount(struct kernel *k, struct super_block *sb) __must_check;
struct mount *mntget(struct mount *mnt);
void set_fs_root(struct task *t, const struct path *path); /* takes a reference of its own */
void set_fs_pwd(struct task *t, const struct path *path);
void mntput(struct mount *mnt);
int mnt_want_write(struct mount *mnt) __must_check; /* 0, -EROFS */
/* Each mount in order, with a reference, for /proc: the one after @prev (consumed; NULL: the first), or NULL. */
struct mount *next_mount(struct kernel *k, struct mount *prev) __must_check;

/* For file systems: attributes (vfs/attr.c). setattr_prepare() has been called before i_op->setattr. */
int64_t generic_file_llseek(struct task *t, struct file *file, int64_t off, int whence);
int64_t noop_llseek(struct task *t, struct file *file, int64_t off, int whence); /* lseek succeeds and does nothing */
int simple_statfs(struct dentry *dentry, void *buf) __must_check; /* struct statfs64: type, page size, NAME_MAX */
int simple_setattr(struct task *t, struct dentry *dentry, struct iattr *attr) __must_check;
int setattr_prepare(struct task *t, struct dentry *dentry, struct iattr *attr) __must_check;
void setattr_copy(struct task *t, struct inode *inode, const struct iattr *attr);
int notify_change(struct task *t, struct dentry *dentry, struct iattr *attr) __must_check; /* takes i_rwsem */
bool inode_owner_or_capable(struct task *t, const struct inode *inode);
int generic_permission(struct task *t, struct inode *inode, int mask) __must_check;

/*
 * The operations on names, for overlay and the calls: @dir is locked, permissions are checked here, the dentry comes from
 * lookup_one(). Errors as the calls.
 */
struct dentry *lookup_one(struct task *t, const struct qstr *name, struct dentry *base) __must_check; /* i_rwsem of base is held */
struct dentry *lookup_one_unlocked(struct task *t, const struct qstr *name, struct dentry *base) __must_check;
int vfs_create(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl) __must_check;
int vfs_mkdir(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode) __must_check;
int vfs_mknod(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, uint64_t rdev) __must_check;
int vfs_symlink(struct task *t, struct inode *dir, struct dentry *dentry, const char *target) __must_check;
int vfs_link(struct task *t, struct dentry *old, struct inode *dir, struct dentry *dentry) __must_check;
int vfs_unlink(struct task *t, struct inode *dir, struct dentry *dentry) __must_check;
int vfs_rmdir(struct task *t, struct inode *dir, struct dentry *dentry) __must_check;
int vfs_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new,
	       unsigned int flags) __must_check; /* both directories locked by lock_rename() */
struct dentry *lock_rename(struct dentry *a, struct dentry *b);
void unlock_rename(struct dentry *a, struct dentry *b);
/* readlink's text, into a kernel buffer: its length or negative errno. */
int64_t vfs_readlink(struct task *t, struct dentry *dentry, char *buf, size_t n) __must_check;
int iterate_dir(struct task *t, struct file *file, struct dir_context *ctx) __must_check; /* takes i_rwsem */
int vfs_statfs(struct task *t, struct dentry *dentry, void *kstatfs) __must_check;
int vfs_fsync_range(struct task *t, struct file *file, int64_t start, int64_t end, int datasync) __must_check;
int64_t vfs_llseek(struct task *t, struct file *file, int64_t off, int whence);
int vfs_truncate(struct task *t, const struct path *path, int64_t length) __must_check;
int64_t kernel_write(struct task *t, struct file *file, const void *buf, size_t n, int64_t *pos) __must_check;
int64_t vfs_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n) __must_check;
int vfs_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags) __must_check;
int64_t vfs_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n) __must_check;

/* Boot: makes k->vfs. Before the first task, since files_alloc() and fs_alloc() need it. */
int vfs_init(struct kernel *k) __must_check;

static inline void
file_accessed(struct task *t, struct file *file)
{
	touch_atime(t, &file->f_path);
}

/* Character devices (vfs/dev/): register an open function for a major, used by device nodes of any file system. */
struct cdev_driver {
	const char *name;
	uint32_t major, minor, count;
	const struct file_operations *fops;
};
const struct file_operations *cdev_lookup(struct kernel *k, uint64_t rdev);

/* What boot mounts and opens, from the options of `stead run` (vfs/init.c). */
struct mount_request {
	enum { MOUNT_ROOT_HOST, MOUNT_ROOT_NEW, MOUNT_BIND, MOUNT_TMPFS } kind;
	hfd_t host_root;   /* O_PATH */
	hfd_t upper;	   /* of a root: the host directory that keeps its upper layer, or HFD_NONE: a new tmpfs */
	bool userxattr;	   /* the user cannot set trusted.overlay.* there */
	int (*fill)(struct task *t, void *arg); /* of a new root: makes its files; runs in the supervisor */
	void *fill_arg;
	bool seal_root; /* once everything is mounted the root's mount becomes read-only */
	const char *dst;
	bool read_only;
	uint64_t size;
};
int vfs_boot(struct kernel *k, struct task *t, const struct mount_request *req, unsigned int n) __must_check;
/* Host descriptors 0, 1, 2 as files of the first program: plain host files or, for the terminal, the tty. */
int vfs_install_host_fd(struct task *t, int guest_fd, hfd_t fd, bool is_tty) __must_check;

#endif
