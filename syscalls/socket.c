/* SPDX-License-Identifier: MIT
 *
 * The calls on sockets: arguments in, the family's operation, results out. socket(2) and what it leads to.
 */
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "mm/uaccess.h"
#include "net/socket.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"

#define SOCK_CLOEXEC  O_CLOEXEC
#define SOCK_NONBLOCK O_NONBLOCK

/* An address of the program in kernel memory. 0, -EINVAL, -EFAULT. */
static int
get_addr(struct task *t, char *out, uaddr_t addr, int len)
{
	if (len < 0 || len > SOCK_ADDR_MAX)
		return -EINVAL;
	return len ? copy_from_user(t, out, addr, (size_t)len) : 0;
}

/* An address to the program: as much as there is room for, and its whole length. */
static int
put_addr(struct task *t, const char *addr, int len, uaddr_t out, uaddr_t ulen)
{
	uint32_t room;

	if (get_user_u32(t, &room, ulen))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	room = MIN(room, (uint32_t)len);
	if (room && copy_to_user(t, out, addr, room))
		return -EFAULT;
	return put_user_u32(t, (uint32_t)len, ulen);
}

static int64_t
install_socket(struct task *t, struct socket *sock, int flags)
{
	struct file *file;
	int fd = get_unused_fd_flags(t, (uint32_t)flags & O_CLOEXEC);

	if (fd < 0) {
		sock_release(t, sock);
		return fd;
	}
	file = sock_alloc_file(t, sock, (uint32_t)flags & O_NONBLOCK);
	if (IS_ERR(file)) {
		put_unused_fd(t, fd);
		return PTR_ERR(file);
	}
	fd_install(t, fd, file);
	return fd;
}

int64_t
sys_socket(struct task *t, int family, int type, int protocol)
{
	struct socket *sock;
	int flags = type & ~SOCK_TYPE_MASK, err;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	err = sock_create(t, family, type & SOCK_TYPE_MASK, protocol, &sock);
	return err ? err : install_socket(t, sock, flags);
}

/* Two files for two sockets, which are consumed. */
static int
pair_files(struct task *t, struct socket *a, struct socket *b, int flags, struct file *files[2])
{
	int err = sock_socketpair(t, a, b);

	if (err) {
		sock_release(t, a);
		sock_release(t, b);
		return err;
	}
	files[0] = sock_alloc_file(t, a, (uint32_t)flags & O_NONBLOCK);
	if (IS_ERR(files[0])) {
		sock_release(t, b);
		return (int)PTR_ERR(files[0]);
	}
	files[1] = sock_alloc_file(t, b, (uint32_t)flags & O_NONBLOCK);
	if (IS_ERR(files[1])) {
		fput(t, files[0]);
		return (int)PTR_ERR(files[1]);
	}
	return 0;
}

int64_t
sys_socketpair(struct task *t, int family, int type, int protocol, uaddr_t sv)
{
	int flags = type & ~SOCK_TYPE_MASK, err;
	struct socket *a, *b;
	struct file *files[2] = { NULL, NULL };

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	type &= SOCK_TYPE_MASK;
	err = sock_create(t, family, type, protocol, &a);
	if (err)
		return err;
	err = sock_create(t, family, type, protocol, &b);
	if (err) {
		sock_release(t, a);
		return err;
	}
	err = pair_files(t, a, b, flags, files);
	return err ? err : fd_install_pair(t, files, (uint32_t)flags & O_CLOEXEC, sv);
}

int64_t
sys_bind(struct task *t, int fd, uaddr_t addr, int addrlen)
{
	char name[SOCK_ADDR_MAX];
	struct socket *sock;
	struct fd f;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	err = get_addr(t, name, addr, addrlen);
	if (!err)
		err = sock->ops->bind ? sock->ops->bind(t, sock, name, addrlen) : -EOPNOTSUPP;
	fdput(t, f);
	return err;
}

int64_t
sys_connect(struct task *t, int fd, uaddr_t addr, int addrlen)
{
	char name[SOCK_ADDR_MAX];
	struct socket *sock;
	struct fd f;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	err = get_addr(t, name, addr, addrlen);
	if (!err)
		err = sock->ops->connect ? sock->ops->connect(t, sock, name, addrlen, f.file->f_flags & O_NONBLOCK) : -EOPNOTSUPP;
	fdput(t, f);
	return err;
}

