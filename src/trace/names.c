/* SPDX-License-Identifier: MIT
 *
 * Names of the constants in system calls' arguments that are one of several, of errors and of signals; sets of flags are in
 * src/trace/flags.c. Values come from the host's headers, never from here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "src/trace/names.h"

#define N(c) { (uint64_t)(c), #c }
#define V(name, v) { v, #name }

static const struct const_name clocks[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID), N(CLOCK_THREAD_CPUTIME_ID),
	N(CLOCK_MONOTONIC_RAW), N(CLOCK_REALTIME_COARSE), N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME),
	N(CLOCK_REALTIME_ALARM), N(CLOCK_BOOTTIME_ALARM), V(CLOCK_SGI_CYCLE, 10), N(CLOCK_TAI),
};

static const struct const_name rlimits[] = {
	N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK), N(RLIMIT_CORE), N(RLIMIT_RSS),
	N(RLIMIT_NPROC), N(RLIMIT_NOFILE), N(RLIMIT_MEMLOCK), N(RLIMIT_AS), N(RLIMIT_LOCKS), N(RLIMIT_SIGPENDING),
	N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE), N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME),
};

static const struct const_name sched_policies[] = {
	N(SCHED_OTHER), N(SCHED_FIFO), N(SCHED_RR), N(SCHED_BATCH), N(SCHED_IDLE), N(SCHED_DEADLINE),
};

static const struct const_name sock_types[] = {
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_RDM), N(SOCK_SEQPACKET), N(SOCK_PACKET),
};

static const struct const_name prios[] = {
	N(PRIO_PROCESS), N(PRIO_PGRP), N(PRIO_USER),
};

static const struct const_name itimers[] = {
	N(ITIMER_REAL), N(ITIMER_VIRTUAL), N(ITIMER_PROF),
};

static const struct const_name families[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_AX25), N(AF_IPX), N(AF_APPLETALK), N(AF_NETROM), N(AF_BRIDGE),
	N(AF_ATMPVC), N(AF_X25), N(AF_INET6), N(AF_ROSE), N(AF_DECnet), N(AF_NETBEUI), N(AF_SECURITY), N(AF_KEY),
	N(AF_NETLINK), N(AF_PACKET), N(AF_ASH), N(AF_ECONET), N(AF_ATMSVC), N(AF_RDS), N(AF_SNA), N(AF_IRDA), N(AF_PPPOX),
	N(AF_WANPIPE), N(AF_LLC), N(AF_IB), N(AF_MPLS), N(AF_CAN), N(AF_TIPC), N(AF_BLUETOOTH), N(AF_IUCV), N(AF_RXRPC),
	N(AF_ISDN), N(AF_PHONET), N(AF_IEEE802154), N(AF_CAIF), N(AF_ALG), N(AF_NFC), N(AF_VSOCK), N(AF_KCM), N(AF_QIPCRTR),
	N(AF_SMC), N(AF_XDP),
};

static const struct const_name fcntl_cmds[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK), N(F_SETLK), N(F_SETLKW), N(F_SETOWN),
	N(F_GETOWN), N(F_SETSIG), N(F_GETSIG), N(F_SETOWN_EX), N(F_GETOWN_EX), N(F_OFD_GETLK), N(F_OFD_SETLK),
	N(F_OFD_SETLKW), V(F_GETLK64, 12), V(F_SETLK64, 13), V(F_SETLKW64, 14), V(F_GETOWNER_UIDS, 17), N(F_SETLEASE), N(F_GETLEASE), N(F_NOTIFY), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ),
	N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS),
};

static const struct const_name ptrace_requests[] = {
	N(PTRACE_TRACEME), N(PTRACE_PEEKTEXT), N(PTRACE_PEEKDATA), N(PTRACE_PEEKUSER), N(PTRACE_POKETEXT),
	N(PTRACE_POKEDATA), N(PTRACE_POKEUSER), N(PTRACE_CONT), N(PTRACE_KILL), N(PTRACE_SINGLESTEP),
	N(PTRACE_GETREGS), N(PTRACE_SETREGS), N(PTRACE_GETFPREGS), N(PTRACE_SETFPREGS), N(PTRACE_ATTACH),
	N(PTRACE_DETACH), N(PTRACE_SYSCALL), N(PTRACE_SETOPTIONS), N(PTRACE_GETEVENTMSG), N(PTRACE_GETSIGINFO),
	N(PTRACE_SETSIGINFO), N(PTRACE_GETREGSET), N(PTRACE_SETREGSET), N(PTRACE_SEIZE), N(PTRACE_INTERRUPT),
	N(PTRACE_LISTEN),
};

static const struct const_name sigprocmask_hows[] = {
	N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK),
};

static const struct const_name seeks[] = {
	N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE),
};

static const struct const_name rusages[] = {
	N(RUSAGE_SELF), N(RUSAGE_CHILDREN), V(RUSAGE_BOTH, (uint64_t)-2), N(RUSAGE_THREAD),
};

static const struct const_name waitid_types[] = {
	N(P_ALL), N(P_PID), N(P_PGID), N(P_PIDFD),
};

static const struct const_name prctl_options[] = {
	N(PR_SET_PDEATHSIG), N(PR_GET_PDEATHSIG), N(PR_GET_DUMPABLE), N(PR_SET_DUMPABLE), N(PR_GET_KEEPCAPS),
	N(PR_SET_KEEPCAPS), N(PR_SET_NAME), N(PR_GET_NAME), N(PR_GET_SECCOMP), N(PR_SET_SECCOMP), N(PR_CAPBSET_READ),
	N(PR_CAPBSET_DROP), N(PR_GET_TSC), N(PR_SET_TSC), N(PR_GET_SECUREBITS), N(PR_SET_SECUREBITS),
	N(PR_SET_TIMERSLACK), N(PR_GET_TIMERSLACK), N(PR_SET_MM), N(PR_SET_PTRACER), N(PR_SET_CHILD_SUBREAPER),
	N(PR_GET_CHILD_SUBREAPER), N(PR_SET_NO_NEW_PRIVS), N(PR_GET_NO_NEW_PRIVS), N(PR_GET_TID_ADDRESS),
	N(PR_SET_THP_DISABLE), N(PR_GET_THP_DISABLE), N(PR_CAP_AMBIENT), N(PR_SET_SYSCALL_USER_DISPATCH),
	N(PR_SET_VMA),
};

static const struct const_name fadvices[] = {
	N(POSIX_FADV_NORMAL), N(POSIX_FADV_RANDOM), N(POSIX_FADV_SEQUENTIAL), N(POSIX_FADV_WILLNEED),
	N(POSIX_FADV_DONTNEED), N(POSIX_FADV_NOREUSE),
};

static const struct const_name madvices[] = {
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED), N(MADV_FREE),
	N(MADV_REMOVE), N(MADV_DONTFORK), N(MADV_DOFORK), N(MADV_MERGEABLE), N(MADV_UNMERGEABLE), N(MADV_HUGEPAGE),
	N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP), N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD),
	N(MADV_PAGEOUT), N(MADV_POPULATE_READ), N(MADV_POPULATE_WRITE), V(MADV_DONTNEED_LOCKED, 24), V(MADV_COLLAPSE, 25),
};

static const struct const_name futex_ops[] = {
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_FD), N(FUTEX_REQUEUE), N(FUTEX_CMP_REQUEUE), N(FUTEX_WAKE_OP),
	N(FUTEX_LOCK_PI), N(FUTEX_UNLOCK_PI), N(FUTEX_TRYLOCK_PI), N(FUTEX_WAIT_BITSET), N(FUTEX_WAKE_BITSET),
	N(FUTEX_WAIT_REQUEUE_PI), N(FUTEX_CMP_REQUEUE_PI), N(FUTEX_LOCK_PI2),
};

static const struct const_name epoll_ctls[] = {
	N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD),
};

static const struct const_name arch_codes[] = {
	N(ARCH_SET_GS), N(ARCH_SET_FS), N(ARCH_GET_FS), N(ARCH_GET_GS), N(ARCH_GET_CPUID), N(ARCH_SET_CPUID),
};

static const struct const_name lock_types[] = { N(F_RDLCK), N(F_WRLCK), N(F_UNLCK), V(F_EXLCK, 4), V(F_SHLCK, 8) };

static const struct const_name shut_hows[] = { N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR) };

static const struct const_name ip_protocols[] = {
	N(IPPROTO_IP), N(IPPROTO_ICMP), N(IPPROTO_IGMP), N(IPPROTO_IPIP), N(IPPROTO_TCP), N(IPPROTO_EGP), N(IPPROTO_PUP),
	N(IPPROTO_UDP), N(IPPROTO_IDP), N(IPPROTO_TP), N(IPPROTO_DCCP), N(IPPROTO_IPV6), N(IPPROTO_ROUTING), N(IPPROTO_FRAGMENT),
	N(IPPROTO_RSVP), N(IPPROTO_GRE), N(IPPROTO_ESP), N(IPPROTO_AH), N(IPPROTO_ICMPV6), N(IPPROTO_NONE), N(IPPROTO_DSTOPTS),
	N(IPPROTO_MTP), N(IPPROTO_BEETPH), N(IPPROTO_ENCAP), N(IPPROTO_PIM), N(IPPROTO_COMP), N(IPPROTO_SCTP), N(IPPROTO_MH),
	N(IPPROTO_UDPLITE), N(IPPROTO_MPLS), N(IPPROTO_ETHERNET), N(IPPROTO_RAW), N(IPPROTO_MPTCP),
};

static const struct const_name netlinks[] = {
	N(NETLINK_ROUTE), N(NETLINK_UNUSED), N(NETLINK_USERSOCK), N(NETLINK_FIREWALL), N(NETLINK_SOCK_DIAG), N(NETLINK_NFLOG),
	N(NETLINK_XFRM), N(NETLINK_SELINUX), N(NETLINK_ISCSI), N(NETLINK_AUDIT), N(NETLINK_FIB_LOOKUP), N(NETLINK_CONNECTOR),
	N(NETLINK_NETFILTER), N(NETLINK_IP6_FW), N(NETLINK_DNRTMSG), N(NETLINK_KOBJECT_UEVENT), N(NETLINK_GENERIC),
	N(NETLINK_SCSITRANSPORT), N(NETLINK_ECRYPTFS), N(NETLINK_RDMA), N(NETLINK_CRYPTO), N(NETLINK_SMC),
};

static const struct const_name socket_levels[] = {
	N(SOL_SOCKET), N(SOL_IP), N(SOL_TCP), V(SOL_UDP, 17), N(SOL_IPV6), N(SOL_ICMPV6), N(SOL_RAW), N(SOL_PACKET), N(SOL_NETLINK),
	V(SOL_VSOCK, 287), N(SOL_ALG), V(SOL_ICMP, 1), V(SOL_SCTP, 132), V(SOL_UDPLITE, 136), N(SOL_ATM),
};

static const struct const_name socket_options[] = {
	N(SO_DEBUG), N(SO_REUSEADDR), N(SO_TYPE), N(SO_ERROR), N(SO_DONTROUTE), N(SO_BROADCAST), N(SO_SNDBUF), N(SO_RCVBUF),
	N(SO_KEEPALIVE), N(SO_OOBINLINE), N(SO_NO_CHECK), N(SO_PRIORITY), N(SO_LINGER), N(SO_BSDCOMPAT), N(SO_REUSEPORT),
	N(SO_PASSCRED), N(SO_PEERCRED), N(SO_RCVLOWAT), N(SO_SNDLOWAT), V(SO_RCVTIMEO_OLD, 20), V(SO_SNDTIMEO_OLD, 21),
	N(SO_SECURITY_AUTHENTICATION), N(SO_BINDTODEVICE), N(SO_ATTACH_FILTER), N(SO_DETACH_FILTER), N(SO_PEERNAME),
	V(SO_TIMESTAMP_OLD, 29), N(SO_ACCEPTCONN), N(SO_PEERSEC), N(SO_SNDBUFFORCE), N(SO_RCVBUFFORCE), N(SO_PASSSEC),
	V(SO_TIMESTAMPNS_OLD, 35), N(SO_MARK), V(SO_TIMESTAMPING_OLD, 37), N(SO_PROTOCOL), N(SO_DOMAIN), N(SO_RXQ_OVFL),
	N(SO_WIFI_STATUS), N(SO_PEEK_OFF), N(SO_NOFCS), N(SO_LOCK_FILTER), N(SO_SELECT_ERR_QUEUE), N(SO_BUSY_POLL),
	N(SO_MAX_PACING_RATE), N(SO_BPF_EXTENSIONS), N(SO_INCOMING_CPU), N(SO_ATTACH_BPF), N(SO_ATTACH_REUSEPORT_CBPF),
	N(SO_ATTACH_REUSEPORT_EBPF), N(SO_CNX_ADVICE), N(SO_MEMINFO), N(SO_INCOMING_NAPI_ID), N(SO_COOKIE), N(SO_PEERGROUPS),
	N(SO_ZEROCOPY), N(SO_TXTIME), N(SO_BINDTOIFINDEX), V(SO_TIMESTAMP_NEW, 63), V(SO_TIMESTAMPNS_NEW, 64),
	V(SO_TIMESTAMPING_NEW, 65), V(SO_RCVTIMEO_NEW, 66), V(SO_SNDTIMEO_NEW, 67), N(SO_DETACH_REUSEPORT_BPF),
};

static const struct const_name netlink_options[] = {
	N(NETLINK_ADD_MEMBERSHIP), N(NETLINK_DROP_MEMBERSHIP), N(NETLINK_PKTINFO), N(NETLINK_BROADCAST_ERROR), N(NETLINK_NO_ENOBUFS),
	N(NETLINK_LISTEN_ALL_NSID), N(NETLINK_LIST_MEMBERSHIPS), N(NETLINK_CAP_ACK), N(NETLINK_EXT_ACK), N(NETLINK_GET_STRICT_CHK),
};

static const struct const_name ip_options[] = {
	N(IP_TOS), N(IP_TTL), N(IP_HDRINCL), N(IP_OPTIONS), N(IP_ROUTER_ALERT), N(IP_RECVOPTS), N(IP_RETOPTS), N(IP_PKTINFO),
	N(IP_PKTOPTIONS), N(IP_MTU_DISCOVER), N(IP_RECVERR), N(IP_RECVTTL), N(IP_RECVTOS), N(IP_MTU), N(IP_FREEBIND),
	N(IP_TRANSPARENT), N(IP_BIND_ADDRESS_NO_PORT), N(IP_MULTICAST_IF), N(IP_MULTICAST_TTL), N(IP_MULTICAST_LOOP),
	N(IP_ADD_MEMBERSHIP), N(IP_DROP_MEMBERSHIP), N(IP_UNBLOCK_SOURCE), N(IP_BLOCK_SOURCE), N(IP_UNICAST_IF),
};

static const struct const_name ipv6_options[] = {
	N(IPV6_ADDRFORM), N(IPV6_UNICAST_HOPS), N(IPV6_MULTICAST_IF), N(IPV6_MULTICAST_HOPS), N(IPV6_MULTICAST_LOOP),
	N(IPV6_ADD_MEMBERSHIP), N(IPV6_DROP_MEMBERSHIP), N(IPV6_MTU_DISCOVER), N(IPV6_MTU), N(IPV6_RECVERR), N(IPV6_V6ONLY),
	N(IPV6_RECVPKTINFO), N(IPV6_PKTINFO), N(IPV6_RECVHOPLIMIT), N(IPV6_HOPLIMIT), N(IPV6_RECVTCLASS), N(IPV6_TCLASS),
};

static const struct const_name tcp_options[] = {
	N(TCP_NODELAY), N(TCP_MAXSEG), N(TCP_CORK), N(TCP_KEEPIDLE), N(TCP_KEEPINTVL), N(TCP_KEEPCNT), N(TCP_SYNCNT), N(TCP_LINGER2),
	N(TCP_DEFER_ACCEPT), N(TCP_WINDOW_CLAMP), N(TCP_INFO), N(TCP_QUICKACK), N(TCP_CONGESTION), N(TCP_MD5SIG), N(TCP_USER_TIMEOUT),
	N(TCP_FASTOPEN), N(TCP_TIMESTAMP), N(TCP_NOTSENT_LOWAT), N(TCP_FASTOPEN_CONNECT), N(TCP_ULP), N(TCP_INQ),
};

static const struct const_name scms[] = { N(SCM_RIGHTS), N(SCM_CREDENTIALS), V(SCM_SECURITY, 3), V(SO_TIMESTAMP_OLD, 29), V(SO_TIMESTAMPNS_OLD, 35) };

static const struct const_name tcflsh[] = { N(TCIFLUSH), N(TCOFLUSH), N(TCIOFLUSH) };

static const struct const_name tcxonc[] = { N(TCOOFF), N(TCOON), N(TCIOFF), N(TCION) };

static const struct const_name bauds[] = {
	N(B0), N(B50), N(B75), N(B110), N(B134), N(B150), N(B200), N(B300), N(B600), N(B1200), N(B1800), N(B2400), N(B4800), N(B9600),
	N(B19200), N(B38400), N(B57600), N(B115200), N(B230400), N(B460800), N(B500000), N(B576000), N(B921600), N(B1000000),
	N(B1152000), N(B1500000), N(B2000000), N(B2500000), N(B3000000), N(B3500000), N(B4000000),
};

static const struct const_name csizes[] = { N(CS5), N(CS6), N(CS7), N(CS8) };

static const struct const_name capabilities[] = {
	N(CAP_CHOWN), N(CAP_DAC_OVERRIDE), N(CAP_DAC_READ_SEARCH), N(CAP_FOWNER), N(CAP_FSETID), N(CAP_KILL), N(CAP_SETGID),
	N(CAP_SETUID), N(CAP_SETPCAP), N(CAP_LINUX_IMMUTABLE), N(CAP_NET_BIND_SERVICE), N(CAP_NET_BROADCAST), N(CAP_NET_ADMIN),
	N(CAP_NET_RAW), N(CAP_IPC_LOCK), N(CAP_IPC_OWNER), N(CAP_SYS_MODULE), N(CAP_SYS_RAWIO), N(CAP_SYS_CHROOT), N(CAP_SYS_PTRACE),
	N(CAP_SYS_PACCT), N(CAP_SYS_ADMIN), N(CAP_SYS_BOOT), N(CAP_SYS_NICE), N(CAP_SYS_RESOURCE), N(CAP_SYS_TIME),
	N(CAP_SYS_TTY_CONFIG), N(CAP_MKNOD), N(CAP_LEASE), N(CAP_AUDIT_WRITE), N(CAP_AUDIT_CONTROL), N(CAP_SETFCAP),
	N(CAP_MAC_OVERRIDE), N(CAP_MAC_ADMIN), N(CAP_SYSLOG), N(CAP_WAKE_ALARM), N(CAP_BLOCK_SUSPEND), N(CAP_AUDIT_READ),
	N(CAP_PERFMON), N(CAP_BPF), N(CAP_CHECKPOINT_RESTORE),
};

static const struct const_name cap_versions[] = {
	N(_LINUX_CAPABILITY_VERSION_1), N(_LINUX_CAPABILITY_VERSION_2), N(_LINUX_CAPABILITY_VERSION_3),
};

static const struct const_name ambients[] = {
	N(PR_CAP_AMBIENT_IS_SET), N(PR_CAP_AMBIENT_RAISE), N(PR_CAP_AMBIENT_LOWER), N(PR_CAP_AMBIENT_CLEAR_ALL),
};

static const struct const_name sigevs[] = { N(SIGEV_SIGNAL), N(SIGEV_NONE), N(SIGEV_THREAD), N(SIGEV_THREAD_ID) };

static const struct const_name si_codes[] = {
	N(SI_USER), N(SI_KERNEL), N(SI_QUEUE), N(SI_TIMER), N(SI_MESGQ), N(SI_ASYNCIO), N(SI_SIGIO), N(SI_TKILL), N(SI_DETHREAD),
	N(SI_ASYNCNL),
};

static const struct const_name cld_codes[] = {
	N(CLD_EXITED), N(CLD_KILLED), N(CLD_DUMPED), N(CLD_TRAPPED), N(CLD_STOPPED), N(CLD_CONTINUED),
};

static const struct const_name segv_codes[] = {
	N(SEGV_MAPERR), N(SEGV_ACCERR), N(SEGV_BNDERR), N(SEGV_PKUERR), V(SEGV_ACCADI, 5), V(SEGV_ADIDERR, 6), V(SEGV_ADIPERR, 7),
	V(SEGV_MTEAERR, 8), V(SEGV_MTESERR, 9),
};

static const struct const_name bus_codes[] = {
	N(BUS_ADRALN), N(BUS_ADRERR), N(BUS_OBJERR), N(BUS_MCEERR_AR), N(BUS_MCEERR_AO),
};

static const struct const_name ill_codes[] = {
	N(ILL_ILLOPC), N(ILL_ILLOPN), N(ILL_ILLADR), N(ILL_ILLTRP), N(ILL_PRVOPC), N(ILL_PRVREG), N(ILL_COPROC), N(ILL_BADSTK),
};

static const struct const_name fpe_codes[] = {
	N(FPE_INTDIV), N(FPE_INTOVF), N(FPE_FLTDIV), N(FPE_FLTOVF), N(FPE_FLTUND), N(FPE_FLTRES), N(FPE_FLTINV), N(FPE_FLTSUB),
};

static const struct const_name trap_codes[] = { V(TRAP_BRKPT, 1), V(TRAP_TRACE, 2), V(TRAP_BRANCH, 3), V(TRAP_HWBKPT, 4) };

static const struct const_name poll_codes[] = { N(POLL_IN), N(POLL_OUT), N(POLL_MSG), N(POLL_ERR), N(POLL_PRI), N(POLL_HUP) };

static const struct const_name sys_codes[] = { V(SYS_SECCOMP, 1), V(SYS_USER_DISPATCH, 2) };

static const struct const_name fs_magics[] = {
	N(EXT4_SUPER_MAGIC), N(TMPFS_MAGIC), N(PROC_SUPER_MAGIC), N(SYSFS_MAGIC), N(DEVPTS_SUPER_MAGIC), N(PIPEFS_MAGIC), N(SOCKFS_MAGIC),
	N(OVERLAYFS_SUPER_MAGIC), N(RAMFS_MAGIC), N(CGROUP_SUPER_MAGIC), N(CGROUP2_SUPER_MAGIC), N(NFS_SUPER_MAGIC),
	N(BTRFS_SUPER_MAGIC), N(XFS_SUPER_MAGIC), N(ANON_INODE_FS_MAGIC), N(HUGETLBFS_MAGIC), N(BPF_FS_MAGIC), N(TRACEFS_MAGIC),
	N(DEBUGFS_MAGIC), N(SQUASHFS_MAGIC), N(MSDOS_SUPER_MAGIC), N(ISOFS_SUPER_MAGIC), N(NSFS_MAGIC), N(SECURITYFS_MAGIC),
	V(FUSE_SUPER_MAGIC, 0x65735546), V(MQUEUE_MAGIC, 0x19800202),
};

static const struct const_name membarrier_cmds[] = {
	V(MEMBARRIER_CMD_QUERY, 0), V(MEMBARRIER_CMD_GLOBAL, 1), V(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 2),
	V(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 4), V(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 8),
	V(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 16), V(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 32),
	V(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 64), V(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 128),
	V(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 256), V(MEMBARRIER_CMD_GET_REGISTRATIONS, 512),
};

static const struct const_name kcmps[] = {
	V(KCMP_FILE, 0), V(KCMP_VM, 1), V(KCMP_FILES, 2), V(KCMP_FS, 3), V(KCMP_SIGHAND, 4), V(KCMP_IO, 5), V(KCMP_SYSVSEM, 6),
	V(KCMP_EPOLL_TFD, 7),
};

static const struct const_name syslogs[] = {
	V(SYSLOG_ACTION_CLOSE, 0), V(SYSLOG_ACTION_OPEN, 1), V(SYSLOG_ACTION_READ, 2), V(SYSLOG_ACTION_READ_ALL, 3),
	V(SYSLOG_ACTION_READ_CLEAR, 4), V(SYSLOG_ACTION_CLEAR, 5), V(SYSLOG_ACTION_CONSOLE_OFF, 6), V(SYSLOG_ACTION_CONSOLE_ON, 7),
	V(SYSLOG_ACTION_CONSOLE_LEVEL, 8), V(SYSLOG_ACTION_SIZE_UNREAD, 9), V(SYSLOG_ACTION_SIZE_BUFFER, 10),
};

static const struct const_name shm_cmds[] = {
	V(IPC_RMID, 0), V(IPC_SET, 1), V(IPC_STAT, 2), V(IPC_INFO, 3), V(SHM_LOCK, 11), V(SHM_UNLOCK, 12), V(SHM_STAT, 13),
	V(SHM_INFO, 14), V(SHM_STAT_ANY, 15),
};

static const struct const_name sem_cmds[] = {
	V(IPC_RMID, 0), V(IPC_SET, 1), V(IPC_STAT, 2), V(IPC_INFO, 3), V(GETPID, 11), V(GETVAL, 12), V(GETALL, 13), V(GETNCNT, 14),
	V(GETZCNT, 15), V(SETVAL, 16), V(SETALL, 17), V(SEM_STAT, 18), V(SEM_INFO, 19), V(SEM_STAT_ANY, 20),
};

static const struct const_name msg_cmds[] = {
	V(IPC_RMID, 0), V(IPC_SET, 1), V(IPC_STAT, 2), V(IPC_INFO, 3), V(MSG_STAT, 11), V(MSG_INFO, 12), V(MSG_STAT_ANY, 13),
};

#define TABLE(decode, names, rest) { decode, names, sizeof(names) / sizeof((names)[0]), rest, NULL }

static const struct const_table tables[] = {
	TABLE("CLOCK_", clocks, NULL),
	TABLE("RLIMIT_", rlimits, NULL),
	TABLE("SHM_", shm_cmds, NULL),
	TABLE("SEM_", sem_cmds, NULL),
	TABLE("MSG_", msg_cmds, NULL),
	TABLE("SCHED_", sched_policies, NULL),
	TABLE("SOCK_", sock_types, NULL),
	TABLE("PRIO_", prios, NULL),
	TABLE("ITIMER_", itimers, NULL),
	TABLE("AF_", families, NULL),
	TABLE("F_", fcntl_cmds, NULL),
	TABLE("F_LK", lock_types, NULL),
	TABLE("PTRACE_", ptrace_requests, NULL),
	TABLE("SIG_", sigprocmask_hows, NULL),
	TABLE("SEEK_", seeks, NULL),
	TABLE("RUSAGE_", rusages, NULL),
	TABLE("P_", waitid_types, NULL),
	TABLE("PR_", prctl_options, NULL),
	TABLE("PR_CAP_AMBIENT_", ambients, NULL),
	TABLE("POSIX_FADV_", fadvices, NULL),
	TABLE("MADV_", madvices, NULL),
	TABLE("FUTEX_", futex_ops, NULL),
	TABLE("EPOLL_CTL_", epoll_ctls, NULL),
	TABLE("ARCH_", arch_codes, NULL),
	TABLE("SHUT_", shut_hows, NULL),
	TABLE("IPPROTO_", ip_protocols, NULL),
	TABLE("NETLINK_", netlinks, NULL),
	TABLE("NETLINK_OPT_", netlink_options, NULL),
	TABLE("SOL_", socket_levels, NULL),
	TABLE("SO_", socket_options, NULL),
	TABLE("IP_", ip_options, NULL),
	TABLE("IPV6_", ipv6_options, NULL),
	TABLE("TCP_", tcp_options, NULL),
	TABLE("SCM_", scms, NULL),
	TABLE("TCFLSH_", tcflsh, NULL),
	TABLE("TCXONC_", tcxonc, NULL),
	TABLE("B", bauds, NULL),
	TABLE("CS", csizes, NULL),
	TABLE("CAP_", capabilities, NULL),
	TABLE("_LINUX_CAPABILITY_VERSION_", cap_versions, NULL),
	TABLE("SIGEV_", sigevs, NULL),
	TABLE("SI_", si_codes, NULL),
	TABLE("CLD_", cld_codes, NULL),
	TABLE("SEGV_", segv_codes, NULL),
	TABLE("BUS_", bus_codes, NULL),
	TABLE("ILL_", ill_codes, NULL),
	TABLE("FPE_", fpe_codes, NULL),
	TABLE("TRAP_", trap_codes, NULL),
	TABLE("POLL_", poll_codes, NULL),
	TABLE("SYS_", sys_codes, NULL),
	TABLE("FSMAGIC_", fs_magics, NULL),
	TABLE("MEMBARRIER_CMD_", membarrier_cmds, NULL),
	TABLE("KCMP_", kcmps, NULL),
	TABLE("SYSLOG_ACTION_", syslogs, NULL),
};

static const char *const errno_names[] = {
	[EPERM] = "EPERM", [ENOENT] = "ENOENT", [ESRCH] = "ESRCH", [EINTR] = "EINTR", [EIO] = "EIO", [ENXIO] = "ENXIO",
	[E2BIG] = "E2BIG", [ENOEXEC] = "ENOEXEC", [EBADF] = "EBADF", [ECHILD] = "ECHILD", [EAGAIN] = "EAGAIN",
	[ENOMEM] = "ENOMEM", [EACCES] = "EACCES", [EFAULT] = "EFAULT", [ENOTBLK] = "ENOTBLK", [EBUSY] = "EBUSY",
	[EEXIST] = "EEXIST", [EXDEV] = "EXDEV", [ENODEV] = "ENODEV", [ENOTDIR] = "ENOTDIR", [EISDIR] = "EISDIR",
	[EINVAL] = "EINVAL", [ENFILE] = "ENFILE", [EMFILE] = "EMFILE", [ENOTTY] = "ENOTTY", [ETXTBSY] = "ETXTBSY",
	[EFBIG] = "EFBIG", [ENOSPC] = "ENOSPC", [ESPIPE] = "ESPIPE", [EROFS] = "EROFS", [EMLINK] = "EMLINK",
	[EPIPE] = "EPIPE", [EDOM] = "EDOM", [ERANGE] = "ERANGE", [EDEADLK] = "EDEADLK",
	[ENAMETOOLONG] = "ENAMETOOLONG", [ENOLCK] = "ENOLCK", [ENOSYS] = "ENOSYS", [ENOTEMPTY] = "ENOTEMPTY",
	[ELOOP] = "ELOOP", [ENOMSG] = "ENOMSG", [EIDRM] = "EIDRM", [ECHRNG] = "ECHRNG", [EL2NSYNC] = "EL2NSYNC",
	[EL3HLT] = "EL3HLT", [EL3RST] = "EL3RST", [ELNRNG] = "ELNRNG", [EUNATCH] = "EUNATCH", [ENOCSI] = "ENOCSI",
	[EL2HLT] = "EL2HLT", [EBADE] = "EBADE", [EBADR] = "EBADR", [EXFULL] = "EXFULL", [ENOANO] = "ENOANO",
	[EBADRQC] = "EBADRQC", [EBADSLT] = "EBADSLT", [EBFONT] = "EBFONT", [ENOSTR] = "ENOSTR", [ENODATA] = "ENODATA",
	[ETIME] = "ETIME", [ENOSR] = "ENOSR", [ENONET] = "ENONET", [ENOPKG] = "ENOPKG", [EREMOTE] = "EREMOTE",
	[ENOLINK] = "ENOLINK", [EADV] = "EADV", [ESRMNT] = "ESRMNT", [ECOMM] = "ECOMM", [EPROTO] = "EPROTO",
	[EMULTIHOP] = "EMULTIHOP", [EDOTDOT] = "EDOTDOT", [EBADMSG] = "EBADMSG", [EOVERFLOW] = "EOVERFLOW",
	[ENOTUNIQ] = "ENOTUNIQ", [EBADFD] = "EBADFD", [EREMCHG] = "EREMCHG", [ELIBACC] = "ELIBACC",
	[ELIBBAD] = "ELIBBAD", [ELIBSCN] = "ELIBSCN", [ELIBMAX] = "ELIBMAX", [ELIBEXEC] = "ELIBEXEC",
	[EILSEQ] = "EILSEQ", [ERESTART] = "ERESTART", [ESTRPIPE] = "ESTRPIPE", [EUSERS] = "EUSERS",
	[ENOTSOCK] = "ENOTSOCK", [EDESTADDRREQ] = "EDESTADDRREQ", [EMSGSIZE] = "EMSGSIZE", [EPROTOTYPE] = "EPROTOTYPE",
	[ENOPROTOOPT] = "ENOPROTOOPT", [EPROTONOSUPPORT] = "EPROTONOSUPPORT", [ESOCKTNOSUPPORT] = "ESOCKTNOSUPPORT",
	[EOPNOTSUPP] = "EOPNOTSUPP", [EPFNOSUPPORT] = "EPFNOSUPPORT", [EAFNOSUPPORT] = "EAFNOSUPPORT",
	[EADDRINUSE] = "EADDRINUSE", [EADDRNOTAVAIL] = "EADDRNOTAVAIL", [ENETDOWN] = "ENETDOWN",
	[ENETUNREACH] = "ENETUNREACH", [ENETRESET] = "ENETRESET", [ECONNABORTED] = "ECONNABORTED",
	[ECONNRESET] = "ECONNRESET", [ENOBUFS] = "ENOBUFS", [EISCONN] = "EISCONN", [ENOTCONN] = "ENOTCONN",
	[ESHUTDOWN] = "ESHUTDOWN", [ETOOMANYREFS] = "ETOOMANYREFS", [ETIMEDOUT] = "ETIMEDOUT",
	[ECONNREFUSED] = "ECONNREFUSED", [EHOSTDOWN] = "EHOSTDOWN", [EHOSTUNREACH] = "EHOSTUNREACH",
	[EALREADY] = "EALREADY", [EINPROGRESS] = "EINPROGRESS", [ESTALE] = "ESTALE", [EUCLEAN] = "EUCLEAN",
	[ENOTNAM] = "ENOTNAM", [ENAVAIL] = "ENAVAIL", [EISNAM] = "EISNAM", [EREMOTEIO] = "EREMOTEIO",
	[EDQUOT] = "EDQUOT", [ENOMEDIUM] = "ENOMEDIUM", [EMEDIUMTYPE] = "EMEDIUMTYPE", [ECANCELED] = "ECANCELED",
	[ENOKEY] = "ENOKEY", [EKEYEXPIRED] = "EKEYEXPIRED", [EKEYREVOKED] = "EKEYREVOKED",
	[EKEYREJECTED] = "EKEYREJECTED", [EOWNERDEAD] = "EOWNERDEAD", [ENOTRECOVERABLE] = "ENOTRECOVERABLE",
	[ERFKILL] = "ERFKILL",
};

static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL", [SIGTRAP] = "SIGTRAP",
	[SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE", [SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1",
	[SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",
	[SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT",
	[SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP", [SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU",
	[SIGURG] = "SIGURG", [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM",
	[SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH", [SIGIO] = "SIGIO", [SIGPWR] = "SIGPWR", [SIGSYS] = "SIGSYS",
};

const struct const_table *
const_table(const char *decode)
{
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strcmp(tables[i].decode, decode) == 0)
			return &tables[i];
	}
	for (i = 0; i < nr_flag_tables; i++) {
		if (strcmp(flag_tables[i].decode, decode) == 0)
			return &flag_tables[i];
	}
	return NULL;
}

const char *
const_name(const struct const_table *t, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < t->count; i++) {
		/* int arguments arrive with the upper half cleared or with the sign */
		if (t->names[i].value == value || (uint32_t)t->names[i].value == value)
			return t->names[i].name;
	}
	return NULL;
}

const char *
errno_name(int n)
{
	return n > 0 && (size_t)n < sizeof(errno_names) / sizeof(errno_names[0]) ? errno_names[n] : NULL;
}

const char *
signal_name(int n)
{
	return n > 0 && (size_t)n < sizeof(signal_names) / sizeof(signal_names[0]) ? signal_names[n] : NULL;
}
