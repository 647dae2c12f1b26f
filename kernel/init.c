/* SPDX-License-Identifier: MIT
 *
 * Boot: the state of every subsystem, in order. Nothing runs yet: no locks are needed.
 */
#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/futex.h"
#include "kernel/init.h"
#include "kernel/missing.h"
#include "ipc/util.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "net/socket.h"
#include "vfs/dev/dev.h"
#include "vfs/eventpoll.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/pipe.h"
#include "vfs/proc/proc.h"

int
task_caches_init(struct kernel *k)
{
	kmem_cache_init(k, &k->task_cache, "task_struct", sizeof(struct task), 64);
	kmem_cache_init(k, &k->signal_cache, "signal_struct", sizeof(struct signal_struct), 64);
	kmem_cache_init(k, &k->sighand_cache, "sighand_struct", sizeof(struct sighand_struct), 64);
	kmem_cache_init(k, &k->sigqueue_cache, "sigqueue", sizeof(struct sigqueue), 0);
	kmem_cache_init(k, &k->cred_cache, "cred", sizeof(struct cred), 0);
	kmem_cache_init(k, &k->files_cache, "files_struct", sizeof(struct files_struct), 0);
	kmem_cache_init(k, &k->fs_cache, "fs_struct", sizeof(struct fs_struct), 0);
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(struct kernel *k);
} inits[] = {
	{ "slab", slab_init },	 { "missing", missing_init }, { "tasks", task_caches_init }, { "pid", pid_init },
	{ "timers", timers_init }, { "cred", cred_init },     { "futex", futex_init },	     { "mm", mm_init },
	{ "vfs", vfs_init },	 { "pipe", pipe_init },	      { "epoll", epoll_init },	     { "dev", dev_init },
	{ "tty", tty_init },	 { "proc", proc_init },	      { "net", net_init },
	{ "ipc", ipc_init },
};

int
kernel_init(struct kernel *k)
{
	mutex_init(&k->tasklist_lock, RANK_TASKLIST);
	mutex_init(&k->sighand_free_lock, RANK_LEAF);
	INIT_LIST_HEAD(&k->free_sighands);
	mutex_init(&k->uts_lock, RANK_LEAF);
	ksnprintf(k->domainname, sizeof(k->domainname), "(none)");
	INIT_LIST_HEAD(&k->tasks);
	init_waitqueue_head(&k->ended);
	k->boot_time_ns = ktime_get();
	for (size_t i = 0; i < ARRAY_SIZE(inits); i++) {
		int err = inits[i].fn(k);

		if (err < 0) {
			printk(k, "boot: %s: error %d", inits[i].name, -err);
			return err;
		}
	}
	return 0;
}
