/* SPDX-License-Identifier: MIT
 *
 * Unix sockets: the lines of /proc/net/unix, one a socket, whether it has a name or not.
 *
 * Sockets are in un->all from unix_alloc() to their end, under un->lock. A socket's address is set once and stays.
 */
#include "kernel/kernel.h"
#include "net/unix.h"
#include "vfs/fs.h"

#define SS_UNCONNECTED 1
#define SS_CONNECTING  2
#define SS_CONNECTED   3
#define SS_DISCONNECTING 4
#define SO_ACCEPTCON_FLAG 0x10000u

#define LINE_MAX_LEN (64u + UNIX_ADDR_MAX)

void
unix_set_socket(struct unix_sock *u, struct socket *sock)
{
	struct unix_net *un = u->k->net->un;
	mutex_guard(&un->lock);

	u->socket = sock;
}

/* Counted as Linux does: who holds it open, the table of sockets, the other end. */
static void
show_socket(struct unix_sock *u, char *buf, size_t size, size_t *len)
{
	const struct unix_address *a = __atomic_load_n(&u->addr, __ATOMIC_ACQUIRE);
	enum unix_sock_state state = READ_ONCE(u->state);
	bool connected = state == UNIX_CONNECTED;
	unsigned int st = u->socket ? (connected ? SS_CONNECTED : SS_UNCONNECTED) : (connected ? SS_CONNECTING : SS_DISCONNECTING);
	uint64_t ino = u->socket && u->socket->file ? u->socket->file->f_inode->i_ino : 0;

	*len += (size_t)ksnprintf(buf + *len, size - *len, "%016x: %08X %08X %08X %04X %02X %5lu", 0, refcount_read(&u->refs) + 1, 0,
				  state == UNIX_LISTENING ? SO_ACCEPTCON_FLAG : 0, (unsigned int)u->type, st, ino);
	if (a) {
		const char *name = a->name + sizeof(uint16_t);
		int n = a->len - (int)sizeof(uint16_t);

		buf[(*len)++] = ' ';
		if (*name)
			n = (int)strnlen(name, (size_t)n);
		for (int i = 0; i < n; i++)
			buf[(*len)++] = name[i] ? name[i] : '@';
	}
	buf[(*len)++] = '\n';
}

int64_t
unix_show(struct kernel *k, char *buf, size_t size)
{
	struct unix_net *un = k->net->un;
	struct unix_sock *u;
	size_t len = 0;
	mutex_guard(&un->lock);

	list_for_each_entry(u, &un->all, all) {
		if (size - len < LINE_MAX_LEN)
			return -ENOSPC;
		show_socket(u, buf, size, &len);
	}
	return (int64_t)len;
}

unsigned int
unix_count(struct kernel *k, bool stream)
{
	struct unix_net *un = k->net->un;
	struct unix_sock *u;
	unsigned int n = 0;
	mutex_guard(&un->lock);

	list_for_each_entry(u, &un->all, all)
		n += (u->type == SOCK_STREAM) == stream;
	return n;
}
