/* SPDX-License-Identifier: MIT
 *
 * Path names from programs: copied in once, at most PATH_MAX bytes with the NUL, into a buffer from a cache.
 */
#include "kernel/kernel.h"
#include "kernel/task.h"
#include "vfs/internal.h"

static struct filename *
alloc_name(struct kernel *k)
{
	struct filename *f = kmem_cache_alloc(&k->vfs->names);

	if (f) {
		f->k = k;
		f->name = (char *)(f + 1);
	}
	return f;
}

struct filename *
getname_flags(struct task *t, uaddr_t path, bool empty_ok)
{
	struct filename *f = alloc_name(t->k);
	int64_t len;

	if (!f)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(t, f->name, path, K_PATH_MAX);
	if (len == 0 && !empty_ok)
		len = -ENOENT;
	if (len < 0) {
		putname(f);
		return ERR_PTR(len);
	}
	return f;
}

struct filename *
getname(struct task *t, uaddr_t path)
{
	return getname_flags(t, path, false);
}

struct filename *
getname_kernel(struct task *t, const char *path)
{
	size_t len = strlen(path);
	struct filename *f;

	if (len >= K_PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	f = alloc_name(t->k);
	if (!f)
		return ERR_PTR(-ENOMEM);
	memcpy(f->name, path, len + 1);
	return f;
}

void
putname(struct filename *name)
{
	if (name && !IS_ERR(name))
		kmem_cache_free(&name->k->vfs->names, name);
}
