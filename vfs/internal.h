/* SPDX-License-Identifier: MIT
 *
 * What the VFS core's own files share: the state of an instance, caches with type-stable memory, and half-steps of path walk.
 * File systems and calls use vfs/namei.h.
 *
 * Lock order: namespace (RANK_MOUNT) -> s_vfs_rename -> i_rwsem of directories (ancestor first) and files -> rename_lock ->
 * dentry hash buckets and d_lock (RANK_DCACHE) and mount_lock, never two of these at once -> inode hash buckets -> leaves.
 */
#ifndef STEAD_VFS_INTERNAL_H
#define STEAD_VFS_INTERNAL_H

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"
#include "vfs/generic.h"
#include "vfs/namei.h"

#define K_PATH_MAX 4096
#define K_NAME_MAX 255
#define MAXSYMLINKS 40
#define ESTALE_TRIES 10 /* walks of a path that the host changes at the same time */

/*
 * Objects found without a lock: memory never leaves the type, and a free object keeps all its fields (its count stays 0) but
 * for the link at @link, which no lock-free reader looks at.
 */
struct stable_cache {
	struct kmem_cache cache;
	struct mutex lock; /* RANK_LEAF */
	void *free;
	uint32_t link;
	uint32_t nr_free;
};
void stable_cache_init(struct kernel *k, struct stable_cache *c, const char *name, size_t size, size_t link);
void *stable_cache_alloc(struct stable_cache *c) __must_check; /* fresh memory is zero; or NULL */
void stable_cache_free(struct stable_cache *c, void *p);

#define MHASH_BITS 8
#define DENTRY_MIN 65536u /* as many names are cached with little memory, and as many with much */
#define DENTRY_MAX 1048576u
#define NR_FS_TYPES 32

struct dhash_bucket;
struct dhash {
	struct dhash_bucket *small, *big; /* big: NULL until there are many names */
	uint32_t growing; /* one task does it, once */
	bool grown;	  /* all are in the big one */
};

struct ihash_bucket;
struct ihash { /* the same for inodes */
	struct ihash_bucket *small, *big;
	uint32_t growing;
	bool grown;
};

struct mnt_namespace {
	struct mutex lock; /* RANK_MOUNT: the shape of the tree */
	struct mount *root;
	struct list_head mounts;
	uint32_t nr_mounts;
	uint64_t event;
	struct wait_queue_head poll; /* readers of /proc/PID/mounts */
};
#define MOUNT_MAX 100000u

struct vfs_state {
	struct stable_cache dentries, mounts, files;
	struct kmem_cache inodes, names, file_locks;
	struct dhash dhash; /* vfs/dhash.c */
	struct ihash ihash; /* vfs/ihash.c */
	struct mount **mhash;

	struct mutex rename_lock; /* d_move(); */
	uint32_t rename_seq;	  /* odd while a dentry moves */
	struct mutex lru_lock;	  /* RANK_LEAF */
	struct list_head lru;
	uint32_t nr_dentry, nr_lru;
	uint32_t max_dentry; /* more than that are only made when others go: an eighth of memory at about 1 KiB a name and inode */

	struct mutex mount_lock; /* RANK_DCACHE: mhash, mnt_parent, mnt_mountpoint, mnt_mounts, mnt_list */
	uint32_t mount_seq;	 /* odd while they change */
	struct mnt_namespace ns;
	uint32_t next_mnt_id;

	uint64_t next_ino, next_anon_dev;
	uint32_t nr_files, max_files;
	uint32_t nr_inodes;
	uint32_t nr_open; /* /proc/sys/fs/nr_open */

	struct super_block *anon_sb, *pipe_sb, *sock_sb;
	struct mount *anon_mnt, *pipe_mnt, *sock_mnt;
	struct inode *anon_inode;

	struct mutex fs_types_lock;
	const struct file_system_type *fs_types[NR_FS_TYPES];

	/* /proc/sys/fs: protected_symlinks ... */
	uint32_t protected_symlinks, protected_hardlinks, protected_fifos, protected_regular;

	struct mutex lease_lock; /* RANK_TIMER, before f_lock: vfs/lease.c */
	struct list_head leases; /* all, of vfs/lease.c */
	struct wait_queue_head lease_wait;
	uint32_t leases_enable, lease_break_time; /* /proc/sys/fs */

