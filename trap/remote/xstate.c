/* SPDX-License-Identifier: MIT
 *
 * Extended state of a stopped thread, as the image a signal frame holds: fxsave area, sw_reserved with its magic, xsave header and
 * components in the standard format, and the closing magic (asm/sigcontext.h).
 */
#include <asm/sigcontext.h>
#include <cpuid.h>
#include <errno.h>
#include <linux/elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "kernel/xsave.h"
#include "mm/uaccess.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

#define XSTATE_MAX  16384
#define FXSAVE_SIZE 512
#define SW_RESERVED 464 /* offset of struct _fpx_sw_bytes in the fxsave area */

struct xstate_arg {
	struct trap_task *rt;
	struct iovec iov;
};

struct xstate_image {
	uint8_t b[XSTATE_MAX] __attribute__((aligned(64)));
};

/* Asked once: in a virtual machine cpuid leaves it, which takes longer than all the rest of a signal frame. */
static struct {
	uint32_t size;
	uint64_t features;
} host;

void
xstate_boot(void)
{
	uint32_t a, b, c, d;

	__cpuid_count(0xd, 0, a, b, c, d);
	host.size = b;
	host.features = ((uint64_t)d << 32) | a;
}

static int64_t
do_getregset(void *p)
{
	struct xstate_arg *arg = p;

	return pt(PTRACE_GETREGSET, arg->rt->tid, NT_X86_XSTATE, (uintptr_t)&arg->iov) < 0 ? -errno : 0;
}

static int64_t
do_setregset(void *p)
{
	struct xstate_arg *arg = p;

	return pt(PTRACE_SETREGSET, arg->rt->tid, NT_X86_XSTATE, (uintptr_t)&arg->iov) < 0 ? -errno : 0;
}

__runs_in_guest size_t
remote_xstate_size(struct task *t)
{
	return host.size + FP_XSTATE_MAGIC2_SIZE;
}

int
remote_xstate_save(struct task *t, uint64_t u)
{
	struct xstate_image img;
	struct xstate_arg arg = { t->trap, { img.b, sizeof(img.b) } };
	struct _fpx_sw_bytes sw = { 0 };
	uint32_t size = host.size, magic2 = FP_XSTATE_MAGIC2;

	if (tracer_run(do_getregset, &arg) < 0)
		return -EFAULT;
	if (arg.iov.iov_len < size)
		memset(img.b + arg.iov.iov_len, 0, size - arg.iov.iov_len);
	sw.magic1 = FP_XSTATE_MAGIC1;
	sw.extended_size = size + FP_XSTATE_MAGIC2_SIZE;
	memcpy(&sw.xfeatures, img.b + SW_RESERVED, 8); /* ptrace puts XCR0 there */
	sw.xstate_size = size;
	memcpy(img.b + SW_RESERVED, &sw, sizeof(sw));
	memcpy(img.b + size, &magic2, sizeof(magic2));
	*(uint64_t *)(img.b + FXSAVE_SIZE) |= XFEATURES_FPSSE;
	return copy_to_user(t, UADDR(u), img.b, size + FP_XSTATE_MAGIC2_SIZE);
}

int
remote_xstate_restore(struct task *t, uint64_t u)
{
	struct xstate_image img;
	struct xstate_arg arg = { t->trap, { img.b, host.size } };
	int err = xsave_read_frame(t, u, img.b, host.size, host.features & ~XFEATURE_PKRU);

	if (err)
		return err;
	return tracer_run(do_setregset, &arg) < 0 ? -EINVAL : 0;
}

static int
reset_stopped(struct task *t)
{
	struct xstate_image img;
	struct xstate_arg arg = { t->trap, { img.b, host.size } };
	uint16_t fcw = 0x37f;
	uint32_t mxcsr = 0x1f80;

	memset(&img, 0, host.size);
	memcpy(img.b, &fcw, 2);
	memcpy(img.b + 24, &mxcsr, 4);
	*(uint64_t *)(img.b + FXSAVE_SIZE) = 3;
	return tracer_run(do_setregset, &arg) < 0 ? -EINVAL : 0;
}

/* In a new process the spawner's state is the initial one. */
__runs_in_guest int
remote_xstate_reset(struct task *t)
{
	return t->direct ? 0 : reset_stopped(t);
}
