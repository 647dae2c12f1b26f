/* SPDX-License-Identifier: MIT
 *
 * The cache of vetted text of host files. See mm/text.c for the rules, trap/resident/vet.c for what is looked for, hide.c for what is
 * changed for that, patch.c for what is changed so that calls are cheap.
 *
 * Pages that hold something forbidden all the same are mapped without execute: most often they are data, in files that have data and text
 * in one segment. Of a file with many such pages no copy is kept.
 *
 * Copies are kept for the life of the instance, up to CACHE_MAX pages and ENTRIES_MAX of them; then files are copied by each process
 * (text_fault()), as are those that changed a moment ago.
 * Lock order: mmap_lock, then an entry's lock, held while its copy is made, over host calls; then text->lock, short.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/list.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "trap/host.h"
#include "trap/resident/file-key.h"
#include "trap/resident/patch.h"
#include "trap/resident/ranges.h"
#include "trap/resident/sites.h"
#include "trap/resident/tramps.h"

#define CACHE_BUCKETS 64
#define CACHE_MAX     (1UL << 18) /* pages */
#define ENTRIES_MAX   (1U << 15)
#define SITES_MAX     2048	  /* more than there is room for trampolines */
#define BAD_MAX	      64

struct text_key {
	struct file_key file;
	uint64_t off, len;
	uint64_t patched; /* its call sites jump to trampolines just below the image */
};

struct text_entry {
	struct list_head list;
	struct text_key key;
	struct mutex lock; /* RANK_NONE: between RANK_MM and the leaves */
	bool made; /* set once, after what follows */
	uint8_t *text; /* NULL: too much in it is forbidden, or there was no memory */
	uint8_t *tramps; /* TRAMPS_SIZE bytes; NULL: there are none */
	uint32_t bad[BAD_MAX], nbad; /* pages that must not be executed, by their number in the copy, ascending */
};

struct text_state {
	struct mutex lock; /* RANK_NONE: within an entry's */
	uint64_t pages; /* atomic */
	uint32_t entries;
	struct list_head bucket[CACHE_BUCKETS];
};

int
text_init(struct kernel *k)
{
	k->text = kzalloc(k, sizeof(*k->text));
	if (!k->text)
		return -ENOMEM;
	mutex_init(&k->text->lock, RANK_NONE);
	for (size_t i = 0; i < CACHE_BUCKETS; i++)
		INIT_LIST_HEAD(&k->text->bucket[i]);
	return 0;
}

