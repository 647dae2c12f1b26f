/* SPDX-License-Identifier: MIT
 *
 * System V IPC: arguments only.
 */
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
