/* SPDX-License-Identifier: MIT
 *
 * Arguments whose meaning depends on other arguments or on the result, and those that are more than a table of constants.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "src/decode.h"
#include "src/trace-args.h"
#include "src/trace-ioctl.h"
#include "src/trace-names.h"
#include "src/trace-net.h"
#include "src/trace-structs.h"

#ifndef F_OWNER_PID
#define F_OWNER_PID 1
#endif

static bool
is_narrow(const struct trace_call *c, unsigned int i)
{
	return strncmp(c->d->args[i].type, "int", 3) == 0 || strncmp(c->d->args[i].type, "uint", 4) == 0;
}

static void
print_addr(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_print_address(b, c->args[i]);
}

static void
print_hex(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_printf(b, "%#llx", (unsigned long long)(is_narrow(c, i) ? (uint32_t)c->args[i] : c->args[i]));
}

/* open(2)'s mode is not looked at unless a file may be made. */
static enum trace_when
mode_when(const struct trace_call *c, unsigned int i)
{
	if (i == 0 || !strstr(c->d->args[i - 1].type, ".O_*"))
		return TRACE_AT_ENTER;
	return (c->args[i - 1] & O_CREAT) || (c->args[i - 1] & O_TMPFILE) == O_TMPFILE ? TRACE_AT_ENTER : TRACE_END;
}

static void
print_mode(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_printf(b, "%#03o", (uint16_t)c->args[i]);
}

static void
print_file_mode(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_format_mode(b, (uint16_t)c->args[i]);
}

static enum trace_when
dev_when(const struct trace_call *c, unsigned int i)
{
	return S_ISCHR(c->args[i - 1]) || S_ISBLK(c->args[i - 1]) ? TRACE_AT_ENTER : TRACE_END;
}

static void
print_dev(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_printf(b, "makedev(%#x, %#x)", major((uint32_t)c->args[i]), minor((uint32_t)c->args[i]));
}

static void
print_sig(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_format_signal(b, (int)c->args[i]);
}

/* uid_t and gid_t, where -1 is "leave it" */
static void
print_uid(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_printf(b, (uint32_t)c->args[i] == UINT32_MAX ? "-1" : "%u", (uint32_t)c->args[i]);
}

static enum trace_when
skip(const struct trace_call *c, unsigned int i)
{
	return TRACE_SKIP;
}

/* flags without an access mode */
static void
print_open_bits(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_print_flags(b, "OBITS_*", (uint32_t)c->args[i]);
}

/* How fresh the answer has to be is a field of two bits. */
static void
print_statx_flags(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	static const char *const syncs[] = { "AT_STATX_SYNC_AS_STAT", "AT_STATX_FORCE_SYNC", "AT_STATX_DONT_SYNC", "AT_STATX_SYNC_TYPE" };
	uint32_t v = (uint32_t)c->args[i];

	trace_printf(b, "%s", syncs[v >> 13 & 3]);
	v &= ~(3u << 13);
	if (v) {
		trace_printf(b, "|");
		trace_print_flags(b, "AT_*", v);
	}
}

static void
print_socket_type(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint32_t v = (uint32_t)c->args[i];

	trace_print_enum(b, "SOCK_", v & 0xf);
	if (v & ~0xfu) {
		trace_printf(b, "|");
		trace_print_flags(b, "SOCK_*", v & ~0xfu);
	}
}

static void
print_protocol(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	switch ((int)c->args[0]) {
	case 2:
	case 10:
		trace_print_enum(b, "IPPROTO_", (uint32_t)c->args[i]);
		break;
	case 16:
		trace_print_enum(b, "NETLINK_", (uint32_t)c->args[i]);
		break;
	default:
		trace_printf(b, "%u", (uint32_t)c->args[i]);
	}
}

/* futex(2) */

