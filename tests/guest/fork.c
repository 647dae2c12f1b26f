/* SPDX-License-Identifier: MIT
 *
 * fork, vfork, clone, clone3, posix_spawn: what a child is, shares and does not share.
 */
#include <linux/sched.h>
#include <sched.h>
#include <spawn.h>

#include "tests/guest/guest.h"

extern char **environ;

static void
fork_returns_pid_and_zero(void)
{
	pid_t parent = getpid(), pid = guest_fork();

	if (pid == 0)
		_exit(getppid() == parent && getpid() != parent ? 7 : 1);
	CHECK(pid > 0 && pid != parent);
	CHECK_EXITS(pid, 7);
}

static void
memory_is_copied(void)
{
	int *heap = malloc(sizeof(*heap)), stack = 1;
	static int data = 1;
	pid_t pid;

	*heap = 1;
	pid = guest_fork();
	if (pid == 0) {
		*heap = stack = data = 2;
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK(*heap == 1 && stack == 1 && data == 1);
	pid = guest_fork();
	if (pid == 0)
		_exit(*heap == 1 && stack == 1 && data == 1 ? 0 : 1);
	CHECK_EXITS(pid, 0);
}

static void
file_offset_is_shared(void)
{
	char c;
	int fd;
	pid_t pid;

	guest_tmpdir();
	guest_write_file("f", "abcdef", 6, 0644);
	fd = open("f", O_RDONLY);
	pid = guest_fork();
	if (pid == 0)
		_exit(lseek(fd, 3, SEEK_SET) == 3 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'd');
}

static void
descriptors_are_separate(void)
{
	int fd = open("/dev/null", O_RDONLY);
	pid_t pid = guest_fork();

	if (pid == 0)
		_exit(close(fd) == 0 && open("/dev/null", O_RDONLY) == fd ? close(fd) : 1);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
}

static void
cwd_and_umask_are_copied(void)
{
	char buf[64];
	pid_t pid;

	CHECK_EQ(chdir("/usr"), 0);
	umask(027);
	pid = guest_fork();
	if (pid == 0)
		_exit(getcwd(buf, sizeof(buf)) && strcmp(buf, "/usr") == 0 && umask(0) == 027 && chdir("/") == 0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK_STR(getcwd(buf, sizeof(buf)), "/usr");
	CHECK_EQ(umask(0), 027);
}

static void
many_forks_in_a_row(void)
{
	int i;

	for (i = 0; i < 200; i++) {
		pid_t pid = guest_fork();

		if (pid == 0)
			_exit(i & 0x7f);
		CHECK_EXITS(pid, i & 0x7f);
	}
}

static void
a_chain_of_forks(void)
{
	int depth = 30, i;
	pid_t pid;

	for (i = 0; i < depth; i++) {
		pid = guest_fork();
		if (pid != 0) {
			int status = guest_wait(pid);

			if (i == 0) {
				CHECK(WIFEXITED(status));
				CHECK_EQ(WEXITSTATUS(status), depth);
				return;
			}
			_exit(WEXITSTATUS(status) + 1);
		}
	}
	_exit(1);
}

static void
vfork_runs_the_child_first_in_our_memory(void)
{
	volatile int word = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		usleep(30000);
		word = 5;
		_exit(3);
	}
	CHECK_EQ(word, 5);
	CHECK_EXITS(pid, 3);
}

static void
vfork_and_exec(void)
{
	char *argv[] = { "true", NULL };
	int i;

	for (i = 0; i < 20; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execve("/bin/true", argv, environ);
			_exit(127);
		}
		CHECK(pid > 0);
		CHECK_EXITS(pid, 0);
	}
}

static void
vfork_and_failed_exec(void)
{
	char *argv[] = { "x", NULL };
	volatile int err = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/nonexistent/x", argv, environ);
		err = errno;
		_exit(99);
	}
	CHECK_EXITS(pid, 99);
	CHECK_EQ(err, ENOENT);
}

static void
vfork_child_killed(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	CHECK_KILLED(pid, SIGKILL);
}

static void
spawn_with_redirection(void)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	char *argv[] = { "echo", "spawned", NULL };
	char buf[32] = "";
	sigset_t set;
	int p[2];
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p[1], 1);
	posix_spawn_file_actions_addclose(&fa, p[0]);
	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attr, &set);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	CHECK_EQ(posix_spawn(&pid, "/bin/echo", &fa, &attr, argv, environ), 0);
	close(p[1]);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 8);
	CHECK_STR(buf, "spawned\n");
	CHECK_EXITS(pid, 0);
}

static void
spawn_of_a_missing_program(void)
{
	char *argv[] = { "x", NULL };
	pid_t pid;

	CHECK_EQ(posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ), ENOENT);
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
}

/* Raw clone without a stack: fork with flags. */
static pid_t
raw_clone(unsigned long flags, pid_t *ptid, pid_t *ctid)
{
	return (pid_t)syscall(SYS_clone, flags, NULL, ptid, ctid, 0);
}

