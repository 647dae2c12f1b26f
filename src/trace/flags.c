/* SPDX-License-Identifier: MIT
 *
 * Sets of flags in system calls' arguments. Values come from the host's headers, never from here; what the headers are too old
 * for, or libc has another idea of, is written out. A name of several bits stands before those of its parts; the order is
 * strace's.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "src/trace/names.h"

#define N(c) { (uint64_t)(c), #c }
#define V(name, v) { v, #name }

#define OPEN_BITS                                                                                                        \
	N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC), N(O_APPEND), N(O_NONBLOCK), N(O_SYNC), V(__O_SYNC, 0x100000), N(O_DSYNC), \
		N(O_DIRECT), V(O_LARGEFILE, 0x8000), N(O_NOFOLLOW), N(O_NOATIME), N(O_CLOEXEC), N(O_PATH), N(O_TMPFILE),     \
		V(__O_TMPFILE, 0x400000), N(O_DIRECTORY), V(FASYNC, 0x2000)

static const struct const_name open_flags[] = { OPEN_BITS };

static const struct const_name fd_flags[] = { N(FD_CLOEXEC) };

static const struct const_name seals[] = {
	N(F_SEAL_SEAL), N(F_SEAL_SHRINK), N(F_SEAL_GROW), N(F_SEAL_WRITE), N(F_SEAL_FUTURE_WRITE), V(F_SEAL_EXEC, 0x20),
};

static const struct const_name notify_flags[] = {
	N(DN_ACCESS), N(DN_MODIFY), N(DN_CREATE), N(DN_DELETE), N(DN_RENAME), N(DN_ATTRIB), N(DN_MULTISHOT),
};

static const struct const_name prot_flags[] = {
	N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), V(PROT_SEM, 8), N(PROT_GROWSDOWN), N(PROT_GROWSUP),
};

static const struct const_name map_flags[] = {
	N(MAP_SHARED_VALIDATE), N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_FIXED), N(MAP_ANONYMOUS), N(MAP_32BIT), N(MAP_NORESERVE),
	N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_EXECUTABLE), N(MAP_LOCKED), N(MAP_STACK),
	N(MAP_HUGETLB), N(MAP_SYNC), N(MAP_FIXED_NOREPLACE),
};

static const struct const_name clone_flags[] = {
	V(CLONE_NEWTIME, 0x80),
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND), N(CLONE_PIDFD), N(CLONE_PTRACE), N(CLONE_VFORK),
	N(CLONE_PARENT), N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM), N(CLONE_SETTLS), N(CLONE_PARENT_SETTID),
	N(CLONE_CHILD_CLEARTID), N(CLONE_DETACHED), N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP),
	N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET), N(CLONE_IO),
	N(CLONE_CLEAR_SIGHAND), N(CLONE_INTO_CGROUP),
};

static const struct const_name at_flags[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), N(AT_RECURSIVE),
};

static const struct const_name access_at_flags[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_EACCESS), N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), N(AT_RECURSIVE),
};

static const struct const_name access_modes[] = { N(R_OK), N(W_OK), N(X_OK) };

static const struct const_name msg_flags[] = {
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), V(MSG_PROBE, 0x10), N(MSG_TRUNC), N(MSG_DONTWAIT), N(MSG_EOR),
	N(MSG_WAITALL), N(MSG_FIN), N(MSG_SYN), N(MSG_CONFIRM), N(MSG_RST), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE),
	N(MSG_WAITFORONE), V(MSG_SENDPAGE_NOTLAST, 0x20000), V(MSG_BATCH, 0x40000), V(MSG_NO_SHARED_FRAGS, 0x80000), V(MSG_ZEROCOPY, 0x4000000), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC),
};

static const struct const_name splice_flags[] = {
	N(SPLICE_F_MOVE), N(SPLICE_F_NONBLOCK), N(SPLICE_F_MORE), N(SPLICE_F_GIFT),
};

static const struct const_name xattr_flags[] = { N(XATTR_CREATE), N(XATTR_REPLACE) };

static const struct const_name wait_options[] = {
	N(WNOHANG), N(WEXITED), N(WSTOPPED), N(WCONTINUED), N(WNOWAIT), N(__WCLONE), N(__WALL), N(__WNOTHREAD),
};

static const struct const_name timer_flags[] = { N(TIMER_ABSTIME) };

static const struct const_name rwf_flags[] = { N(RWF_HIPRI), N(RWF_DSYNC), N(RWF_SYNC), N(RWF_NOWAIT), N(RWF_APPEND) };

static const struct const_name mount_flags[] = {
	N(MS_RDONLY), N(MS_NOSUID), N(MS_NODEV), N(MS_NOEXEC), N(MS_SYNCHRONOUS), N(MS_REMOUNT), N(MS_MANDLOCK),
	N(MS_DIRSYNC), V(MS_NOSYMFOLLOW, 256), N(MS_NOATIME), N(MS_NODIRATIME), N(MS_BIND), N(MS_MOVE), N(MS_REC), N(MS_SILENT),
	N(MS_POSIXACL), N(MS_UNBINDABLE), N(MS_PRIVATE), N(MS_SLAVE), N(MS_SHARED), N(MS_RELATIME), N(MS_KERNMOUNT),
	N(MS_I_VERSION), N(MS_STRICTATIME), N(MS_LAZYTIME),
};

static const struct const_name msync_flags[] = { N(MS_SYNC), N(MS_ASYNC), N(MS_INVALIDATE) };

static const struct const_name mremap_flags[] = { N(MREMAP_MAYMOVE), N(MREMAP_FIXED), N(MREMAP_DONTUNMAP) };

static const struct const_name mlock_flags[] = { V(MLOCK_ONFAULT, 1) };

static const struct const_name statx_mask[] = {
	N(STATX_ALL), N(STATX_BASIC_STATS), N(STATX_TYPE), N(STATX_MODE), N(STATX_NLINK), N(STATX_UID), N(STATX_GID),
	N(STATX_ATIME), N(STATX_MTIME), N(STATX_CTIME), N(STATX_INO), N(STATX_SIZE), N(STATX_BLOCKS), N(STATX_BTIME),
	N(STATX_MNT_ID), V(STATX_DIOALIGN, 0x2000),
};

static const struct const_name statx_attrs[] = {
	N(STATX_ATTR_COMPRESSED), N(STATX_ATTR_IMMUTABLE), N(STATX_ATTR_APPEND), N(STATX_ATTR_NODUMP), N(STATX_ATTR_ENCRYPTED),
	N(STATX_ATTR_AUTOMOUNT), V(STATX_ATTR_MOUNT_ROOT, 0x2000), V(STATX_ATTR_VERITY, 0x100000), V(STATX_ATTR_DAX, 0x200000),
};

static const struct const_name statfs_flags[] = {
	V(ST_VALID, 0x20), V(ST_RDONLY, 1), V(ST_NOSUID, 2), V(ST_NODEV, 4), V(ST_NOEXEC, 8), V(ST_SYNCHRONOUS, 16), V(ST_MANDLOCK, 64),
	V(ST_NOATIME, 0x400), V(ST_NODIRATIME, 0x800), V(ST_RELATIME, 0x1000), V(ST_NOSYMFOLLOW, 0x2000),
};

static const struct const_name rename_flags[] = { N(RENAME_NOREPLACE), N(RENAME_EXCHANGE), N(RENAME_WHITEOUT) };

static const struct const_name memfd_flags[] = {
	N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB), V(MFD_NOEXEC_SEAL, 8), V(MFD_EXEC, 16),
};

static const struct const_name lock_ops[] = {
	N(LOCK_SH), N(LOCK_EX), N(LOCK_NB), N(LOCK_UN), V(LOCK_MAND, 32), V(LOCK_RW, 192), V(LOCK_READ, 64), V(LOCK_WRITE, 128),
};

static const struct const_name inotify_flags[] = {
	N(IN_ACCESS), N(IN_MODIFY), N(IN_ATTRIB), N(IN_CLOSE_WRITE), N(IN_CLOSE_NOWRITE), N(IN_OPEN), N(IN_MOVED_FROM),
	N(IN_MOVED_TO), N(IN_CREATE), N(IN_DELETE), N(IN_DELETE_SELF), N(IN_MOVE_SELF), N(IN_UNMOUNT), N(IN_Q_OVERFLOW),
	N(IN_IGNORED), N(IN_ONLYDIR), N(IN_DONT_FOLLOW), N(IN_EXCL_UNLINK), N(IN_MASK_CREATE), N(IN_MASK_ADD), N(IN_ISDIR),
	N(IN_ONESHOT),
};

static const struct const_name inotify_init_flags[] = { N(IN_NONBLOCK), N(IN_CLOEXEC) };

static const struct const_name grnd_flags[] = { N(GRND_NONBLOCK), N(GRND_RANDOM), N(GRND_INSECURE) };

static const struct const_name close_range_flags[] = { N(CLOSE_RANGE_UNSHARE), N(CLOSE_RANGE_CLOEXEC) };

static const struct const_name tfd_flags[] = { N(TFD_TIMER_ABSTIME), N(TFD_TIMER_CANCEL_ON_SET), N(TFD_CLOEXEC), N(TFD_NONBLOCK) };

static const struct const_name sock_flags[] = { N(SOCK_CLOEXEC), N(SOCK_NONBLOCK) };

static const struct const_name sfd_flags[] = { N(SFD_CLOEXEC), N(SFD_NONBLOCK) };

static const struct const_name umount_flags[] = { N(MNT_FORCE), N(MNT_DETACH), N(MNT_EXPIRE), N(UMOUNT_NOFOLLOW) };

static const struct const_name mlockall_flags[] = { N(MCL_CURRENT), N(MCL_FUTURE), N(MCL_ONFAULT) };

static const struct const_name falloc_flags[] = {
	N(FALLOC_FL_KEEP_SIZE), N(FALLOC_FL_PUNCH_HOLE), V(FALLOC_FL_NO_HIDE_STALE, 4), N(FALLOC_FL_COLLAPSE_RANGE),
	N(FALLOC_FL_ZERO_RANGE), N(FALLOC_FL_INSERT_RANGE), N(FALLOC_FL_UNSHARE_RANGE),
};

static const struct const_name sync_range_flags[] = {
	N(SYNC_FILE_RANGE_WAIT_BEFORE), N(SYNC_FILE_RANGE_WRITE), N(SYNC_FILE_RANGE_WAIT_AFTER),
};

static const struct const_name epoll_flags[] = { N(EPOLL_CLOEXEC) };

static const struct const_name efd_flags[] = { N(EFD_SEMAPHORE), N(EFD_CLOEXEC), N(EFD_NONBLOCK) };

static const struct const_name pidfd_flags[] = { V(PIDFD_NONBLOCK, O_NONBLOCK) };

static const struct const_name sa_flags[] = {
	V(SA_RESTORER, 0x04000000), N(SA_ONSTACK), N(SA_RESTART), N(SA_INTERRUPT), N(SA_NODEFER), N(SA_RESETHAND), N(SA_SIGINFO),
	N(SA_NOCLDSTOP), N(SA_NOCLDWAIT),
};

static const struct const_name ss_flags[] = { V(SS_ONSTACK, 1), V(SS_DISABLE, 2), V(SS_AUTODISARM, 1u << 31) };

static const struct const_name epoll_events[] = {
	N(EPOLLIN), N(EPOLLPRI), N(EPOLLOUT), N(EPOLLERR), N(EPOLLHUP), V(EPOLLNVAL, 0x20), N(EPOLLRDNORM), N(EPOLLRDBAND),
	N(EPOLLWRNORM), N(EPOLLWRBAND), N(EPOLLMSG), N(EPOLLRDHUP), N(EPOLLEXCLUSIVE), N(EPOLLWAKEUP), N(EPOLLONESHOT), N(EPOLLET),
};

static const struct const_name poll_events[] = {
	V(POLLIN, 1), V(POLLPRI, 2), V(POLLOUT, 4), V(POLLRDNORM, 0x40), V(POLLWRNORM, 0x100), V(POLLRDBAND, 0x80), V(POLLWRBAND, 0x200),
	V(POLLERR, 8), V(POLLHUP, 0x10), V(POLLNVAL, 0x20), V(POLLMSG, 0x400), V(POLLREMOVE, 0x1000), V(POLLRDHUP, 0x2000),
};

static const struct const_name resolve_flags[] = {
	N(RESOLVE_NO_XDEV), N(RESOLVE_NO_MAGICLINKS), N(RESOLVE_NO_SYMLINKS), N(RESOLVE_BENEATH), N(RESOLVE_IN_ROOT),
	V(RESOLVE_CACHED, 0x20),
};

static const struct const_name adj_modes[] = {
	V(ADJ_OFFSET_SS_READ, 0xa001), V(ADJ_OFFSET_SINGLESHOT, 0x8001), N(ADJ_OFFSET), N(ADJ_FREQUENCY), N(ADJ_MAXERROR),
	N(ADJ_ESTERROR), N(ADJ_STATUS), N(ADJ_TIMECONST), N(ADJ_TAI), N(ADJ_SETOFFSET), N(ADJ_MICRO), N(ADJ_NANO), N(ADJ_TICK),
};

static const struct const_name sta_flags[] = {
	N(STA_PLL), N(STA_PPSFREQ), N(STA_PPSTIME), N(STA_FLL), N(STA_INS), N(STA_DEL), N(STA_UNSYNC), N(STA_FREQHOLD), N(STA_PPSSIGNAL),
	N(STA_PPSJITTER), N(STA_PPSWANDER), N(STA_PPSERROR), N(STA_CLOCKERR), N(STA_NANO), N(STA_MODE), N(STA_CLK),
};

static const struct const_name secbits[] = {
	N(SECBIT_NOROOT), N(SECBIT_NOROOT_LOCKED), N(SECBIT_NO_SETUID_FIXUP), N(SECBIT_NO_SETUID_FIXUP_LOCKED), N(SECBIT_KEEP_CAPS),
	N(SECBIT_KEEP_CAPS_LOCKED), N(SECBIT_NO_CAP_AMBIENT_RAISE), N(SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED),
};

static const struct const_name persona_flags[] = {
	N(UNAME26), N(ADDR_NO_RANDOMIZE), N(FDPIC_FUNCPTRS), N(MMAP_PAGE_ZERO), N(ADDR_COMPAT_LAYOUT), N(READ_IMPLIES_EXEC),
	N(ADDR_LIMIT_32BIT), N(SHORT_INODE), N(WHOLE_SECONDS), N(STICKY_TIMEOUTS), N(ADDR_LIMIT_3GB),
};

static const struct const_name sched_flags[] = {
	V(SCHED_FLAG_RESET_ON_FORK, 1), V(SCHED_FLAG_RECLAIM, 2), V(SCHED_FLAG_DL_OVERRUN, 4), V(SCHED_FLAG_KEEP_POLICY, 8),
	V(SCHED_FLAG_KEEP_PARAMS, 16), V(SCHED_FLAG_UTIL_CLAMP_MIN, 32), V(SCHED_FLAG_UTIL_CLAMP_MAX, 64),
};

static const struct const_name futex2_flags[] = { V(FUTEX_32, 2), V(FUTEX_PRIVATE_FLAG, 128) };

static const struct const_name pkey_rights[] = { V(PKEY_DISABLE_ACCESS, 1), V(PKEY_DISABLE_WRITE, 2) };

static const struct const_name membarrier_flags[] = { V(MEMBARRIER_CMD_FLAG_CPU, 1) };

static const struct const_name iflags[] = {
	N(IGNBRK), N(BRKINT), N(IGNPAR), N(PARMRK), N(INPCK), N(ISTRIP), N(INLCR), N(IGNCR), N(ICRNL), N(IUCLC), N(IXON), N(IXANY),
	N(IXOFF), N(IMAXBEL), N(IUTF8),
};

static const struct const_name oflags[] = {
	N(OPOST), N(OLCUC), N(ONLCR), N(OCRNL), N(ONOCR), N(ONLRET), N(OFILL), N(OFDEL),
};

static const struct const_name cflags[] = {
	N(CSTOPB), N(CREAD), N(PARENB), N(PARODD), N(HUPCL), N(CLOCAL), N(CMSPAR), N(CRTSCTS),
};

static const struct const_name lflags[] = {
	N(ISIG), N(ICANON), N(XCASE), N(ECHO), N(ECHOE), N(ECHOK), N(ECHONL), N(NOFLSH), N(TOSTOP), N(IEXTEN), N(ECHOCTL), N(ECHOPRT),
	N(ECHOKE), N(FLUSHO), N(PENDIN), N(EXTPROC),
};

static const struct const_name ipc_flags[] = { V(IPC_CREAT, 01000), V(IPC_EXCL, 02000), V(IPC_NOWAIT, 04000), V(SHM_NORESERVE, 010000) };
static const struct const_name shmat_flags[] = { V(SHM_RDONLY, 010000), V(SHM_RND, 020000), V(SHM_REMAP, 040000), V(SHM_EXEC, 0100000) };
static const struct const_name sysv_msg_flags[] = { V(MSG_NOERROR, 010000), V(MSG_EXCEPT, 020000), V(MSG_COPY, 040000), V(IPC_NOWAIT, 04000) };
static const struct const_name sem_flags[] = { V(SEM_UNDO, 0x1000), V(IPC_NOWAIT, 04000) };
static const struct const_name mq_flags[] = { N(O_NONBLOCK) };

#define TABLE(decode, names, rest) { decode, names, sizeof(names) / sizeof((names)[0]), rest, NULL }
#define ZTABLE(decode, names, rest, zero) { decode, names, sizeof(names) / sizeof((names)[0]), rest, zero }

const struct const_table flag_tables[] = {
	TABLE("O_*", open_flags, "O_???"),
	TABLE("OBITS_*", open_flags, "O_???"),
	TABLE("FD_*", fd_flags, "FD_???"),
	TABLE("F_SEAL_*", seals, "F_SEAL_???"),
	TABLE("DN_*", notify_flags, "DN_???"),
	ZTABLE("PROT_*", prot_flags, "PROT_???", "PROT_NONE"),
	ZTABLE("MAP_*", map_flags, "MAP_???", "MAP_FILE"),
	TABLE("CLONE_*", clone_flags, "CLONE_???"),
	TABLE("AT_*", at_flags, "AT_???"),
	TABLE("AT_ACCESS_*", access_at_flags, "AT_???"),
	ZTABLE("*_OK", access_modes, "?_OK", "F_OK"),
	TABLE("MSG_*", msg_flags, "MSG_???"),
	TABLE("SPLICE_F_*", splice_flags, "SPLICE_F_???"),
	TABLE("XATTR_*", xattr_flags, "XATTR_???"),
	TABLE("W*", wait_options, "W???"),
	TABLE("TIMER_*", timer_flags, "TIMER_???"),
	TABLE("RWF_*", rwf_flags, "RWF_???"),
	TABLE("MS_*", mount_flags, "MS_???"),
	TABLE("MSYNC_*", msync_flags, "MS_???"),
	TABLE("MREMAP_*", mremap_flags, "MREMAP_???"),
	TABLE("MLOCK_*", mlock_flags, "MLOCK_???"),
	TABLE("STATX_*", statx_mask, "STATX_???"),
	TABLE("STATX_ATTR_*", statx_attrs, "STATX_ATTR_???"),
	TABLE("ST_*", statfs_flags, "ST_???"),
	TABLE("RENAME_*", rename_flags, "RENAME_??"),
	TABLE("MFD_*", memfd_flags, "MFD_???"),
	TABLE("LOCK_*", lock_ops, "LOCK_???"),
	TABLE("IN_*", inotify_flags, "IN_???"),
	TABLE("IN_INIT_*", inotify_init_flags, "IN_???"),
	TABLE("GRND_*", grnd_flags, "GRND_???"),
	TABLE("CLOSE_RANGE_*", close_range_flags, "CLOSE_RANGE_???"),
	TABLE("TFD_*", tfd_flags, "TFD_???"),
	TABLE("SOCK_*", sock_flags, "SOCK_???"),
	TABLE("SFD_*", sfd_flags, "SFD_???"),
	TABLE("MNT_*", umount_flags, "MNT_???"),
	TABLE("MCL_*", mlockall_flags, "MCL_???"),
	TABLE("FALLOC_FL_*", falloc_flags, "FALLOC_FL_???"),
	TABLE("SYNC_FILE_RANGE_*", sync_range_flags, "SYNC_FILE_RANGE_???"),
	TABLE("EPOLL_*", epoll_flags, "EPOLL_???"),
	TABLE("EFD_*", efd_flags, "EFD_???"),
	TABLE("PIDFD_*", pidfd_flags, "PIDFD_???"),
	TABLE("SA_*", sa_flags, "SA_???"),
	TABLE("SS_*", ss_flags, "SS_???"),
	TABLE("EPOLLEV_*", epoll_events, "EPOLL???"),
	TABLE("POLLEV_*", poll_events, "POLL???"),
	TABLE("RESOLVE_*", resolve_flags, "RESOLVE_???"),
	TABLE("ADJ_*", adj_modes, "ADJ_???"),
	TABLE("STA_*", sta_flags, "STA_???"),
	TABLE("SECBIT_*", secbits, "SECBIT_???"),
	TABLE("PERSONA_*", persona_flags, "PER_???"),
	TABLE("SCHED_FLAG_*", sched_flags, "SCHED_FLAG_???"),
	TABLE("FUTEX2_*", futex2_flags, "FUTEX_???"),
	TABLE("IPC_*", ipc_flags, "IPC_???"),
	TABLE("SHM_*", shmat_flags, "SHM_???"),
	TABLE("SYSVMSG_*", sysv_msg_flags, "MSG_???"),
	TABLE("SEM_*", sem_flags, "SEM_???"),
	TABLE("MQ_*", mq_flags, "O_???"),
	TABLE("PKEY_*", pkey_rights, "PKEY_???"),
	TABLE("MEMBARRIER_CMD_FLAG_*", membarrier_flags, "MEMBARRIER_CMD_FLAG_???"),
	ZTABLE("IFLAG_*", iflags, "???", ""),
	ZTABLE("OFLAG_*", oflags, "???", ""),
	ZTABLE("CFLAG_*", cflags, "???", ""),
	ZTABLE("LFLAG_*", lflags, "???", ""),
};

const unsigned int nr_flag_tables = sizeof(flag_tables) / sizeof(flag_tables[0]);
