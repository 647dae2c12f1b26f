/* SPDX-License-Identifier: MIT
 *
 * System V IPC: arguments only.
 */
#include "ipc/msg.h"
#include "ipc/sem.h"
#include "ipc/shm.h"
#include "kernel/task.h"
#include "syscalls/proto.h"

int64_t
sys_shmget(struct task *t, int key, uint64_t size, int flags)
{
	return ksys_shmget(t, key, size, flags);
}

int64_t
sys_shmat(struct task *t, int shmid, uint64_t addr, int flags)
{
	return ksys_shmat(t, shmid, addr, flags);
}

int64_t
sys_shmdt(struct task *t, uint64_t addr)
{
	return ksys_shmdt(t, addr);
}

int64_t
sys_shmctl(struct task *t, int shmid, int cmd, uaddr_t buf)
{
	return ksys_shmctl(t, shmid, cmd, buf);
}

int64_t
sys_semget(struct task *t, int key, int nsems, int flags)
{
	return ksys_semget(t, key, nsems, flags);
}

int64_t
sys_semop(struct task *t, int semid, uaddr_t sops, unsigned int nsops)
{
	return ksys_semtimedop(t, semid, sops, nsops, UNULL);
}

int64_t
sys_semtimedop(struct task *t, int semid, uaddr_t sops, unsigned int nsops, uaddr_t timeout)
{
	return ksys_semtimedop(t, semid, sops, nsops, timeout);
}

int64_t
sys_semctl(struct task *t, int semid, int semnum, int cmd, uint64_t arg)
{
	return ksys_semctl(t, semid, semnum, cmd, arg);
}

int64_t
sys_msgget(struct task *t, int key, int flags)
{
	return ksys_msgget(t, key, flags);
}

int64_t
sys_msgsnd(struct task *t, int msqid, uaddr_t msgp, uint64_t msgsz, int flags)
{
	return ksys_msgsnd(t, msqid, msgp, msgsz, flags);
}

int64_t
sys_msgrcv(struct task *t, int msqid, uaddr_t msgp, uint64_t msgsz, int64_t type, int flags)
{
	return ksys_msgrcv(t, msqid, msgp, msgsz, type, flags);
}

int64_t
sys_msgctl(struct task *t, int msqid, int cmd, uaddr_t buf)
{
	return ksys_msgctl(t, msqid, cmd, buf);
}
