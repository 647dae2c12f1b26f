/* SPDX-License-Identifier: MIT
 *
 * Arguments of System V IPC and of POSIX message queues as text.
 */
#include "src/trace/ipc.h"

#include <fcntl.h>
#include <mqueue.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "src/decode.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#define SEM_STAT_ANY 20
#define MSG_STAT_ANY 13
#endif

void
trace_print_ipc_key(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint32_t key = (uint32_t)c->args[i];

	trace_printf(b, key ? "%#x" : "IPC_PRIVATE", key);
}

void
trace_print_ipc_get(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint32_t v = (uint32_t)c->args[i], bits = v & ~0777u;

	if (bits)
		trace_print_flags(b, "IPC_*", bits);
	trace_printf(b, bits ? "|%#03o" : "%#03o", v & 0777);
}

/* What the three control calls do with their last argument. */
enum ctl { CTL_NOTHING, CTL_SET, CTL_STAT, CTL_INFO };

static enum ctl
shm_ctl(unsigned int cmd)
{
	return cmd == SHM_STAT || cmd == SHM_STAT_ANY ? CTL_STAT : cmd == SHM_INFO ? CTL_INFO : CTL_NOTHING;
}

static enum ctl
sem_ctl(unsigned int cmd)
{
	return cmd == SEM_STAT || cmd == SEM_STAT_ANY ? CTL_STAT : cmd == SEM_INFO ? CTL_INFO : CTL_NOTHING;
}

static enum ctl
msg_ctl(unsigned int cmd)
{
	return cmd == MSG_STAT || cmd == MSG_STAT_ANY ? CTL_STAT : cmd == MSG_INFO ? CTL_INFO : CTL_NOTHING;
}

static enum ctl
ctl_of(const struct trace_call *c, unsigned int i)
{
	unsigned int cmd = (unsigned int)c->args[i - 1];

	switch (cmd) {
	case IPC_SET:
		return CTL_SET;
	case IPC_STAT:
		return CTL_STAT;
	case IPC_INFO:
		return CTL_INFO;
	}
	return c->d->name[0] == 'm' ? msg_ctl(cmd) : c->d->name[1] == 'e' ? sem_ctl(cmd) : shm_ctl(cmd);
}

