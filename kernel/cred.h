/* SPDX-License-Identifier: MIT
 *
 * Credentials: credentials(7), capabilities(7). A struct cred is immutable once a task has it; changes make a new one.
 */
#ifndef STEAD_KERNEL_CRED_H
#define STEAD_KERNEL_CRED_H

#include "kernel/refcount.h"
#include "kernel/types.h"

struct kernel;
struct task;

struct group_info {
	refcount_t usage;
	uint32_t ngroups;
	uint32_t gid[];
};

struct cred {
	refcount_t usage;
	struct kernel *k;
	uint32_t uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
	uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct group_info *group_info;
};

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
 * capable() - has the current task a capability?
 * @t: the current task
 * @cap: CAP_* of linux/capability.h
 */
bool capable(const struct task *t, int cap);

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
