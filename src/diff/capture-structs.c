/* SPDX-License-Identifier: MIT
 *
 * What is no plain structure: unions, lists with lengths inside, and arguments whose type another argument chooses.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "src/diff/capture.h"
#include "src/diff/structs.h"
#include "src/trace/names.h"

#define MESSAGES_MAX 64
#define OPTION_MAX   256

static void
number(struct record *r, const char *label, const char *name, enum field_kind kind, bool out, uint64_t v)
{
	char full[96];

	snprintf(full, sizeof(full), "%s%s%s", label, *label ? "." : "", name);
	record_value(r, full, kind == FIELD_SIGNAL ? "sig" : "", kind, out, v);
}

void
capture_siginfo(struct record *r, const char *label, bool out, const void *raw)
{
	siginfo_t si;

	memcpy(&si, raw, sizeof(si));
	number(r, label, "si_signo", FIELD_SIGNAL, out, (uint64_t)si.si_signo);
	number(r, label, "si_errno", FIELD_INT, out, (uint64_t)(int64_t)si.si_errno);
	number(r, label, "si_code", FIELD_INT, out, (uint64_t)(int64_t)si.si_code);
	if (si.si_code > 0 && si.si_code != SI_KERNEL && si.si_signo == SIGCHLD) {
		number(r, label, "si_pid", FIELD_PID, out, (uint64_t)si.si_pid);
		number(r, label, "si_uid", FIELD_UINT, out, si.si_uid);
		number(r, label, "si_status", FIELD_INT, out, (uint64_t)(int64_t)si.si_status);
		number(r, label, "si_utime", FIELD_CPU, out, (uint64_t)si.si_utime);
	} else if (si.si_code > 0 && (si.si_signo == SIGSEGV || si.si_signo == SIGBUS || si.si_signo == SIGILL ||
				      si.si_signo == SIGFPE || si.si_signo == SIGTRAP)) {
		number(r, label, "si_addr", FIELD_ADDRESS, out, (uint64_t)(uintptr_t)si.si_addr);
	} else if (si.si_code > 0 && si.si_signo == SIGPOLL) {
		number(r, label, "si_band", FIELD_INT, out, (uint64_t)si.si_band);
		number(r, label, "si_fd", FIELD_INT, out, (uint64_t)si.si_fd);
	} else if (si.si_code == SI_TIMER) {
		number(r, label, "si_overrun", FIELD_COOKIE, out, (uint64_t)si.si_overrun);
		number(r, label, "si_value", FIELD_COOKIE, out, (uint64_t)si.si_value.sival_int);
	} else if (si.si_code <= 0) {
		number(r, label, "si_pid", FIELD_PID, out, (uint64_t)(int64_t)si.si_pid);
		number(r, label, "si_uid", FIELD_UINT, out, si.si_uid);
		if (si.si_code == SI_QUEUE || si.si_code == SI_MESGQ)
			number(r, label, "si_value", FIELD_COOKIE, out, (uint64_t)si.si_value.sival_int);
	}
}

static void
capture_sockaddr(const struct capture *c, const char *label, uint64_t addr, uint64_t len, bool out)
{
	struct sockaddr_storage ss = { 0 };
	char name[96], text[INET6_ADDRSTRLEN];
	size_t n = len < sizeof(ss) ? (size_t)len : sizeof(ss), path;

	if (!addr || !n || (n = c->m->peek(c->m->ctx, addr, &ss, n)) < 2) {
		record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
		return;
	}
	snprintf(name, sizeof(name), "%s.family", label);
	record_value(c->r, name, "AF_", FIELD_ENUM, out, ss.ss_family);
	snprintf(name, sizeof(name), "%s.%s", label, ss.ss_family == AF_UNIX ? "path" : "addr");
	if (ss.ss_family == AF_UNIX) {
		path = n - offsetof(struct sockaddr_un, sun_path);
		if (path && ((struct sockaddr_un *)&ss)->sun_path[0])
			path = strnlen(((struct sockaddr_un *)&ss)->sun_path, path);
		record_bytes(c->r, name, FIELD_STRING, out, ((struct sockaddr_un *)&ss)->sun_path, path);
	} else if (ss.ss_family == AF_INET || ss.ss_family == AF_INET6) {
		inet_ntop(ss.ss_family,
			  ss.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&ss)->sin_addr
						  : (void *)&((struct sockaddr_in6 *)&ss)->sin6_addr,
			  text, sizeof(text));
		record_bytes(c->r, name, FIELD_STRING, out, text, strlen(text));
		snprintf(name, sizeof(name), "%s.port", label);
		record_value(c->r, name, "", FIELD_UINT, out, ntohs(((struct sockaddr_in *)&ss)->sin_port));
	} else {
		record_bytes(c->r, name, FIELD_BYTES, out, (char *)&ss + 2, n - 2);
	}
}

/* One string an entry: its type and name. Sorted later; offsets are the file system's own. */
static void
capture_dirents(const struct capture *c, uint64_t addr, bool old)
{
	static const char *const types[16] = { "DT_UNKNOWN", "DT_FIFO", "DT_CHR", "3",	"DT_DIR",  "5",	 "DT_BLK", "7",
					       "DT_REG",     "9",	"DT_LNK", "11", "DT_SOCK", "13", "DT_WHT", "15" };
	size_t n = c->result > 0 ? (size_t)c->result : 0, at = 0;
	unsigned char *buf = n && n < 1 << 24 ? malloc(n) : NULL;
	char text[320];
	uint16_t reclen;
	unsigned int head = old ? 18 : 19;

	n = buf ? c->m->peek(c->m->ctx, addr, buf, n) : 0;
	while (at + head < n) {
		memcpy(&reclen, buf + at + 16, 2);
		if (reclen < head || at + reclen > n)
			break;
		snprintf(text, sizeof(text), "%s %.*s", types[buf[old ? at + reclen - 1 : at + 18] & 15],
			 (int)(reclen - head), buf + at + head);
		record_bytes(c->r, "entry", FIELD_STRING, true, text, strlen(text));
		at += reclen;
	}
	free(buf);
}

