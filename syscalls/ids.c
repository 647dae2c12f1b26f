/* SPDX-License-Identifier: MIT
 *
 * Ids and capabilities: credentials(7), setuid(2), setresuid(2), setgroups(2), setpgid(2), setsid(2), capget(2).
 */
#include <linux/capability.h>
#include <linux/securebits.h>

#include "kernel/cred.h"
#include "kernel/sys.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"

#define NO_ID	     0xffffffffu /* "leave it" */
#define NGROUPS_MAX  65536

int64_t
sys_getuid(struct task *t)
{
	return t->cred->uid;
}

int64_t
sys_geteuid(struct task *t)
{
	return t->cred->euid;
}

int64_t
sys_getgid(struct task *t)
{
	return t->cred->gid;
}

int64_t
sys_getegid(struct task *t)
{
	return t->cred->egid;
}

static int
put_ids(struct task *t, uint32_t a, uint32_t b, uint32_t c, uaddr_t ua, uaddr_t ub, uaddr_t uc)
{
	if (put_user_u32(t, a, ua) || put_user_u32(t, b, ub) || put_user_u32(t, c, uc))
		return -EFAULT;
	return 0;
}

int64_t
sys_getresuid(struct task *t, uaddr_t r, uaddr_t e, uaddr_t s)
{
	return put_ids(t, t->cred->uid, t->cred->euid, t->cred->suid, r, e, s);
}

int64_t
sys_getresgid(struct task *t, uaddr_t r, uaddr_t e, uaddr_t s)
{
	return put_ids(t, t->cred->gid, t->cred->egid, t->cred->sgid, r, e, s);
}

/* Ends a change of user ids: counts, capabilities, commit. Consumes @new. */
static int
commit_uids(struct task *t, struct cred *new, int err)
{
	if (!err && new->uid != t->cred->uid)
		err = set_user(new);
	if (err) {
		put_cred(new);
		return err;
	}
	cap_emulate_setxuid(new, t->cred);
	commit_creds(t, new);
	return 0;
}

static int
commit_gids(struct task *t, struct cred *new, int err)
{
	if (err)
		put_cred(new);
	else
		commit_creds(t, new);
	return err;
}

int64_t
sys_setuid(struct task *t, unsigned int uid)
{
	const struct cred *old = t->cred;
	struct cred *new;
	int err = 0;

	if (uid == NO_ID)
		return -EINVAL;
	new = prepare_creds(t);
	if (!new)
		return -ENOMEM;
	if (capable(t, CAP_SETUID))
		new->suid = new->uid = uid;
	else if (uid != old->uid && uid != old->suid)
		err = -EPERM;
	new->fsuid = new->euid = uid;
	return commit_uids(t, new, err);
}

int64_t
sys_setgid(struct task *t, unsigned int gid)
{
	const struct cred *old = t->cred;
	struct cred *new;
	int err = 0;

	if (gid == NO_ID)
		return -EINVAL;
	new = prepare_creds(t);
	if (!new)
		return -ENOMEM;
	if (capable(t, CAP_SETGID))
		new->gid = new->sgid = gid;
	else if (gid != old->gid && gid != old->sgid)
		err = -EPERM;
	new->fsgid = new->egid = gid;
	return commit_gids(t, new, err);
}

int64_t
sys_setreuid(struct task *t, unsigned int ruid, unsigned int euid)
{
	const struct cred *old = t->cred;
	struct cred *new = prepare_creds(t);
	bool cap = capable(t, CAP_SETUID);
	int err = 0;

	if (!new)
		return -ENOMEM;
	if (ruid != NO_ID) {
		new->uid = ruid;
		if (ruid != old->uid && ruid != old->euid && !cap)
			err = -EPERM;
	}
	if (euid != NO_ID) {
		new->euid = euid;
		if (euid != old->uid && euid != old->euid && euid != old->suid && !cap)
			err = -EPERM;
	}
	if (ruid != NO_ID || (euid != NO_ID && euid != old->uid))
		new->suid = new->euid;
	new->fsuid = new->euid;
	return commit_uids(t, new, err);
}

int64_t
sys_setregid(struct task *t, unsigned int rgid, unsigned int egid)
{
	const struct cred *old = t->cred;
	struct cred *new = prepare_creds(t);
	bool cap = capable(t, CAP_SETGID);
	int err = 0;

	if (!new)
		return -ENOMEM;
	if (rgid != NO_ID) {
		new->gid = rgid;
		if (rgid != old->gid && rgid != old->egid && !cap)
			err = -EPERM;
	}
	if (egid != NO_ID) {
		new->egid = egid;
		if (egid != old->gid && egid != old->egid && egid != old->sgid && !cap)
			err = -EPERM;
	}
	if (rgid != NO_ID || (egid != NO_ID && egid != old->gid))
		new->sgid = new->egid;
	new->fsgid = new->egid;
	return commit_gids(t, new, err);
}

