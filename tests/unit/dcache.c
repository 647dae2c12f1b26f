/* SPDX-License-Identifier: MIT
 *
 * The dentry cache: counts, renames, shrinking, and lookups without locks beside changes.
 */
#include "tests/unit/vfs-env.h"

static struct dentry *
root_of(struct task *t)
{
	return t->k->vfs->ns.root->mnt_root;
}

static struct dentry *
lookup_name(struct task *t, struct dentry *dir, const char *name)
{
	struct qstr q = QSTR(name);

	return d_lookup(dir, &q);
}

static struct dentry *
add_name(struct task *t, struct dentry *dir, const char *name)
{
	struct qstr q = QSTR(name);
	struct dentry *d;

	mutex_lock(&d_inode(dir)->i_rwsem);
	d = lookup_slow_locked(t, &q, dir);
	cr_assert(!IS_ERR(d));
	if (d_is_negative(d))
		cr_assert_eq(vfs_create(t, d_inode(dir), d, 0644, true), 0);
	mutex_unlock(&d_inode(dir)->i_rwsem);
	return d;
}

Test(dcache, counts)
{
	struct task *t = vfs_env();
	uint32_t before = t->k->vfs->nr_dentry;
	struct dentry *d = add_name(t, root_of(t), "name"), *e;

	cr_expect_eq(refcount_read(&d->d_count), 3, "ours, the cache's, the file system's");
	e = lookup_name(t, root_of(t), "name");
	cr_expect_eq(e, d);
	dput(e);
	cr_expect_null(lookup_name(t, root_of(t), "nam"));
	cr_expect_null(lookup_name(t, root_of(t), "name2"));
	d_drop(d);
	cr_expect(d_unhashed(d));
	cr_expect_null(lookup_name(t, root_of(t), "name"));
	d_make_discardable(d);
	cr_expect_eq(refcount_read(&d->d_count), 1);
	cr_expect_eq(t->k->vfs->nr_dentry, before + 1);
	dput(d);
	cr_expect_eq(t->k->vfs->nr_dentry, before);
}

Test(dcache, long_names_move)
{
	struct task *t = vfs_env();
	char a[256], b[256];
	struct dentry *da, *db, *dc;
	struct qstr qb;

	memset(a, 'a', 255);
	memset(b, 'b', 255);
	a[255] = b[255] = 0;
	da = add_name(t, root_of(t), a);
	db = add_name(t, root_of(t), b);
	d_exchange(da, db);
	cr_expect_str_eq(da->d_name.name, b);
	cr_expect_str_eq(db->d_name.name, a);
	dc = lookup_name(t, root_of(t), b);
	cr_expect_eq(dc, da);
	dput(dc);

	qb = QSTR("short");
	mutex_lock(&d_inode(root_of(t))->i_rwsem);
	dc = lookup_slow_locked(t, &qb, root_of(t));
	mutex_unlock(&d_inode(root_of(t))->i_rwsem);
	d_move(da, dc);
	cr_expect_str_eq(da->d_name.name, "short");
	cr_expect(d_unhashed(dc));
	cr_expect_str_eq(dc->d_name.name, "short", "the one replaced keeps its name");
	dput(dc);
	dc = lookup_name(t, root_of(t), "short");
	cr_expect_eq(dc, da);
	dput(dc);
	cr_expect_null(lookup_name(t, root_of(t), b));
	dput(da);
	dput(db);
}

Test(dcache, unused_dentries_are_bounded, .timeout = 60)
{
	struct task *t = vfs_env();
	struct vfs_state *v = t->k->vfs;
	uint32_t before = v->nr_dentry;
	struct dentry *root = root_of(t), *keep = add_name(t, root, "keep");
	char name[32];

	for (unsigned int i = 0; i < v->max_dentry + 50000; i++) {
		struct qstr q;
		struct dentry *d;

		snprintf(name, sizeof(name), "n%u", i);
		q = QSTR(name);
		d = d_alloc(root, &q);
		cr_assert(d);
		d_add(d, NULL);
		dput(d);
	}
	cr_expect_leq(v->nr_dentry, v->max_dentry + 8, "%u", v->nr_dentry);
	dput(keep);
	keep = lookup_name(t, root, "keep");
	cr_expect(keep, "what is in use stays");
	shrink_dcache_parent(root);
	dput(keep);
	cr_expect_eq(v->nr_dentry, before + 1, "%u", v->nr_dentry);
}

/* Lookups beside renames, drops and reuse of memory must find nothing but what they asked for. */

struct race {
	struct task *t;
	uint32_t stop;
	uint64_t found, wrong;
};

static void *
race_reader(void *arg)
{
	struct race *r = arg;
	struct dentry *root = root_of(r->t);
	char name[32];
	unsigned int i = 0;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		struct dentry *d;

		snprintf(name, sizeof(name), "r%u", i++ % 8);
		d = lookup_name(r->t, root, name);
		if (!d)
			continue;
		__atomic_add_fetch(&r->found, 1, __ATOMIC_RELAXED);
		/* It may have been renamed since; its memory is not another's while we hold it. */
		if (refcount_read(&d->d_count) <= 0 || d->d_sb != root->d_sb || d->d_name.name[0] != 'r')
			__atomic_add_fetch(&r->wrong, 1, __ATOMIC_RELAXED);
		dput(d);
	}
	return NULL;
}

