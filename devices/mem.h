/* SPDX-License-Identifier: MIT
 *
 * Memory devices (devices/mem.c) and the log device (devices/kmsg.c).
 */
#ifndef STEAD_DEVICES_MEM_H
#define STEAD_DEVICES_MEM_H

#include "vfs/fs.h"

extern const struct file_operations null_fops, zero_fops, full_fops, random_fops, kmsg_fops;

/**
 * kmsg_init() - make the log's ring
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int kmsg_init(struct kernel *k) __must_check;

#endif
