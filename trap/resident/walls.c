/* SPDX-License-Identifier: MIT
 *
 * Landlock rules for guest processes. Each version of the host's Landlock knows more rights: all that it knows are taken away, and
 * given back beneath the roots. What was opened before is not affected.
 */
#include "trap/resident/walls.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than some headers. */
#define FS_REFER     (1ULL << 13) /* version 2 */
#define FS_TRUNCATE  (1ULL << 14) /* version 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* version 5 */
#define NET_TCP	     3ULL	  /* version 4: bind, connect */
#define SCOPES	     3ULL	  /* version 6: abstract Unix sockets, signals */

#define FS_V1	 ((1ULL << 13) - 1)
#define FS_READ	 (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

static uint64_t
known_rights(long version)
{
	return FS_V1 | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) | (version >= 5 ? FS_IOCTL_DEV : 0);
}

static int
add_root(int ruleset, const struct wall_root *root, uint64_t known)
{
	uint64_t rights = root->writable ? known & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE : FS_READ;
	struct landlock_path_beneath_attr rule = { .parent_fd = root->fd };
	struct stat st;

	if (fstat(root->fd, &st) < 0)
		return -errno;
	rule.allowed_access = S_ISDIR(st.st_mode) ? rights : rights & FS_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

int
walls_ruleset(const struct wall_root *roots, unsigned int n)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset_attr attr;
	int ruleset, err;

	if (version < 0)
		return -errno;
	attr = (struct ruleset_attr){ known_rights(version), version >= 4 ? NET_TCP : 0, version >= 6 ? SCOPES : 0 };
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return -errno;
	for (unsigned int i = 0; i < n; i++) {
		err = add_root(ruleset, &roots[i], attr.fs);
		if (err) {
			close(ruleset);
			return err;
		}
	}
	return ruleset;
}