static unsigned int
futex_cmd(const struct trace_call *c)
{
	return (uint32_t)c->args[1] & ~(uint32_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
}

static void
print_futex_op(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint32_t v = (uint32_t)c->args[i];
	const char *name = const_name(const_table("FUTEX_"), futex_cmd(c));

	trace_printf(b, "%s%s%s", name ? name : "FUTEX_???", v & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "",
		     v & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

static enum trace_when
futex_val_when(const struct trace_call *c, unsigned int i)
{
	switch (futex_cmd(c)) {
	case FUTEX_UNLOCK_PI:
	case FUTEX_TRYLOCK_PI:
		return TRACE_END;
	case FUTEX_LOCK_PI:
		return TRACE_SKIP;
	}
	return TRACE_AT_ENTER;
}

static bool
futex_has_timeout(const struct trace_call *c)
{
	switch (futex_cmd(c)) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return true;
	}
	return false;
}

static enum trace_when
futex_time_when(const struct trace_call *c, unsigned int i)
{
	switch (futex_cmd(c)) {
	case FUTEX_WAKE:
	case FUTEX_FD:
		return TRACE_END;
	case FUTEX_WAKE_BITSET:
		return TRACE_SKIP;
	}
	return TRACE_AT_ENTER;
}

static void
print_futex_time(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (futex_has_timeout(c))
		trace_print_struct(b, c, "timespec", c->args[i]);
	else
		trace_printf(b, "%u", (uint32_t)c->args[i]);
}

static enum trace_when
futex_addr2_when(const struct trace_call *c, unsigned int i)
{
	switch (futex_cmd(c)) {
	case FUTEX_WAIT:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return TRACE_END;
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAKE_BITSET:
		return TRACE_SKIP;
	}
	return TRACE_AT_ENTER;
}

static enum trace_when
futex_val3_when(const struct trace_call *c, unsigned int i)
{
	return futex_cmd(c) == FUTEX_REQUEUE || futex_cmd(c) == FUTEX_WAIT_REQUEUE_PI ? TRACE_END : TRACE_AT_ENTER;
}

static void
print_futex_val3(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	static const char *const ops[] = { "FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR" };
	static const char *const cmps[] = { "FUTEX_OP_CMP_EQ", "FUTEX_OP_CMP_NE", "FUTEX_OP_CMP_LT",
					    "FUTEX_OP_CMP_LE", "FUTEX_OP_CMP_GT", "FUTEX_OP_CMP_GE" };
	uint32_t v = (uint32_t)c->args[i], op = v >> 28 & 7, cmp = v >> 24 & 15;

	if (futex_cmd(c) == FUTEX_WAKE_OP) {
		trace_printf(b, v >> 31 ? "{FUTEX_OP_OPARG_SHIFT|%s, " : "{%s, ", op < 5 ? ops[op] : "FUTEX_OP_???");
		trace_printf(b, v >> 12 & 0xfff ? "%#x, " : "%x, ", v >> 12 & 0xfff);
		trace_printf(b, "%s, ", cmp < 6 ? cmps[cmp] : "FUTEX_OP_CMP_???");
		trace_printf(b, v & 0xfff ? "%#x}" : "%x}", v & 0xfff);
	} else if ((futex_cmd(c) == FUTEX_WAIT_BITSET || futex_cmd(c) == FUTEX_WAKE_BITSET) && v == UINT32_MAX) {
		trace_printf(b, "FUTEX_BITSET_MATCH_ANY");
	} else {
		trace_printf(b, futex_cmd(c) == FUTEX_CMP_REQUEUE || futex_cmd(c) == FUTEX_CMP_REQUEUE_PI ? "%u" : "%#x", v);
	}
}

/* fcntl(2) */

static enum trace_when
fcntl_when(const struct trace_call *c, unsigned int i)
{
	switch ((int)c->args[1]) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return TRACE_END;
	case F_GETLK:
	case F_OFD_GETLK:
	case F_GETOWN_EX:
		return TRACE_AT_EXIT;
	}
	return TRACE_AT_ENTER;
}

static void
print_flock(struct trace_buf *b, const struct trace_call *c, uint64_t addr, bool pid)
{
	struct flock fl;

	if (!trace_peek(c, addr, &fl, sizeof(fl))) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "{l_type=");
	trace_print_enum(b, "F_LK", (uint16_t)fl.l_type);
	trace_printf(b, ", l_whence=");
	trace_print_enum(b, "SEEK_", (uint16_t)fl.l_whence);
	trace_printf(b, ", l_start=%lld, l_len=%lld", (long long)fl.l_start, (long long)fl.l_len);
	trace_printf(b, pid ? ", l_pid=%d}" : "}", fl.l_pid);
}

static void
print_owner(struct trace_buf *b, const struct trace_call *c, uint64_t addr)
{
	static const char *const types[] = { "F_OWNER_TID", "F_OWNER_PID", "F_OWNER_PGRP" };
	struct {
		int type, pid;
	} ox;

	if (!trace_peek(c, addr, &ox, sizeof(ox)))
		trace_print_address(b, addr);
	else if (ox.type >= 0 && ox.type <= 2)
		trace_printf(b, "{type=%s, pid=%d}", types[ox.type], ox.pid);
	else
		trace_printf(b, "{type=%#x /* F_OWNER_??? */, pid=%d}", ox.type, ox.pid);
}

