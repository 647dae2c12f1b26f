/* SPDX-License-Identifier: MIT
 *
 * Pages of tmpfs files.
 *
 * Arena pages that nothing has touched cost the host nothing, so backing is taken generously: the pieces of a file's first chunk
 * double in size, later chunks are taken whole, and what is data is a bitmap. A mapping needs few host mappings then, and
 * a page stays at its place while the file grows.
 *
 * Readers copy without a lock: they pin the file, and chunks cut off meanwhile are freed with the last pin. Once a file has
 * been mapped its backing is kept (only emptied) until the inode ends, since programs may still have it mapped.
 */
#include <asm/unistd.h>
#include <linux/falloc.h>

#include "kernel/kernel.h"
#include "trap/host.h"
#include "vfs/tmpfs/tmpfs.h"

static struct kernel *
kernel_of(const struct inode *inode)
{
	return inode->i_sb->k;
}

static unsigned int
piece_of(unsigned int page)
{
	return page == 0 ? 0 : 32 - (unsigned int)__builtin_clz(page);
}

static unsigned int
piece_start(unsigned int piece)
{
	return piece == 0 ? 0 : 1u << (piece - 1);
}

static unsigned int
piece_pages(unsigned int piece)
{
	return piece == 0 ? 1 : 1u << (piece - 1);
}

static char *
chunk_page(const struct tmpfs_chunk *c, unsigned int page)
{
	unsigned int j = piece_of(page);

	return c->piece[j] ? (char *)c->piece[j] + (page - piece_start(j)) * PAGE_SIZE : NULL;
}

static bool
is_data(const struct tmpfs_chunk *c, unsigned int page)
{
	return (c->data[page / 64] >> (page % 64)) & 1;
}

/* May a reader see this page? Of a mapped file any backed one: a program may have written to it. */
static char *
readable_page(const struct tmpfs_inode *ti, const struct tmpfs_chunk *c, unsigned int page)
{
	return c && (ti->file.mapped || is_data(c, page)) ? chunk_page(c, page) : NULL;
}

char *
tmpfs_lookup_pages(struct inode *inode, uint64_t idx, uint64_t *run)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct tmpfs_chunk *c = radix_get(&ti->file.chunks, idx >> CHUNK_SHIFT);
	unsigned int page = (unsigned int)idx & (CHUNK_PAGES - 1), n = 1;
	char *first = readable_page(ti, c, page);

	if (!c) {
		*run = CHUNK_PAGES - page;
		return NULL;
	}
	for (; page + n < CHUNK_PAGES; n++)
		if (readable_page(ti, c, page + n) != (first ? first + n * PAGE_SIZE : NULL))
			break;
	*run = n;
	return first;
}

static bool
reserve_blocks(struct tmpfs_sb *sbi, uint64_t n)
{
	uint64_t used = __atomic_add_fetch(&sbi->used_blocks, n, __ATOMIC_RELAXED);

	if (!sbi->max_blocks || used <= sbi->max_blocks)
		return true;
	__atomic_sub_fetch(&sbi->used_blocks, n, __ATOMIC_RELAXED);
	return false;
}

static void
account(struct inode *inode, int64_t pages)
{
	inode->i_blocks += (uint64_t)(pages * (int64_t)(PAGE_SIZE / 512));
}

/* Give pieces [from, to] of a chunk without any of them one extent together. */
static bool
back_pieces(struct kernel *k, struct tmpfs_chunk *c, unsigned int from, unsigned int to)
{
	unsigned int start = piece_start(from);
	char *p = page_alloc(k, piece_start(to) + piece_pages(to) - start, 1);

	if (!p)
		return false;
	for (unsigned int j = from; j <= to; j++)
		c->piece[j] = p + (piece_start(j) - start) * PAGE_SIZE;
	return true;
}