Test(dcache, lookups_race_with_changes, .timeout = 60)
{
	struct task *t = vfs_env();
	struct race r = { .t = t };
	struct dentry *root = root_of(t);
	uint32_t before = t->k->vfs->nr_dentry;
	pthread_t th[2];
	char name[32];

	for (int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&th[i], NULL, race_reader, &r), 0);
	for (unsigned int i = 0; i < 100000; i++) {
		struct qstr to;
		struct dentry *d, *target;

		snprintf(name, sizeof(name), "r%u", i % 8);
		d = add_name(t, root, name);
		snprintf(name, sizeof(name), "r%u", (i * 5 + 3) % 8);
		to = QSTR(name);
		mutex_lock(&d_inode(root)->i_rwsem);
		target = lookup_slow_locked(t, &to, root);
		if (target != d && i % 3) {
			d_move(d, target);
			d_make_discardable(target);
		} else if (!d_is_negative(target)) {
			cr_assert_eq(vfs_unlink(t, d_inode(root), target), 0);
		}
		mutex_unlock(&d_inode(root)->i_rwsem);
		dput(target);
		dput(d);
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(th[i], NULL);
	cr_expect_eq(r.wrong, 0);
	cr_expect_gt(r.found, 0);
	for (unsigned int i = 0; i < 8; i++) {
		struct dentry *d;

		snprintf(name, sizeof(name), "r%u", i);
		d = lookup_name(t, root, name);
		if (d && !d_is_negative(d)) {
			mutex_lock(&d_inode(root)->i_rwsem);
			cr_assert_eq(vfs_unlink(t, d_inode(root), d), 0);
			mutex_unlock(&d_inode(root)->i_rwsem);
		}
		dput(d);
	}
	shrink_dcache_parent(root);
	cr_expect_eq(t->k->vfs->nr_dentry, before, "%u left", t->k->vfs->nr_dentry - before);
	cr_expect_eq(refcount_read(&root->d_count), 1 + 1 + 2, "%d", refcount_read(&root->d_count));
}

#define MANY 12000u /* more than the small tables take */

struct growth {
	struct task *t;
	unsigned int made, stop, lost; /* atomic */
};

static struct dentry *
certain_name(struct task *t, unsigned int i)
{
	char name[16];
	struct qstr q = { name, (uint32_t)snprintf(name, sizeof(name), "n%u", i), 0 };

	return d_lookup_certain(root_of(t), &q);
}

static void *
growth_reader(void *arg)
{
	struct growth *g = arg;

	for (unsigned int i = 1; !__atomic_load_n(&g->stop, __ATOMIC_ACQUIRE); i = i * 1103515245u + 12345u) {
		unsigned int made = __atomic_load_n(&g->made, __ATOMIC_ACQUIRE);
		struct dentry *d = made ? certain_name(g->t, (i >> 8) % made) : NULL;

		if (made && !d)
			__atomic_add_fetch(&g->lost, 1, __ATOMIC_RELAXED);
		dput(d);
	}
	return NULL;
}

Test(dcache, names_stay_while_the_hashes_grow, .timeout = 60)
{
	struct growth g = { .t = vfs_env() };
	struct vfs_state *v = g.t->k->vfs;
	struct dentry *d;
	char name[16];
	pthread_t th;

	v->max_dentry = 2 * MANY;
	cr_assert_eq(pthread_create(&th, NULL, growth_reader, &g), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		dput(add_name(g.t, root_of(g.t), name));
		__atomic_store_n(&g.made, i + 1, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&g.stop, 1, __ATOMIC_RELEASE);
	pthread_join(th, NULL);
	cr_expect_eq(g.lost, 0, "%u", g.lost);
	cr_expect(v->dhash.grown);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		d = lookup_name(g.t, root_of(g.t), name);
		cr_assert_not_null(d, "%s", name);
		cr_assert_str_eq(d->d_name.name, name);
		d_drop(d);
		d_make_discardable(d);
		dput(d);
		cr_assert_null(certain_name(g.t, i), "%s", name);
	}
}

Test(dcache, inodes_stay_while_the_hash_grows, .timeout = 60)
{
	struct task *t = vfs_env();
	struct super_block *sb = root_of(t)->d_sb;
	struct inode **inodes = calloc(MANY, sizeof(*inodes));

	for (unsigned int i = 0; i < MANY; i++) {
		struct new_inode fresh = { NULL };

		cr_assert_null(iget_keyed(sb, i % 1000, i, &fresh));
		cr_assert_not_null(fresh.inode);
		inodes[i] = unlock_new_inode(&fresh);
	}
	cr_expect(t->k->vfs->ihash.grown);
	for (unsigned int i = 0; i < MANY; i++) {
		struct new_inode fresh = { NULL };

		cr_assert_eq(iget_keyed(sb, i % 1000, i, &fresh), inodes[i]);
		iput(inodes[i]);
		remove_inode_hash(inodes[i]);
		iput(inodes[i]);
	}
	free(inodes);
}

Test(dcache, new_inodes_are_waited_for)
{
	struct task *t = vfs_env();
	struct super_block *sb = root_of(t)->d_sb;
	struct new_inode fresh, again;
	struct inode *inode;

	cr_expect_null(iget_locked(sb, 77, &fresh));
	cr_assert(fresh.inode);
	inode = unlock_new_inode(&fresh);
	cr_expect_null(fresh.inode);
	cr_expect_eq(iget_locked(sb, 77, &again), inode);
	cr_expect_null(again.inode);
	cr_expect_null(iget_keyed(sb, 77, 1, &again));
	cr_assert(again.inode);
	iget_failed(&again);
	cr_expect_null(again.inode);
	cr_expect_null(iget_keyed(sb, 77, 1, &again), "one that failed is not found again");
	iget_failed(&again);
	iput(inode);
	iput(inode);
	cr_expect_null(iget_locked(sb, 77, &fresh), "the last reference evicts");
	iget_failed(&fresh);
}
