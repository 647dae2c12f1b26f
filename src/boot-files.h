/* SPDX-License-Identifier: MIT
 *
 * The files an instance begins with.
 */
#ifndef STEAD_SRC_BOOT_FILES_H
#define STEAD_SRC_BOOT_FILES_H

struct kernel;
struct run_options;

/**
 * boot_files() - mount what the options ask for, and give the first task its directory and descriptors
 * @k: the kernel; of its main task files and fs are there
 * @opt: the options
 *
 * Return: 0, or the negative of an exit status after saying why.
 */
int boot_files(struct kernel *k, const struct run_options *opt);

#endif
