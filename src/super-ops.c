/* SPDX-License-Identifier: MIT
 *
 * What the kernel asks of its supervisor, wherever kernel code runs in the supervisor itself. The resident trap sends the
 * same questions to it (trap/resident/).
 */
#include "src/super-ops.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "kernel/posix-clocks.h"
#include "kernel/task.h"
#include "loader/elf.h"
#include "src/options.h"
#include "src/terminal.h"
#include "src/trace/kernel.h"
#include "trap/remote/remote.h"
#include "trap/request.h"
#include "vfs/hostfs/hostfs.h"

static int
super_load_plan(struct kernel *k, hfd_t fd, uint64_t base_off, const void *image, size_t len, struct load_plan *plan)
{
	return elf_load_plan(fd.fd, base_off, image, len, plan);
}

static void __noreturn
super_panic(struct kernel *k, const char *line)
{
	terminal_restore();
	fprintf(stderr, "stead: %s\n", line);
	_exit(EXIT_STEAD_FAILED);
}

static void
super_ended(struct kernel *k)
{
	tracer_stop();
}

/* The second number in /proc/PID/statm. */
static uint64_t
super_rss_pages(struct kernel *k, hpid_t host_tid)
{
	char path[40], buf[128] = "";
	unsigned long resident = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/statm", host_tid.id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, buf, sizeof(buf) - 1) > 0)
		sscanf(buf, "%*u %lu", &resident);
	close(fd);
	return resident;
}

static void
super_trace_call(struct task *t, uint64_t nr, const uint64_t a[6], const int64_t *result, uint32_t tampered)
{
	if (result)
		trace_exit(t, nr, a, *result, tampered);
	else
		trace_enter(t, nr, a);
}

static void
super_trace_signal(struct task *t, const struct k_siginfo *info)
{
	siginfo_t whole;

	static_assert(sizeof(whole) == sizeof(*info), "both are the kernel's");
	memcpy(&whole, info, sizeof(whole));
	trace_signal(t, &whole);
}

static void
super_trace_new(struct task *t, struct task *parent, uint64_t flags, int exit_signal)
{
	enum trace_how how = flags & CLONE_VFORK ? TRACE_VFORK : exit_signal == SIGCHLD ? TRACE_FORK : TRACE_CLONE;

	trace_new_task(t, parent, how);
}

static bool
super_thread_times(struct kernel *k, hpid_t host_tid, uint64_t out[3])
{
	return proc_thread_times(host_tid.id, out);
}

static int
super_set_affinity(struct kernel *k, hpid_t host_tid, const uint64_t *mask, size_t bytes)
{
	return syscall(SYS_sched_setaffinity, host_tid.id, bytes, mask) < 0 ? -errno : 0;
}

/* The asker is not trusted: only these attributes, and nothing but a name in a directory that it has open. */
static int64_t
super_trusted_xattr(struct kernel *k, const struct hostfs_xattr_call *asked)
{
	struct hostfs_xattr_call c = *asked;
	char name[XATTR_NAME_MAX + 1], file[NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s", c.name);
	snprintf(file, sizeof(file), "%s", c.file ? c.file : "");
	if (strncmp(name, "trusted.", 8) != 0 || c.op == HOSTFS_XATTR_LIST || (c.file && (!*file || strchr(file, '/'))) ||
	    strcmp(file, "..") == 0 || (c.value && c.n > XATTR_SIZE_MAX))
		return -EPERM;
	c.name = name;
	c.file = c.file ? file : NULL;
	return hostfs_xattr(&c);
}

const struct super_ops supervisor_ops = {
	.trusted_xattr = super_trusted_xattr,
	.load_plan = super_load_plan,
	.rss_pages = super_rss_pages,
	.thread_times = super_thread_times,
	.set_affinity = super_set_affinity,
	.panic = super_panic,
	.ended = super_ended,
	.trace_call = super_trace_call,
	.trace_signal = super_trace_signal,
	.trace_new = super_trace_new,
	.trace_stopped = trace_stopped,
	.trace_gone = trace_gone,
};
