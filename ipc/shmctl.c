/* SPDX-License-Identifier: MIT
 *
 * shmctl(2): what is known of segments, their owners, locks on their memory, and their removal. A segment that is attached when it
 * is removed loses its key, and goes with its last attach; until then it can be attached by its id.
 */
#include <linux/capability.h>
#include <linux/ipc.h>
#include <linux/resource.h>

#include "ipc/shm.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

struct shm_info {
	int used_ids;
	unsigned long shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

static struct shmid_kernel *
SHM(struct kern_ipc_perm *ipcp)
{
	return container_of(ipcp, struct shmid_kernel, perm);
}

static uint64_t
segment_pages(const struct shmid_kernel *shp)
{
	return ALIGN_UP(shp->segsz, PAGE_SIZE) >> PAGE_SHIFT;
}

uint64_t
shm_usage(struct task *t, struct shmid_kernel *shp)
{
	struct kstat st = { 0 };

	return vfs_getattr(t, &shp->file->f_path, &st, 0, 0) ? 0 : MIN(st.blocks / (PAGE_SIZE / 512), segment_pages(shp));
}

static int
shm_stat(struct task *t, struct shmid_kernel *shp, bool check, uaddr_t buf)
{
	struct shmid64_ds ds;
	int err = check ? ipcperms(t, &shp->perm, IPC_RUGO) : 0;

	if (err)
		return err;
	memset(&ds, 0, sizeof(ds));
	mutex_lock(&shp->perm.ids->lock);
	if (shp->perm.deleted) {
		mutex_unlock(&shp->perm.ids->lock);
		return -EIDRM;
	}
	ipc_fill_perm(&ds.shm_perm, &shp->perm);
	ds.shm_segsz = shp->segsz;
	ds.shm_atime = shp->atime;
	ds.shm_dtime = shp->dtime;
	ds.shm_ctime = shp->ctime;
	ds.shm_cpid = shp->cpid;
	ds.shm_lpid = shp->lpid;
	ds.shm_nattch = shp->nattch;
	mutex_unlock(&shp->perm.ids->lock);
	return copy_out(t, buf, &ds);
}

static int64_t
do_stat(struct task *t, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = &t->k->ipc->shm;
	struct kern_ipc_perm *ipcp = cmd == IPC_STAT ? ipc_obtain(ids, id) : ipc_obtain_idx(ids, id);
	int64_t ret;

	if (IS_ERR(ipcp))
		return PTR_ERR(ipcp);
	ret = shm_stat(t, SHM(ipcp), cmd != SHM_STAT_ANY, buf);
	if (!ret && cmd != IPC_STAT)
		ret = ipcp->id;
	ipc_put(ipcp);
	return ret;
}

static int64_t
ipc_info(struct task *t, uaddr_t buf)
{
	struct ipc_namespace *ns = t->k->ipc;
	struct shminfo64 info;

	memset(&info, 0, sizeof(info));
	info.shmmax = READ_ONCE(ns->shm_ctlmax);
	info.shmmin = SHMMIN;
	info.shmmni = info.shmseg = (unsigned long)READ_ONCE(ns->shm_ctlmni);
	info.shmall = READ_ONCE(ns->shm_ctlall);
	return copy_out(t, buf, &info) ? -EFAULT : ipc_get_maxidx(&ns->shm);
}

static int64_t
all_info(struct task *t, uaddr_t buf)
{
	struct ipc_namespace *ns = t->k->ipc;
	struct shm_info info;

	memset(&info, 0, sizeof(info));
	for (int i = 0; i <= ipc_get_maxidx(&ns->shm); i++) {
		struct kern_ipc_perm *ipcp = ipc_obtain_idx(&ns->shm, i);

		if (IS_ERR(ipcp))
			continue;
		info.shm_rss += shm_usage(t, SHM(ipcp));
		ipc_put(ipcp);
	}
	mutex_lock(&ns->shm.lock);
	info.used_ids = ns->shm.in_use;
	info.shm_tot = ns->shm_tot;
	mutex_unlock(&ns->shm.lock);
	return copy_out(t, buf, &info) ? -EFAULT : ipc_get_maxidx(&ns->shm);
}

/* The table's reference is for the caller to put if the segment has gone at once. */
static bool
remove_segment(struct shmid_kernel *shp)
{
	if (shp->nattch == 0) {
		shm_destroy(shp);
		return true;
	}
	shp->perm.mode |= SHM_DEST;
	ipc_forget_key(&shp->perm);
	return false;
}

/* IPC_SET and IPC_RMID */
static int64_t
shm_down(struct task *t, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = &t->k->ipc->shm;
	struct kern_ipc_perm *ipcp;
	struct shmid64_ds ds;
	bool gone = false;
	int64_t err;

	if (cmd == IPC_SET && copy_in(t, &ds, buf))
		return -EFAULT;
	mutex_lock(&ids->lock);
	ipcp = ipc_lookup(ids, id);
	err = IS_ERR(ipcp) ? PTR_ERR(ipcp) : ipc_may_control(t, ipcp);
	if (!err && cmd == IPC_RMID) {
		gone = remove_segment(SHM(ipcp));
	} else if (!err) {
		err = ipc_update_perm(ipcp, &ds.shm_perm);
		if (!err)
			SHM(ipcp)->ctime = ipc_seconds();
	}
	mutex_unlock(&ids->lock);
	if (gone)
		ipc_put(ipcp);
	return err;
}

/* SHM_LOCK: all of tmpfs stays in memory anyway; what is counted is whose it is. */
static int
count_locked(struct task *t, struct shmid_kernel *shp)
{
	uint64_t limit = rlimit(t, RLIMIT_MEMLOCK), npages = segment_pages(shp);
	struct user_struct *user;

	if (limit != K_RLIM_INFINITY)
		limit >>= PAGE_SHIFT;
	if (shp->locked_by)
		return 0;
	user = alloc_uid(t->k, t->cred->uid);
	if (!user)
		return -ENOMEM;
	if (__atomic_add_fetch(&user->locked_shm, npages, __ATOMIC_RELAXED) > limit && !capable(t, CAP_IPC_LOCK)) {
		__atomic_sub_fetch(&user->locked_shm, npages, __ATOMIC_RELAXED);
		free_uid(t->k, user);
		return -ENOMEM;
	}
	shp->locked_by = user;
	return 0;
}

void
shm_unlock(struct shmid_kernel *shp)
{
	struct user_struct *user = shp->locked_by;

	shp->perm.mode &= ~SHM_LOCKED;
	shp->locked_by = NULL;
	if (!user)
		return;
	__atomic_sub_fetch(&user->locked_shm, segment_pages(shp), __ATOMIC_RELAXED);
	free_uid(shp->perm.ids->k, user);
}

static int64_t
do_lock(struct task *t, int id, int cmd)
{
	struct ipc_ids *ids = &t->k->ipc->shm;
	struct kern_ipc_perm *ipcp;
	uint32_t euid = t->cred->euid;
	int err;
	mutex_guard(&ids->lock);

	ipcp = ipc_lookup(ids, id);
	if (IS_ERR(ipcp))
		return PTR_ERR(ipcp);
	if (!capable(t, CAP_IPC_LOCK)) {
		if (euid != ipcp->uid && euid != ipcp->cuid)
			return -EPERM;
		if (cmd == SHM_LOCK && rlimit(t, RLIMIT_MEMLOCK) == 0)
			return -EPERM;
	}
	if (cmd == SHM_UNLOCK) {
		shm_unlock(SHM(ipcp));
		return 0;
	}
	err = count_locked(t, SHM(ipcp));
	if (!err)
		ipcp->mode |= SHM_LOCKED;
	return err;
}

int64_t
ksys_shmctl(struct task *t, int id, int cmd, uaddr_t buf)
{
	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return ipc_info(t, buf);
	case SHM_INFO:
		return all_info(t, buf);
	case SHM_STAT:
	case SHM_STAT_ANY:
	case IPC_STAT:
		return do_stat(t, id, cmd, buf);
	case IPC_SET:
	case IPC_RMID:
		return shm_down(t, id, cmd, buf);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return do_lock(t, id, cmd);
	default:
		return -EINVAL;
	}
}
