/* SPDX-License-Identifier: MIT
 *
 * Listing overlay directories. One that is in a single layer is listed by the real file. A merged one is read whole when a
 * listing starts (upper names first, each name once, whiteouts left out) and kept with the open file; a cookie is an index.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

struct ovl_entry {
	struct ovl_entry *chain;
	uint64_t ino;
	uint32_t hash;
	uint16_t len;
	uint8_t type;
	bool whiteout;
	char name[];
};

struct ovl_list {
	struct kernel *k;
	struct ovl_entry **entries; /* in order */
	uint32_t nr, room;
	struct ovl_entry **buckets;
	uint32_t nbuckets;
};

struct ovl_dir {
	struct file *real;     /* of a directory in one layer */
	bool upper;	       /* real is in the upper layer */
	struct ovl_list *list; /* of a merged one, once read */
};

static void
list_free(struct ovl_list *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->nr; i++)
		kfree(l->k, l->entries[i]);
	kfree(l->k, l->entries);
	kfree(l->k, l->buckets);
	kfree(l->k, l);
}

static int
list_grow(struct ovl_list *l)
{
	uint32_t n = l->room ? l->room * 2 : 64;
	struct ovl_entry **e = kmalloc(l->k, n * sizeof(*e)), **b = kzalloc(l->k, n * sizeof(*b));

	if (!e || !b) {
		kfree(l->k, e);
		kfree(l->k, b);
		return -ENOMEM;
	}
	if (l->nr)
		memcpy(e, l->entries, l->nr * sizeof(*e));
	for (uint32_t i = 0; i < l->nr; i++) {
		e[i]->chain = b[e[i]->hash & (n - 1)];
		b[e[i]->hash & (n - 1)] = e[i];
	}
	kfree(l->k, l->entries);
	kfree(l->k, l->buckets);
	l->entries = e;
	l->buckets = b;
	l->room = l->nbuckets = n;
	return 0;
}

static struct ovl_entry *
list_find(const struct ovl_list *l, const char *name, uint32_t len, uint32_t hash)
{
	if (!l->nbuckets)
		return NULL;
	for (struct ovl_entry *e = l->buckets[hash & (l->nbuckets - 1)]; e; e = e->chain)
		if (e->hash == hash && e->len == len && memcmp(e->name, name, len) == 0)
			return e;
	return NULL;
}

/* Reads one layer into the list. */
struct layer_context {
	struct dir_context ctx;
	struct ovl_list *list;
	struct ovl_sb *ofs;
	const struct inode *dir; /* real */
	uint64_t ino_bits;	 /* from the directory's number to that the overlay shows */
	int err;
};

static bool
collect(struct dir_context *ctx, const char *name, int len, int64_t off, uint64_t ino, unsigned int type)
{
	struct layer_context *lc = container_of(ctx, struct layer_context, ctx);
	struct ovl_list *l = lc->list;
	uint32_t hash = full_name_hash(name, (size_t)len);
	struct ovl_entry *e;

	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return true;
	if (list_find(l, name, (uint32_t)len, hash))
		return true;
	if (l->nr == l->room && list_grow(l) != 0)
		goto nomem;
	e = kmalloc(l->k, sizeof(*e) + (size_t)len + 1);
	if (!e)
		goto nomem;
	e->ino = ino ^ lc->ino_bits;
	e->hash = hash;
	e->len = (uint16_t)len;
	e->type = (uint8_t)type;
	e->whiteout = type == S_IFCHR >> 12; /* to be looked at */
	memcpy(e->name, name, (size_t)len);
	e->name[len] = 0;
	e->chain = l->buckets[hash & (l->nbuckets - 1)];
	l->buckets[hash & (l->nbuckets - 1)] = e;
	l->entries[l->nr++] = e;
	return true;
nomem:
	lc->err = -ENOMEM;
	return false;
}

/* What a listing does not say: whether a device is a whiteout, and the number of what was copied up. */
static void
look_at_entry(struct task *t, struct ovl_sb *ofs, struct dentry *dir, bool impure, struct ovl_entry *e)
{
	bool upper = dir->d_sb == (ofs->upper_mnt ? ofs->upper_mnt->mnt_sb : NULL);
	struct dentry *d;

	if (!e->whiteout && !(upper && impure))
		return;
	d = lookup_one_unlocked(t, &QSTR_LEN(e->name, e->len), dir);
	if (IS_ERR(d))
		return;
	e->whiteout = ovl_is_whiteout(d);
	if (upper && !e->whiteout && !d_is_negative(d))
		e->ino = ovl_upper_ino(ofs, d);
	dput(d);
}

