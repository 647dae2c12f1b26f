/* SPDX-License-Identifier: MIT
 *
 * What a program must not execute, and the cache of vetted text of host files. See mm/text.c for the rules.
 *
 * The bytes, at any offset, since a program can jump to any:
 * - wrpkru, 0f 01 ef;
 * - xrstor, 0f ae /5 with a memory operand (bit 9 of its mask loads PKRU). The register form is lfence;
 * - wrgsbase, f3 [prefixes] 0f ae /3 with a register: the way into the kernel finds the task by %gs.
 * wrfsbase is harmless (the kernel uses no %fs), xrstors is not for programs, fxrstor knows nothing of PKRU.
 *
 * In the copy of a file an instruction that certainly is one (the supervisor decodes around it) becomes ud0: 0f ff and its operand stay,
 * so that the fault tells everything: xrstor is carried out without the PKRU bit, the others are what they are on a processor without
 * them, SIGILL. Bytes that are a part of other instructions, or data, are never changed: their page is not executable.
 *
 * Copies are kept for the life of the instance, up to CACHE_MAX pages; then files are copied by each process (text_fault()).
 * Lock order: mmap_lock, then text->lock, which is held over host calls and one request a match.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/signal.h"
#include "kernel/list.h"
#include "mm/internal.h"
#include "mm/text.h"
#include "mm/uaccess-direct.h"
#include "mm/uaccess.h"
#include "trap/host.h"
#include "trap/resident/patch.h"
#include "trap/resident/resident.h"
#include "trap/resident/sites.h"

#define CACHE_BUCKETS 64
#define TRAMPS_SIZE   (64 * 1024UL) /* MM_TEXT_GAP leaves room for it below images */
#define CACHE_MAX     (1UL << 18) /* pages */
#define SITES_MAX     2048	  /* more than there is room for trampolines */

static const char tramps_name[] = "[stead]";

/* What tells one state of a host file from another. */
struct text_key {
	uint64_t ino, size, off, len;
	int64_t mtime, ctime;
	uint32_t mtime_ns, ctime_ns, major, minor;
	uint64_t patched; /* its call sites jump to trampolines just below the image */
};

struct text_entry {
	struct list_head list;
	struct text_key key;
	uint8_t *text; /* NULL: something in it cannot be vetted as a whole */
	uint8_t *tramps; /* TRAMPS_SIZE bytes; NULL: no site was patched */
};

struct text_state {
	struct mutex lock; /* RANK_NONE: between RANK_MM and the leaves */
	uint64_t pages;
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

static bool
is_prefix(uint8_t b)
{
	switch (b) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0x66: case 0x67: case 0xf0: case 0xf2:
		return true;
	default:
		return (b & 0xf0) == 0x40;
	}
}

/* An instruction has at most 15 bytes. */
static bool
has_f3(const uint8_t *p)
{
	for (int i = 1; i <= 12; i++) {
		if (p[-i] == 0xf3)
			return true;
		if (!is_prefix(p[-i]))
			return false;
	}
	return false;
}

enum text_insn
text_match(const uint8_t *p)
{
	uint8_t reg = (p[2] >> 3) & 7;

	if (p[0] != 0x0f)
		return TEXT_NONE;
	if (p[1] == 0x01)
		return p[2] == 0xef ? TEXT_WRPKRU : TEXT_NONE;
	if (p[1] != 0xae)
		return TEXT_NONE;
	if (p[2] < 0xc0)
		return reg == 5 ? TEXT_XRSTOR : TEXT_NONE;
	return reg == 3 && has_f3(p) ? TEXT_WRGSBASE : TEXT_NONE;
}

bool
text_is_clean(const uint8_t *buf, uint64_t n)
{
	for (int64_t i = -2; i < (int64_t)n; i++)
		if (buf[i] == 0x0f && text_match(buf + i) != TEXT_NONE)
			return false;
	/* wrgsbase behind the range, whose prefixes may be in it */
	for (uint64_t i = n; i < n + TEXT_CONTEXT - 2; i++)
		if (text_match(buf + i) == TEXT_WRGSBASE)
			return false;
	return true;
}