static void
print_fcntl(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint64_t v = c->args[i];
	bool failed = c->done && c->result < 0;

	switch ((int)c->args[1]) {
	case F_SETFD:
		trace_print_flags(b, "FD_*", v);
		break;
	case F_SETFL:
		trace_print_flags(b, "O_*", v);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETOWN:
	case F_SETPIPE_SZ:
		trace_printf(b, "%d", (int)v);
		break;
	case F_SETSIG:
		trace_format_signal(b, (int)v);
		break;
	case F_SETLEASE:
		trace_print_enum(b, "F_LK", v);
		break;
	case F_NOTIFY:
		trace_print_flags(b, "DN_*", v);
		break;
	case F_ADD_SEALS:
		trace_print_flags(b, "F_SEAL_*", v);
		break;
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		print_flock(b, c, v, false);
		break;
	case F_GETLK:
	case F_OFD_GETLK:
		if (failed)
			trace_print_address(b, v);
		else
			print_flock(b, c, v, true);
		break;
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		if (failed)
			trace_print_address(b, v);
		else
			print_owner(b, c, v);
		break;
	default:
		trace_printf(b, "%#llx", (unsigned long long)v);
	}
}

/* prctl(2): one letter an argument: d number, x hexadecimal, s signal, n name, p number to be filled in, S signal to be filled in,
 * N name to be filled in, c capability, D dumpable, A ambient */
static const struct {
	int option;
	const char *args;
} prctls[] = {
	{ PR_SET_PDEATHSIG, "s" },
	{ PR_GET_PDEATHSIG, "S" },
	{ PR_GET_DUMPABLE, "" },
	{ PR_SET_DUMPABLE, "D" },
	{ PR_GET_KEEPCAPS, "" },
	{ PR_SET_KEEPCAPS, "d" },
	{ PR_SET_NAME, "n" },
	{ PR_GET_NAME, "N" },
	{ PR_GET_SECCOMP, "" },
	{ PR_SET_SECCOMP, "xx" },
	{ PR_CAPBSET_READ, "c" },
	{ PR_CAPBSET_DROP, "c" },
	{ PR_GET_SECUREBITS, "" },
	{ PR_SET_TIMERSLACK, "d" },
	{ PR_GET_TIMERSLACK, "" },
	{ PR_SET_CHILD_SUBREAPER, "d" },
	{ PR_GET_CHILD_SUBREAPER, "p" },
	{ PR_SET_NO_NEW_PRIVS, "ddxx" },
	{ PR_GET_NO_NEW_PRIVS, "xxxx" },
	{ PR_SET_THP_DISABLE, "dxxx" },
	{ PR_GET_THP_DISABLE, "xxxx" },
	{ PR_CAP_AMBIENT, "Acxx" },
};

static const char *
prctl_args(const struct trace_call *c)
{
	size_t k;

	for (k = 0; k < sizeof(prctls) / sizeof(prctls[0]); k++) {
		if (prctls[k].option == (int)c->args[0])
			return prctls[k].args;
	}
	return "xxxx";
}

static enum trace_when
prctl_when(const struct trace_call *c, unsigned int i)
{
	const char *args = prctl_args(c);

	if (i > strlen(args))
		return TRACE_END;
	return strchr("pSN", args[i - 1]) ? TRACE_AT_EXIT : TRACE_AT_ENTER;
}

static void
print_prctl_out(struct trace_buf *b, const struct trace_call *c, uint64_t addr, char how)
{
	int v;

	if (c->result < 0 || (how != 'N' && !trace_peek(c, addr, &v, 4))) {
		trace_print_address(b, addr);
	} else if (how == 'N') {
		trace_print_string(b, c, addr, 15);
	} else if (how == 'S') {
		trace_printf(b, "[");
		trace_format_signal(b, v);
		trace_printf(b, "]");
	} else {
		trace_printf(b, "[%d]", v);
	}
}

