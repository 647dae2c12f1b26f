/* SPDX-License-Identifier: MIT
 *
 * The second wall: the seccomp filter of guest processes, run here by a small interpreter, and Landlock's rules, in a child. And the
 * scan of text at start-up.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trap/host.h"
#include "trap/remote/spawn.h"
#include "trap/resident/filter.h"
#include "trap/resident/resident.h"
#include "trap/resident/scan.h"
#include "trap/resident/walls.h"

#define KILLED SECCOMP_RET_KILL_PROCESS
#define ROOM   2048

static struct sock_filter filter[ROOM];

static uint32_t
run(const struct seccomp_data *d)
{
	const struct sock_filter *f = filter;
	uint32_t a = 0;

	for (;; f++) {
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)d + f->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			break;
		case BPF_JMP | BPF_JA:
			f += f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			f += a == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			f += a >= f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			f += a & f->k ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			cr_assert_fail("instruction %x", f->code);
		}
	}
}

static uint32_t
at(const char *insn, uint32_t arch, int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	struct seccomp_data sd = { nr, arch, (uintptr_t)insn, { a, b, c, d, e, f } };

	return run(&sd);
}

#define CALL(nr, ...) call_(nr, (uint64_t[6]){ __VA_ARGS__ })

static uint32_t
call_(int nr, const uint64_t a[6])
{
	const char *insn = nr == SYS_clone ? host_clone_insn : nr == SYS_rt_sigreturn ? resident_sigreturn_insn : host_syscall_insn;

	return at(insn, AUDIT_ARCH_X86_64, nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void
build(bool keys, bool writable)
{
	int n = build_resident_filter(filter, ROOM, keys, writable);

	cr_assert(n > 0 && n <= 4096, "%d instructions", n);
}

Test(filter, calls_that_are_on_the_list)
{
	build(true, false);
	cr_assert_eq(CALL(SYS_read, 3, 0x1000, 10), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_openat2, 3), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_exit_group, 3), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_rt_sigreturn), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_futex, 0x1000, 0), KILLED);
	cr_assert_eq(CALL(SYS_futex, 0x1000, 1), SECCOMP_RET_ALLOW);
}

Test(filter, calls_that_are_not)
{
	static const int never[] = { SYS_open, SYS_openat, SYS_execve, SYS_execveat, SYS_clone3, SYS_fork, SYS_vfork, SYS_ptrace, SYS_kill, SYS_tkill,
				     SYS_socket, SYS_connect, SYS_mount, SYS_chmod, SYS_unlink, SYS_rt_sigaction, SYS_arch_prctl, SYS_seccomp,
				     SYS_pkey_mprotect, SYS_pkey_alloc, SYS_pkey_free, SYS_memfd_create, SYS_io_uring_setup, SYS_userfaultfd,
				     456 /* futex_requeue */, SYS_bpf, SYS_rseq, SYS_set_robust_list, SYS_modify_ldt, SYS_pidfd_getfd, SYS_prlimit64, SYS_dup2, 100000 };

	build(true, true);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		cr_assert_eq(CALL(never[i], 0), KILLED, "%d", never[i]);
	for (int nr = 0; nr < 500; nr++) {
		cr_assert_eq(at(host_syscall_insn, AUDIT_ARCH_I386, nr, 0, 0, 0, 0, 0, 0), KILLED);
		cr_assert_eq(CALL(nr | 0x40000000, 0), KILLED);
	}
}

static bool
anywhere(int nr)
{
	return nr == 454 /* futex_wake */ || nr == 455 /* futex_wait */ || nr == SYS_sched_yield || nr == SYS_clock_gettime || nr == SYS_getrusage;
}

Test(filter, calls_that_may_be_made_anywhere)
{
	const char *places[] = { host_syscall_insn, host_syscall_insn + 1, host_clone_insn, (const char *)0x1000 };

	build(true, false);
	for (int nr = 0; nr < 500; nr++)
		for (size_t i = 0; anywhere(nr) && i < sizeof(places) / sizeof(places[0]); i++) {
			cr_assert_eq(at(places[i], AUDIT_ARCH_X86_64, nr, 0, 0, 0, 0, 0, 0), SECCOMP_RET_ALLOW, "%d at %zu", nr, i);
			cr_assert_eq(at(places[i], AUDIT_ARCH_I386, nr, 0, 0, 0, 0, 0, 0), KILLED, "%d at %zu", nr, i);
		}
}

