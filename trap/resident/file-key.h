/* SPDX-License-Identifier: MIT
 *
 * What tells one state of a host file from another, for what is kept of files: load plans and vetted text.
 */
#ifndef STEAD_TRAP_RESIDENT_FILE_KEY_H
#define STEAD_TRAP_RESIDENT_FILE_KEY_H

#include "trap/host.h"

struct file_key {
	uint64_t ino, size;
	int64_t mtime, ctime;
	uint32_t mtime_ns, ctime_ns, major, minor;
};

/**
 * file_key_read() - the state of a file now
 * @fd: the file
 * @key: filled in; compared with memcmp()
 *
 * A file that changed a moment ago may change again within the same tick of its times, and have the same key: nothing may be kept of it.
 *
 * Return: 0, -EAGAIN: it changed a moment ago, -EIO.
 */
int file_key_read(hfd_t fd, struct file_key *key) __must_check;

#endif
