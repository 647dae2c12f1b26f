/* SPDX-License-Identifier: MIT
 *
 * tmpfs against models: the radix tree against an array, a file's data against a buffer, a directory against a set.
 */
#include "tests/unit/vfs-env.h"

#include <linux/falloc.h>
#include <stdlib.h>

#include "vfs/tmpfs/radix.h"
#include "vfs/tmpfs/tmpfs.h"

static uint64_t
rnd(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

Test(tmpfs, radix_is_a_map)
{
	enum { N = 400 };
	static struct {
		uint64_t key;
		void *item;
	} model[N];
	struct kernel *k = test_arena();
	struct radix r = { NULL, 0 };

	for (int i = 0; i < N; i++) /* near 0, and far apart up to the last number */
		model[i].key = i < 150 ? (uint64_t)i * 3 : i < 300 ? rnd() >> (rnd() % 60) : UINT64_MAX - (uint64_t)(i - 300);
	for (int round = 0; round < 20000; round++) {
		int i = (int)(rnd() % N);
		uint64_t key = model[i].key, at = key;
		void *found, *best = NULL;
		uint64_t best_key = UINT64_MAX;

		if (rnd() % 2) {
			void *item = (void *)(uintptr_t)(rnd() | 1);

			cr_assert_eq(radix_set(k, &r, key, item), 0);
			for (int j = 0; j < N; j++)
				if (model[j].key == key)
					model[j].item = item;
		} else {
			radix_clear(k, &r, key);
			for (int j = 0; j < N; j++)
				if (model[j].key == key)
					model[j].item = NULL;
		}
		i = (int)(rnd() % N);
		cr_assert_eq(radix_get(&r, model[i].key), model[i].item);
		at = model[i].key + rnd() % 3 - 1;
		for (int j = 0; j < N; j++)
			if (model[j].item && model[j].key >= at && (!best || model[j].key < best_key))
				best = model[j].item, best_key = model[j].key;
		found = radix_next(&r, &at);
		cr_assert_eq(found, best);
		cr_assert(!found || at == best_key);
	}
	for (int i = 0; i < N; i++)
		radix_clear(k, &r, model[i].key);
	cr_assert_null(r.root);
}

static void
set_size(struct task *t, struct file *f, int64_t size)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE, .ia_size = size };

	cr_assert_eq(notify_change(t, f->f_path.dentry, &attr), 0);
}

Test(tmpfs, file_is_a_buffer)
{
	enum { SIZE = 9 << 20 };
	char *model = calloc(1, SIZE), *buf = malloc(SIZE);
	struct task *t = vfs_env_of(&tmpfs_fs_type, "size=0");
	struct file *f = vfs_test_open(t, "/f", O_CREAT | O_RDWR);
	struct tmpfs_sb *sbi = TMPFS_SB(f->f_inode->i_sb);
	int64_t size = 0;

	for (int round = 0; round < 4000; round++) {
		int64_t off = (int64_t)(rnd() % SIZE), pos = off;
		int64_t n = (int64_t)(rnd() % (rnd() % 8 ? 20000 : 3 << 20));

		n = MIN(n, SIZE - off);
		switch (rnd() % 8) {
		case 0:
		case 1:
		case 2:
			for (int64_t i = 0; i < n; i++)
				buf[i] = (char)(rnd() >> 20);
			cr_assert_eq(kernel_write(t, f, buf, (size_t)n, &pos), n);
			memcpy(model + off, buf, (size_t)n);
			if (n)
				size = MAX(size, off + n);
			break;
		case 3:
			set_size(t, f, off);
			if (off < size)
				memset(model + off, 0, (size_t)(size - off));
			size = off;
			break;
		case 4:
			if (n == 0)
				break;
			cr_assert_eq(f->f_op->fallocate(t, f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, n), 0);
			memset(model + off, 0, (size_t)n);
			break;
		case 5:
			if (round > 2000 && rnd() % 16 == 0) { /* from here on pages stay where they are */
				uint64_t run;

				cr_assert(!IS_ERR(tmpfs_map_pages(f->f_inode, (uint64_t)off >> PAGE_SHIFT, 100, &run)));
			}
			break;
		default:
			n = MIN(n, MAX(size - off, 0));
			cr_assert_eq(kernel_read(t, f, buf, (size_t)n, &pos), n);
			cr_assert(memcmp(buf, model + off, (size_t)n) == 0, "round %d: [%ld, +%ld)", round, off, n);
			break;
		}
		cr_assert_eq(f->f_inode->i_size, size);
		cr_assert_eq(f->f_inode->i_blocks, sbi->used_blocks * 8);
	}
	set_size(t, f, 0);
	cr_assert_eq(sbi->used_blocks, 0);
	fput(t, f);
}

