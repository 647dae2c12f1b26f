/* SPDX-License-Identifier: MIT
 *
 * From a dentry back to a name: getcwd(2) and the links of /proc.
 *
 * The way up is read without locks in type-stable memory; if a rename or a change of mounts came by, it is read again, at last with
 * both kept out.
 */
#include "kernel/task.h"
#include "vfs/internal.h"

struct name_buf {
	char *start, *end; /* text grows from end down */
	bool overflow;
};

static void
prepend(struct name_buf *b, const char *s, size_t len)
{
	if ((size_t)(b->end - b->start) < len) {
		b->overflow = true;
		return;
	}
	b->end -= len;
	memcpy(b->end, s, len);
}

static void
prepend_name(struct name_buf *b, const struct dentry *d)
{
	const char *name = READ_ONCE(d->d_name.name);
	uint32_t len = READ_ONCE(d->d_name.len);

	/* A torn read is found out later; it must only not run away. */
	prepend(b, name, MIN(len, (uint32_t)K_NAME_MAX));
	prepend(b, "/", 1);
}

enum path_end { END_ROOT, END_ABOVE_ROOT, END_DETACHED };

static enum path_end
walk_up(const struct path *path, const struct path *root, struct name_buf *b)
{
	const struct mount *m = path->mnt;
	const struct dentry *d = path->dentry;

	for (unsigned int steps = 0; steps < 100000 && !b->overflow; steps++) {
		const struct dentry *parent;

		if (d == root->dentry && m == root->mnt)
			return END_ROOT;
		if (d == m->mnt_root) {
			const struct mount *up = READ_ONCE(m->mnt_parent);

			if (up != m) {
				d = READ_ONCE(m->mnt_mountpoint);
				m = up;
				continue;
			}
			return READ_ONCE(m->mnt_ns) ? END_ABOVE_ROOT : END_DETACHED;
		}
		parent = READ_ONCE(d->d_parent);
		if (parent == d) /* escaped from a bind mount */
			return END_DETACHED;
		prepend_name(b, d);
		d = parent;
	}
	return END_ROOT;
}

/* The text into @b, consistent. */
static enum path_end
path_text(struct kernel *k, const struct path *path, const struct path *root, struct name_buf *b)
{
	struct vfs_state *v = k->vfs;
	const struct name_buf begin = *b;
	enum path_end end;

	for (int tries = 0;; tries++) {
		uint32_t r = __atomic_load_n(&v->rename_seq, __ATOMIC_SEQ_CST);
		uint32_t m = __atomic_load_n(&v->mount_seq, __ATOMIC_SEQ_CST);

		*b = begin;
		if (tries == 4) {
			mutex_lock(&v->rename_lock);
			mutex_lock(&v->mount_lock);
			end = walk_up(path, root, b);
			mutex_unlock(&v->mount_lock);
			mutex_unlock(&v->rename_lock);
			return end;
		}
		end = walk_up(path, root, b);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!(r & 1) && !(m & 1) && r == __atomic_load_n(&v->rename_seq, __ATOMIC_SEQ_CST) &&
		    m == __atomic_load_n(&v->mount_seq, __ATOMIC_SEQ_CST))
			return end;
	}
}

static bool
d_unlinked(const struct dentry *d)
{
	return d_unhashed(d) && d->d_parent != d;
}

static char *
synthetic_name(struct dentry *d, char *buf, size_t n)
{
	int len = d->d_op->d_dname(d, buf, n);

	return len < 0 ? ERR_PTR(len) : (size_t)len >= n ? ERR_PTR(-ENAMETOOLONG) : buf;
}

/**
 * d_path() - the name of a path as a task sees it
 * @t: the current task
 * @path: referenced
 * @buf: room
 * @n: bytes
 *
 * Return: a string in @buf, not always at its start; or ERR_PTR(-ENAMETOOLONG). " (deleted)" is behind names that are gone.
 */
char *
d_path(struct task *t, const struct path *path, char *buf, size_t n)
{
	struct name_buf b = { buf, buf + n, false };
	struct path root;

	if (path->dentry->d_op && path->dentry->d_op->d_dname &&
	    ((path->dentry->d_flags & DCACHE_DISCONNECTED) || path->dentry->d_parent != path->dentry))
		return synthetic_name(path->dentry, buf, n);
	prepend(&b, "", 1);
	if (d_unlinked(path->dentry) || (path->dentry->d_flags & DCACHE_DISCONNECTED))
		prepend(&b, " (deleted)", 10);
	if (path->dentry->d_flags & DCACHE_DISCONNECTED) {
		prepend_name(&b, path->dentry);
	} else {
		char *tail;

		get_fs_root(t, &root);
		tail = b.end;
		path_text(t->k, path, &root, &b);
		path_put(t, &root);
		if (b.end == tail)
			prepend(&b, "/", 1);
	}
	return b.overflow ? ERR_PTR(-ENAMETOOLONG) : b.end;
}

/**
 * d_getcwd() - the working directory's name
 * @t: the current task
 * @buf: room
 * @n: bytes
 *
 * Return: as d_path(); "(unreachable)" is before a name outside the task's root; ERR_PTR(-ENOENT) when it is removed.
 */
char *
d_getcwd(struct task *t, char *buf, size_t n)
{
	struct name_buf b = { buf, buf + n, false };
	struct path root, pwd;
	enum path_end end = END_ROOT;
	bool gone;
	char *tail;

	get_fs_root_and_pwd(t, &root, &pwd);
	gone = !pwd.dentry || d_unlinked(pwd.dentry);
	if (!gone) {
		prepend(&b, "", 1);
		tail = b.end;
		end = path_text(t->k, &pwd, &root, &b);
		if (b.end == tail)
			prepend(&b, "/", 1);
	}
	path_put(t, &pwd);
	path_put(t, &root);
	if (gone)
		return ERR_PTR(-ENOENT);
	if (end != END_ROOT)
		prepend(&b, "(unreachable)", 13);
	return b.overflow ? ERR_PTR(-ENAMETOOLONG) : b.end;
}
