/* SPDX-License-Identifier: MIT
 *
 * stead doctor: which trap this host gets, and why. Nothing is concluded from a version or a file alone: each feature is
 * tried, in a child process, since some of the trials cannot be taken back (filters, dispatch) and some may kill.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/commands.h"
#include "src/doctor.h"
#include "trap/resident/scan.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON	     1
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	     SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#define NEED_RESIDENT (1u << 0)
#define NEED_REMOTE   (1u << 1)
#define NEED_UNPROTECTED (1u << 2)
#define NEED_BOTH     (NEED_RESIDENT | NEED_REMOTE | NEED_UNPROTECTED)
#define NEED_AUTO     (1u << 3) /* lest --trap=auto prefers the remote trap */
#define WANTED	      0u
#define HWCAP2_FSGS   2u /* HWCAP2_FSGSBASE of asm/hwcap2.h */

/* A probe runs in a child: 0 or the errno that tells what is wrong. */
struct check {
	const char *name;
	unsigned int needed; /* NEED_* */
	int (*probe)(void);
	const char *advice; /* what "no" means, in words */
};

static int
kernel_at_least(int major, int minor)
{
	struct utsname u;
	int a = 0, b = 0;

	if (uname(&u) != 0 || sscanf(u.release, "%d.%d", &a, &b) != 2)
		return ENOSYS;
	return a > major || (a == major && b >= minor) ? 0 : ENOSYS;
}

static int
probe_kernel_5_19(void)
{
	return kernel_at_least(5, 19);
}

static int
probe_kernel_6_12(void)
{
	return kernel_at_least(6, 12);
}

static int
probe_pku(void)
{
	unsigned int a, b, c = 0, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(c & (1u << 3)))
		return ENODEV;
	if (!(c & (1u << 4)))
		return ENOTSUP; /* the processor can, the kernel does not */
	return syscall(SYS_pkey_alloc, 0, 0) < 0 ? errno : 0;
}

static int
probe_fsgsbase(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_FSGS ? 0 : ENOTSUP;
}

/* A processor that reads past page tables for a moment reads past protection keys, too: kernel memory is no secret there. */
static int
probe_no_meltdown(void)
{
	int fd = open("/sys/devices/system/cpu/vulnerabilities/meltdown", O_RDONLY | O_CLOEXEC), err;
	char said[64] = "";
	ssize_t n;

	if (fd < 0)
		return errno;
	n = read(fd, said, sizeof(said) - 1);
	err = n < 0 ? errno : strncmp(said, "Not affected", 12) != 0 ? EPERM : 0;
	close(fd);
	return err;
}

/* A handler starts with PKRU at its initial value, which denies every key but 0: it must not touch its stack before this. */
__asm__(".pushsection .text\n"
	".type doctor_pkey_handler, @function\n"
	"doctor_pkey_handler:\n"
	"	xor %eax, %eax\n"
	"	xor %ecx, %ecx\n"
	"	xor %edx, %edx\n"
	"	wrpkru\n"
	"	mov $231, %eax\n"
	"	xor %edi, %edi\n"
	"	syscall\n"
	".size doctor_pkey_handler, .-doctor_pkey_handler\n"
	".popsection\n");
extern void doctor_pkey_handler(int);

/* Linux 6.12 writes a signal frame to an alternate stack that the program itself may not write. Before, it was a SIGSEGV. */
static int
probe_pkey_signal_stack(void)
{
	size_t size = 64 << 10;
	struct sigaction sa = { .sa_handler = doctor_pkey_handler, .sa_flags = SA_ONSTACK };
	stack_t ss = { .ss_size = size };
	long key;
	int err = probe_pku();

	if (err)
		return err;
	key = syscall(SYS_pkey_alloc, 0, 1 /* PKEY_DISABLE_ACCESS */);
	if (key < 0)
		return errno;
	ss.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ss.ss_sp == MAP_FAILED || syscall(SYS_pkey_mprotect, ss.ss_sp, size, PROT_READ | PROT_WRITE, key) != 0)
		return errno;
	if (sigaltstack(&ss, NULL) != 0 || sigaction(SIGUSR1, &sa, NULL) != 0)
		return errno;
	raise(SIGUSR1);
	return ENOTSUP;
}

static int
install_allow_filter(unsigned long flags)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) < 0 ? -errno : 0;
}

static int
notify_fd(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
}

static int
probe_seccomp_filter(void)
{
	return -install_allow_filter(0);
}

static int
probe_seccomp_notify(void)
{
	return notify_fd() < 0 ? errno : 0;
}

static int
probe_sync_wake_up(void)
{
	int fd = notify_fd();

	if (fd < 0)
		return errno;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) < 0 ? errno : 0;
}

static int
probe_user_dispatch(void)
{
	static volatile unsigned char selector; /* 0: allow */

	return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) != 0 ? errno : 0;
}

static int
probe_ptrace(void)
{
	pid_t pid = fork();
	int err = 0;

	if (pid < 0)
		return errno;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP) != 0)
		err = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return err;
}

