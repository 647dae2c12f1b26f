/* SPDX-License-Identifier: MIT
 *
 * States of host files.
 */
#include "trap/resident/file-key.h"

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/time.h"

/* Longer than a tick: of a host with 100 of them a second, of a file system that keeps whole seconds, or pairs of them. */
#define SETTLED_NS	  30000000LL
#define SETTLED_COARSE_NS (3 * NSEC_PER_SEC)

static bool
before(int64_t sec, uint32_t nsec, int64_t ns)
{
	return sec < ns / NSEC_PER_SEC || (sec == ns / NSEC_PER_SEC && nsec < ns % NSEC_PER_SEC);
}

/* By the clock that the host stamps files with, which lags behind where a tick comes late. */
static bool
settled(const struct file_key *key)
{
	int64_t latest = host_clock(CLOCK_REALTIME_COARSE) - (key->mtime_ns || key->ctime_ns ? SETTLED_NS : SETTLED_COARSE_NS);

	return before(key->mtime, key->mtime_ns, latest) && before(key->ctime, key->ctime_ns, latest);
}

int
file_key_read(hfd_t fd, struct file_key *key)
{
	struct statx stx;

	if (host_call5(__NR_statx, fd.fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return -EIO;
	*key = (struct file_key){ .ino = stx.stx_ino,
				  .size = stx.stx_size,
				  .mtime = stx.stx_mtime.tv_sec,
				  .ctime = stx.stx_ctime.tv_sec,
				  .mtime_ns = stx.stx_mtime.tv_nsec,
				  .ctime_ns = stx.stx_ctime.tv_nsec,
				  .major = stx.stx_dev_major,
				  .minor = stx.stx_dev_minor };
	return settled(key) ? 0 : -EAGAIN;
}