Test(filter, places)
{
	const char *wrong[] = { host_syscall_insn + 1, host_clone_insn, resident_sigreturn_insn,
				host_syscall_insn + (1ULL << 32), NULL };

	build(true, true);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (int nr = 0; nr < 500; nr++)
			if (nr != SYS_clone && nr != SYS_rt_sigreturn && !anywhere(nr))
				cr_assert_eq(at(wrong[i], AUDIT_ARCH_X86_64, nr, 0, 0, 0, 0, 0, 0), KILLED, "%d at %zu", nr, i);
	cr_assert_eq(at(host_syscall_insn, AUDIT_ARCH_X86_64, SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD, 0, 0, 0, 0, 0), KILLED);
	cr_assert_eq(at(host_syscall_insn, AUDIT_ARCH_X86_64, SYS_rt_sigreturn, 0, 0, 0, 0, 0, 0), KILLED);
}

Test(filter, vsyscalls)
{
	const char *page = (const char *)0xffffffffff600000UL;

	build(true, false);
	cr_assert_eq(at(page, AUDIT_ARCH_X86_64, SYS_gettimeofday, 0, 0, 0, 0, 0, 0), SECCOMP_RET_TRAP);
	cr_assert_eq(at(page + 0x400, AUDIT_ARCH_X86_64, SYS_time, 0, 0, 0, 0, 0, 0), SECCOMP_RET_TRAP);
	cr_assert_eq(at(page + 0x800, AUDIT_ARCH_X86_64, SYS_getcpu, 0, 0, 0, 0, 0, 0), SECCOMP_RET_TRAP);
	cr_assert_eq(at(page + 0x400, AUDIT_ARCH_X86_64, SYS_read, 0, 0, 0, 0, 0, 0), KILLED);
	cr_assert_eq(at(page + 0x401, AUDIT_ARCH_X86_64, SYS_time, 0, 0, 0, 0, 0, 0), KILLED);
	cr_assert_eq(CALL(SYS_time, 0), KILLED);
}

Test(filter, arguments)
{
	build(true, false);
	cr_assert_eq(CALL(SYS_clone, HOST_CLONE_PROCESS), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_clone, HOST_CLONE_PROCESS & ~CLONE_FILES), KILLED);
	cr_assert_eq(CALL(SYS_clone, HOST_CLONE_PROCESS | CLONE_NEWUSER), KILLED);
	cr_assert_eq(CALL(SYS_clone, HOST_CLONE_PROCESS | CLONE_UNTRACED), KILLED);
	cr_assert_eq(CALL(SYS_clone, HOST_CLONE_PROCESS + (1ULL << 32)), KILLED);
	cr_assert_eq(CALL(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_prctl, PR_SET_SECCOMP, 1), KILLED);
	cr_assert_eq(CALL(SYS_prctl, PR_SET_DUMPABLE, 1), KILLED);
	cr_assert_eq(CALL(SYS_prctl, 59, 0, 0, 0), KILLED); /* dispatch off */
	cr_assert_eq(CALL(SYS_prctl, 59, 1, 0x1000, 0x1000), KILLED); /* an allowed range */
	cr_assert_eq(CALL(SYS_prctl, 59, 1, 0, 0, 0x1000), SECCOMP_RET_ALLOW);
	for (uint64_t prot = 0; prot < 64; prot++) {
		uint32_t want = prot > 7 || (prot & 6) == 6 ? KILLED : SECCOMP_RET_ALLOW;

		cr_assert_eq(CALL(SYS_mmap, 0, 4096, prot), want, "mmap %d", (int)prot);
		cr_assert_eq(CALL(SYS_mprotect, 0, 4096, prot), want, "mprotect %d", (int)prot);
	}
	cr_assert_eq(CALL(SYS_mprotect, 0, 4096, 1ULL << 32), KILLED);
	cr_assert_eq(CALL(SYS_madvise, 0, 4096, 100), KILLED); /* MADV_HWPOISON */
	cr_assert_eq(CALL(SYS_ioctl, 0, FIONREAD), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_ioctl, 0, TIOCSTI), KILLED);
	cr_assert_eq(CALL(SYS_fcntl, 0, F_GETFL), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_fcntl, 0, F_DUPFD), KILLED);
	cr_assert_eq(CALL(SYS_tgkill, 1, 1, KICK_SIGNAL), SECCOMP_RET_ALLOW);
	cr_assert_eq(CALL(SYS_tgkill, 1, 1, SIGKILL), KILLED);
	cr_assert_eq(CALL(SYS_process_vm_writev, 1, 0, 1, 0, 1, 1), KILLED);
	build(false, false);
	cr_assert_eq(CALL(SYS_mmap, 0, 4096, 7), SECCOMP_RET_ALLOW);
}

