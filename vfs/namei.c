/* SPDX-License-Identifier: MIT
 *
 * Path walk: path_resolution(7) and openat2(2)'s restrictions.
 *
 * A walk holds a reference to where it stands (nd->path), to the root it must not leave (once it is needed), and to each symbolic
 * link whose text it is still reading (nd->stack). A component in the dentry cache is passed without a lock; a miss takes the
 * directory's i_rwsem and asks the file system. There is no walk without references (RCU walk).
 *
 * What the last component means is left to the caller (lookup, create, remove, open): link_path_walk() stops before it.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/internal.h"

static bool
d_can_lookup(const struct dentry *d)
{
	const struct inode *inode = d_inode(d);

	return inode && S_ISDIR(inode->i_mode);
}

static void
set_root(struct nameidata *nd)
{
	if (nd->root_valid)
		return;
	get_fs_root(nd->t, &nd->root);
	nd->root_valid = true;
}

static int
nd_jump_root(struct nameidata *nd)
{
	if (nd->flags & LOOKUP_BENEATH)
		return -EXDEV;
	/* As Linux does it: where the root is not known yet, any absolute link counts as another mount; an absolute path does not. */
	if ((nd->flags & LOOKUP_NO_XDEV) && nd->path.mnt && nd->path.mnt != nd->root.mnt)
		return -EXDEV;
	set_root(nd);
	if (!nd->root.dentry)
		return -ENOENT;
	path_get(&nd->root);
	path_put(nd->t, &nd->path);
	nd->path = nd->root;
	return 0;
}

/* nd->path to @dfd or the working directory. */
static int
start_at(struct nameidata *nd, int dfd, bool need_dir)
{
	bool foreign;
	struct fd f;

	if (dfd == AT_FDCWD) {
		get_fs_pwd(nd->t, &nd->path);
		return nd->path.dentry ? 0 : -ENOENT;
	}
	f = fdget_raw(nd->t, dfd);
	if (!f.file)
		return -EBADF;
	nd->path = f.file->f_path;
	path_get(&nd->path);
	foreign = (nd->flags & LOOKUP_LINKAT_EMPTY) && f.file->f_cred != nd->t->cred;
	fdput(nd->t, f);
	if (foreign && !capable(nd->t, CAP_DAC_READ_SEARCH))
		return -ENOENT;
	return need_dir && !d_can_lookup(nd->path.dentry) ? -ENOTDIR : 0;
}

/**
 * path_init() - begin a walk
 * @nd: filled; nd_terminate() is due whatever is returned
 * @t: the current task
 * @dfd: where relative names begin
 * @name: the path; it must live as long as the walk
 * @flags: LOOKUP_*
 *
 * Return: 0, -EBADF, -ENOTDIR, -EXDEV.
 */
int
path_init(struct nameidata *nd, struct task *t, int dfd, const char *name, uint32_t flags)
{
	int err;

	nd->t = t;
	nd->path = nd->root = (struct path){ NULL, NULL };
	nd->root_valid = false;
	nd->flags = flags;
	nd->depth = nd->total_links = 0;
	nd->last_type = LAST_ROOT;
	nd->dir_uid = 0;
	nd->dir_mode = 0;
	nd->st = NULL;
	nd->st_done = false;
	nd->last = (struct qstr){ "", 0, 0 };
	if (!(flags & LOOKUP_IS_SCOPED))
		return *name == '/' ? nd_jump_root(nd) : start_at(nd, dfd, *name != 0);

	nd->m_seq = __atomic_load_n(&t->k->vfs->mount_seq, __ATOMIC_SEQ_CST);
	nd->r_seq = __atomic_load_n(&t->k->vfs->rename_seq, __ATOMIC_SEQ_CST);
	if (*name == '/' && (flags & LOOKUP_BENEATH))
		return -EXDEV;
	err = start_at(nd, dfd, *name != 0);
	if (err)
		return err;
	nd->root = nd->path;
	path_get(&nd->root);
	nd->root_valid = true;
	return 0;
}