static void
print_prctl(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	static const char *const dumpables[] = { "SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT" };
	char how = prctl_args(c)[i - 1];
	uint64_t v = c->args[i];

	switch (how) {
	case 'd':
		trace_printf(b, "%llu", (unsigned long long)v);
		break;
	case 's':
		trace_format_signal(b, (int)v);
		break;
	case 'n':
		trace_print_string(b, c, v, 15);
		break;
	case 'c':
		trace_print_enum(b, "CAP_", v);
		break;
	case 'D':
		if (v <= 2)
			trace_printf(b, "%s", dumpables[v]);
		else
			trace_printf(b, "%#llx /* SUID_DUMP_??? */", (unsigned long long)v);
		break;
	case 'A':
		trace_print_enum(b, "PR_CAP_AMBIENT_", v);
		break;
	case 'p':
	case 'S':
	case 'N':
		print_prctl_out(b, c, v, how);
		break;
	default:
		trace_printf(b, "%#llx", (unsigned long long)v);
	}
}

/* mremap(2) */
static enum trace_when
new_addr_when(const struct trace_call *c, unsigned int i)
{
	return c->args[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP) ? TRACE_AT_ENTER : TRACE_END;
}

/* What is left to sleep is only written when a signal has come. */
static void
print_remaining(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	bool absolute = i == 3 && (c->args[1] & TIMER_ABSTIME);

	if (!absolute && (c->result == -EINTR || c->result == -516))
		trace_print_struct(b, c, "timespec", c->args[i]);
	else
		trace_print_address(b, c->args[i]);
}

static enum trace_when
at_exit(const struct trace_call *c, unsigned int i)
{
	return TRACE_AT_EXIT;
}

/* wait4(2): only if there was a child */
static void
print_waitstatus(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (c->result > 0)
		trace_print_struct(b, c, "wstatus", c->args[i]);
	else
		trace_print_address(b, c->args[i]);
}

static void
print_waitrusage(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (c->result > 0)
		trace_print_struct(b, c, "rusage", c->args[i]);
	else
		trace_print_address(b, c->args[i]);
}

/* sendfile(2)'s offset, before and after */
static void
print_sendoff(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	int64_t now;

	if (!trace_peek(c, c->args[i], &now, 8))
		trace_print_address(b, c->args[i]);
	else if (c->result > 0)
		trace_printf(b, "[%lld] => [%lld]", (long long)c->saved[i], (long long)now);
	else
		trace_printf(b, "[%lld]", (long long)c->saved[i]);
}

static void
print_dirents(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	int64_t at = 0, n = 0;
	uint16_t reclen;

	trace_print_address(b, c->args[i]);
	while (at < c->result && trace_peek(c, c->args[i] + (uint64_t)at + 16, &reclen, 2) && reclen) {
		at += reclen;
		n++;
	}
	if (c->result >= 0)
		trace_printf(b, " /* %lld entr%s */", (long long)n, n == 1 ? "y" : "ies");
}

static void
print_random(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	unsigned char buf[32];
	size_t n = c->result < 32 ? (size_t)c->result : 32, k;

	if (c->result < 0 || (n && !trace_peek(c, c->args[i], buf, n))) {
		trace_print_address(b, c->args[i]);
		return;
	}
	trace_printf(b, "\"");
	for (k = 0; k < n; k++)
		trace_printf(b, "\\x%02x", buf[k]);
	trace_printf(b, c->result > 32 ? "\"..." : "\"");
}

/* select(2) looks at the first n bits. */
static void
print_fds(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_format_fdset(b, c, c->args[i], (int)c->args[0]);
}

static void
print_sigmask6(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint64_t v[2];

	if (!trace_peek(c, c->args[i], v, sizeof(v))) {
		trace_print_address(b, c->args[i]);
		return;
	}
	trace_printf(b, "{sigmask=");
	trace_print_struct(b, c, "sigset", v[0]);
	trace_printf(b, ", sigsetsize=%llu}", (unsigned long long)v[1]);
}

/* A set of signals, whose size is an argument further on. */
static void
print_sized_sigset(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	bool output = strncmp(c->d->args[i].type, "out", 3) == 0;
	unsigned int s = i + 1;

	while (s + 1 < c->d->nargs && !strstr(c->d->args[s].name, "size"))
		s++;
	if (c->args[s] != 8 || (output && c->result < 0))
		trace_print_address(b, c->args[i]);
	else
		trace_print_struct(b, c, "sigset", c->args[i]);
}

static void
print_epoll_ctl(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (c->args[1] == 2) /* EPOLL_CTL_DEL: not looked at */
		trace_print_address(b, c->args[i]);
	else
		trace_print_struct(b, c, "epoll_event", c->args[i]);
}