Test(tmpfs, blocks_and_inodes_are_given_back)
{
	struct task *t = vfs_env_of(&tmpfs_fs_type, "size=1m,nr_inodes=20");
	struct file *f = vfs_test_open(t, "/f", O_CREAT | O_RDWR);
	struct tmpfs_sb *sbi = TMPFS_SB(f->f_inode->i_sb);
	static char buf[1 << 20];
	struct qstr name = QSTR("f");
	struct path root;
	struct dentry *d;
	int64_t pos = 4096;

	cr_assert_eq(kernel_write(t, f, buf, sizeof(buf), &pos), (int64_t)sizeof(buf));
	pos = 0;
	cr_assert_eq(kernel_write(t, f, buf, 10, &pos), -ENOSPC);
	cr_assert_eq(sbi->used_inodes, 2);
	cr_assert_eq(kern_path(t, "/", 0, &root), 0);
	mutex_lock(&d_inode(root.dentry)->i_rwsem);
	d = lookup_one(t, &name, root.dentry);
	cr_assert_eq(vfs_unlink(t, d_inode(root.dentry), d), 0);
	dput(d);
	mutex_unlock(&d_inode(root.dentry)->i_rwsem);
	path_put(t, &root);
	cr_assert_eq(sbi->used_blocks, 256);
	fput(t, f);
	cr_assert_eq(sbi->used_blocks, 0);
	cr_assert_eq(sbi->used_inodes, 1);
}

struct collected {
	struct dir_context ctx;
	int seen[500];
	int room;
};

static bool
collect(struct dir_context *ctx, const char *name, int len, int64_t off, uint64_t ino, unsigned int type)
{
	struct collected *c = container_of(ctx, struct collected, ctx);

	if (c->room-- == 0)
		return false;
	if (name[0] == 'n')
		c->seen[atoi(name + 1)]++;
	return true;
}

/* Names that are there from the beginning to the end of a listing are seen once, whatever else comes and goes. */
Test(tmpfs, listing_while_names_change)
{
	struct task *t = vfs_env_of(&tmpfs_fs_type, NULL);
	struct collected c = { .ctx.actor = collect };
	struct file *d = vfs_test_open(t, "/", O_RDONLY | O_DIRECTORY);
	struct inode *dir = d->f_inode;
	char name[20];

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		fput(t, vfs_test_open(t, name, O_CREAT));
	}
	for (int64_t last = -1; last != d->f_pos;) {
		last = d->f_pos;
		c.room = 7;
		cr_assert_eq(iterate_dir(t, d, &c.ctx), 0);
		for (int i = 0; i < 3; i++) { /* odd ones are removed and made again */
			snprintf(name, sizeof(name), "n%d", (int)(rnd() % 250) * 2 + 1);
			mutex_lock(&dir->i_rwsem);
			if (tmpfs_find(dir, name, (uint32_t)strlen(name))) {
				struct qstr q = QSTR(name);
				struct dentry *n = lookup_one(t, &q, d->f_path.dentry);

				cr_assert_eq(vfs_unlink(t, dir, n), 0);
				dput(n);
			}
			mutex_unlock(&dir->i_rwsem);
			if (rnd() % 2) {
				char path[24];

				snprintf(path, sizeof(path), "/%s", name);
				fput(t, vfs_test_open(t, path, O_CREAT));
			}
		}
	}
	for (int i = 0; i < 500; i += 2)
		cr_assert_eq(c.seen[i], 1, "n%d seen %d times", i, c.seen[i]);
	fput(t, d);
}
