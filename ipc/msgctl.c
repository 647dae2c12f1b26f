/* SPDX-License-Identifier: MIT
 *
 * msgctl(2).
 */
#include <asm/msgbuf.h>
#include <linux/capability.h>
#include <linux/ipc.h>
#include <linux/msg.h>

#include "ipc/msg.h"
#include "kernel/cred.h"
#include "kernel/task.h"

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

static int64_t
do_stat(struct task *t, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = &t->k->ipc->msg;
	struct kern_ipc_perm *ipcp = cmd == IPC_STAT ? ipc_obtain(ids, id) : ipc_obtain_idx(ids, id);
	struct msqid64_ds ds;
	struct msg_queue *msq;
	int64_t ret;

	if (IS_ERR(ipcp))
		return PTR_ERR(ipcp);
	msq = MSQ(ipcp);
	ret = cmd == MSG_STAT_ANY ? 0 : ipcperms(t, ipcp, IPC_RUGO);
	memset(&ds, 0, sizeof(ds));
	if (!ret) {
		mutex_lock(&ipcp->lock);
		ipc_fill_perm(&ds.msg_perm, ipcp);
		ds.msg_stime = msq->stime;
		ds.msg_rtime = msq->rtime;
		ds.msg_ctime = msq->ctime;
		ds.msg_cbytes = msq->cbytes;
		ds.msg_qnum = msq->qnum;
		ds.msg_qbytes = msq->qbytes;
		ds.msg_lspid = msq->lspid;
		ds.msg_lrpid = msq->lrpid;
		ret = ipcp->deleted ? -EIDRM : cmd == IPC_STAT ? 0 : ipcp->id;
		mutex_unlock(&ipcp->lock);
	}
	if (ret >= 0 && copy_out(t, buf, &ds))
		ret = -EFAULT;
	ipc_put(ipcp);
	return ret;
}

static int64_t
do_info(struct task *t, int cmd, uaddr_t buf)
{
	struct ipc_namespace *ns = t->k->ipc;
	struct msginfo info = {
		.msgmni = READ_ONCE(ns->msg_ctlmni), .msgmax = READ_ONCE(ns->msg_ctlmax), .msgmnb = READ_ONCE(ns->msg_ctlmnb),
		.msgssz = MSGSSZ, .msgseg = MSGSEG, .msgmap = MSGMAP, .msgpool = MSGPOOL, .msgtql = MSGTQL,
	};

	if (cmd == MSG_INFO) {
		mutex_lock(&ns->msg.lock);
		info.msgpool = ns->msg.in_use;
		mutex_unlock(&ns->msg.lock);
		info.msgmap = __atomic_load_n(&ns->msg_hdrs, __ATOMIC_RELAXED);
		info.msgtql = (int)__atomic_load_n(&ns->msg_bytes, __ATOMIC_RELAXED);
	}
	return copy_out(t, buf, &info) ? -EFAULT : ipc_get_maxidx(&ns->msg);
}

static int
set_queue(struct task *t, struct msg_queue *msq, const struct msqid64_ds *ds, struct ipc_wakes *wakes)
{
	int err;

	if (ds->msg_qbytes > (unsigned long)READ_ONCE(t->k->ipc->msg_ctlmnb) && !capable(t, CAP_SYS_RESOURCE))
		return -EPERM;
	err = ipc_update_perm(&msq->perm, &ds->msg_perm);
	if (err)
		return err;
	msq->qbytes = ds->msg_qbytes;
	msq->ctime = ipc_seconds();
	msg_look_again(msq, wakes);
	return 0;
}

/* IPC_SET and IPC_RMID */
static int64_t
msg_down(struct task *t, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = &t->k->ipc->msg;
	struct ipc_wakes wakes = { .n = 0 };
	struct kern_ipc_perm *ipcp;
	struct msqid64_ds ds;
	int64_t err;

	if (cmd == IPC_SET && copy_in(t, &ds, buf))
		return -EFAULT;
	mutex_lock(&ids->lock);
	ipcp = ipc_lookup(ids, id);
	err = IS_ERR(ipcp) ? PTR_ERR(ipcp) : ipc_may_control(t, ipcp);
	if (!err) {
		mutex_guard(&ipcp->lock);

		if (cmd == IPC_RMID)
			msg_remove(MSQ(ipcp), &wakes);
		else
			err = set_queue(t, MSQ(ipcp), &ds, &wakes);
	}
	mutex_unlock(&ids->lock);
	ipc_wake(&wakes);
	if (!err && cmd == IPC_RMID)
		ipc_put(ipcp);
	return err;
}

int64_t
ksys_msgctl(struct task *t, int id, int cmd, uaddr_t buf)
{
	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return do_info(t, cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return do_stat(t, id, cmd, buf);
	case IPC_SET:
	case IPC_RMID:
		return msg_down(t, id, cmd, buf);
	default:
		return -EINVAL;
	}
}
