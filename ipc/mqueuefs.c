/* SPDX-License-Identifier: MIT
 *
 * The file system of POSIX message queues: one directory, one instance, which mount(2) of "mqueue" only makes visible. A queue
 * lives as long as it has its name or is open. The dentry cache holds the names; a list of all queues is for readdir.
 *
 * Locks: the directory's i_rwsem as the VFS holds it; ns->mq_lock (a leaf): the list, and how many there are.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "ipc/mqueue.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"

#define MQUEUE_MAGIC 0x19800202
#define DIRENT_SIZE  20
#define FILENT_SIZE  80
#define TREE_SIZE    48 /* what Linux counts for a message, and again for a priority */

/* Queues */

static int
check_attr(struct task *t, const struct mq_attr *attr)
{
	const struct ipc_namespace *ns = t->k->ipc;
	bool privileged = capable(t, CAP_SYS_RESOURCE);
	long most = privileged ? HARD_MSGMAX : READ_ONCE(ns->mq_msg_max);
	long longest = privileged ? HARD_MSGSIZEMAX : READ_ONCE(ns->mq_msgsize_max);

	if (attr->mq_maxmsg <= 0 || attr->mq_msgsize <= 0 || attr->mq_maxmsg > most || attr->mq_msgsize > longest)
		return -EINVAL;
	return 0;
}

/* RLIMIT_MSGQUEUE: room for all messages is counted from the beginning. */
static int
charge(struct task *t, struct mqueue_inode_info *info)
{
	uint64_t n = (uint64_t)info->attr.mq_maxmsg;

	info->bytes = n * (uint64_t)info->attr.mq_msgsize + n * TREE_SIZE + MIN(n, (uint64_t)MQ_PRIO_MAX) * TREE_SIZE;
	info->user = alloc_uid(t->k, t->cred->uid);
	if (!info->user)
		return -ENOMEM;
	if (__atomic_add_fetch(&info->user->mq_bytes, info->bytes, __ATOMIC_RELAXED) <= rlimit(t, RLIMIT_MSGQUEUE))
		return 0;
	__atomic_sub_fetch(&info->user->mq_bytes, info->bytes, __ATOMIC_RELAXED);
	free_uid(t->k, info->user);
	return -EMFILE;
}

static struct mqueue_inode_info *
new_info(struct task *t, const struct mq_attr *attr)
{
	const struct ipc_namespace *ns = t->k->ipc;
	struct mqueue_inode_info *info = kzalloc(t->k, sizeof(*info));
	int err;

	if (!info)
		return ERR_PTR(-ENOMEM);
	mutex_init(&info->lock, RANK_IPC);
	INIT_LIST_HEAD(&info->messages);
	INIT_LIST_HEAD(&info->senders);
	INIT_LIST_HEAD(&info->receivers);
	INIT_LIST_HEAD(&info->all);
	init_waitqueue_head(&info->poll);
	info->attr.mq_maxmsg = attr ? attr->mq_maxmsg : MIN(READ_ONCE(ns->mq_msg_max), READ_ONCE(ns->mq_msg_default));
	info->attr.mq_msgsize = attr ? attr->mq_msgsize : MIN(READ_ONCE(ns->mq_msgsize_max), READ_ONCE(ns->mq_msgsize_default));
	err = check_attr(t, &info->attr);
	if (!err)
		err = charge(t, info);
	if (err) {
		kfree(t->k, info);
		return ERR_PTR(err);
	}
	return info;
}

static void
free_info(struct kernel *k, struct mqueue_inode_info *info)
{
	struct ipc_namespace *ns = k->ipc;
	struct msg_msg *msg, *next;

	list_for_each_entry_safe(msg, next, &info->messages, list)
		kfree(k, msg);
	mutex_lock(&ns->mq_lock);
	list_del_init(&info->all);
	mutex_unlock(&ns->mq_lock);
	__atomic_sub_fetch(&info->user->mq_bytes, info->bytes, __ATOMIC_RELAXED);
	free_uid(k, info->user);
	kfree(k, info->name);
	kfree(k, info);
}