static void
clone_settid_flags(void)
{
	static pid_t ptid, ctid;
	pid_t pid = raw_clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &ptid, &ctid);

	if (pid == 0)
		_exit(ctid == getpid() ? 0 : 1);
	CHECK_EQ(ptid, pid);
	CHECK_EQ(ctid, 0);
	CHECK_EXITS(pid, 0);
}

static void
clone_files_shares_descriptors(void)
{
	int fd = open("/dev/null", O_RDONLY);
	pid_t pid = raw_clone(CLONE_FILES | SIGCHLD, NULL, NULL);

	if (pid == 0)
		_exit(close(fd) == 0 && dup2(1, 77) == 77 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
	CHECK_EQ(fcntl(77, F_GETFD), 0);
}

static void
clone_fs_shares_cwd_and_umask(void)
{
	char buf[64];
	pid_t pid = raw_clone(CLONE_FS | SIGCHLD, NULL, NULL);

	if (pid == 0)
		_exit(chdir("/usr") == 0 && umask(033) <= 0777 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK_STR(getcwd(buf, sizeof(buf)), "/usr");
	CHECK_EQ(umask(0), 033);
}

static void
unshare_ends_sharing(void)
{
	pid_t pid = raw_clone(CLONE_FS | CLONE_FILES | SIGCHLD, NULL, NULL);
	char buf[64];

	if (pid == 0)
		_exit(unshare(CLONE_FS | CLONE_FILES) == 0 && chdir("/usr") == 0 && close(0) == 0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK(strcmp(getcwd(buf, sizeof(buf)), "/usr") != 0);
	CHECK(fcntl(0, F_GETFD) >= 0);
}

static void
clone_parent_makes_a_sibling(void)
{
	pid_t me = getpid(), pid = guest_fork();
	int status, seen = 0;

	if (pid == 0) {
		pid_t sibling = raw_clone(CLONE_PARENT | SIGCHLD, NULL, NULL);

		if (sibling == 0)
			_exit(getppid() == me ? 21 : 1);
		_exit(waitpid(sibling, NULL, 0) == -1 && errno == ECHILD ? 22 : 1);
	}
	while (wait(&status) > 0)
		seen += WEXITSTATUS(status);
	CHECK_EQ(seen, 43);
}

static void
exit_signal_other_than_sigchld(void)
{
	pid_t pid;
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = raw_clone(SIGUSR1, NULL, NULL);
	if (pid == 0)
		_exit(4);
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_code, CLD_EXITED);
	CHECK_EQ(si.si_status, 4);
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
	CHECK_EQ(waitpid(pid, NULL, __WCLONE), pid);
}

static void
no_exit_signal_needs_wall(void)
{
	pid_t pid = raw_clone(0, NULL, NULL);
	int status;

	if (pid == 0)
		_exit(6);
	CHECK_ERR(waitpid(-1, &status, 0), ECHILD);
	CHECK_EQ(waitpid(-1, &status, __WALL), pid);
	CHECK_EQ(WEXITSTATUS(status), 6);
}

static int
clone_child(void *arg)
{
	*(volatile int *)arg = getpid() == getppid() ? 1 : 2;
	return 17;
}

static void
clone_vm_shares_memory(void)
{
	size_t size = 64 << 10;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	volatile int word = 0;
	pid_t pid = clone(clone_child, stack + size, CLONE_VM | SIGCHLD, (void *)&word);

	CHECK(pid > 0);
	CHECK_EXITS(pid, 17);
	CHECK_EQ(word, 2);
}

static void
clone_vm_vfork(void)
{
	size_t size = 64 << 10;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	volatile int word = 0;
	pid_t pid = clone(clone_child, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)&word);

	CHECK_EQ(word, 2); /* the child was done before clone returned */
	CHECK_EXITS(pid, 17);
}

static void
clone_sighand_shares_actions(void)
{
	size_t size = 64 << 10;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct sigaction sa;
	volatile int word = 0;
	pid_t pid;

	pid = clone((int (*)(void *))(uintptr_t)clone_child, stack + size, CLONE_VM | CLONE_SIGHAND | SIGCHLD, (void *)&word);
	CHECK_EXITS(pid, 17);
	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == SIG_DFL);
}

static void
bad_clone_flags(void)
{
	CHECK_ERR(raw_clone(CLONE_THREAD | SIGCHLD, NULL, NULL), EINVAL);
	CHECK_ERR(raw_clone(CLONE_SIGHAND | SIGCHLD, NULL, NULL), EINVAL);
	CHECK_ERR(raw_clone(CLONE_THREAD | CLONE_SIGHAND | SIGCHLD, NULL, NULL), EINVAL);
	CHECK_ERR(raw_clone(CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL, NULL), EINVAL);
}

static void
clone3_forks(void)
{
	static pid_t ptid;
	struct clone_args a = { .flags = CLONE_PARENT_SETTID, .exit_signal = SIGCHLD, .parent_tid = (uintptr_t)&ptid };
	pid_t pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));

	if (pid == 0)
		_exit(9);
	CHECK(pid > 0);
	CHECK_EQ(ptid, pid);
	CHECK_EXITS(pid, 9);
}

