/* SPDX-License-Identifier: MIT
 *
 * Sockets as files, and the table of families: socket(2), socket(7).
 *
 * A family that is not here is -EAFNOSUPPORT, as in a kernel built without it.
 */
#include <asm/sockios.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "net/inet.h"
#include "net/netlink.h"
#include "net/socket.h"
#include "net/unix.h"
#include "vfs/fcntl.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

static const struct file_operations socket_fops;

int
net_init(struct kernel *k)
{
	k->net = kzalloc(k, sizeof(*k->net));
	if (!k->net)
		return -ENOMEM;
	k->net->somaxconn = SOMAXCONN;
	return unix_init(k) ?: inet_init(k) ?: netlink_init(k);
}

static const struct net_family {
	int family;
	int (*create)(struct task *t, struct socket *sock, int type, int protocol);
	int (*socketpair)(struct task *t, struct socket *a, struct socket *b);
} families[] = {
	{ AF_UNIX, unix_create, unix_socketpair },
	{ AF_INET, inet_create, NULL },
	{ AF_INET6, inet6_create, NULL },
	{ AF_NETLINK, netlink_create, NULL },
};

static const struct net_family *
find_family(int family)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].family == family)
			return &families[i];
	return NULL;
}

int
sock_create(struct task *t, int family, int type, int protocol, struct socket **out)
{
	const struct net_family *f;
	struct socket *sock;
	int err;

	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	f = find_family(family);
	if (!f)
		return -EAFNOSUPPORT;
	sock = kzalloc(t->k, sizeof(*sock));
	if (!sock)
		return -ENFILE;
	sock->k = t->k;
	sock->type = type;
	sock->protocol = protocol;
	err = f->create(t, sock, type, protocol);
	if (err) {
		kfree(t->k, sock);
		return err;
	}
	*out = sock;
	return 0;
}

void
sock_release(struct task *t, struct socket *sock)
{
	sock->ops->release(t, sock);
	kfree(sock->k, sock);
}

struct file *
sock_alloc_file(struct task *t, struct socket *sock, uint32_t flags)
{
	struct file *file = pseudo_getfile(t, "socket", S_IFSOCK | 0777, &socket_fops, sock, O_RDWR | (flags & O_NONBLOCK));

	if (IS_ERR(file)) {
		sock_release(t, sock);
		return file;
	}
	file->f_mode |= FMODE_STREAM | FMODE_NOWAIT;
	sock->file = file;
	return file;
}

struct socket *
sock_from_file(struct file *file)
{
	return file->f_op == &socket_fops ? file->private_data : NULL;
}

struct socket *
sockfd_get(struct task *t, int fd, struct fd *f, int *err)
{
	struct socket *sock;

	*f = fdget(t, fd);
	if (!f->file) {
		*err = -EBADF;
		return NULL;
	}
	sock = sock_from_file(f->file);
	if (!sock) {
		fdput(t, *f);
		*err = -ENOTSOCK;
	}
	return sock;
}

int
sock_socketpair(struct task *t, struct socket *a, struct socket *b)
{
	const struct net_family *f = find_family(a->ops->family);

	return f->socketpair ? f->socketpair(t, a, b) : -EOPNOTSUPP;
}

/* ---- files ---- */

static uint32_t
io_flags(const struct file *file, uint32_t rwf)
{
	return (READ_ONCE(file->f_flags) & O_NONBLOCK) || (rwf & RWF_NOWAIT) ? MSG_DONTWAIT : 0;
}

static int64_t
sock_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	struct socket *sock = file->private_data;
	struct sock_msg msg;

	msg.iter = to;
	msg.namelen = 0;
	msg.want_name = false;
	msg.control = UNULL;
	msg.controllen = 0;
	msg.flags = 0;
	/* A stream has nothing to say to a reader without room; a message would be lost. */
	if (to->count == 0)
		return 0;
	return sock->ops->recvmsg(t, sock, &msg, io_flags(file, rwf));
}

static int64_t
sock_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct socket *sock = file->private_data;
	struct sock_msg msg;

	msg.iter = from;
	msg.namelen = 0;
	msg.want_name = false;
	msg.control = UNULL;
	msg.controllen = 0;
	msg.flags = 0;
	return sock->ops->sendmsg(t, sock, &msg, io_flags(file, rwf));
}

static uint32_t
sock_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct socket *sock = file->private_data;

	return sock->ops->poll(t, file, sock, pt);
}

static int64_t
sock_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	struct socket *sock = file->private_data;
	uint32_t who;
	int64_t err;

	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
		return get_user_u32(t, &who, UADDR(arg)) ? -EFAULT : f_setown(t, file, (int)who);
	case FIOGETOWN:
	case SIOCGPGRP:
		return put_user_u32(t, (uint32_t)f_getown(t, file), UADDR(arg));
	default:
		break;
	}
	err = sock->ops->ioctl ? sock->ops->ioctl(t, sock, cmd, arg) : -ENOIOCTLCMD;
	return err == -ENOIOCTLCMD ? inet_ioctl(t, cmd, arg) : err; /* of interfaces: any socket will do */
}

static int
sock_fasync(struct task *t, int fd, struct file *file, bool on)
{
	struct socket *sock = file->private_data;

	return sock->ops->fasync ? sock->ops->fasync(t, sock, fd, file, on) : 0;
}

static void
sock_close(struct task *t, struct inode *inode, struct file *file)
{
	sock_release(t, file->private_data);
}

static const struct file_operations socket_fops = {
	.read = sock_read,
	.write = sock_write,
	.poll = sock_poll,
	.ioctl = sock_ioctl,
	.fasync = sock_fasync,
	.release = sock_close,
};
