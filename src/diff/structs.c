/* SPDX-License-Identifier: MIT
 *
 * Structures in system calls' arguments, field by field. Padding is left out; so is what only some members of a union have
 * (siginfo, sockaddr, dirents: src/diff/capture-structs.c).
 */
#include "src/diff/structs.h"

#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <utime.h>

#include "src/abi.h"

#define F(type, member, label, kind)	       { label, "", offsetof(type, member), sizeof(((type *)0)->member), kind }
#define FD(type, member, label, kind, decode)  { label, decode, offsetof(type, member), sizeof(((type *)0)->member), kind }
#define FS(type, member, label, kind, special) { label, "", offsetof(type, member), special, kind }

static const struct struct_field f_int[] = { { "", "", 0, 4, FIELD_INT } };
static const struct struct_field f_uint[] = { { "", "", 0, 4, FIELD_UINT } };
static const struct struct_field f_long[] = { { "", "", 0, 8, FIELD_INT } };
static const struct struct_field f_pid[] = { { "", "", 0, 4, FIELD_PID } };
static const struct struct_field f_sigset[] = { { "", "", 0, 8, FIELD_HEX } };
static const struct struct_field f_waitstatus[] = { { "", "", 0, 4, FIELD_HEX } };

/* Given to the kernel a time is compared as it is; what the kernel gives is a clock's (capture.c makes them so). */
static const struct struct_field f_timespec[] = { { "", "", 0, SIZE_TIMESPEC, FIELD_DURATION } };
static const struct struct_field f_timeval[] = { { "", "", 0, SIZE_TIMEVAL, FIELD_DURATION } };
static const struct struct_field f_itimerspec[] = { { "interval", "", 0, SIZE_TIMESPEC, FIELD_DURATION },
						    { "value", "", 16, SIZE_TIMESPEC, FIELD_DURATION } };
static const struct struct_field f_itimerval[] = { { "interval", "", 0, SIZE_TIMEVAL, FIELD_DURATION },
						   { "value", "", 16, SIZE_TIMEVAL, FIELD_DURATION } };
static const struct struct_field f_utimbuf[] = { F(struct utimbuf, actime, "actime", FIELD_INT),
						 F(struct utimbuf, modtime, "modtime", FIELD_INT) };
static const struct struct_field f_timezone[] = { F(struct timezone, tz_minuteswest, "minuteswest", FIELD_INT),
						  F(struct timezone, tz_dsttime, "dsttime", FIELD_INT) };
static const struct struct_field f_tms[] = { F(struct tms, tms_utime, "utime", FIELD_CPU),
					     F(struct tms, tms_stime, "stime", FIELD_CPU),
					     F(struct tms, tms_cutime, "cutime", FIELD_CPU),
					     F(struct tms, tms_cstime, "cstime", FIELD_CPU) };

static const struct struct_field f_sigaction[] = {
	F(struct abi_sigaction, handler, "handler", FIELD_ADDRESS),
	F(struct abi_sigaction, flags, "flags", FIELD_HEX),
	F(struct abi_sigaction, restorer, "restorer", FIELD_ADDRESS),
	F(struct abi_sigaction, mask, "mask", FIELD_HEX),
};

static const struct struct_field f_stack[] = {
	F(stack_t, ss_sp, "sp", FIELD_ADDRESS),
	F(stack_t, ss_flags, "flags", FIELD_HEX),
	F(stack_t, ss_size, "size", FIELD_UINT),
};

static const struct struct_field f_stat[] = {
	F(struct stat, st_dev, "dev", FIELD_DEVICE),
	F(struct stat, st_ino, "ino", FIELD_INODE),
	FD(struct stat, st_mode, "mode", FIELD_OCTAL, "mode"),
	F(struct stat, st_nlink, "nlink", FIELD_UINT),
	F(struct stat, st_uid, "uid", FIELD_UINT),
	F(struct stat, st_gid, "gid", FIELD_UINT),
	F(struct stat, st_rdev, "rdev", FIELD_HEX),
	F(struct stat, st_size, "size", FIELD_INT),
	F(struct stat, st_blksize, "blksize", FIELD_FS),
	F(struct stat, st_blocks, "blocks", FIELD_FS),
	FS(struct stat, st_atim, "atime", FIELD_WALL, SIZE_TIMESPEC),
	FS(struct stat, st_mtim, "mtime", FIELD_WALL, SIZE_TIMESPEC),
	FS(struct stat, st_ctim, "ctime", FIELD_WALL, SIZE_TIMESPEC),
};