static void
mqueue_evict_inode(struct kernel *k, struct inode *inode)
{
	struct mqueue_inode_info *info = inode->i_private;

	if (!info)
		return;
	free_info(k, info);
	inode->i_private = NULL;
	__atomic_sub_fetch(&k->ipc->mq_queues_count, 1, __ATOMIC_RELAXED);
}

static int
mqueue_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	return simple_setattr(t, dentry, attr);
}

static const struct inode_operations mqueue_file_iops = { .setattr = mqueue_setattr };

static struct inode *
new_queue(struct task *t, struct inode *dir, const struct qstr *name, uint16_t mode, const struct mq_attr *attr)
{
	struct mqueue_inode_info *info = new_info(t, attr);
	struct ipc_namespace *ns = t->k->ipc;
	struct inode *inode;

	if (IS_ERR(info))
		return ERR_PTR(PTR_ERR(info));
	info->name = kstrndup(t->k, name->name, name->len);
	inode = info->name ? new_inode_of(dir->i_sb) : NULL;
	if (!inode) {
		free_info(t->k, info);
		return ERR_PTR(-ENOMEM);
	}
	inode->i_private = info;
	info->inode = inode;
	inode->i_ino = get_next_ino(t->k);
	inode_init_owner(t, inode, dir, mode);
	inode->i_size = FILENT_SIZE;
	inode->i_nlink = 1;
	inode->i_op = &mqueue_file_iops;
	inode->i_fop = &mqueue_fops;
	inode_update_times(inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	inode->i_btime = inode->i_mtime;
	mutex_lock(&ns->mq_lock);
	info->cookie = ++ns->mq_last_cookie;
	list_add_tail(&info->all, &ns->mq_all);
	mutex_unlock(&ns->mq_lock);
	return inode;
}

static int
make_queue(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, const struct mq_attr *attr)
{
	struct ipc_namespace *ns = t->k->ipc;
	struct inode *inode;

	if (__atomic_fetch_add(&ns->mq_queues_count, 1, __ATOMIC_RELAXED) >= (uint32_t)READ_ONCE(ns->mq_queues_max) &&
	    !capable(t, CAP_SYS_RESOURCE))
		inode = ERR_PTR(-ENOSPC);
	else
		inode = new_queue(t, dir, &dentry->d_name, mode, attr);
	if (IS_ERR(inode)) {
		__atomic_sub_fetch(&ns->mq_queues_count, 1, __ATOMIC_RELAXED);
		return (int)PTR_ERR(inode);
	}
	dir->i_size += DIRENT_SIZE;
	inode_update_times(dir, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	d_instantiate(dentry, inode);
	d_make_persistent(dentry);
	return 0;
}

/* The directory */

static struct dentry *
mqueue_lookup(struct task *t __unused, struct inode *dir __unused, struct dentry *dentry)
{
	if (dentry->d_name.len > K_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	d_add(dentry, NULL); /* what there is, is cached */
	return NULL;
}

static int
mqueue_create(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl __unused)
{
	return make_queue(t, dir, dentry, mode, NULL);
}

static int
mqueue_unlink(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct mqueue_inode_info *info = inode->i_private;
	struct ipc_namespace *ns = t->k->ipc;

	mutex_lock(&ns->mq_lock);
	list_del_init(&info->all);
	mutex_unlock(&ns->mq_lock);
	dir->i_size -= DIRENT_SIZE;
	inode_update_times(dir, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	drop_nlink(inode);
	return 0;
}

/* The names from a position on, a few at a time, since the reader is written to without the lock. */
static int
mqueue_readdir(struct task *t, struct file *file __unused, struct dir_context *ctx)
{
	struct ipc_namespace *ns = t->k->ipc;
	char name[K_NAME_MAX + 1];

	if (ctx->pos == 0 && ctx->actor(ctx, ".", 1, 0, 1, S_IFDIR >> 12))
		ctx->pos = 1;
	if (ctx->pos == 1 && ctx->actor(ctx, "..", 2, 1, 1, S_IFDIR >> 12))
		ctx->pos = 2;
	while (ctx->pos >= 2) {
		struct mqueue_inode_info *info;
		int64_t cookie = 0;
		uint64_t ino = 0;

		mutex_lock(&ns->mq_lock);
		list_for_each_entry(info, &ns->mq_all, all) {
			if (info->cookie < ctx->pos)
				continue;
			cookie = info->cookie;
			ino = info->inode->i_ino;
			memcpy(name, info->name, strlen(info->name) + 1);
			break;
		}
		mutex_unlock(&ns->mq_lock);
		if (!cookie || !ctx->actor(ctx, name, (int)strlen(name), cookie, ino, S_IFREG >> 12))
			break;
		ctx->pos = cookie + 1;
	}
	return 0;
}

static const struct inode_operations mqueue_dir_iops = {
	.lookup = mqueue_lookup,
	.create = mqueue_create,
	.unlink = mqueue_unlink,
	.setattr = mqueue_setattr,
};

static const struct file_operations mqueue_dir_fops = {
	.iterate = mqueue_readdir,
	.llseek = generic_file_llseek,
};

/* Open files */

/* What is in the queue, and who is told. */
static int64_t
mqueue_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf __unused)
{
	struct mqueue_inode_info *info = MQUEUE_I(file);
	const struct mqueue_notify *n = &info->notify;
	char text[FILENT_SIZE];
	size_t len, got;

	mutex_lock(&info->lock);
	len = (size_t)ksnprintf(text, sizeof(text), "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", info->qsize,
				n->owner ? n->notify : 0, n->owner && n->notify == 0 ? n->signo : 0, n->owner ? n->owner->nr : 0);
	mutex_unlock(&info->lock);
	len = MIN(len, sizeof(text) - 1);
	if (*pos < 0)
		return -EINVAL;
	if (*pos >= (int64_t)len)
		return 0;
	len -= (size_t)*pos;
	got = copy_to_iter(text + *pos, MIN(len, to->count), to);
	if (!got && to->count)
		return -EFAULT;
	*pos += (int64_t)got;
	inode_update_times(file->f_inode, ATTR_ATIME | ATTR_CTIME);
	return (int64_t)got;
}

const struct file_operations mqueue_fops = {
	.f_mode = FMODE_PREAD | FMODE_PWRITE | FMODE_OLD_READ,
	.read = mqueue_read,
	.llseek = generic_file_llseek,
	.poll = mqueue_poll,
	.flush = mqueue_flush,
};

/* mq_open(3), mq_unlink(3) */

/* The directory is locked. */
static int
prepare_open(struct task *t, struct dentry *dentry, struct inode *dir, int oflag, uint32_t mode, const struct mq_attr *attr)
{
	static const int accesses[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };
	int err;

	if (d_is_negative(dentry)) {
		if (!(oflag & O_CREAT))
			return -ENOENT;
		err = may_create(t, dir, dentry);
		mode = (mode & ~current_umask(t) & 07777) | S_IFREG;
		if (!err)
			err = make_queue(t, dir, dentry, mode_strip_sgid(t, dir, (uint16_t)mode), attr);
		if (!err)
			fsnotify_name(dir, IN_CREATE, &dentry->d_name, 0);
		return err;
	}
	if ((oflag & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((oflag & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return inode_permission(t, d_inode(dentry), accesses[oflag & O_ACCMODE]);
}

static struct file *
open_name(struct task *t, const char *name, int oflag, uint32_t mode, const struct mq_attr *attr)
{
	struct mount *mnt = t->k->ipc->mq_mnt;
	struct inode *dir = d_inode(mnt->mnt_root);
	struct path path = { .mnt = mnt };
	struct qstr q = QSTR(name);
	struct file *file;
	int err;

	mutex_lock(&dir->i_rwsem);
	path.dentry = lookup_one(t, &q, mnt->mnt_root);
	err = IS_ERR(path.dentry) ? (int)PTR_ERR(path.dentry) : prepare_open(t, path.dentry, dir, oflag, mode, attr);
	mutex_unlock(&dir->i_rwsem);
	file = err ? ERR_PTR(err) : dentry_open(t, &path, (uint32_t)oflag & (O_ACCMODE | O_NONBLOCK | O_CLOEXEC));
	if (!IS_ERR(path.dentry))
		dput(path.dentry);
	return file;
}

int64_t
do_mq_open(struct task *t, uaddr_t uname, int oflag, uint32_t mode, uaddr_t uattr)
{
	struct filename *name;
	struct mq_attr attr;
	struct file *file;
	int fd;

	if (!uaddr_null(uattr) && copy_in(t, &attr, uattr))
		return -EFAULT;
	name = getname(t, uname);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = get_unused_fd_flags(t, O_CLOEXEC);
	if (fd >= 0) {
		file = open_name(t, name->name, oflag, mode, uaddr_null(uattr) ? NULL : &attr);
		if (IS_ERR(file)) {
			put_unused_fd(t, fd);
			fd = (int)PTR_ERR(file);
		} else {
			fd_install(t, fd, file);
		}
	}
	putname(name);
	return fd;
}

int64_t
do_mq_unlink(struct task *t, uaddr_t uname)
{
	struct mount *mnt = t->k->ipc->mq_mnt;
	struct inode *dir = d_inode(mnt->mnt_root);
	struct filename *name = getname(t, uname);
	struct dentry *dentry;
	struct qstr q;
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	q = QSTR(name->name);
	mutex_lock(&dir->i_rwsem);
	dentry = lookup_one(t, &q, mnt->mnt_root);
	if (IS_ERR(dentry))
		err = (int)PTR_ERR(dentry);
	else
		err = d_is_negative(dentry) ? -ENOENT : vfs_unlink(t, dir, dentry);
	mutex_unlock(&dir->i_rwsem);
	if (!IS_ERR(dentry))
		dput(dentry);
	putname(name);
	return err;
}

/* The file system */

static int
mqueue_statfs(struct task *t __unused, struct dentry *dentry, void *buf)
{
	return simple_statfs(dentry, buf);
}

static const struct super_operations mqueue_sops = {
	.evict_inode = mqueue_evict_inode,
	.statfs = mqueue_statfs,
};

static int
mqueue_get_tree(struct fs_context *fc, struct super_block **out)
{
	struct super_block *sb = fc->k->ipc->mq_mnt->mnt_sb;

	refcount_inc(&sb->s_active);
	*out = sb;
	return 0;
}

static const struct file_system_type mqueue_fs_type = {
	.name = "mqueue",
	.nodev = true,
	.get_tree = mqueue_get_tree,
};

static struct super_block *
make_super(struct kernel *k)
{
	struct super_block *sb = sget(k, &mqueue_fs_type);
	struct inode *root = sb ? new_inode_of(sb) : NULL;

	if (!root)
		return NULL;
	sb->s_magic = MQUEUE_MAGIC;
	sb->s_op = &mqueue_sops;
	root->i_ino = 1;
	root->i_mode = S_IFDIR | S_ISVTX | 0777;
	root->i_nlink = 2;
	root->i_size = 2 * DIRENT_SIZE;
	root->i_op = &mqueue_dir_iops;
	root->i_fop = &mqueue_dir_fops;
	inode_update_times(root, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	root->i_btime = root->i_mtime;
	sb->s_root = d_make_root(sb, root);
	return sb->s_root ? sb : NULL;
}

int
mqueue_init(struct kernel *k)
{
	struct ipc_namespace *ns = k->ipc;
	struct super_block *sb = make_super(k);

	mutex_init(&ns->mq_lock, RANK_LEAF);
	INIT_LIST_HEAD(&ns->mq_all);
	ns->mq_last_cookie = 2;
	ns->mq_queues_max = DFLT_QUEUESMAX;
	ns->mq_msg_max = DFLT_MSGMAX;
	ns->mq_msg_default = DFLT_MSG;
	ns->mq_msgsize_max = DFLT_MSGSIZEMAX;
	ns->mq_msgsize_default = DFLT_MSGSIZE;
	ns->mq_mnt = sb ? kern_mount(k, sb) : ERR_PTR(-ENOMEM);
	if (IS_ERR(ns->mq_mnt))
		return -ENOMEM;
	register_filesystem(k, &mqueue_fs_type);
	return 0;
}