void
text_rewrite(struct kernel *k, uint8_t *buf, uint64_t n)
{
	for (uint64_t i = 0; i + 2 < n; i++) {
		if (buf[i] != 0x0f || text_match(buf + i) == TEXT_NONE)
			continue;
		if (i < 64 || n - i < 64)
			continue;
		if (resident_request(k, REQ_DECODE, (uint64_t)(uintptr_t)(buf + i), 0, 0, 0, 0) == 1)
			buf[i + 1] = 0xff;
	}
}

static int
read_key(hfd_t fd, uint64_t off, uint64_t len, struct text_key *key)
{
	struct statx stx;
	int64_t ret = host_call5(__NR_statx, fd.fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx);

	if (ret < 0)
		return -EIO;
	*key = (struct text_key){ .ino = stx.stx_ino,
				  .size = stx.stx_size,
				  .off = off,
				  .len = len,
				  .mtime = stx.stx_mtime.tv_sec,
				  .ctime = stx.stx_ctime.tv_sec,
				  .mtime_ns = stx.stx_mtime.tv_nsec,
				  .ctime_ns = stx.stx_ctime.tv_nsec,
				  .major = stx.stx_dev_major,
				  .minor = stx.stx_dev_minor };
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
 * The place in the program's memory where the text will be serves to map the file: from there the host copies whole pages into the arena's
 * file, where read_text() would take a fault on each new page of it.
 */
static int
copy_text(struct task *t, hfd_t fd, uint64_t start, uint8_t *to, uint64_t n, uint64_t off)
{
	int64_t got = mm_host(t, __NR_mmap, start, ALIGN_UP(n, PAGE_SIZE), PROT_READ, MAP_PRIVATE | MAP_FIXED, (uint64_t)(int64_t)fd.fd,
			      off);
	uint64_t done = 0;

	while (got >= 0 && done < n) {
		got = host_call4(__NR_pwrite64, t->k->arena_fd.fd, start + done, n - done, arena_offset(to) + done);
		if (got == 0)
			break;
		done += got > 0 ? (uint64_t)got : 0;
	}
	return done < n ? read_text(fd, to + done, n - done, off + done) : 0;
}

static bool
is_fine(const struct kernel *k, const uint8_t *buf, uint64_t n)
{
	return !k->vet_text || text_is_clean(buf, n);
}

/* Call sites to jumps. */
static void
patch_copy(struct kernel *k, struct text_entry *e, uint8_t *text)
{
	uint64_t npages = TRAMPS_SIZE / PAGE_SIZE + 2, nsites = SITES_MAX * sizeof(struct site) / PAGE_SIZE;
	uint8_t *region = page_alloc(k, npages, 1);
	struct site *sites = page_alloc(k, nsites, 1);
	struct patch p = { .text = text,
			   .len = e->key.len,
			   .tramps = region + PAGE_SIZE,
			   .tramps_len = TRAMPS_SIZE,
			   .distance = -(int64_t)(e->key.off + TRAMPS_SIZE),
			   .vet = k->vet_text,
			   .sites = sites,
			   .max_sites = SITES_MAX };

	if (region && sites) {
		patch_begin(&p);
		if (patch_sites(&p) > 0) {
			e->tramps = p.tramps;
			region = NULL;
		}
	}
	if (sites)
		page_free(k, sites, nsites);
	if (region)
		page_free(k, region, npages);
}

/* A page of context on both sides, zeros: the neighbours in memory are looked at when it is mapped. */
static void
make_copy(struct text_state *s, struct task *t, hfd_t fd, uint64_t start, struct text_entry *e)
{
	const struct text_key *key = &e->key;
	struct kernel *k = t->k;
	uint64_t npages = key->len / PAGE_SIZE + 2;
	uint8_t *p;

	if (s->pages + npages > CACHE_MAX)
		return;
	p = page_alloc(k, npages, 1);
	if (!p)
		return;
	if (copy_text(t, fd, start, p + PAGE_SIZE, MIN(key->len, key->size - key->off), key->off) == 0) {
		if (k->vet_text)
			text_rewrite(k, p + PAGE_SIZE, key->len);
		if (is_fine(k, p + PAGE_SIZE, key->len)) {
			if (key->patched)
				patch_copy(k, e, p + PAGE_SIZE);
			s->pages += npages;
			e->text = p + PAGE_SIZE;
			return;
		}
	}
	page_free(k, p, npages);
}

static struct text_entry *
lookup(struct text_state *s, const struct text_key *key, struct list_head **bucket)
{
	uint64_t h = (key->ino * 31 + key->off / PAGE_SIZE) * 0x9e3779b97f4a7c15ULL;
	struct text_entry *e;

	*bucket = &s->bucket[h >> 58];
	list_for_each_entry(e, *bucket, list)
		if (memcmp(&e->key, key, sizeof(*key)) == 0)
			return e;
	return NULL;
}

static const struct text_entry *
cached_text(struct task *t, hfd_t fd, uint64_t start, const struct text_key *key)
{
	struct text_state *s = t->k->text;
	struct list_head *bucket;
	struct text_entry *e;
	mutex_guard(&s->lock);

	e = lookup(s, key, &bucket);
	if (!e) {
		e = kzalloc(t->k, sizeof(*e));
		if (!e)
			return NULL;
		e->key = *key;
		make_copy(s, t, fd, start, e);
		list_add_tail(&e->list, bucket);
	}
	return e->text ? e : NULL;
}

/* Bytes of both sides of a border; what cannot be read cannot be executed either. */
static bool
border_is_clean(const uint8_t *left, const uint8_t *right)
{
	uint8_t w[6 * TEXT_CONTEXT];

	memset(w, 0, sizeof(w));
	if (uaccess_rep_movsb(w + TEXT_CONTEXT, left, 2 * TEXT_CONTEXT))
		memset(w + TEXT_CONTEXT, 0, 2 * TEXT_CONTEXT);
	if (uaccess_rep_movsb(w + 3 * TEXT_CONTEXT, right, 2 * TEXT_CONTEXT))
		memset(w + 3 * TEXT_CONTEXT, 0, 2 * TEXT_CONTEXT);
	return text_is_clean(w + 2 * TEXT_CONTEXT, 2 * TEXT_CONTEXT);
}

static bool
ends_are_clean(const uint8_t *text, uint64_t start, uint64_t len)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)start;

	return border_is_clean(at - 2 * TEXT_CONTEXT, text) && border_is_clean(text + len - 2 * TEXT_CONTEXT, at + len);
}