/* Back pages [page, page + n) of a chunk. */
static bool
back_chunk(struct kernel *k, struct tmpfs_chunk *c, unsigned int page, unsigned int n, bool whole)
{
	unsigned int from = piece_of(page), to = piece_of(page + n - 1);

	if (whole)
		from = 0, to = CHUNK_PIECES - 1;
	for (unsigned int j = from; j <= to; j++) {
		unsigned int end = j;

		if (c->piece[j])
			continue;
		while (end < to && !c->piece[end + 1])
			end++;
		if (!back_pieces(k, c, j, end) && (end == j || !back_pieces(k, c, j, j)))
			return false;
	}
	return true;
}

static struct tmpfs_chunk *
get_chunk(struct inode *inode, uint64_t nr)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct kernel *k = kernel_of(inode);
	struct tmpfs_chunk *c = radix_get(&ti->file.chunks, nr);

	if (c)
		return c;
	c = kzalloc(k, sizeof(*c));
	if (c && radix_set(k, &ti->file.chunks, nr, c) != 0) {
		kfree(k, c);
		c = NULL;
	}
	return c;
}

/* The first of a run of up to @n pages contiguous in the arena. */
static char *
contiguous(const struct tmpfs_chunk *c, unsigned int page, unsigned int n, uint64_t *run)
{
	char *first = chunk_page(c, page);
	unsigned int i = 1;

	while (i < n && chunk_page(c, page + i) == first + i * PAGE_SIZE)
		i++;
	*run = i;
	return first;
}

char *
tmpfs_get_pages(struct inode *inode, uint64_t idx, uint64_t want, bool write, uint64_t *run, uint64_t *new)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct tmpfs_sb *sbi = TMPFS_SB(inode->i_sb);
	unsigned int page = (unsigned int)idx & (CHUNK_PAGES - 1);
	unsigned int n = (unsigned int)MIN(want, (uint64_t)(CHUNK_PAGES - page)), fresh = 0;
	struct tmpfs_chunk *c;
	char *first;
	mutex_guard(&ti->lock);

	c = get_chunk(inode, idx >> CHUNK_SHIFT);
	if (!c || !back_chunk(sbi->k, c, page, n, idx >= CHUNK_PAGES))
		return ERR_PTR(-ENOMEM);
	first = contiguous(c, page, n, run);
	n = (unsigned int)*run;
	for (unsigned int i = page; i < page + n; i++)
		fresh += !is_data(c, i);
	if (fresh && !reserve_blocks(sbi, fresh)) { /* page by page, up to where it ends */
		for (fresh = 0, *run = 0; *run < n; (*run)++) {
			if (is_data(c, page + (unsigned int)*run))
				continue;
			if (!reserve_blocks(sbi, 1))
				break;
			fresh++;
		}
		n = (unsigned int)*run;
		if (n == 0)
			return ERR_PTR(-ENOSPC);
	}
	for (unsigned int i = page; i < page + n; i++) {
		if (write || is_data(c, i)) /* what fallocate(2) reserves for the second time counts as data from then on */
			c->written[i / 64] |= 1ull << (i % 64);
		c->data[i / 64] |= 1ull << (i % 64);
	}
	account(inode, fresh);
	*new = fresh;
	return first;
}

/* A long range without any chunk yet: one extent for all of it, so that it is one host mapping. */
static void
back_long_range(struct inode *inode, uint64_t idx, uint64_t want)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct kernel *k = kernel_of(inode);
	uint64_t from = idx >> CHUNK_SHIFT, to = (idx + want - 1) >> CHUNK_SHIFT, n = 0;
	char *p;

	while (from + n <= to && !radix_get(&ti->file.chunks, from + n))
		n++;
	if (n < 2)
		return;
	p = page_alloc(k, n << CHUNK_SHIFT, 1);
	if (!p)
		return; /* chunk by chunk, then */
	for (uint64_t i = 0; i < n; i++, p += CHUNK_PAGES * PAGE_SIZE) {
		struct tmpfs_chunk *c = get_chunk(inode, from + i);

		if (!c) {
			page_free(k, p, (n - i) << CHUNK_SHIFT);
			return;
		}
		for (unsigned int j = 0; j < CHUNK_PIECES; j++)
			c->piece[j] = p + piece_start(j) * PAGE_SIZE;
	}
}