static int
probe_process_vm(void)
{
	static int word = 1;
	int got = 0, err = 0;
	struct iovec local = { &got, sizeof(got) }, remote = { &word, sizeof(word) };
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof(got))
		err = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return err;
}

static int
probe_memfd(void)
{
	int fd = memfd_create("stead-doctor", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 1 << 20) != 0)
		return errno;
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		return errno;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : 0;
}

static int
probe_openat2(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 8 /* RESOLVE_BENEATH */ };
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 || syscall(SYS_openat2, dir, ".", &how, sizeof(how)) < 0 ? errno : 0;
}

static int
probe_landlock(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return v < 0 ? errno : 0;
}

static int
probe_kernel_text(void)
{
	size_t at;

	return scan_kernel_text(&at) ? EPERM : 0;
}

static int
probe_vdso_text(void)
{
	size_t at;

	return scan_vdso(&at) ? EPERM : 0;
}

static const struct check checks[] = {
	{ "Linux 5.19 or later", NEED_BOTH, probe_kernel_5_19, "use a newer kernel" },
	{ "memory files, shared and executable", NEED_BOTH, probe_memfd, "see sysctl vm.memfd_noexec" },
	{ "openat2 with RESOLVE_BENEATH", NEED_BOTH, probe_openat2, "allow openat2 in the container's seccomp profile" },
	{ "seccomp filters", NEED_BOTH, probe_seccomp_filter, "allow seccomp in the container's profile" },
	{ "seccomp user notification, WAIT_KILLABLE_RECV", NEED_REMOTE, probe_seccomp_notify,
	  "another supervisor may hold the listener: a process can have one" },
	{ "ptrace of one's own children", NEED_REMOTE, probe_ptrace, "see sysctl kernel.yama.ptrace_scope: 0 to 2, not 3" },
	{ "process_vm_readv", NEED_REMOTE, probe_process_vm, "allow process_vm_readv in the container's seccomp profile" },
	{ "synchronous wake-up of notifications (Linux 6.6)", WANTED, probe_sync_wake_up, "calls cost more without it" },
	{ "Linux 6.12 or later", NEED_RESIDENT, probe_kernel_6_12, "use a newer kernel" },
	{ "protection keys (PKU)", NEED_RESIDENT, probe_pku,
	  "the processor, or the virtual machine's model of it, has none" },
	{ "signal frames on a protected stack", NEED_RESIDENT, probe_pkey_signal_stack,
	  "use Linux 6.12 and protection keys" },
	{ "signal frames that keep PKRU", NEED_RESIDENT, probe_frame_pkru,
	  "use a host that has keys and keeps them: some lose them" },
	{ "kernel text that opens no key unchecked", NEED_RESIDENT, probe_kernel_text,
	  "this build of stead is damaged: build it again" },
	{ "a vDSO that opens no key", NEED_RESIDENT, probe_vdso_text, "the host's vDSO holds wrpkru, xrstor or wrgsbase" },
	{ "FSGSBASE", NEED_RESIDENT | NEED_UNPROTECTED, probe_fsgsbase,
	  "the processor has none, or the kernel was booted with nofsgsbase" },
	{ "a processor without Meltdown", NEED_AUTO, probe_no_meltdown,
	  "memory that a key protects can be guessed: --trap=resident works, --trap=auto does not take it" },
	{ "Syscall User Dispatch", NEED_RESIDENT | NEED_UNPROTECTED, probe_user_dispatch,
	  "use a kernel with CONFIG_GENERIC_ENTRY (5.11)" },
	{ "Landlock", WANTED, probe_landlock, "one wall less: boot with landlock in lsm=" },
};
#define NCHECKS (sizeof(checks) / sizeof(checks[0]))

/* Return 0, or the errno of the probe; EFAULT when the probe was killed. */
static int
run_probe(const struct check *c)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return errno;
	if (pid == 0) {
		sigset_t none;
		int err;

		sigemptyset(&none); /* stead run has them blocked */
		sigprocmask(SIG_SETMASK, &none, NULL);
		err = c->probe();

		_exit(err > 0 && err < 256 ? err : err != 0);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
}

bool
doctor_can(enum run_trap trap, const char **why)
{
	unsigned int need = trap == RUN_TRAP_RESIDENT	   ? NEED_RESIDENT
			    : trap == RUN_TRAP_UNPROTECTED ? NEED_UNPROTECTED
							   : NEED_REMOTE;
	size_t i;

	for (i = 0; i < NCHECKS; i++) {
		if ((checks[i].needed & need) && run_probe(&checks[i]) != 0) {
			if (why)
				*why = checks[i].name;
			return false;
		}
	}
	return true;
}

/* All that the resident trap needs, in one process; the last of them ends it. */
static int
probe_auto(void)
{
	for (size_t i = 0; i < NCHECKS; i++) {
		int err = (checks[i].needed & (NEED_RESIDENT | NEED_AUTO)) && checks[i].probe != probe_pkey_signal_stack ?
				  checks[i].probe() : 0;

		if (err)
			return err;
	}
	return probe_pkey_signal_stack();
}

