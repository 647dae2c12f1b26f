/* SPDX-License-Identifier: MIT
 *
 * ThreadSanitizer for kernel code, which is instrumented in builds with --enable-sanitize=thread alone: its calls of the sanitizer's
 * functions come here (trap/remote/tsan-symbols). In the supervisor they go on to the sanitizer. A process that is loading a program has
 * neither its code nor its memory, and no thread pointer either, by which it is told apart: there only the atomic operations are done.
 */
#include <stdbool.h>
#include <stdint.h>

static inline bool
in_supervisor(void)
{
	uint64_t fs;

	__asm__("rdfsbase %0" : "=r"(fs));
	return fs != 0;
}

/* What has no result is a jump, so that the sanitizer sees its caller's address. */
#define HOOK(name)                                                                                                        \
	__asm__(".pushsection .text\n"                                                                                    \
		".globl ktsan_" name "\n.hidden ktsan_" name "\n.type ktsan_" name ", @function\n"                        \
		"ktsan_" name ":\n"                                                                                       \
		"	rdfsbase %rax\n"                                                                                  \
		"	test %rax, %rax\n"                                                                                \
		"	jz 1f\n"                                                                                          \
		"	jmp *__tsan_" name "@GOTPCREL(%rip)\n"                                                            \
		"1:	ret\n"                                                                                            \
		".size ktsan_" name ", .-ktsan_" name "\n.popsection\n")

HOOK("func_entry");
HOOK("func_exit");
HOOK("read1");
HOOK("read2");
HOOK("read4");
HOOK("read8");
HOOK("read16");
HOOK("write1");
HOOK("write2");
HOOK("write4");
HOOK("write8");
HOOK("write16");
HOOK("unaligned_read2");
HOOK("unaligned_read4");
HOOK("unaligned_read8");
HOOK("unaligned_read16");
HOOK("unaligned_write2");
HOOK("unaligned_write4");
HOOK("unaligned_write8");
HOOK("unaligned_write16");
HOOK("read_range");
HOOK("write_range");

#define FETCH(bits, op, builtin)                                                                                          \
	uint##bits##_t __tsan_atomic##bits##_##op(volatile uint##bits##_t *p, uint##bits##_t v, int order);               \
	uint##bits##_t ktsan_atomic##bits##_##op(volatile uint##bits##_t *p, uint##bits##_t v, int order);                \
	uint##bits##_t ktsan_atomic##bits##_##op(volatile uint##bits##_t *p, uint##bits##_t v, int order)                 \
	{                                                                                                                 \
		return in_supervisor() ? __tsan_atomic##bits##_##op(p, v, order) : builtin(p, v, __ATOMIC_SEQ_CST);       \
	}

#define EXCHANGE(bits, kind)                                                                                              \
	int __tsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *p, uint##bits##_t *old,                \
							  uint##bits##_t v, int order, int failed);                       \
	int ktsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *p, uint##bits##_t *old,                 \
							 uint##bits##_t v, int order, int failed);                        \
	int ktsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *p, uint##bits##_t *old,                 \
							 uint##bits##_t v, int order, int failed)                         \
	{                                                                                                                 \
		if (in_supervisor())                                                                                      \
			return __tsan_atomic##bits##_compare_exchange_##kind(p, old, v, order, failed);                   \
		return __atomic_compare_exchange_n(p, old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                 \
	}

#define ATOMIC(bits)                                                                                                      \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order);                           \
	uint##bits##_t ktsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order);                            \
	uint##bits##_t ktsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order)                             \
	{                                                                                                                 \
		return in_supervisor() ? __tsan_atomic##bits##_load(p, order) : __atomic_load_n(p, __ATOMIC_SEQ_CST);     \
	}                                                                                                                 \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order);                        \
	void ktsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order);                         \
	void ktsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order)                          \
	{                                                                                                                 \
		if (in_supervisor())                                                                                      \
			__tsan_atomic##bits##_store(p, v, order);                                                         \
		else                                                                                                      \
			__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                                         \
	}                                                                                                                 \
	FETCH(bits, exchange, __atomic_exchange_n)                                                                        \
	FETCH(bits, fetch_add, __atomic_fetch_add)                                                                        \
	FETCH(bits, fetch_sub, __atomic_fetch_sub)                                                                        \
	FETCH(bits, fetch_and, __atomic_fetch_and)                                                                        \
	FETCH(bits, fetch_or, __atomic_fetch_or)                                                                          \
	FETCH(bits, fetch_xor, __atomic_fetch_xor)                                                                        \
	EXCHANGE(bits, strong)                                                                                            \
	EXCHANGE(bits, weak)

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

void ktsan_init(void);
void ktsan_atomic_thread_fence(int order);
void ktsan_atomic_signal_fence(int order);

/* The supervisor's own objects start the sanitizer. */
void
ktsan_init(void)
{
}

/* The sanitizer knows nothing of fences. */
void
ktsan_atomic_thread_fence(int order)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void
ktsan_atomic_signal_fence(int order)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}