/* statx_timestamp: seconds, then ns in 32 bits and padding that is zero, so it reads as a timespec. */
static const struct struct_field f_statx[] = {
	F(struct statx, stx_mask, "mask", FIELD_HEX),
	F(struct statx, stx_attributes, "attributes", FIELD_FS),
	F(struct statx, stx_mode, "mode", FIELD_OCTAL),
	F(struct statx, stx_nlink, "nlink", FIELD_UINT),
	F(struct statx, stx_uid, "uid", FIELD_UINT),
	F(struct statx, stx_gid, "gid", FIELD_UINT),
	F(struct statx, stx_ino, "ino", FIELD_INODE),
	F(struct statx, stx_size, "size", FIELD_UINT),
	F(struct statx, stx_blksize, "blksize", FIELD_FS),
	F(struct statx, stx_blocks, "blocks", FIELD_FS),
	F(struct statx, stx_attributes_mask, "attributes_mask", FIELD_FS),
	FS(struct statx, stx_atime, "atime", FIELD_WALL, SIZE_TIMESPEC),
	FS(struct statx, stx_mtime, "mtime", FIELD_WALL, SIZE_TIMESPEC),
	FS(struct statx, stx_ctime, "ctime", FIELD_WALL, SIZE_TIMESPEC),
	FS(struct statx, stx_btime, "btime", FIELD_FS, SIZE_TIMESPEC),
	F(struct statx, stx_rdev_major, "rdev_major", FIELD_UINT),
	F(struct statx, stx_rdev_minor, "rdev_minor", FIELD_UINT),
	F(struct statx, stx_dev_major, "dev_major", FIELD_DEVICE),
	F(struct statx, stx_dev_minor, "dev_minor", FIELD_DEVICE),
	{ "mnt_id", "", 0x90, 8, FIELD_COOKIE },
};

static const struct struct_field f_statfs[] = {
	F(struct statfs, f_type, "type", FIELD_FS),	F(struct statfs, f_bsize, "bsize", FIELD_FS),
	F(struct statfs, f_blocks, "blocks", FIELD_FS), F(struct statfs, f_bfree, "bfree", FIELD_FS),
	F(struct statfs, f_bavail, "bavail", FIELD_FS), F(struct statfs, f_files, "files", FIELD_FS),
	F(struct statfs, f_ffree, "ffree", FIELD_FS),	F(struct statfs, f_fsid, "fsid", FIELD_FS),
	F(struct statfs, f_namelen, "namelen", FIELD_INT), F(struct statfs, f_frsize, "frsize", FIELD_FS),
	F(struct statfs, f_flags, "flags", FIELD_FS),
};

static const struct struct_field f_rlimit[] = { F(struct rlimit, rlim_cur, "cur", FIELD_HEX),
						F(struct rlimit, rlim_max, "max", FIELD_HEX) };

static const struct struct_field f_rusage[] = {
	FS(struct rusage, ru_utime, "utime", FIELD_CPU, SIZE_TIMEVAL),
	FS(struct rusage, ru_stime, "stime", FIELD_CPU, SIZE_TIMEVAL),
	F(struct rusage, ru_maxrss, "maxrss", FIELD_CPU),
	F(struct rusage, ru_ixrss, "ixrss", FIELD_INT),
	F(struct rusage, ru_idrss, "idrss", FIELD_INT),
	F(struct rusage, ru_isrss, "isrss", FIELD_INT),
	F(struct rusage, ru_minflt, "minflt", FIELD_CPU),
	F(struct rusage, ru_majflt, "majflt", FIELD_CPU),
	F(struct rusage, ru_nswap, "nswap", FIELD_INT),
	F(struct rusage, ru_inblock, "inblock", FIELD_CPU),
	F(struct rusage, ru_oublock, "oublock", FIELD_CPU),
	F(struct rusage, ru_msgsnd, "msgsnd", FIELD_INT),
	F(struct rusage, ru_msgrcv, "msgrcv", FIELD_INT),
	F(struct rusage, ru_nsignals, "nsignals", FIELD_INT),
	F(struct rusage, ru_nvcsw, "nvcsw", FIELD_CPU),
	F(struct rusage, ru_nivcsw, "nivcsw", FIELD_CPU),
};

