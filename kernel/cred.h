/* SPDX-License-Identifier: MIT
 *
 * Credentials: credentials(7), capabilities(7). A struct cred is immutable once a task has it; changes make a new one.
 */
#ifndef STEAD_KERNEL_CRED_H
#define STEAD_KERNEL_CRED_H

#include "kernel/list.h"
#include "kernel/refcount.h"
#include "kernel/types.h"

struct kernel;
struct task;

struct group_info {
	refcount_t usage;
	uint32_t ngroups;
	uint32_t gid[];
};

/* Counts of a real user id, for RLIMIT_NPROC and RLIMIT_SIGPENDING. */
struct user_struct {
	refcount_t usage;
	uint32_t uid;
	uint32_t processes;  /* atomic: tasks with this real uid */
	uint32_t sigpending; /* atomic: queued signals */
	uint32_t unix_inflight; /* atomic: files in messages that nobody has taken */
	uint64_t locked_shm;	/* atomic: pages of segments under SHM_LOCK */
	uint64_t mq_bytes;	/* atomic: of POSIX message queues */
	struct list_head hash;
};

struct cred {
	refcount_t usage;
	struct kernel *k;
	uint32_t uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
	uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	uint32_t securebits; /* SECBIT_* of linux/securebits.h */
	struct group_info *group_info;
	struct user_struct *user; /* of uid */
};

/* What CAP_EFFECTIVE loses when fsuid leaves root: CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID MKNOD LINUX_IMMUTABLE
 * MAC_OVERRIDE. */
#define CAP_FS_MASK ((0x1fULL) | (1ULL << 27) | (1ULL << 9) | (1ULL << 32))
#define CAP_FULL ((1ULL << 41) - 1)

/**
 * get_cred(), put_cred() - references
 * @c: the credentials
 */
struct cred *get_cred(struct cred *c);
void put_cred(struct cred *c);

/**
 * prepare_creds() - a copy of the current task's, to change and commit
 * @t: the current task
 *
 * Return: with one reference, or NULL.
 */
struct cred *prepare_creds(struct task *t) __must_check;

/**
 * commit_creds() - make @c the current task's
 * @t: the current task
 * @c: the caller's reference is consumed
 */
void commit_creds(struct task *t, struct cred *c);

/**
 * nproc_exceeded() - has the user of some credentials more processes than the task may have?
 * @t: the current task, for its RLIMIT_NPROC
 * @c: the credentials
 */
bool nproc_exceeded(const struct task *t, const struct cred *c);

/**
 * cred_init() - boot: the table of users
 * @k: the instance
 *
 * Return: 0, -ENOMEM.
 */
int cred_init(struct kernel *k) __must_check;

/**
 * groups_alloc(), put_group_info() - a set of supplementary groups; sorted by groups_sort() before it is used
 * @k: the instance
 * @n: how many
 */
struct group_info *groups_alloc(struct kernel *k, uint32_t n) __must_check;
void put_group_info(struct kernel *k, struct group_info *gi);
void groups_sort(struct group_info *gi);

/**
 * cap_emulate_setxuid() - capabilities(7), "Effect of user ID changes on capabilities"
 * @new: about to be committed
 * @old: the current ones
 */
void cap_emulate_setxuid(struct cred *new, const struct cred *old);

/**
 * set_user() - count the task under another real uid from commit_creds() on
 * @new: its uid is set
 *
 * Return: 0, -ENOMEM.
 */
int set_user(struct cred *new) __must_check;

/**
 * capable() - has the current task a capability?
 * @t: the current task
 * @cap: CAP_* of linux/capability.h
 */
bool capable(const struct task *t, int cap);

/**
 * cred_capable() - the same of given credentials
 * @c: credentials
 * @cap: CAP_*
 */
static inline bool
cred_capable(const struct cred *c, int cap)
{
	return (c->cap_effective >> cap) & 1;
}

/**
 * get_task_cred() - another task's credentials
 * @t: any task whose memory is kept
 *
 * Context: takes alloc_lock.
 * Return: with a reference.
 */
struct cred *get_task_cred(struct task *t) __must_check;

/**
 * task_uid() - another task's real user id
 * @t: any task whose memory is kept
 *
 * Context: takes alloc_lock.
 */
uint32_t task_uid(struct task *t);

#define PTRACE_MODE_READ      1u /* only looks: /proc */
#define PTRACE_MODE_REALCREDS 0x10u
#define PTRACE_MODE_FSCREDS   0x08u

/**
 * ptrace_may_access() - ptrace(2), "Ptrace access mode checking": may @t look into or change @other?
 * @t: the current task
 * @other: a task whose memory is kept
 * @mode: PTRACE_MODE_FSCREDS (/proc) or PTRACE_MODE_REALCREDS (calls)
 *
 * Context: takes @other's alloc_lock.
 */
bool ptrace_may_access(const struct task *t, struct task *other, unsigned int mode) __must_check;

/* What a file's security.capability says. */
struct file_caps {
	uint64_t permitted, inheritable;
	bool effective;
};

/**
 * cred_exec() - the credentials of a program: set-user-id, set-group-id, capabilities(7) "Transformation during execve"
 * @t: the current task
 * @euid: effective user id after set-user-id
 * @egid: effective group id after set-group-id
 * @fc: the file's capabilities, or NULL
 * @unsafe: no capability may be gained
 * @secure: set: AT_SECURE
 *
 * Return: to be given to commit_creds() at the point of no return; or ERR_PTR: -ENOMEM, -EPERM.
 */
struct cred *cred_exec(struct task *t, uint32_t euid, uint32_t egid, const struct file_caps *fc, bool unsafe,
		       bool *secure) __must_check;

/**
 * alloc_uid(), free_uid() - the counts of a user id
 * @k: the instance
 * @uid: the id
 *
 * Context: takes RANK_LEAF.
 * Return: with a reference, or NULL (no memory).
 */
struct user_struct *alloc_uid(struct kernel *k, uint32_t uid) __must_check;
void free_uid(struct kernel *k, struct user_struct *u);

/**
 * in_group_p() - is @gid the fsgid or one of the supplementary groups?
 * @c: credentials
 * @gid: the group
 */
bool in_group_p(const struct cred *c, uint32_t gid);

/**
 * init_cred() - the credentials of the first task, from k->params
 * @k: the instance
 *
 * Return: with one reference, or NULL.
 */
struct cred *init_cred(struct kernel *k) __must_check;

#endif