static void
clone3_checks_its_arguments(void)
{
	struct clone_args a = { .exit_signal = SIGCHLD };
	char big[256] = { 0 };

	CHECK_ERR(syscall(SYS_clone3, &a, 8), EINVAL);
	CHECK_ERR(syscall(SYS_clone3, NULL, sizeof(a)), EFAULT);
	CHECK_ERR(syscall(SYS_clone3, &a, 1 << 20), E2BIG);
	memcpy(big, &a, sizeof(a));
	big[200] = 1;
	CHECK_ERR(syscall(SYS_clone3, big, sizeof(big)), E2BIG);
	a.exit_signal = 200;
	CHECK_ERR(syscall(SYS_clone3, &a, sizeof(a)), EINVAL);
	a.exit_signal = SIGCHLD;
	a.stack = 0x1000;
	CHECK_ERR(syscall(SYS_clone3, &a, sizeof(a)), EINVAL);
	a.stack = 0;
	a.flags = 0x10000000000ull;
	CHECK_ERR(syscall(SYS_clone3, &a, sizeof(a)), EINVAL);
}

static void
tls_is_the_programs(void)
{
	struct clone_args a = { .flags = CLONE_SETTLS, .exit_signal = SIGCHLD };
	const uint64_t bad[] = { UINT64_MAX, 1ULL << 63, 1ULL << 47, 0x7ffffffff000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		a.tls = bad[i];
		CHECK_ERR(syscall(SYS_clone3, &a, sizeof(a)), EPERM);
		CHECK_ERR(syscall(SYS_clone, CLONE_SETTLS | SIGCHLD, NULL, NULL, NULL, bad[i]), EPERM);
	}
}

static void
clone_pidfd(void)
{
	int pidfd = -1;
	struct clone_args a = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uintptr_t)&pidfd };
	pid_t pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	siginfo_t si = { 0 };

	if (pid == 0) {
		pause();
		_exit(0);
	}
	CHECK(pid > 0 && pidfd >= 0);
	CHECK_EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0), 0);
	CHECK_EQ(waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &si, WEXITED), 0);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_status, SIGTERM);
}

static void
ignore_it(int sig)
{
}

static void
clone_clear_sighand(void)
{
	struct clone_args a = { .flags = 0x100000000ull /* CLONE_CLEAR_SIGHAND */, .exit_signal = SIGCHLD };
	struct sigaction sa;
	pid_t pid;

	signal(SIGUSR1, ignore_it);
	signal(SIGUSR2, SIG_IGN);
	pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	if (pid == 0) {
		sigaction(SIGUSR1, NULL, &sa);
		if (sa.sa_handler != SIG_DFL)
			_exit(1);
		sigaction(SIGUSR2, NULL, &sa);
		_exit(sa.sa_handler == SIG_IGN ? 0 : 2);
	}
	CHECK_EXITS(pid, 0);
}

static void
pending_signals_are_not_inherited(void)
{
	sigset_t set, pend;
	pid_t pid;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	raise(SIGUSR1);
	pid = guest_fork();
	if (pid == 0) {
		sigpending(&pend);
		if (sigismember(&pend, SIGUSR1))
			_exit(1);
		sigprocmask(SIG_SETMASK, NULL, &set);
		_exit(sigismember(&set, SIGTERM) == 1 ? 0 : 2);
	}
	CHECK_EXITS(pid, 0);
	sigpending(&pend);
	CHECK(sigismember(&pend, SIGUSR1));
}

static void
alarms_and_timers_are_not_inherited(void)
{
	struct itimerval it;
	pid_t pid;

	alarm(100);
	pid = guest_fork();
	if (pid == 0)
		_exit(getitimer(ITIMER_REAL, &it) == 0 && it.it_value.tv_sec == 0 && alarm(0) == 0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK(alarm(0) >= 98);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(fork_returns_pid_and_zero), T(memory_is_copied), T(file_offset_is_shared), T(descriptors_are_separate),
		T(cwd_and_umask_are_copied), T(many_forks_in_a_row), T(a_chain_of_forks),
		T(vfork_runs_the_child_first_in_our_memory), T(vfork_and_exec), T(vfork_and_failed_exec), T(vfork_child_killed),
		T(spawn_with_redirection), T(spawn_of_a_missing_program), T(clone_settid_flags),
		T(clone_files_shares_descriptors), T(clone_fs_shares_cwd_and_umask), T(unshare_ends_sharing),
		T(clone_parent_makes_a_sibling), T(exit_signal_other_than_sigchld), T(no_exit_signal_needs_wall),
		T(clone_vm_shares_memory), T(clone_vm_vfork), T(clone_sighand_shares_actions), T(bad_clone_flags),
		T(clone3_forks), T(clone3_checks_its_arguments), T(tls_is_the_programs), T(clone_pidfd), T(clone_clear_sighand),
		T(pending_signals_are_not_inherited), T(alarms_and_timers_are_not_inherited),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