static void
capture_control(const struct capture *c, const char *label, uint64_t addr, size_t len, bool out)
{
	unsigned char *buf = len && len < 65536 ? calloc(1, len) : NULL;
	struct msghdr mh = { .msg_control = buf, .msg_controllen = buf ? c->m->peek(c->m->ctx, addr, buf, len) : 0 };
	char name[96];
	int *v;

	for (struct cmsghdr *cm = CMSG_FIRSTHDR(&mh); cm; cm = CMSG_NXTHDR(&mh, cm)) {
		if (cm->cmsg_len < CMSG_LEN(0))
			break;
		v = (int *)(void *)CMSG_DATA(cm);
		number(c->r, label, "cmsg_level", FIELD_INT, out, (uint64_t)cm->cmsg_level);
		number(c->r, label, "cmsg_type", FIELD_INT, out, (uint64_t)cm->cmsg_type);
		snprintf(name, sizeof(name), "%s.cmsg_data", label);
		if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_CREDENTIALS && cm->cmsg_len >= CMSG_LEN(12)) {
			number(c->r, label, "pid", FIELD_PID, out, (uint64_t)v[0]);
			number(c->r, label, "uid", FIELD_UINT, out, (uint64_t)v[1]);
			number(c->r, label, "gid", FIELD_UINT, out, (uint64_t)v[2]);
		} else {
			record_bytes(c->r, name, FIELD_BYTES, out, v, cm->cmsg_len - CMSG_LEN(0));
		}
	}
	free(buf);
}

static void
capture_msghdr(const struct capture *c, const char *label, uint64_t addr, bool out)
{
	struct msghdr mh;
	char name[64];

	if (!addr || c->m->peek(c->m->ctx, addr, &mh, sizeof(mh)) != sizeof(mh)) {
		record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
		return;
	}
	if (!out && (c->nr == SYS_recvmsg || c->nr == SYS_recvmmsg)) { /* room for what comes */
		number(c->r, label, "iovlen", FIELD_UINT, out, mh.msg_iovlen);
		number(c->r, label, "controllen", FIELD_UINT, out, mh.msg_controllen);
		return;
	}
	snprintf(name, sizeof(name), "%s.name", label);
	capture_sockaddr(c, name, (uint64_t)(uintptr_t)mh.msg_name, mh.msg_namelen, out);
	snprintf(name, sizeof(name), "%s.iov", label);
	capture_iov(c, name, (uint64_t)(uintptr_t)mh.msg_iov, mh.msg_iovlen, out ? (uint64_t)c->result : UINT64_MAX, out);
	capture_control(c, label, (uint64_t)(uintptr_t)mh.msg_control, mh.msg_controllen, out);
	if (out)
		number(c->r, label, "flags", FIELD_HEX, out, (uint64_t)(unsigned int)mh.msg_flags);
}

