/* SPDX-License-Identifier: MIT
 *
 * Arguments of System V IPC and POSIX message queues that the table cannot type: what the control calls read and write,
 * messages, ids. Ids are the machine's own: natively others may have objects, too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "src/diff/capture.h"

#define SEM_STAT_ANY_NR 20
#define SHM_STAT_ANY_NR 15
#define MSG_STAT_ANY_NR 13

enum ctl { CTL_NUMBER, CTL_NOTHING, CTL_SET, CTL_STAT, CTL_INFO };

static enum ctl
sem_ctl(unsigned int cmd)
{
	switch (cmd) {
	case SEM_STAT:
	case SEM_STAT_ANY_NR:
		return CTL_STAT;
	case SEM_INFO:
		return CTL_INFO;
	case SETVAL:
		return CTL_NUMBER;
	default:
		return CTL_NOTHING;
	}
}

static enum ctl
ctl_of(const struct capture *c)
{
	unsigned int cmd = (unsigned int)c->args[c->nr == SYS_semctl ? 2 : 1];

	switch (cmd) {
	case IPC_SET:
		return CTL_SET;
	case IPC_STAT:
		return CTL_STAT;
	case IPC_INFO:
		return CTL_INFO;
	}
	if (c->nr == SYS_semctl)
		return sem_ctl(cmd);
	if (c->nr == SYS_shmctl)
		return cmd == SHM_STAT || cmd == SHM_STAT_ANY_NR ? CTL_STAT : cmd == SHM_INFO ? CTL_INFO : CTL_NOTHING;
	return cmd == MSG_STAT || cmd == MSG_STAT_ANY_NR ? CTL_STAT : cmd == MSG_INFO ? CTL_INFO : CTL_NOTHING;
}

static void
number(const struct capture *c, const char *name, enum field_kind kind, uint64_t v)
{
	record_value(c->r, name, "", kind, c->done, v);
}

/* Seconds since 1970; none yet is none on every kernel. */
static void
seconds(const struct capture *c, const char *name, time_t t)
{
	number(c, name, t ? FIELD_WALL : FIELD_INT, (uint64_t)t * 1000000000);
}

static void
process(const struct capture *c, const char *name, pid_t pid)
{
	number(c, name, pid ? FIELD_PID : FIELD_INT, (uint64_t)(int64_t)pid);
}

static void
perm(const struct capture *c, const struct ipc_perm *p)
{
	number(c, "uid", FIELD_UINT, p->uid);
	number(c, "gid", FIELD_UINT, p->gid);
	number(c, "mode", FIELD_OCTAL, p->mode);
	if (!c->done)
		return;
	number(c, "key", FIELD_HEX, (uint32_t)p->__key);
	number(c, "cuid", FIELD_UINT, p->cuid);
	number(c, "cgid", FIELD_UINT, p->cgid);
}

static void
shm_ds(const struct capture *c, const struct shmid_ds *ds)
{
	perm(c, &ds->shm_perm);
	if (!c->done)
		return;
	number(c, "segsz", FIELD_UINT, ds->shm_segsz);
	number(c, "nattch", FIELD_UINT, ds->shm_nattch);
	process(c, "cpid", ds->shm_cpid);
	process(c, "lpid", ds->shm_lpid);
	seconds(c, "atime", ds->shm_atime);
	seconds(c, "dtime", ds->shm_dtime);
	seconds(c, "ctime", ds->shm_ctime);
}

static void
sem_ds(const struct capture *c, const struct semid_ds *ds)
{
	perm(c, &ds->sem_perm);
	if (!c->done)
		return;
	number(c, "nsems", FIELD_UINT, ds->sem_nsems);
	seconds(c, "otime", ds->sem_otime);
	seconds(c, "ctime", ds->sem_ctime);
}

static void
msg_ds(const struct capture *c, const struct msqid_ds *ds)
{
	perm(c, &ds->msg_perm);
	number(c, "qbytes", FIELD_UINT, ds->msg_qbytes);
	if (!c->done)
		return;
	number(c, "qnum", FIELD_UINT, ds->msg_qnum);
	number(c, "cbytes", FIELD_UINT, ds->__msg_cbytes);
	process(c, "lspid", ds->msg_lspid);
	process(c, "lrpid", ds->msg_lrpid);
	seconds(c, "stime", ds->msg_stime);
	seconds(c, "rtime", ds->msg_rtime);
	seconds(c, "ctime", ds->msg_ctime);
}

