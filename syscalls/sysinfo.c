/* SPDX-License-Identifier: MIT
 *
 * What the system says of itself: names, memory, CPU, the log, random numbers.
 */
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/random.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <linux/utsname.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/task.h"
#include "kernel/uts.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "trap/host.h"

#define PERSONALITY_UNAME26 0x0020000u
#define PERSONALITY_LINUX32 0x08u
#define PERSONALITY_MASK    0xffu

int64_t
sys_uname(struct task *t, uaddr_t buf)
{
	struct new_utsname u = { .sysname = UTS_SYSNAME, .release = UTS_RELEASE, .version = UTS_VERSION, .machine = UTS_MACHINE };

	mutex_lock(&t->k->uts_lock);
	memcpy(u.nodename, t->k->params.hostname, sizeof(u.nodename));
	memcpy(u.domainname, t->k->domainname, sizeof(u.domainname));
	mutex_unlock(&t->k->uts_lock);
	if (t->personality & PERSONALITY_UNAME26)
		ksnprintf(u.release, sizeof(u.release), "2.6.%d", 60 + UTS_MINOR);
	if ((t->personality & PERSONALITY_MASK) == PERSONALITY_LINUX32)
		ksnprintf(u.machine, sizeof(u.machine), "i686");
	return copy_out(t, buf, &u);
}

static int64_t
set_name(struct task *t, char *name, uaddr_t from, int len)
{
	char buf[UTS_NAME_MAX + 1] = { 0 };

	if (!capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > UTS_NAME_MAX)
		return -EINVAL;
	if (copy_from_user(t, buf, from, (size_t)len))
		return -EFAULT;
	mutex_guard(&t->k->uts_lock);
	memcpy(name, buf, sizeof(buf));
	return 0;
}

int64_t
sys_sethostname(struct task *t, uaddr_t name, int len)
{
	return set_name(t, t->k->params.hostname, name, len);
}

int64_t
sys_setdomainname(struct task *t, uaddr_t name, int len)
{
	return set_name(t, t->k->domainname, name, len);
}

/* Memory is the host's, within what the instance was given. */
int64_t
sys_sysinfo(struct task *t, uaddr_t info)
{
	uint64_t limit = t->k->params.memory;
	struct page_pool_stats st;
	struct sysinfo host, si;
	uint64_t total, free;

	if (host_call1(__NR_sysinfo, &host) < 0)
		memset(&host, 0, sizeof(host));
	memset(&si, 0, sizeof(si));
	total = host.totalram * host.mem_unit;
	free = host.freeram * host.mem_unit;
	if (limit && limit < total) {
		page_pool_stats(t->k, &st);
		total = limit;
		free = MIN(free, limit - MIN(limit, (st.total - st.free) * PAGE_SIZE));
	}
	si.uptime = host_clock(CLOCK_BOOTTIME) / NSEC_PER_SEC;
	memcpy(si.loads, host.loads, sizeof(si.loads));
	si.totalram = total;
	si.freeram = free;
	si.sharedram = host.sharedram * host.mem_unit;
	si.bufferram = host.bufferram * host.mem_unit;
	si.procs = (uint16_t)MIN(__atomic_load_n(&t->k->nr_threads, __ATOMIC_RELAXED), 65535u);
	si.mem_unit = 1;
	return copy_out(t, info, &si);
}

int64_t
sys_getcpu(struct task *t, uaddr_t cpu, uaddr_t node, uaddr_t cache __unused)
{
	uint32_t c = 0, n = 0;

	if (host_call3(__NR_getcpu, &c, &n, NULL) < 0)
		c = 0;
	if (t->k->params.ncpus)
		c %= t->k->params.ncpus;
	if (!uaddr_null(cpu) && put_user_u32(t, c, cpu))
		return -EFAULT;
	if (!uaddr_null(node) && put_user_u32(t, 0, node))
		return -EFAULT;
	return 0;
}

/* random numbers */

#define GRND_ALL (GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)

static int64_t
fill_random(struct task *t, uaddr_t buf, size_t count, unsigned int flags, char *bounce, size_t size)
{
	size_t done = 0;

	while (done < count) {
		int64_t n = host_call3(__NR_getrandom, bounce, MIN(count - done, size), flags);
		size_t copied;

		if (n <= 0)
			return done ? (int64_t)done : n;
		copied = copy_to_user_partial(t, uaddr_add(buf, done), bounce, (size_t)n);
		done += copied;
		if (copied < (size_t)n)
			return done ? (int64_t)done : -EFAULT;
		if (done < count && signal_pending(t))
			break;
	}
	return (int64_t)done;
}

int64_t
sys_getrandom(struct task *t, uaddr_t buf, uint64_t count, unsigned int flags)
{
	char small[256], *bounce = small;
	size_t size = sizeof(small);
	int64_t ret;

	if (flags & ~(unsigned int)GRND_ALL || (flags & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM))
		return -EINVAL;
	count = MIN(count, (uint64_t)INT32_MAX);
	if (count > size) {
		bounce = kmalloc(t->k, PAGE_SIZE);
		if (!bounce)
			return -ENOMEM;
		size = PAGE_SIZE;
	}
	ret = fill_random(t, buf, count, flags, bounce, size);
	memset(bounce, 0, size);
	if (bounce != small)
		kfree(t->k, bounce);
	return ret;
}

/* The log: always empty. Lines for the operator are not a program's to read. */

enum { LOG_CLOSE, LOG_OPEN, LOG_READ, LOG_READ_ALL, LOG_READ_CLEAR, LOG_CLEAR, LOG_OFF, LOG_ON, LOG_LEVEL, LOG_UNREAD, LOG_SIZE };
#define LOG_BUF_LEN 131072

static int64_t
wait_for_log(struct task *t)
{
	for (;;) {
		set_current_state(t, TASK_INTERRUPTIBLE);
		if (signal_pending(t))
			break;
		schedule(t);
	}
	set_current_state(t, TASK_RUNNING);
	return -ERESTARTSYS;
}

int64_t
sys_syslog(struct task *t, int type, uaddr_t buf, int len)
{
	if (type != LOG_READ_ALL && type != LOG_SIZE && !capable(t, CAP_SYSLOG))
		return -EPERM;
	switch (type) {
	case LOG_READ:
	case LOG_READ_ALL:
	case LOG_READ_CLEAR:
		if (uaddr_null(buf) || len < 0)
			return -EINVAL;
		return len > 0 && type == LOG_READ ? wait_for_log(t) : 0;
	case LOG_LEVEL:
		return len < 1 || len > 8 ? -EINVAL : 0;
	case LOG_SIZE:
		return LOG_BUF_LEN;
	case LOG_CLOSE:
	case LOG_OPEN:
	case LOG_CLEAR:
	case LOG_OFF:
	case LOG_ON:
	case LOG_UNREAD:
		return 0;
	default:
		return -EINVAL;
	}
}