char *
tmpfs_map_pages(struct inode *inode, uint64_t idx, uint64_t want, uint64_t *run)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	char *first = NULL;
	mutex_guard(&ti->lock);

	ti->file.mapped = true;
	*run = 0;
	while (*run < want) {
		uint64_t at = idx + *run, more;
		unsigned int page = (unsigned int)at & (CHUNK_PAGES - 1);
		unsigned int n = (unsigned int)MIN(want - *run, (uint64_t)(CHUNK_PAGES - page));
		struct tmpfs_chunk *c;
		char *p;

		if (n < want - *run)
			back_long_range(inode, at, want - *run);
		c = get_chunk(inode, at >> CHUNK_SHIFT);
		if (!c || !back_chunk(kernel_of(inode), c, page, n, false))
			break;
		p = contiguous(c, page, n, &more);
		if (!first)
			first = p;
		else if (p != first + *run * PAGE_SIZE)
			break;
		*run += more;
		if (more < n)
			break;
	}
	return first ? first : ERR_PTR(-ENOMEM);
}

/* Make pages zero, and give the host its memory back where that is worth a call. */
static void
empty_pages(struct kernel *k, char *p, uint64_t n)
{
	if (n >= 16 && host_call4(__NR_fallocate, k->arena_fd.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, arena_offset(p),
				  n * PAGE_SIZE) == 0)
		return;
	memset(p, 0, n * PAGE_SIZE);
}

static void
free_chunk(struct kernel *k, struct tmpfs_chunk *c)
{
	for (unsigned int j = 0; j < CHUNK_PIECES; j++) {
		unsigned int end = j + 1, n = piece_pages(j);

		if (!c->piece[j])
			continue;
		while (end < CHUNK_PIECES && c->piece[end] == (char *)c->piece[j] + n * PAGE_SIZE)
			n += piece_pages(end++);
		page_free(k, c->piece[j], n);
		j = end - 1;
	}
	kfree(k, c);
}

/* How many of pages [from, to] are data; they are not any more. */
static unsigned int
clear_data(struct tmpfs_chunk *c, unsigned int from, unsigned int to)
{
	unsigned int n = 0;

	for (unsigned int i = from; i <= to; i++) {
		n += is_data(c, i);
		c->data[i / 64] &= ~(1ull << (i % 64));
		c->written[i / 64] &= ~(1ull << (i % 64));
	}
	return n;
}

/* Empty pages [from, to] of a chunk that stays. @all: a mapping may have touched any of them. */
static unsigned int
empty_range(struct kernel *k, struct tmpfs_chunk *c, unsigned int from, unsigned int to, bool all)
{
	unsigned int i = from;

	while (i <= to) {
		char *p = all || is_data(c, i) ? chunk_page(c, i) : NULL;
		unsigned int n = 1;

		if (!p) {
			i++;
			continue;
		}
		while (i + n <= to && (all || is_data(c, i + n)) && chunk_page(c, i + n) == p + n * PAGE_SIZE)
			n++;
		empty_pages(k, p, n);
		i += n;
	}
	return clear_data(c, from, to);
}

void
tmpfs_drop_pages(struct inode *inode, uint64_t first, uint64_t last)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct tmpfs_sb *sbi = TMPFS_SB(inode->i_sb);
	struct tmpfs_chunk *dead = NULL, *c;
	uint64_t nr = first >> CHUNK_SHIFT, gone = 0;

	if (first > last)
		return;
	mutex_lock(&ti->lock);
	while ((c = radix_next(&ti->file.chunks, &nr)) && nr <= last >> CHUNK_SHIFT) {
		uint64_t base = nr << CHUNK_SHIFT;
		unsigned int from = first > base ? (unsigned int)(first - base) : 0;
		unsigned int to = last - base < CHUNK_PAGES ? (unsigned int)(last - base) : CHUNK_PAGES - 1;

		if (from > 0 || to < CHUNK_PAGES - 1 || ti->file.mapped) {
			gone += empty_range(sbi->k, c, from, to, ti->file.mapped);
		} else {
			gone += clear_data(c, from, to);
			radix_clear(sbi->k, &ti->file.chunks, nr);
			if (ti->file.pins > 0) {
				c->next = ti->file.limbo;
				ti->file.limbo = c;
			} else {
				c->next = dead;
				dead = c;
			}
		}
		if (++nr == 0)
			break;
	}
	account(inode, -(int64_t)gone);
	mutex_unlock(&ti->lock);
	__atomic_sub_fetch(&sbi->used_blocks, gone, __ATOMIC_RELAXED);
	while (dead) {
		c = dead;
		dead = c->next;
		free_chunk(sbi->k, c);
	}
}