int64_t
sys_listen(struct task *t, int fd, int backlog)
{
	struct socket *sock;
	struct fd f;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	err = sock->ops->listen ? sock->ops->listen(t, sock, backlog) : -EOPNOTSUPP;
	fdput(t, f);
	return err;
}

/* Accept into a new file, and tell who it is. */
static int64_t
do_accept(struct task *t, struct file *file, struct socket *sock, uaddr_t addr, uaddr_t addrlen, int flags)
{
	char name[SOCK_ADDR_MAX];
	struct socket *fresh;
	struct file *nf;
	int fd, len = 0;
	int64_t err;

	if (!sock->ops->accept)
		return -EOPNOTSUPP;
	fresh = kzalloc(t->k, sizeof(*fresh));
	if (!fresh)
		return -ENFILE;
	fresh->k = t->k;
	fresh->ops = sock->ops;
	fresh->type = sock->type;
	fresh->protocol = sock->protocol;
	fd = get_unused_fd_flags(t, (uint32_t)flags & O_CLOEXEC);
	if (fd < 0) {
		kfree(t->k, fresh);
		return fd;
	}
	err = sock->ops->accept(t, sock, fresh, file->f_flags & O_NONBLOCK);
	if (err) {
		kfree(t->k, fresh);
		goto put_fd;
	}
	nf = sock_alloc_file(t, fresh, (uint32_t)flags & O_NONBLOCK);
	if (IS_ERR(nf)) {
		err = PTR_ERR(nf);
		goto put_fd;
	}
	if (!uaddr_null(addr)) {
		len = sock->ops->getname(t, fresh, name, 2);
		err = len < 0 ? -ECONNABORTED : put_addr(t, name, len, addr, addrlen);
		if (err) {
			fput(t, nf);
			goto put_fd;
		}
	}
	fd_install(t, fd, nf);
	return fd;
put_fd:
	put_unused_fd(t, fd);
	return err;
}

int64_t
sys_accept4(struct task *t, int fd, uaddr_t addr, uaddr_t addrlen, int flags)
{
	struct socket *sock;
	struct fd f;
	int64_t ret;
	int err = 0;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	ret = do_accept(t, f.file, sock, addr, addrlen, flags);
	fdput(t, f);
	return ret;
}

int64_t
sys_accept(struct task *t, int fd, uaddr_t addr, uaddr_t addrlen)
{
	return sys_accept4(t, fd, addr, addrlen, 0);
}

static int64_t
do_getname(struct task *t, int fd, uaddr_t addr, uaddr_t addrlen, bool peer)
{
	char name[SOCK_ADDR_MAX];
	struct socket *sock;
	struct fd f;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	err = sock->ops->getname(t, sock, name, peer);
	if (err >= 0)
		err = put_addr(t, name, err, addr, addrlen);
	fdput(t, f);
	return err;
}

int64_t
sys_getsockname(struct task *t, int fd, uaddr_t addr, uaddr_t addrlen)
{
	return do_getname(t, fd, addr, addrlen, false);
}

int64_t
sys_getpeername(struct task *t, int fd, uaddr_t addr, uaddr_t addrlen)
{
	return do_getname(t, fd, addr, addrlen, true);
}

int64_t
sys_shutdown(struct task *t, int fd, int how)
{
	struct socket *sock;
	struct fd f;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	err = sock->ops->shutdown(t, sock, how);
	fdput(t, f);
	return err;
}

int64_t
sys_setsockopt(struct task *t, int fd, int level, int optname, uaddr_t optval, int optlen)
{
	struct socket *sock;
	struct fd f;
	int err = 0;

	if (optlen < 0)
		return -EINVAL;
	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	err = sock->ops->setsockopt(t, sock, level, optname, optval, optlen);
	fdput(t, f);
	return err;
}

int64_t
sys_getsockopt(struct task *t, int fd, int level, int optname, uaddr_t optval, uaddr_t optlen)
{
	struct socket *sock;
	struct fd f;
	int err = 0;

	sock = sockfd_get(t, fd, &f, &err);
	if (!sock)
		return err;
	err = sock->ops->getsockopt(t, sock, level, optname, optval, optlen);
	fdput(t, f);
	return err;
}