enum run_trap
doctor_choose(void)
{
	static const struct check all = { "what --trap=auto takes", NEED_AUTO, probe_auto, "" };
	unsigned int a, b, c = 0, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(c & (1u << 4)))
		return RUN_TRAP_REMOTE; /* no protection keys: most often this is all that is to be found out */
	return run_probe(&all) == 0 ? RUN_TRAP_RESIDENT : RUN_TRAP_REMOTE;
}

static const char *
needed_by(unsigned int needed)
{
	switch (needed) {
	case NEED_BOTH:
		return "needed";
	case NEED_RESIDENT:
	case NEED_RESIDENT | NEED_UNPROTECTED:
		return "needed by resident";
	case NEED_REMOTE:
		return "needed by remote";
	case NEED_AUTO:
		return "wanted for resident by auto";
	default:
		return "wanted";
	}
}

/* See doc/threat-model.md for what is known of the one boundary and of the other. */
static void
explain_auto(const char *no_resident, const char *no_auto, bool no_remote)
{
	if (!no_resident && !no_auto) {
		puts("\nstead run --trap=auto takes the resident trap.\n"
		     "It has withstood every attack in stead's own tests; the remote trap is slower, and simpler. For "
		     "programs that are known to be\n"
		     "hostile doc/threat-model.md says what to ask for.");
		return;
	}
	if (no_remote) {
		puts("\nstead run needs --trap=resident on this host.");
		return;
	}
	printf("\nstead run --trap=auto takes the remote trap: there is no \"%s\".\n", no_resident ? no_resident : no_auto);
	if (!no_resident)
		puts("The resident trap is much faster and works here; ask for it with --trap=resident.");
}

static int
examine(void)
{
	const char *missing[3] = { NULL, NULL, NULL }; /* resident, remote, auto */
	size_t i;
	int err;

	for (i = 0; i < NCHECKS; i++) {
		err = run_probe(&checks[i]);
		printf("%s  %-50s %s\n", err ? "no" : "ok", checks[i].name, needed_by(checks[i].needed));
		if (!err)
			continue;
		printf("      %s: %s\n", err == EFAULT ? "the trial was killed" : strerror(err), checks[i].advice);
		if ((checks[i].needed & NEED_RESIDENT) && !missing[0])
			missing[0] = checks[i].name;
		if ((checks[i].needed & NEED_REMOTE) && !missing[1])
			missing[1] = checks[i].name;
		if ((checks[i].needed & NEED_AUTO) && !missing[2])
			missing[2] = checks[i].name;
	}
	printf("\nresident trap: %s%s\n", missing[0] ? "no, it lacks " : "yes", missing[0] ? missing[0] : "");
	printf("remote trap:   %s%s\n", missing[1] ? "no, it lacks " : "yes", missing[1] ? missing[1] : "");
	if (missing[0] && missing[1]) {
		puts("stead run cannot work on this host.");
		return 1;
	}
	explain_auto(missing[0], missing[2], missing[1] != NULL);
	return 0;
}

static int
doctor_one(const char *name, bool quiet)
{
	enum run_trap trap = RUN_TRAP_AUTO;
	const char *why = NULL;
	bool can;

	if (strcmp(name, "resident") == 0)
		trap = RUN_TRAP_RESIDENT;
	else if (strcmp(name, "remote") == 0)
		trap = RUN_TRAP_REMOTE;
	else if (strcmp(name, "unprotected") == 0)
		trap = RUN_TRAP_UNPROTECTED;
	if (trap == RUN_TRAP_AUTO) {
		fprintf(stderr, "stead doctor: --trap=%s: choose resident, remote or unprotected\n", name);
		return EXIT_STEAD_FAILED;
	}
	can = doctor_can(trap, &why);
	if (!quiet)
		printf("%s trap: %s%s\n", name, can ? "yes" : "no, this host lacks ", can ? "" : why);
	return !can;
}

int
cmd_doctor(int argc, char **argv)
{
	const char *trap = NULL;
	bool quiet = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--trap=", 7) == 0)
			trap = argv[i] + 7;
		else if (strcmp(argv[i], "--quiet") == 0)
			quiet = true;
		else if (strcmp(argv[i], "--help") == 0) {
			puts("Usage: stead doctor [--quiet] [--trap=resident|remote|unprotected]\n"
			     "Say what this host can do, by trying it. Exit status: 0 if the trap (any trap) works, else "
			     "1.");
			return 0;
		} else {
			fprintf(stderr,
				"stead doctor: I do not know %s; write stead doctor [--quiet] "
				"[--trap=resident|remote|unprotected]\n",
				argv[i]);
			return EXIT_STEAD_FAILED;
		}
	}
	if (trap)
		return doctor_one(trap, quiet);
	if (quiet)
		return !doctor_can(RUN_TRAP_REMOTE, NULL) && !doctor_can(RUN_TRAP_RESIDENT, NULL);
	return examine();
}