	struct mutex notify_mutex; /* RANK_NOTIFY: vfs/fsnotify.c */
	struct list_head marks, inotify_groups;
	uint32_t nr_marks, notify_cookie;
	uint32_t dir_notify_enable, inotify_max_events, inotify_max_instances, inotify_max_watches, mount_max; /* /proc/sys/fs */

	struct mutex posix_blocked_lock; /* RANK_LEAF: who waits for whose POSIX lock */
	struct list_head posix_blocked;
	struct mutex file_locks_lock; /* RANK_FILE_LOCKS: files that have had locks, for /proc/locks */
	struct list_head file_locks_list;
};

/* vfs/dhash.c; d_child_bit(): of d_child_bits */
static inline uint64_t
d_child_bit(uint32_t hash)
{
	return 1ULL << (hash >> 26);
}
int d_hash_init(struct kernel *k) __must_check;
void d_hash_grow(struct kernel *k); /* if it is time to; no lock of RANK_DCACHE or later is held */
void d_hash_insert(struct vfs_state *v, struct dentry *d);
void d_hash_remove(struct vfs_state *v, struct dentry *d); /* d_seq is odd; DCACHE_UNHASHED is not set, so that it comes back, unless it was */
bool d_hash_drop(struct vfs_state *v, struct dentry *d); /* true if it was hashed: the cache's reference is the caller's now */

/* vfs/ihash.c: the bucket of an inode, locked, and what is in it; i_hash_grow() if it is time to, with no lock of RANK_ICACHE or later */
int i_hash_init(struct kernel *k) __must_check;
void i_hash_grow(struct kernel *k);
struct ihash_bucket *i_hash_lock(const struct super_block *sb, uint64_t ino, uint64_t key) __must_check;
void i_hash_unlock(struct ihash_bucket *b);
void i_hash_add(struct ihash_bucket *b, struct inode *inode);
struct inode *i_hash_find(struct ihash_bucket *b, const struct super_block *sb, uint64_t ino, uint64_t key) __must_check;

/* vfs/dcache.c */
int dcache_init(struct kernel *k) __must_check;
struct dentry *d_lookup_certain(struct dentry *parent, const struct qstr *name) __must_check;
void d_name_tmpfile(struct dentry *d, uint64_t ino);
void d_kill_tree(struct dentry *root); /* umount: nobody else uses the super block */

/* vfs/inode.c */
int icache_init(struct kernel *k) __must_check;
int get_write_access(struct inode *inode) __must_check; /* 0, -ETXTBSY */
void put_write_access(struct inode *inode);
int deny_write_access(struct inode *inode) __must_check;

/* vfs/mount.c */
int mount_init(struct kernel *k) __must_check;
bool follow_mounts(struct kernel *k, struct path *path); /* consumes and gives references; true if it crossed any */
bool follow_up(struct kernel *k, struct path *path);
bool path_is_under(struct kernel *k, const struct path *path, const struct path *root);
static inline bool
path_equal(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}

/* vfs/file.c */
struct file *alloc_empty_file(struct task *t, uint32_t flags) __must_check; /* ERR_PTR */

/* vfs/anon_inodes.c */
int anon_inodes_init(struct kernel *k) __must_check;

/* vfs/locks.c */
struct file_lock_context;
void locks_init(struct kernel *k);
void locks_remove_posix(struct task *t, struct file *file, struct files_struct *owner);
void locks_remove_file(struct file *file);
void locks_free_context(struct inode *inode);

#define LOCK_LINE_MAX 192u
struct lock_text {
	char *buf;
	size_t len, size;
};

/**
 * show_leases() - lines about leases, at the end of those about locks
 * @k: the kernel
 * @file: of this open file alone, or NULL: all
 * @id: the number of the last line
 * @text: added to
 *
 * Return: false: there is no room for all.
 */
bool show_leases(struct kernel *k, const struct file *file, int *id, struct lock_text *text);
uint64_t locks_dev(const struct inode *inode); /* the device that lines about it name: its st_dev */

/**
 * show_all_file_locks() - the text of /proc/locks
 * @k: the kernel
 * @text: where to; len is set
 *
 * Return: false: there is no room for all.
 */
bool show_all_file_locks(struct kernel *k, struct lock_text *text);

/* vfs/fs_struct.c */
void get_fs_root(struct task *t, struct path *root);
void get_fs_pwd(struct task *t, struct path *pwd);
void get_fs_root_and_pwd(struct task *t, struct path *root, struct path *pwd);
uint32_t current_umask(struct task *t);

/* vfs/namei-ops.c */

