/* SPDX-License-Identifier: MIT
 *
 * /proc/sysvipc and the limits of System V IPC in /proc/sys/kernel.
 */
#include "ipc/msg.h"
#include "ipc/proc.h"
#include "ipc/sem.h"
#include "ipc/shm.h"
#include "kernel/errno.h"
#include "vfs/proc/proc.h"

/* The objects of a kind that the reader may see, each with a reference while it is shown. */
static void
for_each_object(struct proc_seq *m, struct ipc_ids *ids, void (*show)(struct proc_seq *m, struct kern_ipc_perm *ipcp))
{
	for (int i = 0; i <= ipc_get_maxidx(ids); i++) {
		struct kern_ipc_perm *ipcp = ipc_obtain_idx(ids, i);

		if (IS_ERR(ipcp))
			continue;
		show(m, ipcp);
		ipc_put(ipcp);
	}
}

static void
show_shm(struct proc_seq *m, struct kern_ipc_perm *ipcp)
{
	struct shmid_kernel *shp = container_of(ipcp, struct shmid_kernel, perm);
	uint64_t rss = shm_usage(m->t, shp) << PAGE_SHIFT;
	mutex_guard(&ipcp->ids->lock);

	seq_printf(m, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10llu %10llu %10llu %21lu %21lu\n", ipcp->key, ipcp->id,
		   ipcp->mode, shp->segsz, (uint32_t)shp->cpid, (uint32_t)shp->lpid, shp->nattch, ipcp->uid, ipcp->gid, ipcp->cuid,
		   ipcp->cgid, (unsigned long long)shp->atime, (unsigned long long)shp->dtime, (unsigned long long)shp->ctime, rss, 0ul);
}

int
proc_sysvipc_shm(struct proc_seq *m)
{
	seq_puts(m, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      "
		    "ctime                   rss                  swap\n");
	for_each_object(m, &m->t->k->ipc->shm, show_shm);
	return 0;
}

static void
show_sem(struct proc_seq *m, struct kern_ipc_perm *ipcp)
{
	struct sem_array *sma = SEM(ipcp);
	mutex_guard(&ipcp->lock);

	seq_printf(m, "%10d %10d  %4o %10u %5u %5u %5u %5u %10llu %10llu\n", ipcp->key, ipcp->id, ipcp->mode, (uint32_t)sma->nsems,
		   ipcp->uid, ipcp->gid, ipcp->cuid, ipcp->cgid, (unsigned long long)sma->otime, (unsigned long long)sma->ctime);
}

int
proc_sysvipc_sem(struct proc_seq *m)
{
	seq_puts(m, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	for_each_object(m, &m->t->k->ipc->sem, show_sem);
	return 0;
}

static void
show_msg(struct proc_seq *m, struct kern_ipc_perm *ipcp)
{
	struct msg_queue *msq = MSQ(ipcp);
	mutex_guard(&ipcp->lock);

	seq_printf(m, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10llu %10llu %10llu\n", ipcp->key, ipcp->id, ipcp->mode,
		   msq->cbytes, msq->qnum, (uint32_t)msq->lspid, (uint32_t)msq->lrpid, ipcp->uid, ipcp->gid, ipcp->cuid, ipcp->cgid,
		   (unsigned long long)msq->stime, (unsigned long long)msq->rtime, (unsigned long long)msq->ctime);
}

int
proc_sysvipc_msg(struct proc_seq *m)
{
	seq_puts(m, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      "
		    "ctime\n");
	for_each_object(m, &m->t->k->ipc->msg, show_msg);
	return 0;
}

/* Limits */

static void *
limit_of(struct kernel *k, uint64_t arg)
{
	return (char *)k->ipc + (arg & 0xffffff);
}

static bool
is_long(uint64_t arg)
{
	return (arg >> 24 & 0xf) == sizeof(uint64_t);
}

int
ipc_sysctl_show(struct proc_seq *m)
{
	uint64_t arg = m->pi->entry->arg;
	void *p = limit_of(m->t->k, arg);

	if (is_long(arg))
		seq_printf(m, "%lu\n", READ_ONCE(*(uint64_t *)p));
	else
		seq_printf(m, "%d\n", READ_ONCE(*(int *)p));
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The next number of a text, which goes on behind it. */
static int
parse_ulong(char **text, uint64_t *out)
{
	char *s = *text;
	uint64_t v = 0;

	while (is_blank(*s))
		s++;
	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -EINVAL;
	*out = v;
	*text = s;
	return *s && !is_blank(*s) ? -EINVAL : 0;
}

int
ipc_sysctl_store(struct task *t, const struct proc_inode *pi, char *text)
{
	uint64_t arg = pi->entry->arg, v;
	void *p = limit_of(t->k, arg);

	if (parse_ulong(&text, &v))
		return -EINVAL;
	if (is_long(arg)) {
		WRITE_ONCE(*(uint64_t *)p, v);
		return 0;
	}
	if (v > arg >> 32 || ((arg >> 28 & 0xf) && v < 1ull << ((arg >> 28 & 0xf) - 1)))
		return -EINVAL;
	WRITE_ONCE(*(int *)p, (int)v);
	return 0;
}

int
ipc_sem_show(struct proc_seq *m)
{
	const int *v = m->t->k->ipc->sem_ctls;

	seq_printf(m, "%d\t%d\t%d\t%d\n", READ_ONCE(v[0]), READ_ONCE(v[1]), READ_ONCE(v[2]), READ_ONCE(v[3]));
	return 0;
}

int
ipc_sem_store(struct task *t, const struct proc_inode *pi __unused, char *text)
{
	int *v = t->k->ipc->sem_ctls;
	uint64_t n;

	for (int i = 0; i <= SEM_CTL_MNI; i++) {
		while (is_blank(*text))
			text++;
		if (!*text && i > 0)
			break;
		if (parse_ulong(&text, &n) || n > INT32_MAX)
			return -EINVAL;
		if (i == SEM_CTL_MNI && n > IPCMNI)
			return -ERANGE;
		WRITE_ONCE(v[i], (int)n);
	}
	return 0;
}