/* mount(2) does not look at type and data when it moves, binds or marks what is there. */
#define MS_EXISTING (MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static void
print_mount_type(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (c->args[3] & (MS_EXISTING | MS_REMOUNT))
		trace_print_address(b, c->args[i]);
	else
		trace_print_string(b, c, c->args[i], 4096);
}

static void
print_mount_data(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (c->args[3] & MS_EXISTING)
		trace_print_address(b, c->args[i]);
	else
		trace_print_string(b, c, c->args[i], 4096);
}

static enum trace_when
kcmp_when(const struct trace_call *c, unsigned int i)
{
	return c->args[2] == 0 || c->args[2] == 7 ? TRACE_AT_ENTER : TRACE_END; /* KCMP_FILE, KCMP_EPOLL_TFD */
}

/* A byte for each page. */
static void
print_mincore(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint64_t pages = (c->args[1] + 4095) / 4096, n = pages < 32 ? pages : 32, k;
	unsigned char vec[32];

	if (c->result < 0 || !trace_peek(c, c->args[i], vec, n)) {
		trace_print_address(b, c->args[i]);
		return;
	}
	trace_printf(b, "[");
	for (k = 0; k < n; k++)
		trace_printf(b, "%s%d", k ? ", " : "", vec[k] & 1);
	trace_printf(b, pages > 32 ? ", ...]" : "]");
}

static const struct trace_special specials[] = {
	{ "addr", NULL, print_addr },
	{ "hex", NULL, print_hex },
	{ "mode", mode_when, print_mode },
	{ "filemode", NULL, print_file_mode },
	{ "dev", dev_when, print_dev },
	{ "sig", NULL, print_sig },
	{ "uid", NULL, print_uid },
	{ "poshigh", skip, print_hex },
	{ "obits", NULL, print_open_bits },
	{ "statxflags", NULL, print_statx_flags },
	{ "socktype", NULL, print_socket_type },
	{ "protocol", NULL, print_protocol },
	{ "FUTEX_", NULL, print_futex_op },
	{ "futexval", futex_val_when, print_uid },
	{ "futextime", futex_time_when, print_futex_time },
	{ "futexaddr", futex_addr2_when, print_addr },
	{ "futexval3", futex_val3_when, print_futex_val3 },
	{ "fcntl", fcntl_when, print_fcntl },
	{ "prctl", prctl_when, print_prctl },
	{ "newaddr", new_addr_when, print_addr },
	{ "remaining", at_exit, print_remaining },
	{ "waitstatus", at_exit, print_waitstatus },
	{ "waitrusage", at_exit, print_waitrusage },
	{ "sendoff", at_exit, print_sendoff },
	{ "dirent", at_exit, print_dirents },
	{ "dirent64", at_exit, print_dirents },
	{ "random", at_exit, print_random },
	{ "fdset", NULL, print_fds },
	{ "sigmask6", NULL, print_sigmask6 },
	{ "epollctl", NULL, print_epoll_ctl },
	{ "mounttype", NULL, print_mount_type },
	{ "mountdata", NULL, print_mount_data },
	{ "kcmpidx", kcmp_when, print_hex },
	{ "mincore", at_exit, print_mincore },
	{ "sigset8", NULL, print_sized_sigset },
	{ "ioctl", NULL, trace_print_ioctl_cmd },
	{ "ioctlarg", trace_ioctl_arg_when, trace_print_ioctl_arg },
	{ "sockaddr", trace_sockaddr_when, trace_print_sockaddr },
	{ "addrlen", at_exit, trace_print_addrlen },
	{ "sockopt", NULL, trace_print_sockopt_name },
	{ "optval", trace_optval_when, trace_print_optval },
	{ "msghdr", trace_msghdr_when, trace_print_msghdr },
	{ "mmsghdr", at_exit, trace_print_mmsghdr },
};

const struct trace_special *
trace_special(const char *decode)
{
	size_t i;

	for (i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (strcmp(specials[i].decode, decode) == 0)
			return &specials[i];
	}
	return NULL;
}

/* clone(2): stack before flags, and of the pointers those that flags ask for */

#define CLONE_POINTERS (CLONE_PARENT_SETTID | CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS)