void
nd_put_link(struct nameidata *nd)
{
	struct nameidata_link *l = &nd->stack[--nd->depth];

	if (l->done)
		kfree(nd->t->k, l->done);
	dput(l->dentry);
}

void
nd_terminate(struct nameidata *nd)
{
	while (nd->depth > 0)
		nd_put_link(nd);
	path_put(nd->t, &nd->path);
	nd->path = (struct path){ NULL, NULL };
	if (nd->root_valid) {
		path_put(nd->t, &nd->root);
		nd->root_valid = false;
	}
}

/* A scoped walk must end where it was allowed to be, even if somebody moved directories meanwhile. */
int
complete_walk(struct nameidata *nd)
{
	if (likely(!(nd->flags & LOOKUP_IS_SCOPED)))
		return 0;
	return path_is_under(nd->t->k, &nd->path, &nd->root) ? 0 : -EXDEV;
}

/* Is a cached dentry still true? The dentry, NULL (dropped, and the reference too), or ERR_PTR. */
static struct dentry *
revalidate(struct task *t, struct dentry *d)
{
	int ok;

	if (likely(!d->d_op || !d->d_op->d_revalidate))
		return d;
	ok = d->d_op->d_revalidate(t, d);
	if (likely(ok > 0))
		return d;
	/* A mount point stays: what is mounted there hides it anyway. */
	if (ok == 0 && __atomic_load_n(&d->d_mounted, __ATOMIC_RELAXED))
		return d;
	if (ok == 0)
		d_drop(d);
	dput(d);
	return ok == 0 ? NULL : ERR_PTR(ok);
}

struct dentry *
lookup_fast(struct nameidata *nd)
{
	struct dentry *d = d_lookup(nd->path.dentry, &nd->last);

	return d ? revalidate(nd->t, d) : NULL;
}

/**
 * lookup_slow_locked() - a child of a directory, from the cache or the file system
 * @t: the current task
 * @name: the name
 * @dir: the directory; i_rwsem is held
 *
 * Return: positive or negative, with a reference; or ERR_PTR.
 */
struct dentry *
lookup_slow_locked(struct task *t, const struct qstr *name, struct dentry *dir)
{
	struct inode *inode = d_inode(dir);
	struct dentry *d, *other;

	if (name->len > K_NAME_MAX)
		return ERR_PTR(inode->i_flags & S_DEAD ? -ENOENT : -ENAMETOOLONG);
	d = d_lookup_certain(dir, name);
	if (d)
		d = revalidate(t, d);
	if (d)
		return d;
	if (inode->i_flags & S_DEAD)
		return ERR_PTR(-ENOENT);
	if (!inode->i_op || !inode->i_op->lookup)
		return ERR_PTR(-ENOTDIR);
	d = d_alloc(dir, name);
	if (!d)
		return ERR_PTR(-ENOMEM);
	other = inode->i_op->lookup(t, inode, d);
	if (!other)
		return d;
	dput(d);
	return other;
}

static struct dentry *
lookup_slow(struct nameidata *nd)
{
	struct inode *dir = d_inode(nd->path.dentry);
	struct dentry *d;

	if (nd->flags & LOOKUP_CACHED)
		return ERR_PTR(-EAGAIN);
	mutex_lock(&dir->i_rwsem);
	d = lookup_slow_locked(nd->t, &nd->last, nd->path.dentry);
	mutex_unlock(&dir->i_rwsem);
	return d;
}

/* A link of /proc: straight to the object. Consumes @jump. */
static int
nd_jump_link(struct nameidata *nd, struct path *jump)
{
	int err = 0;

	if (nd->flags & LOOKUP_NO_MAGICLINKS)
		err = -ELOOP;
	else if ((nd->flags & LOOKUP_NO_XDEV) && nd->path.mnt != jump->mnt)
		err = -EXDEV;
	else if (nd->flags & LOOKUP_IS_SCOPED)
		err = -EXDEV;
	if (err) {
		path_put(nd->t, jump);
		return err;
	}
	path_put(nd->t, &nd->path);
	nd->path = *jump;
	return 0;
}