static int
read_layer(struct task *t, struct ovl_sb *ofs, const struct path *path, bool impure, struct ovl_list *l)
{
	struct layer_context lc = { .ctx.actor = collect, .list = l, .ofs = ofs, .dir = d_inode(path->dentry) };
	struct file *f = dentry_open(t, path, O_RDONLY | O_DIRECTORY);
	uint32_t from = l->nr;
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	lc.ino_bits = ovl_map_ino(ofs, lc.dir) ^ lc.dir->i_ino;
	err = iterate_dir(t, f, &lc.ctx);
	fput(t, f);
	if (!err)
		err = lc.err;
	for (uint32_t i = from; i < l->nr && !err; i++)
		look_at_entry(t, ofs, path->dentry, impure, l->entries[i]);
	return err;
}

static struct ovl_list *
read_merged(struct task *t, struct inode *dir)
{
	struct ovl_sb *ofs = OVL_SB(dir->i_sb);
	const struct ovl_inode *oi = OVL_I(dir);
	struct ovl_list *l = kzalloc(ofs->k, sizeof(*l));
	struct dentry *upper = ovl_upper(dir);
	int err = 0;

	if (!l)
		return ERR_PTR(-ENOMEM);
	l->k = ofs->k;
	if (upper)
		err = read_layer(t, ofs, &(struct path){ ofs->upper_mnt, upper }, ovl_is_impure(t, dir), l);
	for (unsigned int i = 0; i < oi->nr_lower && !err; i++)
		err = read_layer(t, ofs, &(struct path){ ofs->lower_mnt[oi->lower[i].layer], oi->lower[i].dentry }, false, l);
	if (err) {
		list_free(l);
		return ERR_PTR(err);
	}
	return l;
}

static bool
is_merged(const struct inode *dir)
{
	return OVL_I(dir)->nr_lower + (ovl_upper(dir) != NULL) > 1;
}

static int
ovl_dir_open(struct task *t, struct inode *inode, struct file *file)
{
	struct ovl_dir *od = kzalloc(t->k, sizeof(*od));
	struct path real;

	if (!od)
		return -ENOMEM;
	if (!is_merged(inode)) {
		ovl_real_path(inode, &real);
		od->upper = ovl_upper(inode) != NULL;
		od->real = dentry_open(t, &real, O_RDONLY | O_DIRECTORY);
		if (IS_ERR(od->real)) {
			int err = (int)PTR_ERR(od->real);

			kfree(t->k, od);
			return err;
		}
	}
	file->private_data = od;
	return 0;
}

static void
ovl_dir_release(struct task *t, struct inode *inode, struct file *file)
{
	struct ovl_dir *od = file->private_data;

	if (!od)
		return;
	list_free(od->list);
	if (od->real)
		fput(t, od->real);
	kfree(file->k, od);
	file->private_data = NULL;
}

/* Passes a single layer's entries on, with the overlay's numbers. */
struct pass_context {
	struct dir_context ctx, *outer;
	uint64_t ino_bits;
	struct task *t;
	struct ovl_sb *ofs;
	struct dentry *impure; /* the real directory, locked, if single entries have to be looked at */
};

static bool
pass_on(struct dir_context *ctx, const char *name, int len, int64_t off, uint64_t ino, unsigned int type)
{
	struct pass_context *pc = container_of(ctx, struct pass_context, ctx);

	ino ^= pc->ino_bits;
	if (pc->impure && name[0] != '.') {
		struct dentry *d = lookup_one(pc->t, &QSTR_LEN(name, (uint32_t)len), pc->impure);

		if (!IS_ERR(d)) {
			if (!d_is_negative(d))
				ino = ovl_upper_ino(pc->ofs, d);
			dput(d);
		}
	}
	return pc->outer->actor(pc->outer, name, len, off, ino, type);
}

static int
iterate_real(struct task *t, struct ovl_sb *ofs, struct file *real, bool impure, struct dir_context *ctx)
{
	struct pass_context pc = { .ctx.actor = pass_on, .outer = ctx, .t = t, .ofs = ofs };
	int err;

	pc.ino_bits = ovl_map_ino(ofs, real->f_inode) ^ real->f_inode->i_ino;
	pc.impure = impure ? real->f_path.dentry : NULL;
	real->f_pos = ctx->pos;
	err = iterate_dir(t, real, &pc.ctx);
	ctx->pos = real->f_pos;
	return err;
}

