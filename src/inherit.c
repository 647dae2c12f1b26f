/* SPDX-License-Identifier: MIT
 *
 * What a program started natively would have inherited, and limits that are in stead's way. Limits themselves are not
 * inherited: an instance begins with those a kernel begins with.
 */
#include "src/inherit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "vfs/internal.h"

#define FDS_MAX 1024 /* RLIMIT_NOFILE of the first task */

static struct {
	uint64_t ignored, blocked;
	mode_t umask;
	bool fd[FDS_MAX];
} inherited;

void
inherit_note_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;

	for (int fd = 0; fd <= 2; fd++)
		inherited.fd[fd] = true;
	while (dir && (d = readdir(dir)) != NULL) {
		int fd = atoi(d->d_name), flags = fcntl(fd, F_GETFD);

		if (d->d_name[0] != '.' && fd < FDS_MAX)
			inherited.fd[fd] |= flags >= 0 && !(flags & FD_CLOEXEC);
	}
	if (dir)
		closedir(dir);
}

/* The terminal there is inside is that of standard input, output or error; another one is a device that is read and written.
 */
static bool
is_the_terminal(int fd)
{
	struct stat st, std;

	if (fd <= 2 || !isatty(fd))
		return fd <= 2 && isatty(fd);
	for (int i = 0; i <= 2; i++)
		if (isatty(i) && fstat(i, &std) == 0 && fstat(fd, &st) == 0 && st.st_rdev == std.st_rdev)
			return true;
	return false;
}

static bool
is_for_program(int fd, int n)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || (flags & O_PATH)) /* closed: main() holds its place */
		return false;
	if (n)
		return true;
	return (fd <= 2 || (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)));
}

int
inherit_fds(struct task *t, int n)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		int err;

		if (n ? fd >= n : !inherited.fd[fd])
			continue;
		err = is_for_program(fd, n) ? vfs_install_host_fd(t, fd, HFD(fd), is_the_terminal(fd)) : 0;

		if (err < 0)
			return err;
	}
	return 0;
}

/* By hand, since libc hides the signals it uses itself. */
static void
note_signals(void)
{
	struct k_sigaction sa;

	for (int sig = 1; sig <= 64; sig++)
		if (syscall(SYS_rt_sigaction, sig, NULL, &sa, 8) == 0 && sa.handler == 1)
			inherited.ignored |= 1ULL << (sig - 1);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &inherited.blocked, 8);
}

static void
raise_limit(int resource)
{
	struct rlimit r;

	if (getrlimit(resource, &r) == 0 && r.rlim_cur != r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(resource, &r);
	}
}

void
inherit_note(void)
{
	note_signals();
	inherited.umask = umask(0);
	umask(inherited.umask);
	/* The arena is a file to the host. Where the limit stays, there is an error to be told, not a signal to die of. */
	signal(SIGXFSZ, SIG_IGN);
	raise_limit(RLIMIT_FSIZE);
	raise_limit(RLIMIT_NOFILE); /* one table of descriptors for all guest processes */
}

void
inherit_params(struct kernel_params *p)
{
	/* CPUs have the host's numbers: getcpu(2) in the vDSO tells them. */
	p->ncpus = (uint32_t)get_nprocs();
	if (syscall(SYS_sched_getaffinity, 0, sizeof(p->affinity), p->affinity) < 0)
		memset(p->affinity, 0xff, sizeof(p->affinity));
	for (uint32_t i = 0; i < ARRAY_SIZE(p->affinity); i++)
		if (p->ncpus < (i + 1) * 64)
			p->affinity[i] &= p->ncpus > i * 64 ? (1ULL << (p->ncpus - i * 64)) - 1 : 0;
	p->nice = getpriority(PRIO_PROCESS, 0);
}

void
inherit_task(struct task *t)
{
	t->blocked = inherited.blocked;
	for (int sig = 1; sig <= 64; sig++)
		if (inherited.ignored & 1ULL << (sig - 1))
			t->sighand->action[sig - 1].handler = 1;
	t->fs->umask = inherited.umask;
}

static bool
limited(int resource)
{
	struct rlimit r;

	return getrlimit(resource, &r) == 0 && r.rlim_cur != RLIM_INFINITY;
}

const char *
inherit_advice(int err)
{
	if (err == -ENOMEM && (limited(RLIMIT_AS) || limited(RLIMIT_DATA)))
		return "; there are limits on memory: lift them (ulimit -v unlimited; ulimit -d unlimited)";
	if (err == -EFBIG && limited(RLIMIT_FSIZE))
		return "; there is a limit on the size of files, which the kernel's memory is, too: lift it (ulimit -f "
		       "unlimited)";
	if (err == -EMFILE)
		return "; raise the limit on open files (ulimit -n)";
	if (err == -EAGAIN)
		return "; raise the limit on processes (ulimit -u)";
	if (access("/proc/self/fd", F_OK) < 0)
		return "; /proc is not there: mount it (mount -t proc proc /proc)";
	return "";
}