/* Consumes @dentry, a symbolic link in nd->path's directory. Its text, to be walked; NULL: done with it; or ERR_PTR. */
static const char *
pick_link(struct nameidata *nd, uint32_t how, struct mount *mnt, struct dentry *dentry, struct inode *inode)
{
	struct nameidata_link *l = &nd->stack[nd->depth];
	struct path jump = { NULL, NULL }, link = { mnt, dentry };
	const char *text;
	int err = 0;

	if (nd->total_links++ >= MAXSYMLINKS || (nd->flags & LOOKUP_NO_SYMLINKS) || (mnt->mnt_flags & MNT_NOSYMFOLLOW) ||
	    !inode->i_op || !inode->i_op->get_link) {
		dput(dentry);
		return ERR_PTR(-ELOOP);
	}
	if (how & WALK_TRAILING) {
		err = may_follow_link(nd, inode);
		if (err) {
			dput(dentry);
			return ERR_PTR(err);
		}
	}
	*l = (struct nameidata_link){ .dentry = dentry, .inode = inode };
	nd->depth++;
	touch_atime(nd->t, &link);
	text = inode->i_op->get_link(nd->t, dentry, inode, &l->done, &jump);
	if (IS_ERR(text))
		return text; /* nd_terminate() pops the link */
	if (!text) {
		err = jump.dentry ? nd_jump_link(nd, &jump) : -ENOENT;
		nd_put_link(nd);
		return err ? ERR_PTR(err) : NULL;
	}
	if (*text == '/') {
		err = nd_jump_root(nd);
		if (err)
			return ERR_PTR(err);
		while (*text == '/')
			text++;
	}
	if (*text)
		return text;
	nd_put_link(nd);
	return NULL;
}

const char *
step_into(struct nameidata *nd, uint32_t how, struct dentry *dentry)
{
	struct path path = { nd->path.mnt, dentry };
	struct inode *inode;

	if (unlikely(__atomic_load_n(&dentry->d_mounted, __ATOMIC_ACQUIRE))) {
		mntget(path.mnt);
		if (follow_mounts(nd->t->k, &path) && (nd->flags & LOOKUP_NO_XDEV)) {
			path_put(nd->t, &path);
			return ERR_PTR(-EXDEV);
		}
		if (path.mnt == nd->path.mnt)
			mntput(path.mnt);
	}
	inode = d_inode(path.dentry);
	if (inode && unlikely(S_ISLNK(inode->i_mode)) && !(how & WALK_NOFOLLOW) &&
	    (!(how & WALK_TRAILING) || (nd->flags & LOOKUP_FOLLOW))) {
		const char *text;

		if (path.mnt == nd->path.mnt)
			return pick_link(nd, how, path.mnt, path.dentry, inode);
		text = pick_link(nd, how, path.mnt, path.dentry, inode); /* a link under a mount of its own */
		mntput(path.mnt);
		return text;
	}
	if (!inode) {
		dput(path.dentry);
		if (path.mnt != nd->path.mnt)
			mntput(path.mnt);
		return ERR_PTR(-ENOENT);
	}
	dput(nd->path.dentry);
	if (path.mnt != nd->path.mnt)
		mntput(nd->path.mnt);
	nd->path = path;
	return NULL;
}

/* A bind mount's directory may have been moved out of it: then there is no way up. */
static bool
path_connected(struct kernel *k, const struct path *path)
{
	return path->mnt->mnt_root == path->mnt->mnt_sb->s_root || is_subdir(k, path->dentry, path->mnt->mnt_root);
}

/* From the root of a mount up to the directory that holds its mount point. False: the top is reached. */
static bool
climb_mounts(struct nameidata *nd, struct path *at)
{
	while (at->dentry == at->mnt->mnt_root) {
		if (path_equal(at, &nd->root) || !follow_up(nd->t->k, at))
			return false;
	}
	return !path_equal(at, &nd->root);
}

