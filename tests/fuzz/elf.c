/* SPDX-License-Identifier: MIT
 *
 * Garbage for the readers of programs: ELF headers and "#!" lines. With clang's libFuzzer (`make fuzz`) for as long as one likes;
 * without it (`make check`) a fixed number of mutations, the same in every run, of inputs that end at an unmapped page.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/binprm.h"
#include "loader/elf.h"
#include "tests/fuzz/make-elf.h"

#define ADDRESS_LIMIT 0x7ffffffff000UL

#define REQUIRE(cond)                                                                                                      \
	do {                                                                                                              \
		if (!(cond)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                                        \
			abort();                                                                                          \
		}                                                                                                         \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What exec_load() relies on. */
static void
check_plan(const struct load_plan *plan)
{
	REQUIRE(plan->nsegments <= LOAD_MAX_SEGMENTS);
	REQUIRE(plan->align >= PAGE_SIZE && (plan->align & (plan->align - 1)) == 0);
	REQUIRE(plan->late_error || plan->nsegments || plan->has_interp);
	for (uint32_t i = 0; i < plan->nsegments; i++) {
		const struct load_segment *s = &plan->segments[i];

		REQUIRE((s->vaddr | s->file_off) % PAGE_SIZE == 0);
		REQUIRE(s->file_len <= s->mem_len && s->mem_len);
		REQUIRE(s->vaddr < ADDRESS_LIMIT && s->mem_len <= ADDRESS_LIMIT - s->vaddr);
		REQUIRE(s->file_off <= INT64_MAX - s->file_len);
		REQUIRE(s->vaddr >= plan->min_vaddr && s->vaddr + s->mem_len <= plan->max_vaddr);
	}
	if (plan->has_interp) {
		REQUIRE(plan->interp_len >= 2 && plan->interp_len <= 4096);
		REQUIRE(plan->interp_len > sizeof(plan->interp) || plan->interp[plan->interp_len - 1] == '\0');
	}
}

static void
try_script(const uint8_t *data, size_t size)
{
	unsigned char buf[BINPRM_BUF_SIZE] = { 0 };
	char *name = NULL, *arg = NULL;

	memcpy(buf, data, MIN(size, sizeof(buf)));
	if (bprm_parse_script(buf, &name, &arg))
		return;
	REQUIRE(name > (char *)buf && name < (char *)buf + sizeof(buf));
	REQUIRE(memchr(name, 0, (size_t)((char *)buf + sizeof(buf) - name)));
	if (arg)
		REQUIRE(arg > name && memchr(arg, 0, (size_t)((char *)buf + sizeof(buf) - arg)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct load_plan plan;
	int err = elf_load_plan(-1, 0, data, size, &plan);

	REQUIRE(err <= 0);
	if (err == 0)
		check_plan(&plan);
	else if (err == -EAGAIN)
		REQUIRE(plan.need > size && plan.need_error < 0);
	try_script(data, size);
	return 0;
}

#ifdef FUZZ_STANDALONE
#define ROUNDS 200000

static uint64_t
next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* Mostly where it matters: a field of a header set to something at an edge. */
static void
mutate(unsigned char *p, size_t n, uint64_t *s)
{
	static const uint64_t edges[] = { 0, 1, 0x1000, 0xfff, 0x7ffffffff000, 0x800000000000, INT64_MAX, UINT64_MAX,
					  UINT64_MAX - 0xfff, 1ULL << 63, 56, 64, 0x10000 };
	uint64_t count = next_random(s) % 6 + 1;

	while (count--) {
		size_t at = next_random(s) % MIN(n, (size_t)512), len = 1UL << next_random(s) % 4;
		uint64_t v = next_random(s) % 3 ? edges[next_random(s) % ARRAY_SIZE(edges)] : next_random(s);

		at = ALIGN_DOWN(at, len);
		if (at + len <= n)
			memcpy(p + at, &v, len);
	}
}

int
main(void)
{
	uint64_t seed = 0x5eed5eed5eed5eedULL;
	size_t room = 2 * PAGE_SIZE;
	unsigned char *map = mmap(NULL, room + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct made_elf e;

	REQUIRE(map != MAP_FAILED && mprotect(map + room, PAGE_SIZE, PROT_NONE) == 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		size_t n = i % 4 ? sizeof(e) : next_random(&seed) % sizeof(e) + 1;
		unsigned char *p = map + room - n;

		made_elf_init(&e, i & 1 ? ET_DYN : ET_EXEC, i & 1 ? 0 : 0x400000);
		memcpy(p, &e, n);
		if (i % 16 == 15)
			memcpy(p, "#! /bin/sh -e\n", MIN(n, (size_t)14));
		mutate(p, n, &seed);
		LLVMFuzzerTestOneInput(p, n);
	}
	printf("%d inputs\n", ROUNDS);
	return 0;
}
#endif