static const struct struct_field f_utsname[] = {
	FS(struct utsname, sysname, "sysname", FIELD_STRING, SIZE_TEXT),
	FS(struct utsname, nodename, "nodename", FIELD_STRING, SIZE_TEXT),
	FS(struct utsname, release, "release", FIELD_MACHINE, SIZE_TEXT),
	FS(struct utsname, version, "version", FIELD_MACHINE, SIZE_TEXT),
	FS(struct utsname, machine, "machine", FIELD_STRING, SIZE_TEXT),
	FS(struct utsname, domainname, "domainname", FIELD_MACHINE, SIZE_TEXT),
};

static const struct struct_field f_sysinfo[] = {
	F(struct sysinfo, uptime, "uptime", FIELD_CLOCK),	F(struct sysinfo, loads[0], "loads[0]", FIELD_MACHINE),
	F(struct sysinfo, totalram, "totalram", FIELD_MACHINE), F(struct sysinfo, freeram, "freeram", FIELD_MACHINE),
	F(struct sysinfo, procs, "procs", FIELD_MACHINE),	F(struct sysinfo, mem_unit, "mem_unit", FIELD_MACHINE),
};

static const struct struct_field f_pollfd[] = {
	F(struct pollfd, fd, "fd", FIELD_FD),
	FD(struct pollfd, events, "events", FIELD_FLAGS, "POLLEV_*"),
	FD(struct pollfd, revents, "revents", FIELD_FLAGS, "POLLEV_*"),
};

static const struct struct_field f_epoll_event[] = {
	FD(struct epoll_event, events, "events", FIELD_FLAGS, "EPOLLEV_*"),
	F(struct epoll_event, data, "data", FIELD_COOKIE),
};

static const struct struct_field f_open_how[] = {
	FD(struct open_how, flags, "flags", FIELD_FLAGS, "O_*"),
	FD(struct open_how, mode, "mode", FIELD_OCTAL, "mode"),
	FD(struct open_how, resolve, "resolve", FIELD_HEX, ""),
};

static const struct struct_field f_clone_args[] = {
	FD(struct clone_args, flags, "flags", FIELD_FLAGS, "CLONE_*"),
	F(struct clone_args, pidfd, "pidfd", FIELD_ADDRESS),
	F(struct clone_args, child_tid, "child_tid", FIELD_ADDRESS),
	F(struct clone_args, parent_tid, "parent_tid", FIELD_ADDRESS),
	FD(struct clone_args, exit_signal, "exit_signal", FIELD_SIGNAL, "sig"),
	F(struct clone_args, stack, "stack", FIELD_ADDRESS),
	F(struct clone_args, stack_size, "stack_size", FIELD_UINT),
	F(struct clone_args, tls, "tls", FIELD_ADDRESS),
};

static const struct struct_field f_sigevent[] = {
	{ "value", "", 0, 8, FIELD_COOKIE },
	{ "signo", "sig", 8, 4, FIELD_SIGNAL },
	{ "notify", "", 12, 4, FIELD_INT },
};

static const struct struct_field f_caphdr[] = { { "version", "", 0, 4, FIELD_HEX }, { "pid", "", 4, 4, FIELD_PID } };
static const struct struct_field f_capdata[] = {
	{ "effective", "", 0, 4, FIELD_HEX },	{ "permitted", "", 4, 4, FIELD_HEX },
	{ "inheritable", "", 8, 4, FIELD_HEX }, { "effective1", "", 12, 4, FIELD_HEX },
	{ "permitted1", "", 16, 4, FIELD_HEX }, { "inheritable1", "", 20, 4, FIELD_HEX },
};

