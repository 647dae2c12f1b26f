/* SPDX-License-Identifier: MIT
 *
 * Load plans that were made before: an execve asks the supervisor for two, nearly always the same ones. A plan is known by all that
 * tells one state of a file from another; a file that changed a moment ago may change again within the same tick of its times, so its
 * plan is not kept.
 *
 * Lock: plans->lock, a leaf, held while a plan is copied.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "loader/plan.h"
#include "trap/host.h"
#include "trap/resident/resident.h"
#include "vfs/namei.h"

#define SLOTS	    64
#define SETTLED_SEC 2

struct plan_key {
	uint64_t ino, size;
	int64_t mtime, ctime;
	uint32_t mtime_ns, ctime_ns, major, minor;
};

struct kept_plan {
	struct plan_key key;
	struct load_plan plan;
};

struct plans {
	struct mutex lock; /* RANK_LEAF */
	struct kept_plan *slot[SLOTS];
};

int
resident_plans_init(struct resident *r)
{
	r->plans = kzalloc(r->k, sizeof(*r->plans));
	if (!r->plans)
		return -ENOMEM;
	mutex_init(&r->plans->lock, RANK_LEAF);
	return 0;
}

static bool
read_key(hfd_t fd, struct plan_key *key)
{
	struct statx stx;

	if (host_call5(__NR_statx, fd.fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return false;
	*key = (struct plan_key){ .ino = stx.stx_ino,
				  .size = stx.stx_size,
				  .mtime = stx.stx_mtime.tv_sec,
				  .ctime = stx.stx_ctime.tv_sec,
				  .mtime_ns = stx.stx_mtime.tv_nsec,
				  .ctime_ns = stx.stx_ctime.tv_nsec,
				  .major = stx.stx_dev_major,
				  .minor = stx.stx_dev_minor };
	return MAX(key->mtime, key->ctime) + SETTLED_SEC < current_time().tv_sec;
}

static bool
find(struct plans *p, const struct plan_key *key, struct load_plan *plan)
{
	struct kept_plan *kept;
	mutex_guard(&p->lock);

	kept = p->slot[key->ino % SLOTS];
	if (!kept || memcmp(&kept->key, key, sizeof(*key)) != 0)
		return false;
	*plan = kept->plan;
	return true;
}

static void
keep(struct kernel *k, struct plans *p, const struct plan_key *key, const struct load_plan *plan)
{
	struct kept_plan *kept = kmalloc(k, sizeof(*kept)), *old;

	if (!kept)
		return;
	kept->key = *key;
	kept->plan = *plan;
	mutex_lock(&p->lock);
	old = p->slot[key->ino % SLOTS];
	p->slot[key->ino % SLOTS] = kept;
	mutex_unlock(&p->lock);
	kfree(k, old);
}

int
resident_load_plan(struct kernel *k, hfd_t fd, uint64_t off, const void *image, size_t len, struct load_plan *plan)
{
	struct plans *p = k->resident->plans;
	struct plan_key key;
	bool known = fd.fd >= 0 && off == 0 && read_key(fd, &key);
	int err;

	if (known && find(p, &key, plan))
		return 0;
	err = (int)resident_request(k, REQ_LOAD_PLAN, (uint64_t)(int64_t)fd.fd, off, (uint64_t)(uintptr_t)image, len,
				    (uint64_t)(uintptr_t)plan);
	if (known && err == 0)
		keep(k, p, &key, plan);
	return err;
}
