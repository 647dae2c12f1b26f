/* SPDX-License-Identifier: MIT
 *
 * The dentry cache: what a name in a directory is, or that there is none. The hash, and looking names up in it, is vfs/dhash.c.
 *
 * The cache's own reference keeps a hashed dentry at a count of at least 1. d_drop() unhashes and gives that reference up; the
 * shrinker does the same to dentries whose count is 1 by exchanging it for 0. So dput() is one atomic subtraction.
 *
 * Changing a name (d_move) happens under rename_lock with d_seq odd; whoever unhashes waits for an even d_seq.
 *
 * Left out: aliases (an inode does not know its dentries), disconnected trees (file handles).
 */
#include "kernel/kernel.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"

/* A name too long for d_iname; shared by dentries after a rename. */
struct external_name {
	refcount_t count;
	char name[];
};

void
stable_cache_init(struct kernel *k, struct stable_cache *c, const char *name, size_t size, size_t link)
{
	kmem_cache_init(k, &c->cache, name, size, 64);
	mutex_init(&c->lock, RANK_LEAF);
	c->free = NULL;
	c->link = (uint32_t)link;
	c->nr_free = 0;
}

void *
stable_cache_alloc(struct stable_cache *c)
{
	void *p;

	mutex_lock(&c->lock);
	p = c->free;
	if (p) {
		c->free = *(void **)((char *)p + c->link);
		c->nr_free--;
	}
	mutex_unlock(&c->lock);
	return p ? p : kmem_cache_zalloc(&c->cache);
}

void
stable_cache_free(struct stable_cache *c, void *p)
{
	mutex_lock(&c->lock);
	*(void **)((char *)p + c->link) = c->free;
	c->free = p;
	c->nr_free++;
	mutex_unlock(&c->lock);
}