void
tmpfs_zero_range(struct inode *inode, int64_t from, int64_t to)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	mutex_guard(&ti->lock);

	while (from < to) {
		uint64_t run, off = (uint64_t)from & (PAGE_SIZE - 1);
		char *p = tmpfs_lookup_pages(inode, (uint64_t)from >> PAGE_SHIFT, &run);
		int64_t n = MIN(to - from, (int64_t)(run * PAGE_SIZE - off));

		if (p)
			memset(p + off, 0, (size_t)n);
		from += n;
	}
}

void
tmpfs_pin(struct inode *inode)
{
	TMPFS_I(inode)->file.pins++;
}

void
tmpfs_unpin(struct inode *inode)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct tmpfs_chunk *dead = NULL, *c;

	mutex_lock(&ti->lock);
	if (--ti->file.pins == 0) {
		dead = ti->file.limbo;
		ti->file.limbo = NULL;
	}
	mutex_unlock(&ti->lock);
	while ((c = dead)) {
		dead = c->next;
		free_chunk(kernel_of(inode), c);
	}
}

void
tmpfs_free_pages(struct inode *inode)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct tmpfs_sb *sbi = TMPFS_SB(inode->i_sb);
	struct tmpfs_chunk *c;
	uint64_t nr = 0, gone = 0;

	while ((c = radix_next(&ti->file.chunks, &nr))) {
		radix_clear(sbi->k, &ti->file.chunks, nr);
		gone += clear_data(c, 0, CHUNK_PAGES - 1);
		free_chunk(sbi->k, c);
	}
	while ((c = ti->file.limbo)) {
		ti->file.limbo = c->next;
		free_chunk(sbi->k, c);
	}
	__atomic_sub_fetch(&sbi->used_blocks, gone, __ATOMIC_RELAXED);
}

/* Ask the host which of a piece's pages have memory. */
static unsigned int
note_touched_piece(struct tmpfs_chunk *c, unsigned int j)
{
	unsigned char vec[CHUNK_PAGES / 2];
	unsigned int n = piece_pages(j), start = piece_start(j), found = 0;

	if (!c->piece[j] || host_call3(__NR_mincore, c->piece[j], n * PAGE_SIZE, vec) != 0)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		if (!(vec[i] & 1))
			continue;
		c->written[(start + i) / 64] |= 1ull << ((start + i) % 64);
		if (is_data(c, start + i))
			continue;
		c->data[(start + i) / 64] |= 1ull << ((start + i) % 64);
		found++;
	}
	return found;
}

void
tmpfs_note_touched(struct inode *inode)
{
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct tmpfs_chunk *c;
	uint64_t nr = 0, last = ((uint64_t)inode->i_size + PAGE_SIZE - 1) >> PAGE_SHIFT >> CHUNK_SHIFT, found = 0;
	mutex_guard(&ti->lock);

	if (!ti->file.mapped)
		return;
	while ((c = radix_next(&ti->file.chunks, &nr)) && nr <= last) {
		for (unsigned int j = 0; j < CHUNK_PIECES; j++)
			found += note_touched_piece(c, j);
		nr++;
	}
	account(inode, (int64_t)found);
	__atomic_add_fetch(&TMPFS_SB(inode->i_sb)->used_blocks, found, __ATOMIC_RELAXED);
}