/* Where trampolines of an image go: at the same distance from its text in every process. 0: there is no room. */
static uint64_t
tramps_place(struct task *t, uint64_t start, uint64_t off)
{
	uint64_t addr = start - off - TRAMPS_SIZE, lo, hi;

	if (start < off + TRAMPS_SIZE + 65536 || range_reserved(t, addr, addr + TRAMPS_SIZE, &lo, &hi) ||
	    find_vma_intersection(t->mm, addr, addr + TRAMPS_SIZE))
		return 0;
	return addr;
}

static int
map_tramps(struct task *t, uint64_t addr, const struct text_entry *e)
{
	int64_t ret = mm_host(t, __NR_mmap, addr, TRAMPS_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
			      (uint64_t)(int64_t)t->k->arena_fd.fd, arena_offset(e->tramps));

	return ret < 0 ? (int)ret : map_special(t, addr, TRAMPS_SIZE, VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYEXEC | VM_DONTDUMP,
						tramps_name);
}

uint64_t
text_origin(struct task *t, uint64_t rip)
{
	const struct vma *v;
	int64_t place;

	mutex_guard(&t->mm->mmap_lock);
	v = find_vma(t->mm, rip);
	if (!v || rip < v->start || v->name != tramps_name || v->end - v->start != TRAMPS_SIZE)
		return rip;
	place = patch_origin((const uint8_t *)(uintptr_t)v->start, TRAMPS_SIZE, rip - v->start);
	return place ? v->start + (uint64_t)place : rip;
}