uint32_t
full_name_hash(const char *name, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15ULL ^ len;

	while (len >= 8) {
		uint64_t w;

		__builtin_memcpy(&w, name, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
		name += 8;
		len -= 8;
	}
	if (len) {
		uint64_t w = 0;

		for (size_t i = 0; i < len; i++)
			w |= (uint64_t)(unsigned char)name[i] << (8 * i);
		h = (h ^ w) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	h ^= h >> 29;
	return (uint32_t)h ? (uint32_t)h : 1;
}

/* Before a child of this name is hashed. d_lock is held. */
static void
d_add_child(struct dentry *parent, struct dentry *d, uint32_t hash)
{
	WRITE_ONCE(parent->d_child_bits, parent->d_child_bits | d_child_bit(hash));
	list_add(&d->d_child, &parent->d_subdirs);
}

static void
d_del_child(struct dentry *parent, struct dentry *d)
{
	mutex_guard(&parent->d_lock);

	list_del_init(&d->d_child);
	if (list_empty(&parent->d_subdirs))
		WRITE_ONCE(parent->d_child_bits, 0);
}

static bool
d_has_external_name(const struct dentry *d)
{
	return d->d_name.name != d->d_iname;
}

static void
external_name_put(struct kernel *k, const char *name)
{
	struct external_name *e = container_of(name, struct external_name, name);

	if (refcount_dec_and_test(&e->count))
		kfree(k, e);
}

static bool
d_set_name(struct kernel *k, struct dentry *d, const struct qstr *name)
{
	char *s = d->d_iname;

	if (name->len >= sizeof(d->d_iname)) {
		struct external_name *e = kmalloc(k, sizeof(*e) + name->len + 1);

		if (!e)
			return false;
		refcount_set(&e->count, 1);
		s = e->name;
	}
	memcpy(s, name->name, name->len);
	s[name->len] = 0;
	d->d_name = (struct qstr){ s, name->len, name->hash ? name->hash : full_name_hash(name->name, name->len) };
	return true;
}

/* d_seq to odd before anything else of a dentry that lock-free readers may be looking at changes, and to even after. */
static void
d_seq_begin(struct dentry *d)
{
	__atomic_store_n(&d->d_seq, d->d_seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void
d_seq_end(struct dentry *d)
{
	__atomic_store_n(&d->d_seq, d->d_seq + 1, __ATOMIC_RELEASE);
}

static struct dentry *
__d_alloc(struct super_block *sb, const struct qstr *name)
{
	struct vfs_state *v = sb->k->vfs;
	struct dentry *d = stable_cache_alloc(&v->dentries);

	if (!d)
		return NULL;
	d_seq_begin(d);
	if (!d_set_name(sb->k, d, name)) {
		d->d_name.name = d->d_iname;
		d_seq_end(d);
		stable_cache_free(&v->dentries, d);
		return NULL;
	}
	__atomic_store_n(&d->d_flags, DCACHE_UNHASHED, __ATOMIC_RELAXED);
	d->d_mounted = 0;
	d->d_parent = d;
	d->d_inode = NULL;
	d->d_hash = NULL;
	d->d_child_bits = 0;
	d->d_op = sb->s_d_op;
	d->d_sb = sb;
	d->d_time = 0;
	d->d_fsdata = NULL;
	mutex_init(&d->d_lock, RANK_DCACHE);
	INIT_LIST_HEAD(&d->d_child);
	INIT_LIST_HEAD(&d->d_subdirs);
	INIT_LIST_HEAD(&d->d_lru);
	d_seq_end(d);
	__atomic_store_n(&d->d_count.n, 1, __ATOMIC_RELEASE);
	__atomic_add_fetch(&v->nr_dentry, 1, __ATOMIC_RELAXED);
	return d;
}

static void shrink_dcache(struct vfs_state *v);

/**
 * d_alloc() - a dentry that is not yet in the cache
 * @parent: with a reference of the caller's; another one is taken
 * @name: copied
 *
 * Return: with one reference, or NULL.
 */
struct dentry *
d_alloc(struct dentry *parent, const struct qstr *name)
{
	struct vfs_state *v = parent->d_sb->k->vfs;
	struct dentry *d;

	if (unlikely(__atomic_load_n(&v->nr_dentry, __ATOMIC_RELAXED) > v->max_dentry))
		shrink_dcache(v);
	d_hash_grow(parent->d_sb->k);
	d = __d_alloc(parent->d_sb, name);
	if (!d)
		return NULL;
	d->d_parent = dget(parent);
	mutex_lock(&parent->d_lock);
	d_add_child(parent, d, d->d_name.hash);
	mutex_unlock(&parent->d_lock);
	return d;
}

struct dentry *
d_alloc_name(struct dentry *parent, const char *name)
{
	struct qstr q = QSTR(name);

	return d_alloc(parent, &q);
}

struct dentry *
d_alloc_anon(struct super_block *sb, struct inode *inode, const char *name)
{
	struct qstr q = QSTR(name);
	struct dentry *d = __d_alloc(sb, &q);

	if (!d) {
		iput(inode);
		return NULL;
	}
	set_bits(&d->d_flags, DCACHE_DISCONNECTED);
	d->d_inode = inode;
	return d;
}

struct dentry *
d_make_root(struct super_block *sb, struct inode *inode)
{
	struct dentry *d;

	if (!inode)
		return NULL;
	d = d_alloc_anon(sb, inode, "/");
	if (d)
		clear_bits(&d->d_flags, DCACHE_DISCONNECTED);
	return d;
}

static void
d_lru_add(struct vfs_state *v, struct dentry *d)
{
	mutex_lock(&v->lru_lock);
	list_add_tail(&d->d_lru, &v->lru);
	set_bits(&d->d_flags, DCACHE_ON_LRU);
	v->nr_lru++;
	mutex_unlock(&v->lru_lock);
}

static void
d_lru_del(struct vfs_state *v, struct dentry *d)
{
	if (!(__atomic_load_n(&d->d_flags, __ATOMIC_ACQUIRE) & DCACHE_ON_LRU))
		return;
	mutex_lock(&v->lru_lock);
	if (d->d_flags & DCACHE_ON_LRU) {
		list_del_init(&d->d_lru);
		clear_bits(&d->d_flags, DCACHE_ON_LRU);
		v->nr_lru--;
	}
	mutex_unlock(&v->lru_lock);
}

/**
 * d_add() - put a new dentry into the cache
 * @dentry: from d_alloc(), not hashed
 * @inode: the caller's reference is consumed; NULL for a negative dentry
 *
 * Context: the directory's i_rwsem is held.
 */
void
d_add(struct dentry *dentry, struct inode *inode)
{
	struct vfs_state *v = dentry->d_sb->k->vfs;

	__atomic_store_n(&dentry->d_inode, inode, __ATOMIC_RELEASE);
	refcount_inc(&dentry->d_count);
	d_hash_insert(v, dentry);
	d_lru_add(v, dentry);
}

/**
 * d_instantiate() - a negative dentry becomes positive
 * @dentry: negative, hashed or not
 * @inode: consumed
 *
 * Context: the directory's i_rwsem is held.
 */
void
d_instantiate(struct dentry *dentry, struct inode *inode)
{
	__atomic_store_n(&dentry->d_inode, inode, __ATOMIC_RELEASE);
}

/* "#INODE" for O_TMPFILE: the dentry is not hashed and fits d_iname. */
void
d_name_tmpfile(struct dentry *d, uint64_t ino)
{
	d_seq_begin(d);
	d->d_name.len = (uint32_t)ksnprintf(d->d_iname, sizeof(d->d_iname), "#%llu", (unsigned long long)ino);
	d_seq_end(d);
}

struct dentry *
d_splice_alias(struct inode *inode, struct dentry *dentry)
{
	if (IS_ERR(inode))
		return (struct dentry *)inode;
	d_add(dentry, inode);
	return NULL;
}

/**
 * d_drop() - take a dentry out of the cache; it lives on while referenced
 * @dentry: the caller has a reference
 */
void
d_drop(struct dentry *dentry)
{
	if (d_hash_drop(dentry->d_sb->k->vfs, dentry))
		dput(dentry);
}

struct dentry *
dget(struct dentry *dentry)
{
	if (dentry)
		refcount_inc(&dentry->d_count);
	return dentry;
}

struct dentry *
dget_parent(struct dentry *dentry)
{
	for (;;) {
		struct dentry *p = __atomic_load_n(&dentry->d_parent, __ATOMIC_ACQUIRE);

		if (!refcount_inc_not_zero(&p->d_count))
			continue;
		if (__atomic_load_n(&dentry->d_parent, __ATOMIC_ACQUIRE) == p)
			return p;
		dput(p);
	}
}

/* The count is 0 and it is unhashed: free it. Returns the parent, whose reference is the caller's now, or NULL. */
static struct dentry *
d_kill(struct dentry *d)
{
	struct kernel *k = d->d_sb->k;
	struct vfs_state *v = k->vfs;
	struct dentry *parent = d->d_parent;

	d_lru_del(v, d);
	if (parent != d)
		d_del_child(parent, d);
	set_bits(&d->d_flags, DCACHE_DENTRY_KILLED);
	if (d->d_op && d->d_op->d_release)
		d->d_op->d_release(d);
	if (d->d_inode) {
		fsnotify_inoderemove(d->d_inode);
		iput(d->d_inode);
	}
	d_seq_begin(d);
	if (d_has_external_name(d))
		external_name_put(k, d->d_name.name);
	d->d_name = (struct qstr){ d->d_iname, 0, 0 };
	d->d_inode = NULL;
	d_seq_end(d);
	__atomic_sub_fetch(&v->nr_dentry, 1, __ATOMIC_RELAXED);
	stable_cache_free(&v->dentries, d);
	return parent == d ? NULL : parent;
}

/**
 * dput() - drop a reference
 * @d: the dentry, or NULL
 *
 * Context: may sleep (the last reference evicts the inode); no lock of RANK_DCACHE or later.
 */
void
dput(struct dentry *d)
{
	while (d) {
		const struct dentry_operations *ops = d->d_op;
		int32_t n = __atomic_sub_fetch(&d->d_count.n, 1, __ATOMIC_ACQ_REL);

		if (n == 0) {
			d = d_kill(d);
			continue;
		}
		if (likely(n > 1 || !ops || !ops->d_delete))
			return;
		/* Perhaps only the cache has it now. It may be gone any moment, so take it again before asking. */
		if (d_unhashed(d) || !refcount_inc_not_zero(&d->d_count))
			return;
		if (d->d_op == ops && ops->d_delete(d)) {
			d_drop(d);
			continue;
		}
		__atomic_sub_fetch(&d->d_count.n, 1, __ATOMIC_ACQ_REL);
		return;
	}
}

void
d_make_persistent(struct dentry *dentry)
{
	if (!(__atomic_fetch_or(&dentry->d_flags, DCACHE_PERSISTENT, __ATOMIC_ACQ_REL) & DCACHE_PERSISTENT))
		dget(dentry);
}

void
d_make_discardable(struct dentry *dentry)
{
	if (__atomic_fetch_and(&dentry->d_flags, ~DCACHE_PERSISTENT, __ATOMIC_ACQ_REL) & DCACHE_PERSISTENT)
		dput(dentry);
}

/* The dentry whose count the caller exchanged from 1 (the cache's) to 0. */
static void
d_reap(struct vfs_state *v, struct dentry *d)
{
	d_hash_drop(v, d);
	dput(d_kill(d));
}

/* A few victims from the cold end: never waits, and bounds what one allocation has to do. */
static void
shrink_dcache(struct vfs_state *v)
{
	struct dentry *victims[8];
	unsigned int n = 0;

	mutex_lock(&v->lru_lock);
	for (int scan = 0; scan < 32 && n < ARRAY_SIZE(victims) && !list_empty(&v->lru); scan++) {
		struct dentry *d = list_first_entry(&v->lru, struct dentry, d_lru);
		int32_t one = 1;

		list_move_tail(&d->d_lru, &v->lru);
		if (d->d_flags & DCACHE_REFERENCED) {
			clear_bits(&d->d_flags, DCACHE_REFERENCED);
			continue;
		}
		if (!__atomic_compare_exchange_n(&d->d_count.n, &one, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		list_del_init(&d->d_lru);
		clear_bits(&d->d_flags, DCACHE_ON_LRU);
		v->nr_lru--;
		victims[n++] = d;
	}
	mutex_unlock(&v->lru_lock);
	while (n > 0)
		d_reap(v, victims[--n]);
}

static void
rename_begin(struct vfs_state *v) __acquires_lock(&v->rename_lock)
{
	mutex_lock(&v->rename_lock);
	__atomic_store_n(&v->rename_seq, v->rename_seq + 1, __ATOMIC_SEQ_CST);
}

static void
rename_end(struct vfs_state *v) __releases_lock(&v->rename_lock)
{
	__atomic_store_n(&v->rename_seq, v->rename_seq + 1, __ATOMIC_SEQ_CST);
	mutex_unlock(&v->rename_lock);
}

/* @hash: of the name it gets. */
static void
d_change_parent(struct dentry *d, struct dentry *parent, uint32_t hash)
{
	d_del_child(d->d_parent, d);
	__atomic_store_n(&d->d_parent, parent, __ATOMIC_RELEASE);
	mutex_lock(&parent->d_lock);
	d_add_child(parent, d, hash);
	mutex_unlock(&parent->d_lock);
}

static void
d_copy_name(struct kernel *k, struct dentry *d, const struct dentry *from)
{
	const char *old = d_has_external_name(d) ? d->d_name.name : NULL;

	if (d_has_external_name(from)) {
		refcount_inc(&container_of(from->d_name.name, struct external_name, name)->count);
		d->d_name = from->d_name;
	} else {
		memcpy(d->d_iname, from->d_iname, sizeof(d->d_iname));
		d->d_name = (struct qstr){ d->d_iname, from->d_name.len, from->d_name.hash };
	}
	if (old)
		external_name_put(k, old);
}

static void
d_swap_names(struct dentry *a, struct dentry *b)
{
	bool ea = d_has_external_name(a), eb = d_has_external_name(b);
	struct qstr qa = a->d_name, qb = b->d_name;
	char tmp[sizeof(a->d_iname)];

	memcpy(tmp, a->d_iname, sizeof(tmp));
	memcpy(a->d_iname, b->d_iname, sizeof(tmp));
	memcpy(b->d_iname, tmp, sizeof(tmp));
	a->d_name = (struct qstr){ eb ? qb.name : a->d_iname, qb.len, qb.hash };
	b->d_name = (struct qstr){ ea ? qa.name : b->d_iname, qa.len, qa.hash };
}

/**
 * d_move() - @dentry takes the place of @target
 * @dentry: what was renamed
 * @target: the dentry of the new name; it is unhashed, and keeps its name for users that still have it open
 *
 * Context: i_rwsem of both directories and, if they differ, s_vfs_rename are held.
 */
void
d_move(struct dentry *dentry, struct dentry *target)
{
	struct kernel *k = dentry->d_sb->k;
	struct vfs_state *v = k->vfs;
	struct dentry *old = dentry->d_parent;

	if (dentry == target)
		return;
	d_drop(target);
	rename_begin(v);
	d_seq_begin(dentry);
	d_hash_remove(v, dentry);
	d_change_parent(dentry, old != target->d_parent ? dget(target->d_parent) : old, target->d_name.hash);
	d_copy_name(k, dentry, target);
	if (!d_unhashed(dentry))
		d_hash_insert(v, dentry);
	d_seq_end(dentry);
	rename_end(v);
	if (old != dentry->d_parent)
		dput(old);
}

/**
 * d_exchange() - two dentries change places
 * @a: one
 * @b: the other
 *
 * Context: as d_move().
 */
void
d_exchange(struct dentry *a, struct dentry *b)
{
	struct vfs_state *v = a->d_sb->k->vfs;
	struct dentry *pa = a->d_parent, *pb = b->d_parent;

	if (a == b)
		return;
	rename_begin(v);
	d_seq_begin(a);
	d_seq_begin(b);
	d_hash_remove(v, a);
	d_hash_remove(v, b);
	d_swap_names(a, b);
	/* Each inherits the other's reference to its parent. */
	d_change_parent(a, pb, a->d_name.hash);
	d_change_parent(b, pa, b->d_name.hash);
	if (!d_unhashed(a))
		d_hash_insert(v, a);
	if (!d_unhashed(b))
		d_hash_insert(v, b);
	d_seq_end(b);
	d_seq_end(a);
	rename_end(v);
}

/**
 * is_subdir() - is @d @ancestor or below it?
 * @k: the instance
 * @d: a dentry, referenced
 * @ancestor: a dentry, referenced
 *
 * Context: takes rename_lock.
 */
bool
is_subdir(struct kernel *k, struct dentry *d, struct dentry *ancestor)
{
	bool found;

	mutex_lock(&k->vfs->rename_lock);
	while (d != ancestor && d->d_parent != d)
		d = d->d_parent;
	found = d == ancestor;
	mutex_unlock(&k->vfs->rename_lock);
	return found;
}

/* A child whose count can be had, or NULL; with a reference. @unused: only those that nobody but the cache has. */
static struct dentry *
d_any_child(struct dentry *d, bool unused)
{
	struct dentry *c, *found = NULL;

	mutex_lock(&d->d_lock);
	list_for_each_entry(c, &d->d_subdirs, d_child) {
		if (unused && (refcount_read(&c->d_count) != 1 || d_unhashed(c)))
			continue;
		if (refcount_inc_not_zero(&c->d_count)) {
			found = c;
			break;
		}
	}
	mutex_unlock(&d->d_lock);
	return found;
}

void
shrink_dcache_parent(struct dentry *dentry)
{
	struct dentry *c;

	/* Unused leaves only: a directory with cached children is referenced by them, and follows when they are gone. */
	while ((c = d_any_child(dentry, true))) {
		d_drop(c);
		dput(c);
	}
}

/**
 * d_kill_tree() - the end of a super block's dentries
 * @root: its root; the caller's reference is consumed
 *
 * Context: nothing is mounted, open or looked up there any more.
 */
void
d_kill_tree(struct dentry *root)
{
	struct dentry *d = dget(root);

	for (;;) {
		struct dentry *c = d_any_child(d, false);

		if (c) {
			dput(d);
			d = c;
			continue;
		}
		if (d == root)
			break;
		c = dget(d->d_parent);
		d_drop(d);
		d_make_discardable(d);
		if (refcount_read(&d->d_count) > 1) {
			/* A reference nobody should have: leave the dentry to its owner, off the list so that the rest can go. */
			d_del_child(c, d);
		}
		dput(d);
		d = c;
	}
	dput(d);
	dput(root);
}

int
dcache_init(struct kernel *k)
{
	struct vfs_state *v = k->vfs;

	stable_cache_init(k, &v->dentries, "dentry", sizeof(struct dentry), offsetof(struct dentry, d_lru));
	if (d_hash_init(k))
		return -ENOMEM;
	v->max_dentry = (uint32_t)MIN(MAX(k->params.memory >> 13, (uint64_t)DENTRY_MIN), (uint64_t)DENTRY_MAX);
	mutex_init(&v->rename_lock, RANK_NONE);
	mutex_init(&v->lru_lock, RANK_LEAF);
	INIT_LIST_HEAD(&v->lru);
	return 0;
}