static void
capture_fdset(const struct capture *c, const char *label, uint64_t addr, bool out)
{
	size_t bytes = c->args[0] < 1024 ? (c->args[0] + 63) / 64 * 8 : 128;
	uint64_t words[16] = { 0 };
	char text[600] = "";
	size_t n = 0;

	if (!addr || c->m->peek(c->m->ctx, addr, words, bytes) != bytes) {
		record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
		return;
	}
	for (unsigned int fd = 0; fd < 8 * bytes && n < sizeof(text) - 8; fd++)
		if (words[fd / 64] & 1ULL << fd % 64)
			n += (size_t)snprintf(text + n, sizeof(text) - n, n ? " %u" : "%u", fd);
	record_bytes(c->r, label, FIELD_STRING, out, text, n);
}

/* How long a mask is depends on how many CPUs the kernel was built for. */
static void
capture_cpumask(const struct capture *c, const char *label, uint64_t addr, uint64_t len, bool out)
{
	unsigned char mask[128];
	size_t n = addr ? c->m->peek(c->m->ctx, addr, mask, len) : 0;

	while (n > 0 && !mask[n - 1])
		n--;
	record_bytes(c->r, label, FIELD_BYTES, out, mask, n);
}

/* The length of an address that the kernel gave stands in the argument after it. */
static uint64_t
socklen(const struct capture *c)
{
	unsigned int at = c->nr == SYS_recvfrom ? 5 : 2;
	uint32_t len = 0;

	return c->args[at] && c->m->peek(c->m->ctx, c->args[at], &len, 4) == 4 ? len : 0;
}

bool
capture_special(const struct capture *c, const char *label, const char *decode, uint64_t addr, uint64_t count, bool out)
{
	unsigned char raw[128];

	if (strcmp(decode, "siginfo") == 0) {
		if (addr && c->m->peek(c->m->ctx, addr, raw, sizeof(raw)) == sizeof(raw))
			capture_siginfo(c->r, label, out, raw);
		else
			record_value(c->r, label, "", FIELD_ADDRESS, out, addr);
	} else if (strcmp(decode, "sockaddr") == 0) {
		capture_sockaddr(c, label, addr, out ? socklen(c) : count, out);
	} else if (strcmp(decode, "dirent") == 0 || strcmp(decode, "dirent64") == 0) {
		capture_dirents(c, addr, decode[6] == '\0');
	} else if (strcmp(decode, "msghdr") == 0) {
		capture_msghdr(c, label, addr, out);
	} else if (strcmp(decode, "fdset") == 0) {
		capture_fdset(c, label, addr, out);
	} else if (strcmp(decode, "cpumask") == 0) {
		capture_cpumask(c, label, addr, count < 128 ? count : 128, out);
	} else if (c->nr == SYS_futex && strcmp(label, "uaddr") == 0) {
		if (!c->done)
			record_value(c->r, label, "", FIELD_ADDRESS, false, addr);
	} else if (c->nr == SYS_get_robust_list && strcmp(label, "head") == 0) {
		uint64_t head = 0;

		if (addr)
			c->m->peek(c->m->ctx, addr, &head, sizeof(head));
		record_value(c->r, label, "", FIELD_ADDRESS, out, head);
	} else if (c->nr == SYS_clone) { /* ptid and ctid: the child writes there when it likes */
		if (!c->done)
			record_value(c->r, label, "", FIELD_ADDRESS, false, addr);
	} else {
		return false;
	}
	return true;
}

static const struct {
	unsigned long cmd;
	const char *decode;
	bool in, out;
} ioctls[] = {
	{ TCGETS, "termios", false, true },  { TCSETS, "termios", true, false },     { TCSETSW, "termios", true, false },
	{ TCSETSF, "termios", true, false }, { TIOCGWINSZ, "winsize", false, true }, { TIOCSWINSZ, "winsize", true, false },
	{ TIOCGPGRP, "pid", false, true },   { TIOCSPGRP, "pid", true, false },	     { TIOCGSID, "pid", false, true },
	{ FIONREAD, "int", false, true },    { FIONBIO, "int", true, false },	     { FIOASYNC, "int", true, false },
	{ TIOCGPTN, "int", false, true },    { TIOCSPTLCK, "int", true, false },     { SIOCOUTQ, "int", false, true },
	{ TIOCPKT, "int", true, false },     { TIOCGPTLCK, "int", false, true },     { TIOCGETD, "int", false, true },
};

