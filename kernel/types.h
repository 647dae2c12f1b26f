/* SPDX-License-Identifier: MIT
 *
 * Types and small helpers of kernel code. Freestanding: no libc header is included here or by any kernel header.
 */
#ifndef STEAD_KERNEL_TYPES_H
#define STEAD_KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A user address. It cannot be dereferenced, compared or truncated by accident; see mm/uaccess.h. */
typedef struct {
	uint64_t a;
} uaddr_t;

#define UADDR(x) ((uaddr_t){ (uint64_t)(x) })
#define UNULL	 ((uaddr_t){ 0 })

/* Host descriptors and host process ids are other id spaces than a guest's: never a bare int. */
typedef struct {
	int fd;
} hfd_t;

typedef struct {
	int id;
} hpid_t;

#define HFD(x)	  ((hfd_t){ (x) })
#define HFD_NONE  ((hfd_t){ -1 })
#define HPID(x)	  ((hpid_t){ (x) })
#define HPID_NONE ((hpid_t){ 0 })

#define __must_check   __attribute__((warn_unused_result))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __packed       __attribute__((packed))
#define __aligned(n)   __attribute__((aligned(n)))
#define __noreturn     __attribute__((noreturn))
#define __cleanup(f)   __attribute__((cleanup(f)))
#define __unused       __attribute__((unused))
#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)		     (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, mem) ((type *)((char *)(ptr)-offsetof(type, mem)))

#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, n)	 (((x) + ((n)-1)) & ~((__typeof__(x))(n)-1))
#define ALIGN_DOWN(x, n) ((x) & ~((__typeof__(x))(n)-1))

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#ifdef __SANITIZE_THREAD__
#define READ_ONCE(x)	 __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#else
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#endif
#define cpu_relax()	 __builtin_ia32_pause()

/* An error on purpose not looked at, and why. */
#define ignore_err(expr, why) ((void)((expr) ? 1 : 0), (void)sizeof("" why))

/* Pointers that are an object or a negative errno. */
#define MAX_ERRNO 4095

static inline void *
ERR_PTR(int64_t err)
{
	return (void *)(uintptr_t)err;
}

static inline int64_t
PTR_ERR(const void *p)
{
	return (int64_t)(uintptr_t)p;
}

static inline bool
IS_ERR(const void *p)
{
	return (uintptr_t)p >= (uintptr_t)-MAX_ERRNO;
}

/* ABI structures: as in asm-generic uapi, under names of our own since libc's cannot be included. */
struct k_timespec {
	int64_t tv_sec;
	int64_t tv_nsec;
};

struct k_timeval {
	int64_t tv_sec;
	int64_t tv_usec;
};

typedef uint64_t ksigset_t;

/* mem* and str* are the kernel image's own (kernel/string.c), local to kernel.o. */
void *memcpy(void *restrict d, const void *restrict s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* A freestanding compiler makes a call of each of these, a few bytes of known size included, unless told that they are what they seem. */
#if !__STDC_HOSTED__
#define memcpy(d, s, n)	 __builtin_memcpy((d), (s), (n))
#define memmove(d, s, n) __builtin_memmove((d), (s), (n))
#define memset(d, c, n)	 __builtin_memset((d), (c), (n))
#define memcmp(a, b, n)	 __builtin_memcmp((a), (b), (n))
#endif

#endif
