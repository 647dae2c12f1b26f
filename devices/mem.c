/* SPDX-License-Identifier: MIT
 *
 * Memory devices: null(4), full(4), random(4), and the kernel's log as /dev/kmsg.
 */
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/random.h>

#include "devices/mem.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/host.h"
#include "vfs/poll.h"

#define RANDOM_CHUNK 256u

static int64_t
null_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	return 0;
}

static int64_t
null_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	size_t n = from->count;

	iov_iter_advance(from, n);
	return (int64_t)n;
}

/* A position that is always 0. */
static int64_t
null_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	file->f_pos = 0;
	return 0;
}

static int64_t
noop_llseek(struct task *t, struct file *file, int64_t off, int whence)
{
	return file->f_pos;
}

const struct file_operations null_fops = {
	.f_mode = FMODE_NOWAIT | FMODE_NO_SPLICE_READ,
	.read = null_read,
	.write = null_write,
	.llseek = null_llseek,
};

static int64_t
zero_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	int64_t done = 0;

	while (to->count > 0) {
		size_t n = MIN(to->count, 64 * PAGE_SIZE), got = iov_iter_zero(n, to);

		done += (int64_t)got;
		if (got < n)
			return done ? done : -EFAULT;
		if (to->count > 0 && signal_pending(t))
			return done;
	}
	return done;
}

/* Zero-filled memory: private mappings are plain anonymous memory, shared ones a new object each. */
static int
zero_mmap(struct task *t, struct file *file, uint64_t pgoff, uint64_t len, uint32_t vm_flags, struct mmap_source *src)
{
	*src = (struct mmap_source){ .fd = HFD_NONE, .len = len };
	return 0;
}

const struct file_operations zero_fops = {
	.f_mode = FMODE_NOWAIT,
	.read = zero_read,
	.write = null_write,
	.llseek = null_llseek,
	.mmap = zero_mmap,
};

static int64_t
full_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	return -ENOSPC;
}

const struct file_operations full_fops = {
	.f_mode = FMODE_OLD_WRITE,
	.read = zero_read,
	.write = full_write,
	.llseek = null_llseek,
};

static int64_t
random_read(struct task *t, struct file *file, struct iov_iter *to, int64_t *pos, uint32_t rwf)
{
	char buf[RANDOM_CHUNK];
	int64_t done = 0;

	while (to->count > 0) {
		size_t n = MIN(to->count, sizeof(buf)), got;
		int64_t have = host_call3(__NR_getrandom, buf, n, 0);

		if (have == -EINTR)
			continue;
		if (have <= 0)
			return done ? done : -EIO;
		got = copy_to_iter(buf, (size_t)have, to);
		done += (int64_t)got;
		if (got < (size_t)have)
			return done ? done : -EFAULT;
		if (done % (int64_t)PAGE_SIZE == 0 && signal_pending(t))
			break;
	}
	return done;
}

/* The host's pool needs nobody's help: what is written is looked at and forgotten. */
static int64_t
random_write(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	char buf[RANDOM_CHUNK];
	int64_t done = 0;

	while (from->count > 0) {
		size_t n = MIN(from->count, sizeof(buf)), got = copy_from_iter(buf, n, from);

		done += (int64_t)got;
		if (got < n)
			return done ? done : -EFAULT;
	}
	return done;
}

static int64_t
random_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	uint32_t v[2];

	switch (cmd) {
	case RNDGETENTCNT:
		return put_user_u32(t, 256, UADDR(arg));
	case RNDADDTOENTCNT:
		if (!capable(t, CAP_SYS_ADMIN))
			return -EPERM;
		if (get_user_u32(t, v, UADDR(arg)))
			return -EFAULT;
		return (int)v[0] < 0 ? -EINVAL : 0;
	case RNDADDENTROPY:
		if (!capable(t, CAP_SYS_ADMIN))
			return -EPERM;
		if (copy_in(t, &v, UADDR(arg)))
			return -EFAULT;
		return (int)v[0] < 0 || (int)v[1] < 0 ? -EINVAL : 0;
	case RNDZAPENTCNT:
	case RNDCLEARPOOL:
	case RNDRESEEDCRNG:
		return capable(t, CAP_SYS_ADMIN) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

static uint32_t
random_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	return K_POLLIN | K_POLLRDNORM | K_POLLOUT | K_POLLWRNORM;
}

const struct file_operations random_fops = {
	.f_mode = FMODE_NOWAIT,
	.read = random_read,
	.write = random_write,
	.llseek = noop_llseek,
	.poll = random_poll,
	.ioctl = random_ioctl,
};