static void
print_clone_flags(struct trace_buf *b, uint64_t v)
{
	int sig = v & 0xff;

	v &= ~0xffull;
	if (v)
		trace_print_flags(b, "CLONE_*", v);
	if (sig) {
		trace_printf(b, v ? "|" : "");
		trace_format_signal(b, sig);
	} else if (!v) {
		trace_printf(b, "0");
	}
}

static bool
clone_enter(struct trace_buf *b, struct trace_call *c)
{
	trace_printf(b, "child_stack=");
	trace_print_address(b, c->args[1]);
	trace_printf(b, ", flags=");
	print_clone_flags(b, c->args[0]);
	return (c->args[0] & CLONE_POINTERS) != 0;
}

static void
print_tid_pointer(struct trace_buf *b, const struct trace_call *c, const char *name, uint64_t addr)
{
	trace_printf(b, ", %s=", name);
	if (c->result < 0)
		trace_print_address(b, addr);
	else
		trace_print_struct(b, c, "int", addr);
}

static void
clone_exit(struct trace_buf *b, const struct trace_call *c)
{
	uint64_t flags = c->args[0];

	if (flags & CLONE_PARENT_SETTID)
		print_tid_pointer(b, c, "parent_tid", c->args[2]);
	else if (flags & CLONE_PIDFD)
		print_tid_pointer(b, c, "parent_tid", c->args[2]); /* strace has no other name for it */
	if (flags & CLONE_SETTLS)
		trace_printf(b, ", tls=%#llx", (unsigned long long)c->args[4]);
	if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
		trace_printf(b, ", child_tidptr=");
		trace_print_address(b, c->args[3]);
	}
}

/* clone3(2): what is filled in follows an arrow. */
static bool
clone3_enter(struct trace_buf *b, struct trace_call *c)
{
	struct clone_args a = { .flags = 0 };
	uint64_t size = c->args[1] < sizeof(a) ? c->args[1] : sizeof(a);

	if (size < CLONE_ARGS_SIZE_VER0 || !trace_peek(c, c->args[0], &a, size)) {
		trace_print_address(b, c->args[0]);
		trace_printf(b, ", %llu", (unsigned long long)c->args[1]);
		return false;
	}
	trace_struct("clone_args")->print(b, c->m, &a);
	if (a.flags & (CLONE_PARENT_SETTID | CLONE_PIDFD))
		return true;
	trace_printf(b, ", %llu", (unsigned long long)c->args[1]);
	return false;
}

static void
clone3_exit(struct trace_buf *b, const struct trace_call *c)
{
	struct clone_args a = { .flags = 0 };
	uint64_t size = c->args[1] < sizeof(a) ? c->args[1] : sizeof(a);
	const char *sep = " => {";

	if (size < CLONE_ARGS_SIZE_VER0 || !trace_peek(c, c->args[0], &a, size) ||
	    !(a.flags & (CLONE_PARENT_SETTID | CLONE_PIDFD)))
		return;
	if (c->result >= 0) {
		if (a.flags & CLONE_PIDFD) {
			trace_printf(b, "%spidfd=", sep);
			trace_print_struct(b, c, "int", a.pidfd);
			sep = ", ";
		}
		if (a.flags & CLONE_PARENT_SETTID) {
			trace_printf(b, "%sparent_tid=", sep);
			trace_print_struct(b, c, "int", a.parent_tid);
		}
		trace_printf(b, "}");
	}
	trace_printf(b, ", %llu", (unsigned long long)c->args[1]);
}

/* The mask that is restored lies in the frame on the stack: the return address is gone, then come struct ucontext's five words of
 * flags, link and stack, 32 words of registers, and the mask. */
static bool
sigreturn_enter(struct trace_buf *b, struct trace_call *c)
{
	if (!c->sp)
		return false;
	trace_printf(b, "{mask=");
	trace_print_struct(b, c, "sigset", c->sp + 5 * 8 + 32 * 8);
	trace_printf(b, "}");
	return false;
}

static bool
restart_enter(struct trace_buf *b, struct trace_call *c)
{
	if (c->before)
		trace_printf(b, "<... resuming interrupted %s ...>", c->before->name);
	return false;
}

static const struct trace_whole wholes[] = {
	{ "clone", clone_enter, clone_exit },
	{ "clone3", clone3_enter, clone3_exit },
	{ "rt_sigreturn", sigreturn_enter, NULL },
	{ "restart_syscall", restart_enter, NULL },
};

const struct trace_whole *
trace_whole(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		if (strcmp(wholes[i].name, name) == 0)
			return &wholes[i];
	}
	return NULL;
}
