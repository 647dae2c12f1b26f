/* SPDX-License-Identifier: MIT
 *
 * exec: whose rights the program gets. Set-user-id and set-group-id bits count unless the mount says nosuid, the task has
 * no_new_privs, or somebody who may not traces it or shares its directories; the arithmetic of capabilities is cred_exec()'s.
 *
 * Left out: file capabilities (security.capability), as in a kernel booted with no_file_caps.
 */
#include <linux/capability.h>

#include "kernel/binprm.h"
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"

#define K_S_ISUID 04000
#define K_S_ISGID 02000
#define K_S_IXGRP 00010

/* Personality bits that a program with new rights must not inherit: PER_CLEAR_ON_SETID. */
#define ADDR_NO_RANDOMIZE  0x0040000u
#define MMAP_PAGE_ZERO	   0x0100000u
#define ADDR_COMPAT_LAYOUT 0x0200000u
#define READ_IMPLIES_EXEC  0x0400000u

/* Another process that shares the working directory could lead a set-user-id program astray; a tracer could do anything. */
static bool
unsafe_exec(const struct task *t)
{
	if (t->no_new_privs)
		return true;
	if (capable(t, CAP_SETUID))
		return false;
	return t->ptrace || refcount_read(&t->fs->count) > t->signal->nr_threads;
}

int
bprm_make_creds(struct linux_binprm *bprm)
{
	struct task *t = bprm->t;
	const struct inode *inode = bprm->file->f_inode;
	uint32_t euid = t->cred->euid, egid = t->cred->egid;
	struct cred *cred;

	bprm->per_clear = 0;
	bprm->secureexec = false;
	if (!(bprm->file->f_path.mnt->mnt_flags & MNT_NOSUID) && !t->no_new_privs) {
		if (inode->i_mode & K_S_ISUID) {
			euid = inode->i_uid;
			bprm->per_clear = ADDR_NO_RANDOMIZE | MMAP_PAGE_ZERO | ADDR_COMPAT_LAYOUT | READ_IMPLIES_EXEC;
		}
		if ((inode->i_mode & (K_S_ISGID | K_S_IXGRP)) == (K_S_ISGID | K_S_IXGRP)) {
			egid = inode->i_gid;
			bprm->per_clear = ADDR_NO_RANDOMIZE | MMAP_PAGE_ZERO | ADDR_COMPAT_LAYOUT | READ_IMPLIES_EXEC;
		}
	}
	if ((euid != t->cred->uid || egid != t->cred->gid) && unsafe_exec(t)) {
		euid = t->cred->uid;
		egid = t->cred->gid;
	}
	cred = cred_exec(t, euid, egid, &bprm->secureexec);
	if (!cred)
		return -ENOMEM;
	if (bprm->cred)
		put_cred(bprm->cred);
	bprm->cred = cred;
	return 0;
}
