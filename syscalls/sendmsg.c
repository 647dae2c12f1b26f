/* SPDX-License-Identifier: MIT
 *
 * Messages through sockets: sendto, sendmsg, sendmmsg, recvfrom, recvmsg, recvmmsg. send(2), recv(2), sendmmsg(2), recvmmsg(2).
 */
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "mm/uaccess.h"
#include "net/socket.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"

struct k_msghdr {
	uint64_t name;
	int32_t namelen, pad0;
	uint64_t iov, iovlen;
	uint64_t control, controllen;
	uint32_t flags, pad1;
};
_Static_assert(sizeof(struct k_msghdr) == 56, "ABI of msghdr");
#define MMSGHDR_SIZE 64 /* struct mmsghdr: a msghdr and a length */

/* A message with the memory its vectors need. */
struct user_msg {
	struct k_msghdr hdr;
	struct sock_msg msg;
	struct iov_iter iter;
	struct iovec_k fast[UIO_FASTIOV], *heap;
};

static uint32_t
file_flags(const struct file *file, uint32_t flags)
{
	return flags | (READ_ONCE(file->f_flags) & O_NONBLOCK ? MSG_DONTWAIT : 0);
}

static void
init_msg(struct sock_msg *msg, struct iov_iter *iter)
{
	msg->iter = iter;
	msg->namelen = 0;
	msg->want_name = false;
	msg->control = UNULL;
	msg->controllen = 0;
	msg->flags = 0;
}

static int
get_name(struct task *t, struct sock_msg *msg, uaddr_t addr, int len)
{
	if (len < 0 || len > SOCK_ADDR_MAX)
		return -EINVAL;
	msg->namelen = len;
	return len ? copy_from_user(t, msg->name, addr, (size_t)len) : 0;
}

/* The received name: as much as there is room for, and its whole length. */
static int
put_name(struct task *t, const struct sock_msg *msg, uaddr_t addr, int room)
{
	int n = MIN(room, msg->namelen);

	if (room < 0)
		return -EINVAL;
	return n > 0 ? copy_to_user(t, addr, msg->name, (size_t)n) : 0;
}

int64_t
sys_sendto(struct task *t, int fd, uaddr_t buf, uint64_t len, unsigned int flags, uaddr_t addr, int addrlen)
{
	struct sock_msg msg;
	struct iov_iter it;
	struct socket *sock;
	int64_t ret = 0;
	struct fd f;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	iov_iter_user(&it, t, buf, MIN(len, MAX_RW_COUNT));
	init_msg(&msg, &it);
	if (!uaddr_null(addr))
		ret = get_name(t, &msg, addr, addrlen);
	if (!ret)
		ret = sock->ops->sendmsg(t, sock, &msg, file_flags(f.file, flags));
	fdput(t, f);
	return ret;
}

int64_t
sys_recvfrom(struct task *t, int fd, uaddr_t buf, uint64_t len, unsigned int flags, uaddr_t addr, uaddr_t addrlen)
{
	struct sock_msg msg;
	struct iov_iter it;
	struct socket *sock;
	uint32_t room;
	struct fd f;
	int64_t ret;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	iov_iter_user(&it, t, buf, MIN(len, MAX_RW_COUNT));
	init_msg(&msg, &it);
	msg.want_name = !uaddr_null(addr);
	ret = sock->ops->recvmsg(t, sock, &msg, file_flags(f.file, flags));
	if (ret >= 0 && msg.want_name) {
		if (get_user_u32(t, &room, addrlen))
			err = -EFAULT;
		else
			err = put_name(t, &msg, addr, (int)room);
		if (!err)
			err = put_user_u32(t, (uint32_t)msg.namelen, addrlen);
		if (err)
			ret = err;
	}
	fdput(t, f);
	return ret;
}

