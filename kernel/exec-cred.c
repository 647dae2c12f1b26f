/* SPDX-License-Identifier: MIT
 *
 * exec: whose rights the program gets. Set-user-id and set-group-id bits and the capabilities of the file count unless the mount
 * says nosuid, the task has no_new_privs, or somebody who may not traces it or shares its directories; the arithmetic of
 * capabilities is cred_exec()'s.
 */
#include <linux/capability.h>

#include "kernel/binprm.h"
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

#define K_S_ISUID 04000
#define K_S_ISGID 02000
#define K_S_IXGRP 00010

/* Personality bits that a program with new rights must not inherit: PER_CLEAR_ON_SETID. */
#define ADDR_NO_RANDOMIZE  0x0040000u
#define MMAP_PAGE_ZERO	   0x0100000u
#define ADDR_COMPAT_LAYOUT 0x0200000u
#define READ_IMPLIES_EXEC  0x0400000u
#define PER_CLEAR_ON_SETID (ADDR_NO_RANDOMIZE | MMAP_PAGE_ZERO | ADDR_COMPAT_LAYOUT | READ_IMPLIES_EXEC)

static bool
tracer_capable(struct task *t)
{
	struct kernel *k = t->k;
	struct cred *c;
	bool ret;

	mutex_lock(&k->tasklist_lock);
	c = get_task_cred(t->parent);
	mutex_unlock(&k->tasklist_lock);
	ret = cred_capable(c, CAP_SYS_PTRACE);
	put_cred(c);
	return ret;
}

/* Another process that shares the working directory could lead a privileged program astray; a tracer could do anything. */
static bool
unsafe_exec(struct task *t)
{
	return t->no_new_privs || refcount_read(&t->fs->count) > t->signal->nr_threads || (t->ptrace && !tracer_capable(t));
}

/* Capabilities of a file. 1: it has some; 0: none; -EINVAL: an attribute nobody understands. */
static int
get_file_caps(struct task *t, struct file *file, struct file_caps *fc)
{
	struct vfs_ns_cap_data d;
	struct dentry *dentry = file->f_path.dentry;
	const struct inode_operations *op = file->f_inode->i_op;
	int64_t n;
	uint32_t magic;

	if (!op || !op->getxattr)
		return 0;
	memset(&d, 0, sizeof(d));
	n = vfs_getxattr(t, dentry, "security.capability", &d, sizeof(d));
	if (n == -ENODATA || n == -EOPNOTSUPP || n == -ENOSYS)
		return 0;
	if (n == -ERANGE || (n >= 0 && n < (int64_t)sizeof(d.magic_etc)))
		return -EINVAL;
	if (n < 0)
		return 0; /* the host does not tell */
	magic = d.magic_etc;
	if (!((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_1 && n == XATTR_CAPS_SZ_1) &&
	    !((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_2 && n == XATTR_CAPS_SZ_2) &&
	    !((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3 && n == XATTR_CAPS_SZ_3))
		return -EINVAL;
	if (d.rootid != 0)
		return 0; /* of another user namespace */
	fc->permitted = (d.data[0].permitted | (uint64_t)d.data[1].permitted << 32) & CAP_FULL;
	fc->inheritable = (d.data[0].inheritable | (uint64_t)d.data[1].inheritable << 32) & CAP_FULL;
	if (n == XATTR_CAPS_SZ_1) {
		fc->permitted &= UINT32_MAX;
		fc->inheritable &= UINT32_MAX;
	}
	fc->effective = (magic & VFS_CAP_FLAGS_EFFECTIVE) != 0;
	return 1;
}

static void
set_ids(struct linux_binprm *bprm, uint32_t *euid, uint32_t *egid)
{
	const struct inode *inode = bprm->file->f_inode;

	if (inode->i_mode & K_S_ISUID) {
		*euid = inode->i_uid;
		bprm->per_clear = PER_CLEAR_ON_SETID;
	}
	if ((inode->i_mode & (K_S_ISGID | K_S_IXGRP)) == (K_S_ISGID | K_S_IXGRP)) {
		*egid = inode->i_gid;
		bprm->per_clear = PER_CLEAR_ON_SETID;
	}
}

int
bprm_make_creds(struct linux_binprm *bprm)
{
	struct task *t = bprm->t;
	uint32_t euid = t->cred->euid, egid = t->cred->egid;
	bool unsafe = unsafe_exec(t);
	struct file_caps fc;
	struct cred *cred;
	int has_caps = 0;

	bprm->per_clear = 0;
	bprm->secureexec = false;
	if (!(bprm->file->f_path.mnt->mnt_flags & MNT_NOSUID)) {
		if (!t->no_new_privs)
			set_ids(bprm, &euid, &egid);
		has_caps = get_file_caps(t, bprm->file, &fc);
		if (has_caps < 0)
			return has_caps;
	}
	/* Somebody who could abuse the new identity watches: it keeps the real one. */
	if (unsafe && !capable(t, CAP_SETUID) && (euid != t->cred->uid || egid != t->cred->gid)) {
		euid = t->cred->uid;
		egid = t->cred->gid;
	}
	cred = cred_exec(t, euid, egid, has_caps ? &fc : NULL, unsafe, &bprm->secureexec);
	if (IS_ERR(cred))
		return (int)PTR_ERR(cred);
	if (cred->cap_permitted & ~t->cred->cap_permitted)
		bprm->per_clear = PER_CLEAR_ON_SETID;
	if (bprm->cred)
		put_cred(bprm->cred);
	bprm->cred = cred;
	return 0;
}
