/* SPDX-License-Identifier: MIT
 *
 * fcntl(2).
 */
#include <asm/resource.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "vfs/fcntl.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"
#include "vfs/lease.h"
#include "vfs/pipe.h"

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_NDELAY | O_DIRECT | O_NOATIME | FASYNC)

void
fown_release(struct file *file)
{
	struct fown *o = file->f_owner;

	if (!o)
		return;
	file->f_owner = NULL;
	if (o->pid)
		put_pid(file->k, o->pid);
	kfree(file->k, o);
}

/* The owner's record, made when there is none. */
static struct fown *
file_fown(struct task *t, struct file *file)
{
	struct fown *o = __atomic_load_n(&file->f_owner, __ATOMIC_ACQUIRE), *new;

	if (o)
		return o;
	new = kzalloc(t->k, sizeof(*new));
	if (!new)
		return NULL;
	if (__atomic_compare_exchange_n(&file->f_owner, &o, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return new;
	kfree(t->k, new);
	return o;
}

static int
set_owner(struct task *t, struct file *file, enum pid_type type, int nr)
{
	struct pid *pid = NULL, *old;
	struct fown *o;

	if (nr) {
		pid = find_get_pid(t->k, nr);
		if (!pid)
			return -ESRCH;
	}
	o = file_fown(t, file);
	if (!o) {
		if (pid)
			put_pid(t->k, pid);
		return -ENOMEM;
	}
	mutex_lock(&file->f_lock);
	old = o->pid;
	o->pid = pid;
	o->type = type;
	o->uid = t->cred->uid;
	o->euid = t->cred->euid;
	mutex_unlock(&file->f_lock);
	if (old)
		put_pid(t->k, old);
	return 0;
}

int
f_setown(struct task *t, struct file *file, int who)
{
	if (who == INT32_MIN)
		return -EINVAL;
	return who < 0 ? set_owner(t, file, PIDTYPE_PGID, -who) : set_owner(t, file, PIDTYPE_TGID, who);
}

int
f_setown_if_none(struct task *t, struct file *file)
{
	struct fown *o = file_fown(t, file);

	if (!o)
		return -ENOMEM;
	return READ_ONCE(o->pid) ? 0 : set_owner(t, file, PIDTYPE_TGID, t->tgid);
}

/* The number of the owner while it lives, and what it is. */
static int
get_owner(struct task *t, struct file *file, enum pid_type *type)
{
	struct fown *o = __atomic_load_n(&file->f_owner, __ATOMIC_ACQUIRE);
	struct pid *pid = NULL;
	int nr = 0;

	*type = PIDTYPE_PID;
	if (!o)
		return 0;
	mutex_lock(&file->f_lock);
	*type = o->type;
	if (o->pid)
		pid = get_pid(o->pid);
	mutex_unlock(&file->f_lock);
	if (!pid)
		return 0;
	mutex_lock(&t->k->tasklist_lock);
	if (pid_task(pid, *type))
		nr = pid->nr;
	mutex_unlock(&t->k->tasklist_lock);
	put_pid(t->k, pid);
	return nr;
}

int
f_getown(struct task *t, struct file *file)
{
	enum pid_type type;
	int nr = get_owner(t, file, &type);

	return type == PIDTYPE_PGID ? -nr : nr;
}

static int
f_setown_ex(struct task *t, struct file *file, uaddr_t u)
{
	struct f_owner_ex ex;

	if (copy_in(t, &ex, u))
		return -EFAULT;
	switch (ex.type) {
	case F_OWNER_TID:
		return set_owner(t, file, PIDTYPE_PID, ex.pid);
	case F_OWNER_PID:
		return set_owner(t, file, PIDTYPE_TGID, ex.pid);
	case F_OWNER_PGRP:
		return set_owner(t, file, PIDTYPE_PGID, ex.pid);
	default:
		return -EINVAL;
	}
}

static int
f_getown_ex(struct task *t, struct file *file, uaddr_t u)
{
	struct f_owner_ex ex;
	enum pid_type type;

	ex.pid = get_owner(t, file, &type);
	ex.type = type == PIDTYPE_PID ? F_OWNER_TID : type == PIDTYPE_PGID ? F_OWNER_PGRP : F_OWNER_PID;
	return copy_out(t, u, &ex);
}

static int
setfl(struct task *t, int fd, struct file *file, uint64_t arg)
{
	uint32_t flags = (uint32_t)arg, old = file->f_flags;
	int err;

	if (((flags ^ old) & O_APPEND) && (file->f_inode->i_flags & S_APPEND))
		return -EPERM;
	if ((flags & O_NOATIME) && !(old & O_NOATIME) && !inode_owner_or_capable(t, file->f_inode))
		return -EPERM;
	if (((flags ^ old) & FASYNC) && file->f_op && file->f_op->fasync) {
		err = file->f_op->fasync(t, fd, file, (flags & FASYNC) != 0);
		if (err < 0)
			return err;
	}
	mutex_lock(&file->f_lock);
	__atomic_store_n(&file->f_flags, (flags & SETFL_MASK) | (file->f_flags & ~(uint32_t)SETFL_MASK), __ATOMIC_RELAXED);
	mutex_unlock(&file->f_lock);
	return 0;
}

static int64_t
dupfd(struct task *t, struct file *file, uint64_t from, uint32_t flags)
{
	int fd;

	if (from >= rlimit(t, RLIMIT_NOFILE))
		return -EINVAL;
	fd = get_unused_fd_from(t, (int)from, flags);
	if (fd >= 0) {
		get_file(file);
		fd_install(t, fd, file);
	}
	return fd;
}

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#define F_ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC)

static bool
inode_has_writable_mapping(struct inode *inode)
{
	struct vma *vma;
	mutex_guard(&inode->i_mmap_lock);

	list_for_each_entry(vma, &inode->i_mmap, i_mmap)
		if ((vma->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE))
			return true;
	return false;
}

/* Files of tmpfs have seals; those that memfd_create(2) was not asked to make sealable are sealed against sealing. */
static bool
can_have_seals(const struct inode *inode)
{
	return inode->i_sb->s_magic == TMPFS_MAGIC && S_ISREG(inode->i_mode);
}

static int64_t
add_seals(struct file *file, uint64_t arg)
{
	struct inode *inode = file->f_inode;
	mutex_guard(&inode->i_rwsem);

	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	if ((arg & ~(uint64_t)F_ALL_SEALS) || !can_have_seals(inode))
		return -EINVAL;
	if (inode->i_seals & F_SEAL_SEAL)
		return -EPERM;
	if ((arg & F_SEAL_WRITE) && !(inode->i_seals & F_SEAL_WRITE) && inode_has_writable_mapping(inode))
		return -EBUSY;
	/* What is executable and stays so does not change any more. */
	if ((arg & F_SEAL_EXEC) && (inode->i_mode & 0111))
		arg |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
	set_bits(&inode->i_seals, (uint32_t)arg);
	return 0;
}

static int64_t
get_seals(struct file *file)
{
	if (!can_have_seals(file->f_inode))
		return -EINVAL;
	return (int64_t)__atomic_load_n(&file->f_inode->i_seals, __ATOMIC_RELAXED);
}

static int64_t
setsig(struct task *t, struct file *file, uint64_t sig)
{
	struct fown *o;

	if (sig > K_NSIG)
		return -EINVAL;
	o = file_fown(t, file);
	if (!o)
		return -ENOMEM;
	o->signum = (int)sig;
	return 0;
}

/* F_DUPFD_QUERY: does the other descriptor refer to the same open file? */
static int64_t
dupfd_query(struct task *t, struct file *file, uint64_t other)
{
	struct fd f = fdget_raw(t, (int)other);
	int64_t ret = f.file ? f.file == file : -EBADF;

	fdput(t, f);
	return ret;
}

static int64_t
get_owner_uids(struct task *t, struct file *file, uaddr_t u)
{
	struct fown *o = __atomic_load_n(&file->f_owner, __ATOMIC_ACQUIRE);
	uint32_t ids[2] = { 0, 0 };

	if (o) {
		mutex_lock(&file->f_lock);
		ids[0] = o->uid;
		ids[1] = o->euid;
		mutex_unlock(&file->f_lock);
	}
	return copy_out(t, u, &ids);
}

/* How long what is written will live: kept with the inode, and nothing here makes use of it. */
static int64_t
rw_hint(struct task *t, struct file *file, unsigned int cmd, uaddr_t u)
{
	struct inode *inode = file->f_inode;
	uint64_t hint = READ_ONCE(inode->i_write_hint);

	if (cmd == F_GET_RW_HINT)
		return copy_out(t, u, &hint);
	if (!inode_owner_or_capable(t, inode))
		return -EPERM;
	if (copy_in(t, &hint, u))
		return -EFAULT;
	if (hint > RWH_WRITE_LIFE_EXTREME)
		return -EINVAL;
	WRITE_ONCE(inode->i_write_hint, (uint32_t)hint);
	return 0;
}

int64_t
do_fcntl(struct task *t, int fd, struct file *file, unsigned int cmd, uint64_t arg)
{
	switch (cmd) {
	case F_DUPFD:
		return dupfd(t, file, arg, 0);
	case F_DUPFD_CLOEXEC:
		return dupfd(t, file, arg, O_CLOEXEC);
	case F_GETFD:
		return get_close_on_exec(t, fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		set_close_on_exec(t, fd, (arg & FD_CLOEXEC) != 0);
		return 0;
	case F_GETFL:
		return file->f_flags;
	case F_SETFL:
		return setfl(t, fd, file, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(t, fd, file, cmd, UADDR(arg));
	case F_GETOWN:
		return f_getown(t, file);
	case F_SETOWN:
		return f_setown(t, file, (int)arg);
	case F_GETOWN_EX:
		return f_getown_ex(t, file, UADDR(arg));
	case F_SETOWN_EX:
		return f_setown_ex(t, file, UADDR(arg));
	case F_GETSIG:
		return file->f_owner ? file->f_owner->signum : 0;
	case F_SETSIG:
		return setsig(t, file, arg);
	case F_GETLEASE:
		return fcntl_getlease(t, file);
	case F_SETLEASE:
		return fcntl_setlease(t, fd, file, arg);
	case F_ADD_SEALS:
		return add_seals(file, arg);
	case F_GET_SEALS:
		return get_seals(file);
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
		return pipe_fcntl(t, file, cmd, arg);
	case F_NOTIFY:
		return fcntl_dirnotify(t, fd, file, (uint32_t)arg);
	case F_DUPFD_QUERY:
		return dupfd_query(t, file, arg);
	case F_CREATED_QUERY:
		return (file->f_mode & FMODE_CREATED) != 0;
	case F_GETOWNER_UIDS:
		return get_owner_uids(t, file, UADDR(arg));
	case F_GET_RW_HINT:
	case F_SET_RW_HINT:
		return rw_hint(t, file, cmd, UADDR(arg));
	default:
		return -EINVAL;
	}
}
