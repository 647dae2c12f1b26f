/* SPDX-License-Identifier: MIT
 *
 * Path walk and the operations on names (vfs/namei.c), opening (vfs/open.c), reading and writing (vfs/read_write.c), and what a
 * file system or a pseudo file needs to be made (vfs/inode.c, vfs/dcache.c, vfs/super.c, vfs/anon_inodes.c).
 */
#ifndef STEAD_VFS_NAMEI_H
#define STEAD_VFS_NAMEI_H

#include "vfs/fs.h"

#define LOOKUP_FOLLOW	     0x0001u
#define LOOKUP_DIRECTORY     0x0002u
#define LOOKUP_EMPTY	     0x0004u
#define LOOKUP_NO_SYMLINKS   0x010000u
#define LOOKUP_NO_MAGICLINKS 0x020000u
#define LOOKUP_NO_XDEV	     0x040000u
#define LOOKUP_BENEATH	     0x080000u
#define LOOKUP_IN_ROOT	     0x100000u
#define LOOKUP_CACHED	     0x200000u

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
int kern_path(struct task *t, const char *name, unsigned int lookup, struct path *out) __must_check;
void path_get(const struct path *p);
void path_put(struct task *t, const struct path *p);

/* Open for the kernel's own use and for exec (checks execute permission, denies writers until allow_write_access). */
struct file *filp_open(struct task *t, const char *name, uint32_t flags, uint16_t mode) __must_check; /* or ERR_PTR */
struct file *do_open_execat(struct task *t, int dfd, struct filename *name, int flags) __must_check;   /* or ERR_PTR */
void allow_write_access(struct file *file);
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

/* For file systems. */
struct inode *new_inode_of(struct super_block *sb) __must_check; /* unhashed, one reference, or NULL */
struct inode *iget_locked(struct super_block *sb, uint64_t ino, struct new_inode *fresh) __must_check;
struct inode *unlock_new_inode(struct new_inode *fresh);
void iget_failed(struct new_inode *fresh);
struct inode *igrab(struct inode *inode);
void iput(struct inode *inode);
struct dentry *d_alloc(struct dentry *parent, const struct qstr *name) __must_check; /* or NULL */
struct dentry *d_make_root(struct super_block *sb, struct inode *inode) __must_check;
void d_add(struct dentry *dentry, struct inode *inode); /* consumes the inode's reference; NULL: negative */
void d_instantiate(struct dentry *dentry, struct inode *inode);
void d_drop(struct dentry *dentry);
struct dentry *dget(struct dentry *dentry);
void dput(struct dentry *dentry);
struct super_block *sget(struct kernel *k, const struct file_system_type *type) __must_check; /* new, or NULL */
int do_mount_kernel(struct task *t, const struct file_system_type *type, struct fs_context *fc, const char *mountpoint,
		    uint32_t mnt_flags) __must_check;
void inode_init_owner(struct task *t, struct inode *inode, const struct inode *dir, uint16_t mode);
struct k_timespec current_time(void);
void inode_update_times(struct inode *inode, uint32_t which); /* ATTR_ATIME | ATTR_MTIME | ATTR_CTIME to now */
uint64_t get_next_ino(struct kernel *k);
uint64_t get_anon_dev(struct kernel *k);
void generic_fillattr(const struct inode *inode, struct kstat *st);
int64_t generic_file_llseek(struct task *t, struct file *file, int64_t off, int whence);
int simple_setattr(struct task *t, struct dentry *dentry, struct iattr *attr) __must_check;
int setattr_prepare(struct task *t, struct dentry *dentry, struct iattr *attr) __must_check;
void setattr_copy(struct task *t, struct inode *inode, const struct iattr *attr);

/* Character devices (vfs/dev/): register an open function for a major, used by device nodes of any file system. */
struct cdev_driver {
	const char *name;
	uint32_t major, minor, count;
	const struct file_operations *fops;
};
const struct file_operations *cdev_lookup(struct kernel *k, uint64_t rdev);

/* What boot mounts and opens, from the options of `stead run` (vfs/init.c). */
struct mount_request {
	enum { MOUNT_ROOT_HOST, MOUNT_BIND, MOUNT_TMPFS } kind;
	hfd_t host_root;   /* O_PATH */
	const char *dst;
	bool read_only, overlay;
	uint64_t size;
};
int vfs_boot(struct kernel *k, struct task *t, const struct mount_request *req, unsigned int n) __must_check;
/* Host descriptors 0, 1, 2 as files of the first program: plain host files or, for the terminal, the tty. */
int vfs_install_host_fd(struct task *t, int guest_fd, hfd_t fd, bool is_tty) __must_check;

#endif