static const struct struct_field f_termios[] = {
	F(struct abi_termios, iflag, "iflag", FIELD_HEX), F(struct abi_termios, oflag, "oflag", FIELD_HEX),
	F(struct abi_termios, cflag, "cflag", FIELD_HEX), F(struct abi_termios, lflag, "lflag", FIELD_HEX),
	F(struct abi_termios, line, "line", FIELD_UINT),  { "cc0", "", offsetof(struct abi_termios, cc), 8, FIELD_HEX },
	{ "cc8", "", offsetof(struct abi_termios, cc) + 8, 8, FIELD_HEX },
};

static const struct struct_field f_winsize[] = { { "row", "", 0, 2, FIELD_UINT }, { "col", "", 2, 2, FIELD_UINT } };
static const struct struct_field f_flock[] = {
	{ "type", "", 0, 2, FIELD_INT }, { "whence", "", 2, 2, FIELD_INT }, { "start", "", 8, 8, FIELD_INT },
	{ "len", "", 16, 8, FIELD_INT }, { "pid", "", 24, 4, FIELD_PID },
};
static const struct struct_field f_sched_attr[] = {
	{ "policy", "", 4, 4, FIELD_UINT }, { "flags", "", 8, 8, FIELD_HEX }, { "nice", "", 16, 4, FIELD_INT },
	{ "priority", "", 20, 4, FIELD_UINT },
};

/* The clock of the machine: what the kernel says of it is its own. */
static const struct struct_field f_timex[] = {
	F(struct timex, modes, "modes", FIELD_HEX),	       F(struct timex, offset, "offset", FIELD_MACHINE),
	F(struct timex, freq, "freq", FIELD_MACHINE),	       F(struct timex, maxerror, "maxerror", FIELD_MACHINE),
	F(struct timex, esterror, "esterror", FIELD_MACHINE),  F(struct timex, status, "status", FIELD_MACHINE),
	F(struct timex, constant, "constant", FIELD_MACHINE),  F(struct timex, precision, "precision", FIELD_MACHINE),
	F(struct timex, tolerance, "tolerance", FIELD_INT),    F(struct timex, tick, "tick", FIELD_MACHINE),
	FS(struct timex, time, "time", FIELD_CLOCK, SIZE_TIMEVAL),     F(struct timex, tai, "tai", FIELD_MACHINE),
};

/* The value is what another thread left there. */
static const struct struct_field f_futex_waitv[] = {
	F(struct futex_waitv, val, "val", FIELD_COOKIE),
	F(struct futex_waitv, uaddr, "uaddr", FIELD_ADDRESS),
	F(struct futex_waitv, flags, "flags", FIELD_HEX),
};

static const struct struct_field f_sembuf[] = {
	{ "num", "", 0, 2, FIELD_UINT },
	{ "op", "", 2, 2, FIELD_INT },
	{ "flg", "SEM_*", 4, 2, FIELD_FLAGS },
};
static const struct struct_field f_mq_attr[] = {
	{ "flags", "MQ_*", 0, 8, FIELD_FLAGS }, { "maxmsg", "", 8, 8, FIELD_INT }, { "msgsize", "", 16, 8, FIELD_INT },
	{ "curmsgs", "", 24, 8, FIELD_INT },
};

#define LAYOUT(name, size, fields) { name, size, fields, sizeof(fields) / sizeof((fields)[0]) }