static void
pointed_ioctl(const struct capture *c)
{
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
		if (ioctls[i].cmd != (uint32_t)c->args[1])
			continue;
		if (c->done ? ioctls[i].out && c->result >= 0 : ioctls[i].in)
			capture_struct(c, "arg", ioctls[i].decode, c->args[2], 1, c->done);
		return;
	}
	if (!c->done)
		record_value(c->r, "arg", "", c->args[2] > 65535 ? FIELD_ADDRESS : FIELD_INT, false, c->args[2]);
}

static void
pointed_fcntl(const struct capture *c)
{
	switch (c->args[1]) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		if (!c->done || (c->result >= 0 && (c->args[1] == F_GETLK || c->args[1] == F_OFD_GETLK)))
			capture_struct(c, "arg", c->done ? "flock" : "flock_in", c->args[2], 1, c->done);
		return;
	case F_GETFD: /* no argument: whatever was in the register */
	case F_GETFL:
	case F_GETOWN:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return;
	default:
		if (!c->done)
			record_value(c->r, "arg", "",
				     c->args[1] == F_SETOWN ? FIELD_PID
				     : c->args[2] > 1 << 24 ? FIELD_ADDRESS
							    : FIELD_INT,
				     false,
				     (uint64_t)(int64_t)(c->args[1] == F_SETOWN ? (int)c->args[2] : (int64_t)c->args[2]));
	}
}

/* The whole of it, though only 15 bytes count: a task is known by it (names.h). */
static void
pointed_name(const struct capture *c)
{
	char name[64];
	size_t got = c->done ? 0 : c->m->peek(c->m->ctx, c->args[1], name, sizeof(name));

	if (got)
		record_bytes(c->r, "name", FIELD_STRING, false, name, strnlen(name, got));
	else if (!c->done)
		record_value(c->r, "name", "", FIELD_ADDRESS, false, c->args[1]);
}

static void
pointed_prctl(const struct capture *c, unsigned int i)
{
	static const char *const names[] = { "option", "a2", "a3", "a4", "a5" };
	bool first_only = c->args[0] == PR_GET_DUMPABLE || c->args[0] == PR_GET_KEEPCAPS ||
			  c->args[0] == PR_GET_NO_NEW_PRIVS || c->args[0] == PR_GET_SECCOMP ||
			  c->args[0] == PR_GET_TIMERSLACK;

	if (i == 1 && c->args[0] == PR_SET_NAME)
		pointed_name(c);
	else if (i == 1 && c->args[0] == PR_GET_NAME && c->done && c->result == 0)
		capture_buffer(c, "name", FIELD_BYTES, c->args[1], 15, c->done);
	else if (!c->done && !first_only && (i == 1 || c->args[0] == PR_CAP_AMBIENT))
		record_value(c->r, names[i], "", c->args[i] > 65535 ? FIELD_ADDRESS : FIELD_INT, false, c->args[i]);
}

/* sendmmsg(2), recvmmsg(2): of the messages that were transferred, what recvmsg(2) and sendmsg(2) show of one, and the
 * length. */
static void
pointed_messages(const struct capture *c)
{
	uint64_t n = c->done ? (c->result > 0 ? (uint64_t)c->result : 0) : (uint32_t)c->args[2];
	bool receives = c->nr == SYS_recvmmsg;
	struct capture one = *c;
	struct mmsghdr mm;
	char name[32];

	if (c->done ? c->result <= 0 : !c->args[1])
		return;
	for (uint64_t i = 0; i < n && i < MESSAGES_MAX; i++) {
		uint64_t at = c->args[1] + i * sizeof(mm);

		snprintf(name, sizeof(name), "msgvec[%llu]", (unsigned long long)i);
		if (c->m->peek(c->m->ctx, at, &mm, sizeof(mm)) != sizeof(mm)) {
			record_value(c->r, name, "", FIELD_ADDRESS, c->done, at);
			return;
		}
		one.result = mm.msg_len;
		if (!c->done || receives)
			capture_msghdr(&one, name, at, c->done);
		if (c->done)
			number(c->r, name, "len", FIELD_UINT, true, mm.msg_len);
	}
}

/* What a kernel makes of sizes of buffers, and statistics of TCP, are its own. */
static enum field_kind
option_kind(const struct capture *c)
{
	bool sizes = c->args[1] == SOL_SOCKET &&
		     (c->args[2] == SO_SNDBUF || c->args[2] == SO_RCVBUF || c->args[2] == SO_INCOMING_CPU);

	return !c->done								  ? FIELD_INT
	       : sizes || (c->args[1] == IPPROTO_TCP && c->args[2] == TCP_MAXSEG) ? FIELD_MACHINE
										  : FIELD_INT;
}