Test(filter, changes_by_name_need_a_writable_bind)
{
	static const int changes[] = { SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mknodat, SYS_fchownat,
				       SYS_utimensat, SYS_fchmod, SYS_fchown, SYS_fsetxattr };

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		build(true, false);
		cr_assert_eq(CALL(changes[i], 0), SECCOMP_RET_ERRNO | EROFS);
		build(true, true);
		cr_assert_eq(CALL(changes[i], 0), SECCOMP_RET_ALLOW);
	}
}

/* Each bit of the result is one thing that went otherwise than it must. */
static int
behind_landlock(const char *shown, const char *writable, const char *hidden, int ruleset, int before)
{
	char path[256], c;
	int bad = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(446 /* landlock_restrict_self */, ruleset, 0) < 0)
		return 128;
	snprintf(path, sizeof(path), "%s/f", shown);
	bad |= (open(path, O_RDONLY) < 0) << 0;
	bad |= (open(path, O_RDWR) >= 0) << 1;
	snprintf(path, sizeof(path), "%s/new", shown);
	bad |= (mkdir(path, 0700) == 0) << 2;
	snprintf(path, sizeof(path), "%s/new", writable);
	bad |= (open(path, O_CREAT | O_RDWR, 0600) < 0 || unlink(path) < 0) << 3;
	snprintf(path, sizeof(path), "%s/f", hidden);
	bad |= (open(path, O_RDONLY) >= 0) << 4;
	bad |= (read(before, &c, 1) < 0) << 5; /* opened before: stays usable */
	return bad;
}

Test(landlock, exactly_the_roots)
{
	char dir[3][32];
	struct wall_root roots[2];
	int ruleset, before, status;
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		char path[128];

		strcpy(dir[i], "/tmp/unit-walls.XXXXXX");
		cr_assert(mkdtemp(dir[i]));
		snprintf(path, sizeof(path), "%s/f", dir[i]);
		before = open(path, O_CREAT | O_RDWR, 0600);
		cr_assert(before >= 0 && write(before, "x", 1) == 1 && lseek(before, 0, SEEK_SET) == 0);
	}
	for (int i = 0; i < 2; i++)
		roots[i] = (struct wall_root){ open(dir[i], O_PATH | O_DIRECTORY), i == 1 };
	ruleset = walls_ruleset(roots, 2);
	if (ruleset >= 0) {
		pid = fork();
		if (pid == 0)
			_exit(behind_landlock(dir[0], dir[1], dir[2], ruleset, before));
		cr_assert(waitpid(pid, &status, 0) == pid);
	}
	for (int i = 0; i < 3; i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/f", dir[i]);
		unlink(path);
		rmdir(dir[i]);
	}
	if (ruleset < 0)
		cr_skip_test("the host has no Landlock");
	cr_assert_eq(status, 0, "status %x", status);
}

Test(scan, finds_what_is_not_vetted)
{
	uint8_t text[64];
	uint32_t vetted[] = { 20 };
	size_t where;

	memset(text, 0x90, sizeof(text));
	cr_assert_null(scan_text(text, sizeof(text), vetted, 1, &where));
	memcpy(text + 20, "\x0f\x01\xef", 3);
	cr_assert_null(scan_text(text, sizeof(text), vetted, 1, &where));
	memcpy(text + 41, "\x0f\x01\xef", 3);
	cr_assert_str_eq(scan_text(text, sizeof(text), vetted, 1, &where), "wrpkru");
	cr_assert_eq(where, 41);
	memcpy(text + 41, "\x0f\xae\x2f", 3);
	cr_assert_str_eq(scan_text(text, sizeof(text), vetted, 1, &where), "xrstor");
	memcpy(text + 40, "\xf3\x0f\xae\xd8", 4);
	cr_assert_str_eq(scan_text(text, sizeof(text), vetted, 1, &where), "wrgsbase");
	memcpy(text + 40, "\x90\x90\x90\x90", 4);
	memcpy(text + 61, "\x0f\x01\xef", 3);
	cr_assert_not_null(scan_text(text, sizeof(text), vetted, 1, &where), "the last bytes");
}

Test(scan, this_build_and_this_host)
{
	size_t where;

	cr_assert_null(scan_kernel_text(&where));
	cr_assert_null(scan_vdso(&where));
}