static const struct struct_layout layouts[] = {
	LAYOUT("int", 4, f_int),
	LAYOUT("uint", 4, f_uint),
	LAYOUT("long", 8, f_long),
	LAYOUT("ulong", 8, f_long),
	LAYOUT("off", 8, f_long),
	LAYOUT("pid", 4, f_pid),
	LAYOUT("timespec", 16, f_timespec),
	LAYOUT("timeval", 16, f_timeval),
	LAYOUT("itimerspec", 32, f_itimerspec),
	LAYOUT("itimerval", 32, f_itimerval),
	LAYOUT("utimbuf", sizeof(struct utimbuf), f_utimbuf),
	LAYOUT("timezone", sizeof(struct timezone), f_timezone),
	LAYOUT("tms", sizeof(struct tms), f_tms),
	LAYOUT("sigset", 8, f_sigset),
	LAYOUT("sigaction", sizeof(struct abi_sigaction), f_sigaction),
	LAYOUT("stack", sizeof(stack_t), f_stack),
	LAYOUT("stat", sizeof(struct stat), f_stat),
	LAYOUT("statx", sizeof(struct statx), f_statx),
	LAYOUT("statfs", sizeof(struct statfs), f_statfs),
	LAYOUT("rlimit", sizeof(struct rlimit), f_rlimit),
	LAYOUT("rusage", sizeof(struct rusage), f_rusage),
	LAYOUT("waitstatus", 4, f_waitstatus),
	LAYOUT("utsname", sizeof(struct utsname), f_utsname),
	LAYOUT("sysinfo", sizeof(struct sysinfo), f_sysinfo),
	LAYOUT("pollfd", sizeof(struct pollfd), f_pollfd),
	LAYOUT("epoll_event", sizeof(struct epoll_event), f_epoll_event),
	LAYOUT("open_how", sizeof(struct open_how), f_open_how),
	LAYOUT("clone_args", sizeof(struct clone_args), f_clone_args),
	LAYOUT("sched_param", 4, f_int),
	LAYOUT("caphdr", sizeof(struct __user_cap_header_struct), f_caphdr),
	LAYOUT("capdata", 2 * sizeof(struct __user_cap_data_struct), f_capdata),
	LAYOUT("sigevent", 16, f_sigevent),
	LAYOUT("termios", sizeof(struct abi_termios), f_termios),
	LAYOUT("winsize", 8, f_winsize),
	LAYOUT("flock", 32, f_flock),
	{ "flock_in", 32, f_flock, sizeof(f_flock) / sizeof(f_flock[0]) - 1 }, /* the pid is given back only */
	LAYOUT("sched_attr", 48, f_sched_attr),
	LAYOUT("timex", sizeof(struct timex), f_timex),
	LAYOUT("futex_waitv", sizeof(struct futex_waitv), f_futex_waitv),
	LAYOUT("sembuf", 6, f_sembuf),
	LAYOUT("mq_attr", 32, f_mq_attr),
};

/* Words of syscalls/table that say more than the structure's name: when it is shown, or how. */
static const struct {
	const char *word, *decode;
} aliases[] = {
	{ "addrlen", "int" },	    { "epollctl", "epoll_event" }, { "futextime", "timespec" }, { "id", "uint" },
	{ "pointer", "ulong" },	    { "remaining", "timespec" },   { "sendoff", "off" },	{ "sigset8", "sigset" },
	{ "mq_create", "mq_attr" }, { "utimespec", "timespec" },   { "utimeval", "timeval" },	{ "waitrusage", "rusage" },
};

const struct struct_layout *
struct_layout(const char *decode)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].word, decode) == 0)
			decode = aliases[i].decode;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (strcmp(layouts[i].decode, decode) == 0)
			return &layouts[i];
	return NULL;
}

uint64_t
struct_value(const struct struct_field *f, const void *raw)
{
	const unsigned char *p = (const unsigned char *)raw + f->offset;
	bool is_signed = f->kind == FIELD_INT || f->kind == FIELD_PID || f->kind == FIELD_FD;
	int64_t pair[2];
	uint64_t v = 0;
	uint32_t v4;
	uint16_t v2;

	switch (f->size) {
	case SIZE_TIMESPEC:
		memcpy(pair, p, 16);
		return (uint64_t)pair[0] * 1000000000 + (uint64_t)pair[1];
	case SIZE_TIMEVAL:
		memcpy(pair, p, 16);
		return ((uint64_t)pair[0] * 1000000 + (uint64_t)pair[1]) * 1000;
	case 1:
		return *p;
	case 2:
		memcpy(&v2, p, 2);
		return is_signed ? (uint64_t)(int64_t)(int16_t)v2 : v2;
	case 4:
		memcpy(&v4, p, 4);
		return is_signed ? (uint64_t)(int64_t)(int32_t)v4 : v4;
	default:
		memcpy(&v, p, 8);
		return v;
	}
}
