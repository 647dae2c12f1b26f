/* SPDX-License-Identifier: MIT
 *
 * Arguments whose meaning depends on other arguments or on the result, and those that are more than a table of constants.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "kernel/errno.h"
#include "src/decode.h"
#include "src/trace/args.h"
#include "src/trace/fcntl.h"
#include "src/trace/futex.h"
#include "src/trace/ioctl.h"
#include "src/trace/ipc.h"
#include "src/trace/net.h"
#include "src/trace/poll.h"
#include "src/trace/prctl.h"
#include "src/trace/structs.h"

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
	static const char *const syncs[] = { "AT_STATX_SYNC_AS_STAT", "AT_STATX_FORCE_SYNC", "AT_STATX_DONT_SYNC",
					     "AT_STATX_SYNC_TYPE" };
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
	case AF_INET:
	case AF_INET6:
		trace_print_enum(b, "IPPROTO_", (uint32_t)c->args[i]);
		break;
	case AF_NETLINK:
		trace_print_enum(b, "NETLINK_", (uint32_t)c->args[i]);
		break;
	default:
		trace_printf(b, "%u", (uint32_t)c->args[i]);
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

	if (!absolute && (c->result == -EINTR || c->result == -ERESTART_RESTARTBLOCK))
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
	if (c->args[1] == EPOLL_CTL_DEL) /* not looked at */
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
		trace_print_string(b, c, c->args[i], TRACE_PATH_SHOWN);
}

static void
print_mount_data(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (c->args[3] & MS_EXISTING)
		trace_print_address(b, c->args[i]);
	else
		trace_print_string(b, c, c->args[i], TRACE_PATH_SHOWN);
}

static enum trace_when
kcmp_when(const struct trace_call *c, unsigned int i)
{
	return c->args[2] == KCMP_FILE || c->args[2] == KCMP_EPOLL_TFD ? TRACE_AT_ENTER : TRACE_END;
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

static void
print_mq_name(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	trace_print_string(b, c, c->args[i], TRACE_PATH_SHOWN);
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
	{ "FUTEX_", NULL, trace_print_futex_op },
	{ "futexval", trace_futex_val_when, print_uid },
	{ "futextime", trace_futex_time_when, trace_print_futex_time },
	{ "futexaddr", trace_futex_addr2_when, print_addr },
	{ "futexval3", trace_futex_val3_when, trace_print_futex_val3 },
	{ "fcntl", trace_fcntl_when, trace_print_fcntl },
	{ "prctl", trace_prctl_when, trace_print_prctl },
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
	{ "mqname", NULL, print_mq_name },
	{ "ipckey", NULL, trace_print_ipc_key },
	{ "ipcget", NULL, trace_print_ipc_get },
	{ "ipcctl", trace_ipc_ctl_when, trace_print_ipc_ctl },
	{ "msgbuf", trace_msgbuf_when, trace_print_msgbuf },
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