static void
data_structure(const struct capture *c, uint64_t addr)
{
	union {
		struct shmid_ds shm;
		struct semid_ds sem;
		struct msqid_ds msg;
	} ds;
	size_t size = c->nr == SYS_shmctl ? sizeof(ds.shm) : c->nr == SYS_semctl ? sizeof(ds.sem) : sizeof(ds.msg);

	if (!addr || c->m->peek(c->m->ctx, addr, &ds, size) != size)
		number(c, "buf", FIELD_ADDRESS, addr);
	else if (c->nr == SYS_shmctl)
		shm_ds(c, &ds.shm);
	else if (c->nr == SYS_semctl)
		sem_ds(c, &ds.sem);
	else
		msg_ds(c, &ds.msg);
}

/* The values of GETALL and SETALL are not compared: how many there are is not known here. */
static void
control(const struct capture *c, uint64_t arg)
{
	enum ctl ctl = ctl_of(c);

	if (ctl == CTL_NUMBER && !c->done)
		number(c, "val", FIELD_INT, (uint64_t)(int64_t)(int32_t)arg);
	else if (!c->done && ctl != CTL_SET && ctl != CTL_NUMBER)
		number(c, "buf", FIELD_ADDRESS, arg);
	else if (ctl == CTL_SET ? !c->done : ctl == CTL_STAT && c->done && c->result >= 0)
		data_structure(c, arg);
}

static void
message(const struct capture *c)
{
	bool receives = c->nr == SYS_msgrcv;
	uint64_t addr = c->args[1], type = 0;

	if (c->done != receives || (receives && c->result < 0))
		return;
	if (!addr || c->m->peek(c->m->ctx, addr, &type, sizeof(type)) != sizeof(type)) {
		number(c, "msgp", FIELD_ADDRESS, addr);
		return;
	}
	number(c, "mtype", FIELD_INT, type);
	capture_buffer(c, "mtext", FIELD_BYTES, addr + sizeof(type), receives ? (uint64_t)c->result : c->args[2], receives);
}

static void
id(const struct capture *c)
{
	int32_t v = (int32_t)c->args[0];

	if (!c->done)
		number(c, "id", v < 0 ? FIELD_INT : FIELD_COOKIE, (uint64_t)(int64_t)v);
}

bool
capture_ipc(const struct capture *c, unsigned int i)
{
	switch (c->nr) {
	case SYS_shmctl:
	case SYS_msgctl:
	case SYS_semctl:
		if (i == 0)
			id(c);
		else if (i == (c->nr == SYS_semctl ? 3 : 2))
			control(c, c->args[i]);
		return i == 0 || i == (c->nr == SYS_semctl ? 3 : 2);
	case SYS_shmat:
	case SYS_semop:
	case SYS_semtimedop:
		if (i == 0)
			id(c);
		return i == 0;
	case SYS_msgsnd:
	case SYS_msgrcv:
		if (i == 0)
			id(c);
		else if (i == 1)
			message(c);
		return i <= 1;
	case SYS_mq_open: /* attributes are not looked at unless a queue may be made */
		return i == 3 && !(c->args[1] & O_CREAT);
	default:
		return false;
	}
}

enum field_kind
capture_ipc_result(uint32_t nr, const uint64_t args[6])
{
	if (nr == SYS_semctl && args[2] == GETPID)
		return FIELD_PID;
	if (nr == SYS_shmget || nr == SYS_semget || nr == SYS_msgget)
		return FIELD_COOKIE;
	if (nr == SYS_shmctl)
		return FIELD_COOKIE;
	if (nr == SYS_msgctl)
		return FIELD_COOKIE;
	return nr == SYS_semctl && (args[2] == IPC_INFO || args[2] >= SEM_STAT) ? FIELD_COOKIE : FIELD_INT;
}
