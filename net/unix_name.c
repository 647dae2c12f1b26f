/* SPDX-License-Identifier: MIT
 *
 * Names of unix sockets: paths, abstract names, names given by the kernel. unix(7), "Address format".
 *
 * A socket bound to a path is found by the inode the path leads to, one with an abstract name by its bytes; both are in one table,
 * under un->lock.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "net/unix.h"
#include "vfs/fdtable.h"
#include "vfs/namei-ops.h"
#include "vfs/namei.h"

#define AUTOBIND_NAMES 0x100000u

static uint32_t
hash_inode(const struct inode *inode)
{
	return (uint32_t)((uintptr_t)inode >> 6) * 0x9e3779b1u >> 24;
}

static uint32_t
hash_name(const struct unix_address *a)
{
	uint32_t h = 2166136261u;

	for (int i = 2; i < a->len; i++)
		h = (h ^ (unsigned char)a->name[i]) * 16777619u;
	return h >> 24;
}

static bool
is_abstract(const struct unix_address *a)
{
	return a->len > 2 && a->name[2] == '\0';
}

void
unix_address_put(struct kernel *k, struct unix_address *a)
{
	if (a && refcount_dec_and_test(&a->refs))
		kfree(k, a);
}

int
unix_mkname(const char *addr, int len, struct unix_address *out)
{
	uint16_t family;

	memset(out, 0, sizeof(*out));
	if (len <= 2 || len > UNIX_ADDR_MAX)
		return -EINVAL;
	memcpy(&family, addr, sizeof(family));
	if (family != AF_UNIX)
		return -EINVAL;
	memcpy(out->name, addr, (size_t)len);
	/* A path ends at its first NUL, which counts; an abstract name is all bytes there are. */
	out->len = addr[2] ? 2 + (int)strlen(out->name + 2) + 1 : len;
	return out->len;
}

