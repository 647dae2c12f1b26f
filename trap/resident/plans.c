/* SPDX-License-Identifier: MIT
 *
 * Load plans that were made before: an execve asks the supervisor for two, nearly always the same ones. Of a file that
 * changed a moment ago none is kept (trap/resident/file-key.h).
 *
 * Lock: plans->lock, a leaf, held while a plan is copied.
 */
#include "kernel/errno.h"
#include "loader/plan.h"
#include "trap/host.h"
#include "trap/resident/file-key.h"
#include "trap/resident/resident.h"
#include "vfs/namei.h"

#define SLOTS 64

struct kept_plan {
	struct file_key key;
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
find(struct plans *p, const struct file_key *key, struct load_plan *plan)
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
keep(struct kernel *k, struct plans *p, const struct file_key *key, const struct load_plan *plan)
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
	struct file_key key;
	bool known = fd.fd >= 0 && off == 0 && file_key_read(fd, &key) == 0;
	int err;

	if (known && find(p, &key, plan))
		return 0;
	err = (int)resident_request(k, REQ_LOAD_PLAN, (uint64_t)(int64_t)fd.fd, off, (uint64_t)(uintptr_t)image, len,
				    (uint64_t)(uintptr_t)plan);
	if (known && err == 0)
		keep(k, p, &key, plan);
	return err;
}