static bool
one_of(uint32_t id, uint32_t a, uint32_t b, uint32_t c)
{
	return id == NO_ID || id == a || id == b || id == c;
}

int64_t
sys_setresuid(struct task *t, unsigned int ruid, unsigned int euid, unsigned int suid)
{
	const struct cred *o = t->cred;
	struct cred *new = prepare_creds(t);
	int err = 0;

	if (!new)
		return -ENOMEM;
	if (!capable(t, CAP_SETUID) && (!one_of(ruid, o->uid, o->euid, o->suid) || !one_of(euid, o->uid, o->euid, o->suid) ||
					!one_of(suid, o->uid, o->euid, o->suid)))
		err = -EPERM;
	if (ruid != NO_ID)
		new->uid = ruid;
	if (euid != NO_ID)
		new->euid = euid;
	if (suid != NO_ID)
		new->suid = suid;
	new->fsuid = new->euid;
	return commit_uids(t, new, err);
}

int64_t
sys_setresgid(struct task *t, unsigned int rgid, unsigned int egid, unsigned int sgid)
{
	const struct cred *o = t->cred;
	struct cred *new = prepare_creds(t);
	int err = 0;

	if (!new)
		return -ENOMEM;
	if (!capable(t, CAP_SETGID) && (!one_of(rgid, o->gid, o->egid, o->sgid) || !one_of(egid, o->gid, o->egid, o->sgid) ||
					!one_of(sgid, o->gid, o->egid, o->sgid)))
		err = -EPERM;
	if (rgid != NO_ID)
		new->gid = rgid;
	if (egid != NO_ID)
		new->egid = egid;
	if (sgid != NO_ID)
		new->sgid = sgid;
	new->fsgid = new->egid;
	return commit_gids(t, new, err);
}

/* setfsuid(2), setfsgid(2): the old value comes back whether or not it worked. */
int64_t
sys_setfsuid(struct task *t, unsigned int uid)
{
	const struct cred *o = t->cred;
	uint32_t old = o->fsuid;
	struct cred *new;

	if (uid == NO_ID || uid == old ||
	    (uid != o->uid && uid != o->euid && uid != o->suid && uid != o->fsuid && !capable(t, CAP_SETUID)))
		return old;
	new = prepare_creds(t);
	if (!new)
		return old;
	new->fsuid = uid;
	if (!(new->securebits & SECBIT_NO_SETUID_FIXUP)) {
		if (old == 0)
			new->cap_effective &= ~CAP_FS_MASK;
		else if (uid == 0)
			new->cap_effective |= new->cap_permitted & CAP_FS_MASK;
	}
	commit_creds(t, new);
	return old;
}

int64_t
sys_setfsgid(struct task *t, unsigned int gid)
{
	const struct cred *o = t->cred;
	uint32_t old = o->fsgid;
	struct cred *new;

	if (gid == NO_ID || gid == old ||
	    (gid != o->gid && gid != o->egid && gid != o->sgid && gid != o->fsgid && !capable(t, CAP_SETGID)))
		return old;
	new = prepare_creds(t);
	if (!new)
		return old;
	new->fsgid = gid;
	commit_creds(t, new);
	return old;
}

int64_t
sys_getgroups(struct task *t, int size, uaddr_t list)
{
	const struct group_info *gi = t->cred->group_info;
	int n = (int)gi->ngroups;

	if (size < 0 || (size && size < n))
		return -EINVAL;
	if (size && copy_to_user(t, list, gi->gid, (size_t)n * sizeof(gi->gid[0])))
		return -EFAULT;
	return n;
}

int64_t
sys_setgroups(struct task *t, int size, uaddr_t list)
{
	struct group_info *gi;
	struct cred *new;

	if (!capable(t, CAP_SETGID))
		return -EPERM;
	if ((unsigned int)size > NGROUPS_MAX)
		return -EINVAL;
	gi = groups_alloc(t->k, (uint32_t)size);
	if (!gi)
		return -ENOMEM;
	if (copy_from_user(t, gi->gid, list, (size_t)size * sizeof(gi->gid[0]))) {
		put_group_info(t->k, gi);
		return -EFAULT;
	}
	for (int i = 0; i < size; i++) {
		if (gi->gid[i] == NO_ID) {
			put_group_info(t->k, gi);
			return -EINVAL;
		}
	}
	groups_sort(gi);
	new = prepare_creds(t);
	if (!new) {
		put_group_info(t->k, gi);
		return -ENOMEM;
	}
	put_group_info(t->k, new->group_info);
	new->group_info = gi;
	commit_creds(t, new);
	return 0;
}