static int
read_text(hfd_t fd, uint8_t *to, uint64_t n, uint64_t off)
{
	uint64_t done = 0;

	while (done < n) {
		int64_t got = host_call4(__NR_pread64, fd.fd, to + done, n - done, off + done);

		if (got == -EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		done += (uint64_t)got;
	}
	return 0;
}

/*
 * The place in the program's memory where the text will be serves to map the file (where there is no program yet, the supervisor has mapped
 * it at @start): from there the host copies whole pages into the arena's file, where read_text() would take a fault on each new page of it.
 */
static int
copy_text(struct kernel *k, struct task *t, hfd_t fd, uint64_t start, uint8_t *to, uint64_t n, uint64_t off)
{
	uint64_t done = 0;
	int64_t got = 0;

	if (t)
		got = mm_host(t, __NR_mmap, start, ALIGN_UP(n, PAGE_SIZE), PROT_READ, MAP_PRIVATE | MAP_FIXED, (uint64_t)(int64_t)fd.fd, off);
	while (got >= 0 && done < n) {
		got = host_call4(__NR_pwrite64, k->arena_fd.fd, start + done, n - done, arena_offset(to) + done);
		if (got == 0)
			break;
		done += got > 0 ? (uint64_t)got : 0;
	}
	return done < n ? read_text(fd, to + done, n - done, off + done) : 0;
}

#define CODE_MAX 8

#define REGION_PAGES (TRAMPS_SIZE / PAGE_SIZE + 2) /* a page of context on both sides */
#define SITES_PAGES  (SITES_MAX * sizeof(struct site) / PAGE_SIZE)

static void
free_region(struct kernel *k, uint8_t *tramps)
{
	page_free(k, tramps - PAGE_SIZE, REGION_PAGES);
}

/* Instructions to jumps, with room for trampolines. */
static void
patch_with_tramps(struct kernel *k, struct text_entry *e, struct patch *p)
{
	uint8_t *region = page_alloc(k, REGION_PAGES, 1);

	if (!region)
		return;
	p->tramps = region + PAGE_SIZE;
	p->tramps_len = TRAMPS_SIZE;
	patch_begin(p);
	if (p->vet)
		patch_hide(p);
	patch_sites(p);
	if (p->used)
		e->tramps = p->tramps;
	else
		free_region(k, p->tramps);
}

/* A copy with @e->key: @text alone is changed where there is no room for trampolines. */
static void
patch_copy(struct kernel *k, hfd_t fd, struct text_entry *e, uint8_t *text)
{
	struct text_range code[CODE_MAX];
	struct patch p = { .text = text,
			   .len = e->key.len,
			   .distance = -(int64_t)(e->key.off + TRAMPS_SIZE),
			   .vet = k->vet_text,
			   .code = code,
			   .ncode = text_ranges(fd, e->key.off, e->key.len, code, CODE_MAX),
			   .max_sites = SITES_MAX };

	p.sites = e->key.patched ? page_alloc(k, SITES_PAGES, 1) : NULL;
	if (p.sites) {
		patch_with_tramps(k, e, &p);
		page_free(k, p.sites, SITES_PAGES);
	}
	if (p.vet && !p.tramps)
		patch_hide(&p);
}

void
text_rewrite(struct kernel *k, uint8_t *buf, uint64_t n)
{
	const struct text_range all = { 0, n };
	struct patch p = { .text = buf, .len = n, .vet = true, .code = &all, .ncode = 1 };

	patch_hide(&p);
}

static bool
find_bad_pages(struct text_entry *e, const uint8_t *text)
{
	if (text_is_clean(text, e->key.len))
		return true;
	for (uint64_t pos = 0; pos < e->key.len; pos += PAGE_SIZE) {
		if (text_is_clean(text + pos, PAGE_SIZE))
			continue;
		if (e->nbad == BAD_MAX)
			return false;
		e->bad[e->nbad++] = (uint32_t)(pos / PAGE_SIZE);
	}
	return true;
}

/* A page of context on both sides, zeros: the neighbours in memory are looked at when it is mapped. */
static bool
fill_copy(struct kernel *k, struct task *t, hfd_t fd, uint64_t start, struct text_entry *e, uint8_t *text)
{
	const struct text_key *key = &e->key;

	if (copy_text(k, t, fd, start, text, MIN(key->len, key->file.size - key->off), key->off) != 0)
		return false;
	patch_copy(k, fd, e, text);
	if (!k->vet_text || find_bad_pages(e, text))
		return true;
	if (e->tramps)
		free_region(k, e->tramps);
	e->tramps = NULL;
	return false;
}

static void
make_copy(struct kernel *k, struct task *t, hfd_t fd, uint64_t start, struct text_entry *e)
{
	uint64_t npages = e->key.len / PAGE_SIZE + 2, *total = &k->text->pages;
	bool room = __atomic_add_fetch(total, npages, __ATOMIC_RELAXED) <= CACHE_MAX;
	uint8_t *p = room ? page_alloc(k, npages, 1) : NULL;

	if (p && fill_copy(k, t, fd, start, e, p + PAGE_SIZE)) {
		e->text = p + PAGE_SIZE;
		return;
	}
	if (p)
		page_free(k, p, npages);
	__atomic_sub_fetch(total, npages, __ATOMIC_RELAXED);
}

static struct text_entry *
lookup(struct text_state *s, const struct text_key *key, struct list_head **bucket)
{
	uint64_t h = (key->file.ino * 31 + key->off / PAGE_SIZE) * 0x9e3779b97f4a7c15ULL;
	struct text_entry *e;

	*bucket = &s->bucket[h >> 58];
	list_for_each_entry(e, *bucket, list)
		if (memcmp(&e->key, key, sizeof(*key)) == 0)
			return e;
	return NULL;
}

static struct text_entry *
find_entry(struct kernel *k, const struct text_key *key)
{
	struct text_state *s = k->text;
	struct list_head *bucket;
	struct text_entry *e;
	mutex_guard(&s->lock);

	e = lookup(s, key, &bucket);
	if (!e && s->entries < ENTRIES_MAX && (e = kzalloc(k, sizeof(*e))) != NULL) {
		s->entries++;
		e->key = *key;
		mutex_init(&e->lock, RANK_NONE);
		list_add_tail(&e->list, bucket);
	}
	return e;
}

/* Made by the first who asks; others wait for it. @t: NULL in the supervisor, where the file is mapped at @start. */
static const struct text_entry *
cached_text(struct kernel *k, struct task *t, hfd_t fd, uint64_t start, const struct text_key *key)
{
	struct text_entry *e = find_entry(k, key);

	if (e && !__atomic_load_n(&e->made, __ATOMIC_ACQUIRE)) {
		mutex_guard(&e->lock);
		if (!e->made)
			make_copy(k, t, fd, start, e);
		__atomic_store_n(&e->made, true, __ATOMIC_RELEASE);
	}
	return e && e->text ? e : NULL;
}

static bool
fits(const struct text_key *key)
{
	return key->off < key->file.size && key->off + key->len <= ALIGN_UP(key->file.size, PAGE_SIZE) && key->len / PAGE_SIZE <= CACHE_MAX;
}

void
text_prepare(struct kernel *k, hfd_t fd, uint64_t off, uint64_t len, const void *mapped)
{
	struct text_key key = { .off = off, .len = len, .patched = true };

	if (file_key_read(fd, &key.file) == 0 && fits(&key))
		cached_text(k, NULL, fd, (uint64_t)(uintptr_t)mapped, &key);
}

const struct text_entry *
text_source(struct task *t, uint64_t start, uint64_t len, struct mmap_source *src)
{
	const struct text_entry *e;
	struct text_key key = { .off = src->off, .len = len };
	uint64_t tramps;

	if (src->fd.fd < 0 || src->fd.fd == t->k->arena_fd.fd || file_key_read(src->fd, &key.file))
		return NULL;
	if (!fits(&key))
		return NULL;
	tramps = tramps_place(t, start, src->off);
	key.patched = tramps != 0;
	e = cached_text(t->k, t, src->fd, start, &key);
	if (!e || (t->k->vet_text && !text_ends_are_clean(e->text, start, len)))
		return NULL;
	if (e->tramps && tramps_map(t, tramps, e->tramps))
		return NULL;
	*src = (struct mmap_source){ .fd = t->k->arena_fd, .off = arena_offset(e->text), .len = len };
	return e;
}

uint32_t
text_first_prot(const struct text_entry *e)
{
	return e->nbad ? PROT_READ : PROT_READ | PROT_EXEC;
}

void
text_allow(struct task *t, uint64_t start, const struct text_entry *e)
{
	uint64_t from = start;

	for (uint32_t i = 0; e->nbad && i <= e->nbad; i++) {
		uint64_t bad = i < e->nbad ? start + e->bad[i] * PAGE_SIZE : start + e->key.len;

		if (bad > from)
			ignore_err(mm_host(t, __NR_mprotect, from, bad - from, PROT_READ | PROT_EXEC, 0, 0, 0), "the first fetch tries again");
		from = bad + PAGE_SIZE;
	}
}