static const char *
follow_dotdot(struct nameidata *nd)
{
	struct kernel *k = nd->t->k;
	struct path at = nd->path;
	struct dentry *parent;

	set_root(nd);
	path_get(&at);
	if (path_equal(&at, &nd->root) || !climb_mounts(nd, &at)) {
		path_put(nd->t, &at);
		if (nd->flags & LOOKUP_BENEATH)
			return ERR_PTR(-EXDEV);
		return step_into(nd, WALK_NOFOLLOW, dget(nd->path.dentry));
	}
	if (at.mnt != nd->path.mnt && (nd->flags & LOOKUP_NO_XDEV)) {
		path_put(nd->t, &at);
		return ERR_PTR(-EXDEV);
	}
	parent = dget_parent(at.dentry);
	path_put(nd->t, &nd->path);
	nd->path = at;
	at.dentry = parent;
	if (!path_connected(k, &at)) {
		dput(parent);
		return ERR_PTR(-ENOENT);
	}
	if ((nd->flags & LOOKUP_IS_SCOPED) && (__atomic_load_n(&k->vfs->mount_seq, __ATOMIC_SEQ_CST) != nd->m_seq ||
					       __atomic_load_n(&k->vfs->rename_seq, __ATOMIC_SEQ_CST) != nd->r_seq)) {
		dput(parent);
		return ERR_PTR(-EAGAIN);
	}
	return step_into(nd, WALK_NOFOLLOW, parent);
}

const char *
walk_component(struct nameidata *nd, uint32_t how)
{
	struct dentry *d;

	if (unlikely(nd->last_type != LAST_NORM)) {
		if (!(how & WALK_MORE) && nd->depth > 0)
			nd_put_link(nd);
		return nd->last_type == LAST_DOTDOT ? follow_dotdot(nd) : NULL;
	}
	d = lookup_fast(nd);
	if (unlikely(!d)) {
		int err = nd->st && (how & WALK_TRAILING) ? getattr_uncached(nd) : 1;

		if (err <= 0)
			return err ? ERR_PTR(err) : NULL;
		d = lookup_slow(nd);
	}
	if (IS_ERR(d))
		return (const char *)d;
	if (!(how & WALK_MORE) && nd->depth > 0)
		nd_put_link(nd);
	return step_into(nd, how, d);
}

static void
set_last(struct nameidata *nd, const char *name)
{
	uint32_t len = 0;

	while (name[len] && name[len] != '/')
		len++;
	nd->last = (struct qstr){ name, len, 0 };
	nd->last_type = LAST_NORM;
	if (name[0] == '.' && len == 1)
		nd->last_type = LAST_DOT;
	else if (name[0] == '.' && name[1] == '.' && len == 2)
		nd->last_type = LAST_DOTDOT;
	else
		nd->last.hash = full_name_hash(name, len);
}

/**
 * link_path_walk() - walk all but the last component
 * @nd: begun; nd->path is where the walk begins
 * @name: the path, or the text of a link
 *
 * Return: 0 with nd->last and nd->last_type set; or negative errno.
 */
int
link_path_walk(struct nameidata *nd, const char *name)
{
	int depth = 0;

	nd->last_type = LAST_ROOT;
	while (*name == '/')
		name++;
	if (!*name)
		return 0;
	for (;;) {
		const char *link;
		int err = inode_permission(nd->t, d_inode(nd->path.dentry), MAY_EXEC);

		if (err)
			return err;
		set_last(nd, name);
		name += nd->last.len;
		while (*name == '/')
			name++;
		if (*name) {
			link = walk_component(nd, WALK_MORE);
		} else {
			if (depth == 0) {
				nd->dir_uid = d_inode(nd->path.dentry)->i_uid;
				nd->dir_mode = d_inode(nd->path.dentry)->i_mode;
				return 0;
			}
			/* The last component of a link on the way: go on behind that link. */
			name = nd->stack[--depth].name;
			link = walk_component(nd, 0);
		}
		if (link) {
			if (IS_ERR(link))
				return (int)PTR_ERR(link);
			nd->stack[depth++].name = name;
			name = link;
			continue;
		}
		if (unlikely(!d_can_lookup(nd->path.dentry)))
			return -ENOTDIR;
	}
}