static int
iterate_merged(struct task *t, struct file *file, struct ovl_dir *od, struct dir_context *ctx)
{
	struct inode *dir = file->f_inode;

	if (ctx->pos == 0 || !od->list) {
		struct ovl_list *l = read_merged(t, dir);

		if (IS_ERR(l))
			return (int)PTR_ERR(l);
		list_free(od->list);
		od->list = l;
	}
	if (ctx->pos == 0) {
		if (!ctx->actor(ctx, ".", 1, 0, dir->i_ino, S_IFDIR >> 12))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		struct dentry *parent = dget_parent(file->f_path.dentry);
		uint64_t ino = d_inode(parent)->i_ino;

		dput(parent);
		if (!ctx->actor(ctx, "..", 2, 1, ino, S_IFDIR >> 12))
			return 0;
		ctx->pos = 2;
	}
	for (; ctx->pos >= 2 && ctx->pos - 2 < od->list->nr; ctx->pos++) {
		const struct ovl_entry *e = od->list->entries[ctx->pos - 2];

		if (!e->whiteout && !ctx->actor(ctx, e->name, e->len, ctx->pos, e->ino, e->type))
			return 0;
	}
	return 0;
}

/* i_rwsem is held by iterate_dir(). */
static int
ovl_iterate(struct task *t, struct file *file, struct dir_context *ctx)
{
	struct ovl_dir *od = file->private_data;
	struct inode *dir = file->f_inode;

	/* copied up since it was opened: the next listing is a merged one */
	if (od->real && !od->upper && ovl_upper(dir) && ctx->pos == 0) {
		fput(t, od->real);
		od->real = NULL;
	}
	if (od->real)
		return iterate_real(t, OVL_SB(dir->i_sb), od->real, od->upper && ovl_is_impure(t, dir), ctx);
	return iterate_merged(t, file, od, ctx);
}

static int64_t
ovl_dir_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	struct ovl_dir *od = file->private_data;

	if (od->real) {
		od->real->f_pos = file->f_pos;
		off = vfs_llseek(t, od->real, off, whence);
	} else {
		if (whence == SEEK_CUR)
			off += file->f_pos;
		else if (whence != SEEK_SET)
			return -EINVAL;
		if (off < 0)
			return -EINVAL;
	}
	if (off >= 0)
		file->f_pos = off;
	return off;
}

static int
ovl_dir_fsync(struct task *t, struct file *file, int64_t start, int64_t end, int datasync)
{
	struct ovl_dir *od = file->private_data;

	return od->real && od->upper && od->real->f_op->fsync ? od->real->f_op->fsync(t, od->real, start, end, datasync) : 0;
}

const struct file_operations ovl_dir_fops = {
	.open = ovl_dir_open,
	.release = ovl_dir_release,
	.iterate = ovl_iterate,
	.llseek = ovl_dir_llseek,
	.fsync = ovl_dir_fsync,
};

int
ovl_check_empty(struct task *t, struct dentry *dentry)
{
	struct ovl_list *l = read_merged(t, d_inode(dentry));
	int err = 0;

	if (IS_ERR(l))
		return (int)PTR_ERR(l);
	for (uint32_t i = 0; i < l->nr && !err; i++)
		if (!l->entries[i]->whiteout)
			err = -ENOTEMPTY;
	list_free(l);
	return err;
}

/* Removes what may go from a directory of the upper file system: whiteouts only, or all but directories with something in them. */
static int
remove_entries(struct task *t, const struct path *path, bool whiteouts_only)
{
	struct inode *dir = d_inode(path->dentry);
	struct ovl_list l = { .k = dir->i_sb->k };
	struct layer_context lc = { .ctx.actor = collect, .list = &l };
	struct file *f = dentry_open(t, path, O_RDONLY | O_DIRECTORY);
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	err = iterate_dir(t, f, &lc.ctx);
	fput(t, f);
	mutex_lock(&dir->i_rwsem);
	for (uint32_t i = 0; i < l.nr && !err; i++) {
		struct dentry *d = lookup_one(t, &QSTR_LEN(l.entries[i]->name, l.entries[i]->len), path->dentry);

		if (IS_ERR(d)) {
			err = (int)PTR_ERR(d);
			continue;
		}
		if (ovl_is_whiteout(d))
			err = vfs_unlink(t, dir, d);
		else if (!whiteouts_only && !d_is_negative(d))
			ignore_err(S_ISDIR(d_inode(d)->i_mode) ? vfs_rmdir(t, dir, d) : vfs_unlink(t, dir, d), "it is in nobody's way");
		dput(d);
	}
	mutex_unlock(&dir->i_rwsem);
	for (uint32_t i = 0; i < l.nr; i++)
		kfree(l.k, l.entries[i]);
	kfree(l.k, l.entries);
	kfree(l.k, l.buckets);
	return err;
}

int
ovl_clear_whiteouts(struct task *t, struct dentry *upper)
{
	struct inode *over = d_inode(upper)->i_overlay;

	if (!over)
		return -ESTALE;
	return remove_entries(t, &(struct path){ OVL_SB(over->i_sb)->upper_mnt, upper }, true);
}

int
ovl_clean_work(struct task *t, struct mount *mnt, struct dentry *work)
{
	return remove_entries(t, &(struct path){ mnt, work }, false);
}