/* Read a struct msghdr and its vectors. 0 or negative errno; user_msg_end() in any case. */
static int64_t
user_msg_start(struct task *t, struct user_msg *um, uaddr_t u)
{
	int64_t n;

	um->heap = NULL;
	if (copy_in(t, &um->hdr, u))
		return -EFAULT;
	if (um->hdr.name == 0)
		um->hdr.namelen = 0;
	if (um->hdr.namelen < 0)
		return -EINVAL;
	um->hdr.namelen = MIN(um->hdr.namelen, SOCK_ADDR_MAX);
	if (um->hdr.iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	init_msg(&um->msg, &um->iter);
	um->msg.control = UADDR(um->hdr.control);
	um->msg.controllen = um->hdr.controllen;
	n = import_iovec(t, &um->iter, UADDR(um->hdr.iov), um->hdr.iovlen, um->fast, &um->heap);
	return MIN(n, 0);
}

static void
user_msg_end(struct task *t, struct user_msg *um)
{
	kfree(t->k, um->heap);
}

static int64_t
do_sendmsg(struct task *t, struct file *file, struct socket *sock, uaddr_t u, uint32_t flags)
{
	struct user_msg um;
	int64_t ret = user_msg_start(t, &um, u);

	if (!ret && um.hdr.controllen > INT32_MAX)
		ret = -ENOBUFS;
	if (!ret)
		ret = get_name(t, &um.msg, UADDR(um.hdr.name), um.hdr.namelen);
	if (!ret)
		ret = sock->ops->sendmsg(t, sock, &um.msg, file_flags(file, flags));
	user_msg_end(t, &um);
	return ret;
}

int64_t
sys_sendmsg(struct task *t, int fd, uaddr_t msg, unsigned int flags)
{
	struct socket *sock;
	struct fd f;
	int64_t ret;
	int err = 0;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	ret = do_sendmsg(t, f.file, sock, msg, flags);
	fdput(t, f);
	return ret;
}

/* What recvmsg changes of the header: namelen, controllen, flags. */
static int
put_header(struct task *t, const struct user_msg *um, uaddr_t u, uint32_t flags)
{
	uint32_t out = um->msg.flags | (flags & MSG_CMSG_CLOEXEC);
	uint64_t used = um->hdr.controllen - um->msg.controllen;

	if (um->hdr.name && put_user_u32(t, (uint32_t)um->msg.namelen, uaddr_add(u, offsetof(struct k_msghdr, namelen))))
		return -EFAULT;
	if (put_user_u32(t, out, uaddr_add(u, offsetof(struct k_msghdr, flags))) ||
	    put_user_u64(t, used, uaddr_add(u, offsetof(struct k_msghdr, controllen))))
		return -EFAULT;
	return 0;
}

static int64_t
do_recvmsg(struct task *t, struct file *file, struct socket *sock, uaddr_t u, uint32_t flags)
{
	struct user_msg um;
	int64_t ret = user_msg_start(t, &um, u);

	if (!ret) {
		um.msg.want_name = um.hdr.name != 0;
		ret = sock->ops->recvmsg(t, sock, &um.msg, file_flags(file, flags));
	}
	if (ret >= 0 && um.hdr.name && put_name(t, &um.msg, UADDR(um.hdr.name), um.hdr.namelen))
		ret = -EFAULT;
	if (ret >= 0 && put_header(t, &um, u, flags))
		ret = -EFAULT;
	user_msg_end(t, &um);
	return ret;
}

int64_t
sys_recvmsg(struct task *t, int fd, uaddr_t msg, unsigned int flags)
{
	struct socket *sock;
	struct fd f;
	int64_t ret;
	int err = 0;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	ret = do_recvmsg(t, f.file, sock, msg, flags);
	fdput(t, f);
	return ret;
}

int64_t
sys_sendmmsg(struct task *t, int fd, uaddr_t msgvec, unsigned int vlen, unsigned int flags)
{
	struct socket *sock;
	unsigned int done = 0;
	int64_t n = 0;
	struct fd f;
	int err = 0;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	vlen = MIN(vlen, (unsigned int)UIO_MAXIOV);
	while (done < vlen) {
		uaddr_t u = uaddr_add(msgvec, (uint64_t)done * MMSGHDR_SIZE);

		n = do_sendmsg(t, f.file, sock, u, flags);
		if (n >= 0 && put_user_u32(t, (uint32_t)n, uaddr_add(u, sizeof(struct k_msghdr))))
			n = -EFAULT;
		if (n < 0)
			break;
		done++;
		if (signal_pending(t))
			break;
	}
	fdput(t, f);
	return done ? done : n;
}

int64_t
sys_recvmmsg(struct task *t, int fd, uaddr_t msgvec, unsigned int vlen, unsigned int flags, uaddr_t timeout)
{
	int64_t n = 0, ns, end = NO_DEADLINE;
	struct socket *sock;
	unsigned int done = 0;
	struct fd f;
	int err = 0;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	if (!uaddr_null(timeout)) {
		err = get_timespec64(t, &ns, timeout);
		if (err)
			return err;
		end = deadline_after(ns);
	}
	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	vlen = MIN(vlen, (unsigned int)UIO_MAXIOV);
	while (done < vlen) {
		uaddr_t u = uaddr_add(msgvec, (uint64_t)done * MMSGHDR_SIZE);

		n = do_recvmsg(t, f.file, sock, u, flags & ~MSG_WAITFORONE);
		if (n >= 0 && put_user_u32(t, (uint32_t)n, uaddr_add(u, sizeof(struct k_msghdr))))
			n = -EFAULT;
		if (n < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		/* The timeout is looked at between messages only: recvmmsg(2), "BUGS". */
		if (end != NO_DEADLINE && ktime_get() >= end)
			break;
		if (signal_pending(t))
			break;
	}
	fdput(t, f);
	if (done && !uaddr_null(timeout) && put_timespec64(t, MAX(end - ktime_get(), 0), timeout))
		return -EFAULT;
	return done ? done : n;
}