int
path_lookupat(struct nameidata *nd, const char *name)
{
	int err = 0;

	if (*name == 0 && !(nd->flags & LOOKUP_EMPTY))
		return -ENOENT;
	while (*name) {
		err = link_path_walk(nd, name);
		if (err)
			return err;
		if (nd->last_type == LAST_NORM && nd->last.name[nd->last.len])
			nd->flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
		name = walk_component(nd, WALK_TRAILING);
		if (IS_ERR(name))
			return (int)PTR_ERR(name);
		if (!name)
			break;
	}
	err = complete_walk(nd);
	if (!err && (nd->flags & LOOKUP_DIRECTORY) && !d_can_lookup(nd->path.dentry))
		err = -ENOTDIR;
	return err;
}

static int
do_lookup(struct task *t, int dfd, const char *name, unsigned int flags, struct path *out)
{
	struct nameidata nd;
	int err = path_init(&nd, t, dfd, name, flags);

	if (!err)
		err = path_lookupat(&nd, name);
	if (!err) {
		*out = nd.path;
		nd.path = (struct path){ NULL, NULL };
	}
	nd_terminate(&nd);
	return err;
}

int
filename_lookup(struct task *t, int dfd, struct filename *name, unsigned int lookup, struct path *out)
{
	int err, tries = 0;

	do
		err = do_lookup(t, dfd, name->name, lookup, out);
	while (err == -ESTALE && ++tries < ESTALE_TRIES);
	return err;
}

int
kern_path(struct task *t, const char *name, unsigned int lookup, struct path *out)
{
	return do_lookup(t, AT_FDCWD, name, lookup, out);
}

int
user_path_at(struct task *t, int dfd, uaddr_t name, unsigned int lookup, struct path *out)
{
	struct filename *f = getname_flags(t, name, (lookup & LOOKUP_EMPTY) != 0);
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	err = filename_lookup(t, dfd, f, lookup, out);
	putname(f);
	return err;
}

/**
 * filename_parentat() - the directory of a path's last component
 * @t: the current task
 * @dfd: where relative names begin
 * @name: the path; it must outlive @last
 * @flags: LOOKUP_*
 * @parent: set, with references
 * @last: set: the last component, in @name
 * @type: set
 *
 * Return: 0 or negative errno.
 */
int
filename_parentat(struct task *t, int dfd, const char *name, uint32_t flags, struct path *parent, struct qstr *last,
		  enum last_type *type)
{
	struct nameidata nd;
	int err = *name ? path_init(&nd, t, dfd, name, flags) : -ENOENT;

	if (!*name)
		return err;
	if (!err)
		err = link_path_walk(&nd, name);
	if (!err)
		err = complete_walk(&nd);
	if (!err) {
		*parent = nd.path;
		*last = nd.last;
		*type = nd.last_type;
		nd.path = (struct path){ NULL, NULL };
	}
	nd_terminate(&nd);
	return err;
}

struct dentry *
lookup_one(struct task *t, const struct qstr *name, struct dentry *base)
{
	int err;

	if (name->len == 0 || memchr(name->name, '/', name->len) ||
	    (name->name[0] == '.' && (name->len == 1 || (name->len == 2 && name->name[1] == '.'))))
		return ERR_PTR(-EACCES);
	err = inode_permission(t, d_inode(base), MAY_EXEC);
	return err ? ERR_PTR(err) : lookup_slow_locked(t, name, base);
}

struct dentry *
lookup_one_unlocked(struct task *t, const struct qstr *name, struct dentry *base)
{
	struct dentry *d = d_lookup(base, name);

	if (d)
		d = revalidate(t, d);
	if (d)
		return d;
	mutex_lock(&d_inode(base)->i_rwsem);
	d = lookup_one(t, name, base);
	mutex_unlock(&d_inode(base)->i_rwsem);
	return d;
}