bool
text_source(struct task *t, uint64_t start, uint64_t len, struct mmap_source *src)
{
	const struct text_entry *e;
	struct text_key key;
	uint64_t tramps;

	if (src->fd.fd < 0 || src->fd.fd == t->k->arena_fd.fd || read_key(src->fd, src->off, len, &key))
		return false;
	if (src->off >= key.size || src->off + len > ALIGN_UP(key.size, PAGE_SIZE) || len / PAGE_SIZE > CACHE_MAX)
		return false;
	tramps = tramps_place(t, start, src->off);
	key.patched = tramps != 0;
	e = cached_text(t, src->fd, start, &key);
	if (!e || (t->k->vet_text && !ends_are_clean(e->text, start, len)))
		return false;
	if (e->tramps && map_tramps(t, tramps, e))
		return false;
	*src = (struct mmap_source){ .fd = t->k->arena_fd, .off = arena_offset(e->text), .len = len };
	return true;
}

/* Where the memory operand of the instruction at @m (its modrm byte) is. */
static uint64_t
operand_address(const struct pt_regs *r, const uint8_t *m, uint8_t rex, uint8_t seg, uint64_t start, bool addr32)
{
	const uint64_t reg[16] = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
				   r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15 };
	const uint8_t *p = m + 1;
	uint8_t mod = m[0] >> 6, rm = m[0] & 7;
	uint64_t a = 0;
	int32_t disp = 0;
	bool wide = mod == 2, rip = false;

	if (rm == 4) {
		uint8_t sib = *p++, index = ((sib >> 3) & 7) | (rex & 2 ? 8 : 0);

		if (index != 4)
			a = reg[index] << (sib >> 6);
		if ((sib & 7) == 5 && mod == 0)
			wide = true;
		else
			a += reg[(sib & 7) | (rex & 1 ? 8 : 0)];
	} else if (rm == 5 && mod == 0) {
		wide = rip = true;
	} else {
		a = reg[rm | (rex & 1 ? 8 : 0)];
	}
	if (wide) {
		memcpy(&disp, p, 4);
		p += 4;
	} else if (mod == 1) {
		disp = (int8_t)*p++;
	}
	a += (uint64_t)(int64_t)disp;
	if (rip)
		a += start;
	if (addr32)
		a = (uint32_t)a;
	return a + (seg == 0x64 ? r->fs_base : 0); /* %gs of a program is based at 0 */
}

/* Bytes of the instruction behind its modrm byte. */
static unsigned int
operand_length(const uint8_t *m)
{
	uint8_t mod = m[0] >> 6, rm = m[0] & 7;
	unsigned int n = rm == 4 ? 1 : 0;

	if (mod == 1)
		return n + 1;
	if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (m[1] & 7) == 5))))
		return n + 4;
	return n;
}

/* ud0 at @at, prefixes before it. Returns its length with prefixes, 0 if it is not one of ours. */
static unsigned int
parse(const uint8_t *b, size_t have, uint8_t *rex, uint8_t *seg, bool *addr32, const uint8_t **modrm)
{
	size_t i = 0;

	*rex = *seg = 0;
	*addr32 = false;
	while (i < have && is_prefix(b[i])) {
		*rex = (b[i] & 0xf0) == 0x40 ? b[i] : 0;
		*addr32 |= b[i] == 0x67;
		if (b[i] == 0x64 || b[i] == 0x65)
			*seg = b[i];
		i++;
	}
	if (i + 3 > have || b[i] != 0x0f || b[i + 1] != 0xff || b[i + 2] >= 0xc0 || ((b[i + 2] >> 3) & 7) != 5)
		return 0;
	*modrm = b + i + 2;
	i += 3 + operand_length(*modrm);
	return i <= have ? (unsigned int)i : 0;
}

bool
text_emulate(struct task *t)
{
	struct pt_regs *r = &t->regs;
	uint8_t b[32], rex, seg;
	const uint8_t *modrm;
	unsigned int len;
	uint64_t addr;
	bool addr32;

	memset(b, 0, sizeof(b));
	len = parse(b, copy_from_user_partial(t, b, UADDR(r->rip), 15), &rex, &seg, &addr32, &modrm);
	if (len == 0)
		return false;
	addr = operand_address(r, modrm, rex, seg, r->rip + len, addr32);
	if (resident_xstate_load(t, addr, (r->rdx << 32) | (uint32_t)r->rax))
		force_sig_fault(t, 11, 128, 0);
	else
		r->rip += len;
	return true;
}