static struct unix_address *
address_dup(struct kernel *k, const struct unix_address *a)
{
	struct unix_address *copy = kmalloc(k, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *a;
	refcount_set(&copy->refs, 1);
	return copy;
}

/* The bound socket with this abstract name. un->lock is held. */
static struct unix_sock *
find_abstract(struct unix_net *un, const struct unix_address *a, int type)
{
	struct unix_sock *u;

	list_for_each_entry(u, &un->names[hash_name(a)], hash)
		if (!u->inode && u->type == type && u->addr->len == a->len && memcmp(u->addr->name, a->name, (size_t)a->len) == 0)
			return u;
	return NULL;
}

static struct unix_sock *
find_inode(struct unix_net *un, const struct inode *inode)
{
	struct unix_sock *u;

	list_for_each_entry(u, &un->names[hash_inode(inode)], hash)
		if (u->inode == inode)
			return u;
	return NULL;
}

static struct unix_sock *
find_by_path(struct task *t, const char *name, int type)
{
	struct unix_net *un = t->k->net->un;
	struct unix_sock *u;
	struct inode *inode;
	struct path path;
	int err;

	err = kern_path(t, name, LOOKUP_FOLLOW, &path);
	if (err)
		return ERR_PTR(err);
	inode = d_inode(path.dentry);
	err = inode_permission(t, inode, MAY_WRITE);
	if (!err && !S_ISSOCK(inode->i_mode))
		err = -ECONNREFUSED;
	u = NULL;
	if (!err) {
		mutex_lock(&un->lock);
		u = find_inode(un, inode);
		if (u)
			unix_get(u);
		mutex_unlock(&un->lock);
		err = u ? 0 : -ECONNREFUSED;
	}
	path_put(t, &path);
	if (!err && u->type != type) {
		unix_put(t, u);
		err = -EPROTOTYPE;
	}
	return err ? ERR_PTR(err) : u;
}

struct unix_sock *
unix_find_other(struct task *t, const struct unix_address *name, int type)
{
	struct unix_net *un = t->k->net->un;
	struct unix_sock *u;

	if (!is_abstract(name))
		return find_by_path(t, name->name + 2, type);
	mutex_lock(&un->lock);
	u = find_abstract(un, name, type);
	if (u)
		unix_get(u);
	mutex_unlock(&un->lock);
	return u ? u : ERR_PTR(-ECONNREFUSED);
}

/* Give @u its name, once. 0, -EINVAL if it has one, -EADDRINUSE. */
static int
publish(struct unix_sock *u, struct unix_address *a, struct inode *inode)
{
	struct unix_net *un = u->k->net->un;
	int err = 0;

	mutex_lock(&u->lock);
	mutex_lock(&un->lock);
	if (u->addr) {
		err = -EINVAL;
	} else if (!inode && find_abstract(un, a, u->type)) {
		err = -EADDRINUSE;
	} else {
		u->addr = a;
		u->inode = inode;
		list_add(&u->hash, &un->names[inode ? hash_inode(inode) : hash_name(a)]);
	}
	mutex_unlock(&un->lock);
	mutex_unlock(&u->lock);
	return err;
}

void
unix_unbind(struct task *t, struct unix_sock *u)
{
	struct unix_net *un = u->k->net->un;

	mutex_lock(&un->lock);
	if (!list_empty(&u->hash))
		list_del_init(&u->hash);
	mutex_unlock(&un->lock);
}

static int
bind_path(struct task *t, struct unix_sock *u, struct unix_address *a)
{
	struct filename *name = getname_kernel(t, a->name + 2);
	struct inode *inode;
	struct path path;
	int err;

	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	err = do_mknodat(t, AT_FDCWD, name, S_IFSOCK | 0777, 0);
	if (!err)
		err = filename_lookup(t, AT_FDCWD, name, 0, &path);
	if (err) {
		putname(name);
		return err == -EEXIST ? -EADDRINUSE : err;
	}
	inode = igrab(d_inode(path.dentry));
	path_put(t, &path);
	err = publish(u, a, inode);
	if (err) {
		iput(inode);
		ignore_err(do_unlinkat(t, AT_FDCWD, name), "the name was ours, and the socket has another");
	}
	putname(name);
	return err;
}

int
unix_autobind(struct task *t, struct unix_sock *u)
{
	struct unix_net *un = t->k->net->un;
	struct unix_address *a;
	int err = -ENOSPC;

	if (READ_ONCE(u->addr))
		return 0;
	a = kzalloc(t->k, sizeof(*a));
	if (!a)
		return -ENOMEM;
	refcount_set(&a->refs, 1);
	a->name[0] = AF_UNIX;
	a->len = 2 + 1 + 5;
	for (uint32_t i = 0; i < AUTOBIND_NAMES; i++) {
		uint32_t n = __atomic_fetch_add(&un->next_auto, 1, __ATOMIC_RELAXED) % AUTOBIND_NAMES;

		ksnprintf(a->name + 3, 6, "%05x", n);
		err = publish(u, a, NULL);
		if (err != -EADDRINUSE)
			break;
		err = -ENOSPC;
	}
	if (err)
		unix_address_put(t->k, a);
	return err == -EINVAL ? 0 : err; /* somebody else gave it a name meanwhile */
}

int
unix_bind(struct task *t, struct socket *sock, const char *addr, int len)
{
	struct unix_sock *u = unix_sk(sock);
	struct unix_address tmp, *a;
	uint16_t family = 0;
	int err;

	if (len >= 2)
		memcpy(&family, addr, sizeof(family));
	if (len == 2 && family == AF_UNIX)
		return unix_autobind(t, u);
	err = unix_mkname(addr, len, &tmp);
	if (err < 0)
		return err;
	a = address_dup(t->k, &tmp);
	if (!a)
		return -ENOMEM;
	err = is_abstract(a) ? publish(u, a, NULL) : bind_path(t, u, a);
	if (err)
		unix_address_put(t->k, a);
	return err;
}