enum trace_when
trace_ipc_ctl_when(const struct trace_call *c, unsigned int i)
{
	return ctl_of(c, i) >= CTL_STAT ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

static void
print_perm(struct trace_buf *b, const char *name, const struct ipc_perm *p, bool all)
{
	trace_printf(b, p->uid == (uid_t)-1 ? "{%s={uid=-1" : "{%s={uid=%u", name, p->uid);
	trace_printf(b, p->gid == (gid_t)-1 ? ", gid=-1" : ", gid=%u", p->gid);
	trace_printf(b, ", mode=%#03o", p->mode);
	if (all)
		trace_printf(b, ", key=%d, cuid=%u, cgid=%u", p->__key, p->cuid, p->cgid);
	trace_printf(b, "}");
}

static void
print_shm(struct trace_buf *b, const struct trace_call *c, uint64_t addr, enum ctl ctl)
{
	struct shmid_ds ds;
	struct shminfo lim;
	struct shm_info info;

	if (ctl == CTL_INFO && (c->args[1] == IPC_INFO ? !trace_peek(c, addr, &lim, sizeof(lim)) : !trace_peek(c, addr, &info, sizeof(info)))) {
		trace_print_address(b, addr);
	} else if (ctl == CTL_INFO && c->args[1] == IPC_INFO) {
		trace_printf(b, "{shmmax=%lu, shmmin=%lu, shmmni=%lu, shmseg=%lu, shmall=%lu}", lim.shmmax, lim.shmmin, lim.shmmni,
			     lim.shmseg, lim.shmall);
	} else if (ctl == CTL_INFO) {
		trace_printf(b, "{used_ids=%d, shm_tot=%lu, shm_rss=%lu, shm_swp=%lu, swap_attempts=%lu, swap_successes=%lu}",
			     info.used_ids, info.shm_tot, info.shm_rss, info.shm_swp, info.swap_attempts, info.swap_successes);
	} else if (!trace_peek(c, addr, &ds, sizeof(ds))) {
		trace_print_address(b, addr);
	} else {
		print_perm(b, "shm_perm", &ds.shm_perm, ctl == CTL_STAT);
		if (ctl == CTL_STAT)
			trace_printf(b, ", shm_segsz=%zu, shm_cpid=%d, shm_lpid=%d, shm_nattch=%lu, shm_atime=%ld, shm_dtime=%ld, shm_ctime=%ld",
				     ds.shm_segsz, ds.shm_cpid, ds.shm_lpid, ds.shm_nattch, ds.shm_atime, ds.shm_dtime, ds.shm_ctime);
		trace_printf(b, "}");
	}
}

static void
print_sem(struct trace_buf *b, const struct trace_call *c, uint64_t addr, enum ctl ctl)
{
	struct semid_ds ds;
	struct seminfo s;

	if (ctl == CTL_INFO ? !trace_peek(c, addr, &s, sizeof(s)) : !trace_peek(c, addr, &ds, sizeof(ds))) {
		trace_print_address(b, addr);
	} else if (ctl == CTL_INFO) {
		trace_printf(b, "{semmap=%d, semmni=%d, semmns=%d, semmnu=%d, semmsl=%d, semopm=%d, semume=%d, semusz=%d, semvmx=%d, semaem=%d}",
			     s.semmap, s.semmni, s.semmns, s.semmnu, s.semmsl, s.semopm, s.semume, s.semusz, s.semvmx, s.semaem);
	} else {
		print_perm(b, "sem_perm", &ds.sem_perm, ctl == CTL_STAT);
		if (ctl == CTL_STAT)
			trace_printf(b, ", sem_otime=%ld, sem_ctime=%ld, sem_nsems=%lu", ds.sem_otime, ds.sem_ctime, ds.sem_nsems);
		trace_printf(b, "}");
	}
}

static void
print_msg(struct trace_buf *b, const struct trace_call *c, uint64_t addr, enum ctl ctl)
{
	struct msqid_ds ds;
	struct msginfo s;

	if (ctl == CTL_INFO ? !trace_peek(c, addr, &s, sizeof(s)) : !trace_peek(c, addr, &ds, sizeof(ds))) {
		trace_print_address(b, addr);
	} else if (ctl == CTL_INFO) {
		trace_printf(b, "{msgpool=%d, msgmap=%d, msgmax=%d, msgmnb=%d, msgmni=%d, msgssz=%d, msgtql=%d, msgseg=%u}", s.msgpool,
			     s.msgmap, s.msgmax, s.msgmnb, s.msgmni, s.msgssz, s.msgtql, s.msgseg);
	} else {
		print_perm(b, "msg_perm", &ds.msg_perm, ctl == CTL_STAT);
		if (ctl == CTL_STAT)
			trace_printf(b, ", msg_stime=%ld, msg_rtime=%ld, msg_ctime=%ld, msg_qnum=%lu, msg_qbytes=%lu, msg_lspid=%d, msg_lrpid=%d",
				     ds.msg_stime, ds.msg_rtime, ds.msg_ctime, ds.msg_qnum, ds.msg_qbytes, ds.msg_lspid, ds.msg_lrpid);
		else
			trace_printf(b, ", msg_qbytes=%lu", ds.msg_qbytes);
		trace_printf(b, "}");
	}
}

void
trace_print_ipc_ctl(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	enum ctl ctl = ctl_of(c, i);
	uint64_t addr = c->args[i];

	if (ctl == CTL_NOTHING || (ctl >= CTL_STAT && c->result < 0))
		trace_print_address(b, addr);
	else if (c->d->name[0] == 'm')
		print_msg(b, c, addr, ctl);
	else if (c->d->name[1] == 'e')
		print_sem(b, c, addr, ctl);
	else
		print_shm(b, c, addr, ctl);
}

/* Messages */

enum trace_when
trace_msgbuf_when(const struct trace_call *c, unsigned int i)
{
	return strcmp(c->d->name, "msgrcv") == 0 ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

void
trace_print_msgbuf(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint64_t addr = c->args[i];
	long type;

	if ((trace_msgbuf_when(c, i) == TRACE_AT_EXIT && c->result < 0) || !trace_peek(c, addr, &type, sizeof(type))) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "{mtype=%ld, mtext=", type);
	trace_print_bytes(b, c, addr + sizeof(type), c->args[i + 1] < 1u << 30 ? c->args[i + 1] : 1u << 30);
	trace_printf(b, "}");
}

void
trace_print_sembuf(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	struct sembuf s;

	memcpy(&s, raw, sizeof(s));
	trace_printf(b, "{sem_num=%hu, sem_op=%hd, sem_flg=", s.sem_num, s.sem_op);
	trace_print_flags(b, "SEM_*", (uint16_t)s.sem_flg);
	trace_printf(b, "}");
}

static void
print_mq_sizes(struct trace_buf *b, const struct mq_attr *a)
{
	trace_printf(b, ", mq_maxmsg=%ld, mq_msgsize=%ld, mq_curmsgs=%ld}", a->mq_maxmsg, a->mq_msgsize, a->mq_curmsgs);
}

void
trace_print_mq_attr(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	struct mq_attr a;

	memcpy(&a, raw, sizeof(a));
	trace_printf(b, "{mq_flags=");
	trace_print_flags(b, "MQ_*", (uint64_t)a.mq_flags);
	print_mq_sizes(b, &a);
}

/* mq_open(3) does not look at the flags. */
void
trace_print_mq_create(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	struct mq_attr a;

	memcpy(&a, raw, sizeof(a));
	trace_printf(b, "{mq_flags=%#lx", a.mq_flags);
	print_mq_sizes(b, &a);
}