/**
 * vfs_prepare_mode() - the mode of a new file: without set-group-id where that is not the caller's to give, and the umask's bits
 * @t: the current task
 * @dir: the directory
 * @mode: as it was asked for: set-group-id is judged by that
 *
 * Return: the mode.
 */
uint16_t vfs_prepare_mode(struct task *t, const struct inode *dir, uint16_t mode);

/* vfs/d_path.c */
char *d_getcwd(struct task *t, char *buf, size_t n) __must_check;

/* vfs/namei.c: path walk by halves, for create, unlink and open */
enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

struct nameidata_link {
	struct dentry *dentry; /* keeps the inode and the text */
	struct inode *inode;
	void *done;
	const char *name; /* where the walk goes on after the link */
};

struct nameidata {
	struct task *t;
	struct path path, root;
	bool root_valid;
	struct qstr last;
	enum last_type last_type;
	uint32_t flags;
	int depth, total_links;
	uint32_t dir_uid; /* of the last component's directory, as the walk met it */
	uint16_t dir_mode;
	uint32_t m_seq, r_seq; /* the tree of mounts and of names when the walk began, for scoped walks */
	struct kstat *st;      /* the last component's attributes are all that is wanted; then st_done, and path is its directory */
	bool st_done;
	struct nameidata_link stack[MAXSYMLINKS];
};

/* Begin a walk at @dfd, the root or the working directory; walk all but the last component. 0 or negative errno. */
int path_init(struct nameidata *nd, struct task *t, int dfd, const char *name, uint32_t flags) __must_check;
int link_path_walk(struct nameidata *nd, const char *name) __must_check;
/* The last component by what link_path_walk() left. NULL: nd->path is there; a string: a link to walk on; or ERR_PTR. */
#define WALK_TRAILING 1u
#define WALK_MORE     2u
#define WALK_NOFOLLOW 4u
const char *walk_component(struct nameidata *nd, uint32_t how) __must_check;
int path_lookupat(struct nameidata *nd, const char *name) __must_check; /* the whole of it: nd->path */
const char *step_into(struct nameidata *nd, uint32_t how, struct dentry *dentry) __must_check; /* consumes @dentry */
void nd_terminate(struct nameidata *nd);
int complete_walk(struct nameidata *nd) __must_check;
void nd_put_link(struct nameidata *nd); /* the top one of the stack */
struct dentry *lookup_fast(struct nameidata *nd) __must_check; /* NULL: not cached; or ERR_PTR */
struct dentry *lookup_slow_locked(struct task *t, const struct qstr *name, struct dentry *dir) __must_check;
int filename_parentat(struct task *t, int dfd, const char *name, uint32_t flags, struct path *parent, struct qstr *last,
		      enum last_type *type) __must_check;
struct dentry *filename_create(struct task *t, int dfd, struct filename *name, struct path *path, uint32_t flags) __must_check;
void done_path_create(struct task *t, struct path *path, struct dentry *dentry);

/* vfs/namei-stat.c: the last component, which is not in the cache, without making a dentry. 0, 1: look it up, or negative errno. */
int getattr_uncached(struct nameidata *nd) __must_check;

/* vfs/stat.c: what is known of attributes before and after the file system is asked. */
void getattr_begin(struct kstat *st);
void getattr_end(const struct mount *mnt, bool is_root, struct kstat *st);

/* vfs/permission.c */
int may_delete(struct task *t, struct inode *dir, struct dentry *victim, bool isdir) __must_check;
int may_create(struct task *t, struct inode *dir, struct dentry *child) __must_check;
int may_follow_link(const struct nameidata *nd, const struct inode *link) __must_check;
int may_linkat(struct task *t, struct inode *inode) __must_check;
int may_create_in_sticky(const struct nameidata *nd, const struct inode *inode) __must_check;

/* vfs/attr.c */
int file_remove_privs(struct task *t, struct file *file) __must_check; /* takes i_rwsem if there is anything to do */
int do_truncate(struct task *t, struct dentry *dentry, int64_t length, uint32_t time_attrs, struct file *file) __must_check;

/* vfs/open.c */
int check_open_flags(uint64_t flags, uint16_t mode, uint64_t resolve) __must_check; /* before the name is looked at */
int vfs_open(struct task *t, const struct path *path, struct file *file) __must_check;

/* O_* that openat2 knows. */
#define VALID_OPEN_FLAGS                                                                                                  \
	(O_RDONLY | O_WRONLY | O_RDWR | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC |   \
	 FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | __O_TMPFILE)

#endif
