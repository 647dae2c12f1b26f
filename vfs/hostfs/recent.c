/* SPDX-License-Identifier: MIT
 *
 * stat(2) of names that are not in the dentry cache, and the last answers of the host.
 *
 * A name of the host is believed for a millisecond or two, so a name that is stated once is not worth a dentry: the host is asked,
 * and the answer is the program's. It is also kept in a small table, by directory and name. When the name is needed again while the
 * answer is still good (tar states a file, then opens it), or has to be looked up at once because it is no file, the lookup takes it
 * from there: the host is asked once.
 *
 * An answer for a layer of an overlay is anybody's for HOSTFS_AGE_DIR. Elsewhere names of files are not believed at all: there
 * it is for the same task's lookup in the same call.
 *
 * Locks: hostfs_recent.lock (RANK_LEAF), short.
 */
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"

#define STX_USED offsetof(struct statx, stx_mnt_id) /* what inodes and attributes are made from; the rest is as long again */

struct hostfs_recent {
	struct mutex lock;
	uint64_t stamp; /* hostfs_clock() before the host was asked */
	uint64_t dev, ino; /* the directory, as the host knows it */
	const struct super_block *sb;
	const struct task *task; /* whose it is, or NULL: anybody's */
	int err;
	uint32_t len;
	char name[64]; /* longer ones are not kept */
	uint8_t stx[STX_USED];
};

int
hostfs_recent_init(struct kernel *k, struct hostfs_state *st)
{
	st->recent = kzalloc(k, HOSTFS_NR_RECENT * sizeof(st->recent[0]));
	if (!st->recent)
		return -ENOMEM;
	for (unsigned int i = 0; i < HOSTFS_NR_RECENT; i++)
		mutex_init(&st->recent[i].lock, RANK_LEAF);
	return 0;
}

static struct hostfs_recent *
slot_of(const struct inode *dir, const struct qstr *name)
{
	uint32_t hash = name->hash ? name->hash : full_name_hash(name->name, name->len);

	return &HOSTFS_SB(dir->i_sb)->state->recent[(hash ^ (uint32_t)dir->i_ino * 0x9e3779b1u) % HOSTFS_NR_RECENT];
}

static void
remember(struct task *t, const struct inode *dir, const struct qstr *name, int err, const struct statx *stx, uint64_t stamp)
{
	const struct hostfs_inode *hi = HOSTFS_I(dir);
	struct hostfs_recent *r = slot_of(dir, name);

	if (name->len > sizeof(r->name))
		return;
	mutex_lock(&r->lock);
	r->stamp = stamp;
	r->dev = hi->dev;
	r->ino = hi->ino;
	r->sb = dir->i_sb;
	r->task = HOSTFS_SB(dir->i_sb)->layer ? NULL : t;
	r->err = err;
	r->len = name->len;
	memcpy(r->name, name->name, name->len);
	if (!err)
		memcpy(r->stx, stx, STX_USED);
	mutex_unlock(&r->lock);
}

/* True: *@err and *@stx are what the host said at *@stamp. */
static bool
recall(struct task *t, const struct inode *dir, const struct qstr *name, int *err, struct statx *stx, uint64_t *stamp)
{
	const struct hostfs_inode *hi = HOSTFS_I(dir);
	struct hostfs_recent *r = slot_of(dir, name);
	bool found;

	if (name->len > sizeof(r->name))
		return false;
	mutex_lock(&r->lock);
	found = r->ino == hi->ino && r->dev == hi->dev && r->sb == dir->i_sb && r->len == name->len &&
		memcmp(r->name, name->name, name->len) == 0 && (!r->task || r->task == t) &&
		hostfs_clock() - r->stamp < (r->task ? HOSTFS_AGE_STAT : HOSTFS_AGE_DIR);
	if (found) {
		*err = r->err;
		*stamp = r->stamp;
		if (!r->err && stx)
			memcpy(stx, r->stx, STX_USED);
		if (r->task)
			r->len = 0;
	}
	mutex_unlock(&r->lock);
	return found;
}

static int
ask(struct task *t, struct dentry *dir, const char *name, struct statx *stx)
{
	hfd_t fd;
	int err = hostfs_dirfd(t, dir, &fd);

	if (err)
		return err;
	err = hostfs_statx(fd, name, stx);
	hostfs_unpin(d_inode(dir));
	return err;
}

int
hostfs_lookup_host(struct task *t, struct dentry *dir, const struct qstr *name, struct statx *stx, uint64_t *since)
{
	int err;

	if (recall(t, d_inode(dir), name, &err, stx, since))
		return err;
	*since = hostfs_clock();
	return ask(t, dir, name->name, stx);
}

int
hostfs_getattr_name(struct task *t, struct dentry *dir, const struct qstr *name, bool follow, struct kstat *st)
{
	struct inode *inode = d_inode(dir);
	bool layer = HOSTFS_SB(inode->i_sb)->layer, mine;
	uint64_t stamp;
	struct statx stx;
	int err;

	/* asked for again so soon: it is worth a dentry; and what nobody else changes is worth one anyway */
	if (HOSTFS_SB(inode->i_sb)->exclusive || (layer && recall(t, inode, name, &err, NULL, &stamp)))
		return 1;
	stamp = hostfs_clock();
	err = ask(t, dir, name->name, &stx);
	if (err && err != -ENOENT)
		return err;
	mine = err || !(S_ISREG(stx.stx_mode) || (S_ISLNK(stx.stx_mode) && !follow));
	if (mine || layer)
		remember(t, inode, name, err, &stx, stamp);
	if (mine)
		return 1;
	hostfs_fill_stat(inode->i_sb, &stx, st);
	return 0;
}
