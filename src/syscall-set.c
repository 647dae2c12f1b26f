/* SPDX-License-Identifier: MIT
 *
 * Sets of system calls as strace's options name them. The classes are those of strace(1).
 */
#include "src/syscall-set.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/decode.h"

static const struct {
	const char *name, *calls; /* each with a space on both sides */
} classes[] = {
	{ "file",
	  " access acct chdir chmod chown chroot creat execve execveat faccessat faccessat2 fanotify_mark fchmodat "
	  "fchmodat2 "
	  "fchownat fsconfig fspick futimesat getcwd getxattr inotify_add_watch lchown lgetxattr link linkat listxattr "
	  "llistxattr lremovexattr lsetxattr lstat mkdir mkdirat mknod mknodat mount mount_setattr move_mount "
	  "name_to_handle_at newfstatat open open_tree openat openat2 pivot_root quotactl readlink readlinkat removexattr "
	  "rename renameat renameat2 rmdir setxattr stat statfs statx swapoff swapon symlink symlinkat truncate umount2 "
	  "unlink unlinkat uselib utime utimensat utimes " },
	{ "desc",
	  " bpf cachestat close copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait "
	  "epoll_pwait2 epoll_wait eventfd eventfd2 execveat faccessat faccessat2 fadvise64 fallocate fanotify_init "
	  "fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr finit_module flistxattr "
	  "flock fremovexattr fsconfig fsetxattr fsmount fsopen fspick fstat fstatfs fsync ftruncate futimesat getdents "
	  "getdents64 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_uring_enter io_uring_register "
	  "io_uring_setup ioctl kexec_file_load landlock_add_rule landlock_create_ruleset landlock_restrict_self linkat "
	  "lseek "
	  "memfd_create memfd_secret mkdirat mknodat mmap mount_setattr move_mount mq_getsetattr mq_notify mq_open "
	  "mq_timedreceive mq_timedsend name_to_handle_at newfstatat open open_by_handle_at open_tree openat openat2 "
	  "perf_event_open pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2 poll ppoll pread64 preadv preadv2 "
	  "process_madvise process_mrelease pselect6 pwrite64 pwritev pwritev2 quotactl_fd read readahead readlinkat readv "
	  "renameat renameat2 select sendfile setns signalfd signalfd4 splice statx symlinkat sync_file_range syncfs tee "
	  "timerfd_create timerfd_gettime timerfd_settime unlinkat userfaultfd utimensat vmsplice write writev " },
	{ "process", " clone clone3 execve execveat exit exit_group fork kill pidfd_send_signal rt_sigqueueinfo "
		     "rt_tgsigqueueinfo tgkill "
		     "tkill vfork wait4 waitid " },
	{ "network",
	  " accept accept4 bind connect getpeername getpmsg getsockname getsockopt listen putpmsg recvfrom recvmmsg recvmsg "
	  "sendfile sendmmsg sendmsg sendto setsockopt shutdown socket socketpair " },
	{ "signal",
	  " io_uring_enter kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
	  "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 tgkill tkill " },
	{ "ipc", " msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget " },
	{ "memory",
	  " brk get_mempolicy io_destroy io_setup io_uring_register madvise map_shadow_stack mbind migrate_pages mincore "
	  "mlock mlock2 mlockall mmap move_pages mprotect mremap msync munlock munlockall munmap pkey_mprotect "
	  "remap_file_pages set_mempolicy set_mempolicy_home_node shmat shmdt " },
	{ "creds",
	  " capget capset getegid geteuid getgid getgroups getresgid getresuid getuid prctl setfsgid setfsuid setgid "
	  "setgroups setregid setresgid setresuid setreuid setuid " },
	{ "clock", " adjtimex clock_adjtime clock_getres clock_gettime clock_settime gettimeofday settimeofday time " },
	{ "pure", " getegid geteuid getgid getpgrp getpid getppid gettid getuid " },
	{ "stat", " stat " },
	{ "lstat", " lstat " },
	{ "fstat", " fstat newfstatat statx " },
	{ "%stat", " fstat lstat newfstatat stat statx " },
	{ "statfs", " statfs " },
	{ "fstatfs", " fstatfs " },
	{ "%statfs", " fstatfs statfs ustat " },
};
#define NCLASSES (sizeof(classes) / sizeof(classes[0]))

static void
add(struct syscall_set *s, unsigned int nr)
{
	s->bits[nr / 64] |= 1ull << nr % 64;
}

static void
invert(struct syscall_set *s)
{
	size_t i;

	for (i = 0; i < SYSCALL_SET_MAX / 64; i++)
		s->bits[i] = ~s->bits[i];
}

static bool
add_class(const char *name, struct syscall_set *s)
{
	char wanted[64];
	size_t k;
	unsigned int nr;

	if (strcmp(name, "net") == 0)
		name = "network";
	for (k = 0; k < NCLASSES && strcmp(classes[k].name, name) != 0; k++)
		;
	if (k == NCLASSES)
		return false;
	for (nr = 0; nr < nr_syscall_descs; nr++) {
		if (!syscall_descs[nr].name)
			continue;
		snprintf(wanted, sizeof(wanted), " %s ", syscall_descs[nr].name);
		if (strstr(classes[k].calls, wanted))
			add(s, nr);
	}
	return true;
}

static bool
add_regex(const char *pattern, struct syscall_set *s)
{
	bool any = false;
	unsigned int nr;
	regex_t re;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	for (nr = 0; nr < nr_syscall_descs; nr++) {
		if (syscall_descs[nr].name && regexec(&re, syscall_descs[nr].name, 0, NULL, 0) == 0) {
			add(s, nr);
			any = true;
		}
	}
	regfree(&re);
	return any;
}

static bool
add_number(const char *text, struct syscall_set *s)
{
	char *end;
	unsigned long nr = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || nr >= SYSCALL_SET_MAX)
		return false;
	add(s, (unsigned int)nr);
	return true;
}

static bool
add_name(const char *name, struct syscall_set *s)
{
	unsigned int nr;

	for (nr = 0; nr < nr_syscall_descs; nr++) {
		if (syscall_descs[nr].name && strcmp(syscall_descs[nr].name, name) == 0) {
			add(s, nr);
			return true;
		}
	}
	return false;
}

static bool
add_item(const char *item, struct syscall_set *s)
{
	if (item[0] == '%')
		return add_class(item + 1, s);
	if (item[0] == '/')
		return add_regex(item + 1, s);
	if (strcmp(item, "all") == 0) {
		memset(s->bits, 0xff, sizeof(s->bits));
		return true;
	}
	/* stat, fstat, lstat and statfs are calls and classes: without a % they are calls */
	return strcmp(item, "none") == 0 || add_number(item, s) || add_name(item, s) || add_class(item, s);
}

int
syscall_set_parse(const char *text, struct syscall_set *out, char *why, unsigned long n)
{
	bool but = *text == '!', optional;
	char item[256];
	size_t len;

	memset(out, 0, sizeof(*out));
	text += but;
	for (;;) {
		len = strcspn(text, ",");
		optional = *text == '?';
		snprintf(item, sizeof(item), "%.*s", (int)len - optional, text + optional);
		if (!add_item(item, out) && !optional) {
			snprintf(why, n, "there is no system call or class '%s'", item);
			return -1;
		}
		if (!text[len])
			break;
		text += len + 1;
	}
	if (but)
		invert(out);
	return 0;
}
