/* SPDX-License-Identifier: MIT
 *
 * The list of character devices. A node of a number that is not here opens as ENXIO.
 */
#include "devices/mem.h"
#include "devices/tty.h"
#include "vfs/dev/dev.h"
#include "vfs/namei.h"

#define MEM_MAJOR 1u

static const struct cdev_driver drivers[] = {
	{ "null", MEM_MAJOR, 3, 1, &null_fops },
	{ "zero", MEM_MAJOR, 5, 1, &zero_fops },
	{ "full", MEM_MAJOR, 7, 1, &full_fops },
	{ "random", MEM_MAJOR, 8, 2, &random_fops },
	{ "kmsg", MEM_MAJOR, 11, 1, &kmsg_fops },
	{ "tty", TTYAUX_MAJOR, 0, 1, &tty_fops },
	{ "console", TTYAUX_MAJOR, 1, 1, &console_fops },
	{ "ptmx", TTYAUX_MAJOR, 2, 1, &ptmx_fops },
	{ "pts", UNIX98_PTY_MAJOR, 0, PTY_MAX, &tty_fops },
};

const struct file_operations *
cdev_lookup(struct kernel *k, uint64_t rdev)
{
	uint32_t major = DEV_MAJOR(rdev), minor = DEV_MINOR(rdev);

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		const struct cdev_driver *d = &drivers[i];

		if (d->major == major && minor >= d->minor && minor - d->minor < d->count)
			return d->fops;
	}
	return NULL;
}

int
dev_init(struct kernel *k)
{
	return kmsg_init(k);
}