static void
pointed_option(const struct capture *c)
{
	uint64_t addr = c->args[3];
	uint32_t len = (uint32_t)c->args[4], value = 0;
	struct ucred u;

	if (c->nr == SYS_getsockopt && c->m->peek(c->m->ctx, c->args[4], &len, 4) != 4)
		return;
	if (c->nr == SYS_getsockopt && c->args[1] == IPPROTO_TCP && c->args[2] == TCP_INFO)
		return;
	if (c->nr == SYS_getsockopt && c->args[1] == SOL_SOCKET && c->args[2] == SO_PEERCRED) {
		if (c->m->peek(c->m->ctx, addr, &u, sizeof(u)) != sizeof(u))
			return;
		number(c->r, "optval", "pid", FIELD_PID, true, (uint64_t)(int64_t)u.pid);
		number(c->r, "optval", "uid", FIELD_UINT, true, u.uid);
		number(c->r, "optval", "gid", FIELD_UINT, true, u.gid);
	} else if (len == 4 && c->m->peek(c->m->ctx, addr, &value, 4) == 4) {
		record_value(c->r, "optval", "", option_kind(c), c->done, (uint64_t)(int64_t)(int32_t)value);
	} else {
		capture_buffer(c, "optval", FIELD_BYTES, addr, len < OPTION_MAX ? len : OPTION_MAX, c->done);
	}
}

/* pselect6(2): a pointer to the set, and its size. */
static void
pointed_mask(const struct capture *c)
{
	uint64_t pair[2];

	if (c->args[5] && c->m->peek(c->m->ctx, c->args[5], pair, sizeof(pair)) == sizeof(pair))
		capture_struct(c, "sig", "sigset", pair[0], 1, false);
	else
		record_value(c->r, "sig", "", FIELD_ADDRESS, false, c->args[5]);
}

bool
capture_word_known(const char *word)
{
	static const char *const words[] = { "cpumask", "dirent", "dirent64", "fdset",	"futexaddr", "ipcctl",	"mincore",
					     "mmsghdr", "msgbuf", "msghdr",   "optval", "sigmask6",  "siginfo", "sockaddr" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return struct_layout(word) != NULL;
}

bool
capture_pointed(const struct capture *c, unsigned int i)
{
	unsigned int at = c->nr == SYS_recvfrom ? 5 : 2;

	switch (c->nr) {
	case SYS_ioctl:
		if (i == 2)
			pointed_ioctl(c);
		return i == 2;
	case SYS_fcntl:
		if (i == 2)
			pointed_fcntl(c);
		return i == 2;
	case SYS_prctl:
		if (i >= 1)
			pointed_prctl(c, i);
		return i >= 1;
	case SYS_futex: /* what the word was: other threads change it */
		if (i != 2 && i != 5)
			return false;
		if (!c->done)
			record_value(c->r, i == 2 ? "val" : "val3", "", FIELD_COOKIE, false, c->args[i]);
		return true;
	case SYS_arch_prctl: /* the one of FS and GS is given, or written */
		if (i == 1 && !c->done)
			record_value(c->r, "addr", "", c->args[1] > 65535 ? FIELD_ADDRESS : FIELD_INT, false, c->args[1]);
		return i == 1;
	case SYS_sendmmsg:
	case SYS_recvmmsg:
		if (i == 1)
			pointed_messages(c);
		return i == 1;
	case SYS_setsockopt:
	case SYS_getsockopt:
		if (i == 3 && (c->nr == SYS_setsockopt ? !c->done : c->done && c->result == 0))
			pointed_option(c);
		return i == 3;
	case SYS_pselect6:
		if (i == 5 && !c->done)
			pointed_mask(c);
		return i == 5;
	case SYS_sched_setattr:
		if (i == 1 && !c->done)
			capture_struct(c, "attr", "sched_attr", c->args[1], 1, false);
		return i == 1;
	case SYS_sched_getattr:
		if (i == 1 && c->done && c->result >= 0)
			capture_struct(c, "attr", "sched_attr", c->args[1], 1, true);
		return i == 1;
	case SYS_epoll_ctl: /* nothing is read for a removal */
		return i == 3 && c->args[1] == EPOLL_CTL_DEL;
	case SYS_nanosleep:
	case SYS_clock_nanosleep: /* what is left is written only when a signal came */
		return c->done;
	case SYS_accept:
	case SYS_accept4:
	case SYS_recvfrom: /* the length is in the address */
		return i == at && c->done;
	default:
		return capture_ipc(c, i);
	}
}