/* Process groups and sessions */

int64_t
sys_setpgid(struct task *t, int pid, int pgid)
{
	return do_setpgid(t, pid, pgid);
}

int64_t
sys_getpgid(struct task *t, int pid)
{
	return do_getpgid(t, pid);
}

int64_t
sys_getpgrp(struct task *t)
{
	return do_getpgid(t, 0);
}

int64_t
sys_setsid(struct task *t)
{
	return do_setsid(t);
}

int64_t
sys_getsid(struct task *t, int pid)
{
	return do_getsid(t, pid);
}

/* Capabilities: the header says how many 32-bit words of each set follow. */

static int
cap_words(struct task *t, uaddr_t uheader, int *pid, unsigned int *words)
{
	struct __user_cap_header_struct h;

	if (get_user_u32(t, &h.version, uheader))
		return -EFAULT;
	switch (h.version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*words = _LINUX_CAPABILITY_U32S_1;
		break;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*words = _LINUX_CAPABILITY_U32S_3;
		break;
	default:
		/* tells the program what there is */
		return put_user_u32(t, _LINUX_CAPABILITY_VERSION_3, uheader) ? -EFAULT : -EINVAL;
	}
	if (copy_in(t, &h, uheader))
		return -EFAULT;
	*pid = h.pid;
	return 0;
}

int64_t
sys_capget(struct task *t, uaddr_t uheader, uaddr_t udata)
{
	struct __user_cap_data_struct d[2];
	unsigned int words, i;
	struct cred *c;
	int pid, err = cap_words(t, uheader, &pid, &words);

	if (uaddr_null(udata))
		return err == -EINVAL ? 0 : err; /* only asked for the version */
	if (err)
		return err;
	if (pid < 0)
		return -EINVAL;
	if (pid && pid != t->pid) {
		struct task *p = find_task_by_pid(t->k, pid);

		if (!p)
			return -ESRCH;
		c = get_task_cred(p);
		put_task_struct(p);
	} else {
		c = get_cred(t->cred);
	}
	for (i = 0; i < 2; i++) {
		d[i].effective = (uint32_t)(c->cap_effective >> (32 * i));
		d[i].permitted = (uint32_t)(c->cap_permitted >> (32 * i));
		d[i].inheritable = (uint32_t)(c->cap_inheritable >> (32 * i));
	}
	put_cred(c);
	return copy_to_user(t, udata, d, words * sizeof(d[0]));
}

static bool
may_capset(const struct task *t, uint64_t eff, uint64_t inh, uint64_t perm)
{
	const struct cred *o = t->cred;

	if (!capable(t, CAP_SETPCAP) && (inh & ~(o->cap_inheritable | o->cap_permitted)))
		return false;
	if (inh & ~(o->cap_inheritable | o->cap_bset))
		return false;
	return !(perm & ~o->cap_permitted) && !(eff & ~perm);
}

int64_t
sys_capset(struct task *t, uaddr_t uheader, uaddr_t udata)
{
	struct __user_cap_data_struct d[2] = { { 0 } };
	uint64_t eff, inh, perm;
	unsigned int words;
	struct cred *new;
	int pid, err = cap_words(t, uheader, &pid, &words);

	if (err)
		return err;
	if (pid && pid != t->pid)
		return -EPERM;
	if (copy_from_user(t, d, udata, words * sizeof(d[0])))
		return -EFAULT;
	eff = (d[0].effective | (uint64_t)d[1].effective << 32) & CAP_FULL;
	inh = (d[0].inheritable | (uint64_t)d[1].inheritable << 32) & CAP_FULL;
	perm = (d[0].permitted | (uint64_t)d[1].permitted << 32) & CAP_FULL;
	if (!may_capset(t, eff, inh, perm))
		return -EPERM;
	new = prepare_creds(t);
	if (!new)
		return -ENOMEM;
	new->cap_effective = eff;
	new->cap_inheritable = inh;
	new->cap_permitted = perm;
	new->cap_ambient &= perm & inh;
	commit_creds(t, new);
	return 0;
}
