/* SPDX-License-Identifier: MIT
 *
 * What the supervisor calls of the resident trap.
 */
#ifndef STEAD_TRAP_RESIDENT_BOOT_H
#define STEAD_TRAP_RESIDENT_BOOT_H

#include <stdbool.h>

#include "trap/resident/walls.h"

struct kernel;
struct super_ops;

/**
 * resident_prepare() - the places of the resident trap, before kernel_init()
 * @k: the instance
 *
 * Return: 0 or negative errno.
 */
int resident_prepare(struct kernel *k);

/**
 * resident_boot() - protection keys
 * @k: the booted kernel
 * @keys: use protection keys; without them a program that wants to can read and write kernel memory
 *
 * Return: 0, -ENOSYS without protection keys, -ECANCELED if keys cannot be trusted (and it was said why), or another negative errno.
 */
int resident_boot(struct kernel *k, bool keys);

/**
 * resident_prepare_text() - begin to copy the text of libraries that programs most likely use
 * @k: resident_boot() has been called
 * @root: descriptor of the host directory that will be the programs' root
 *
 * Context: what the command maps from now on until resident_start() it maps in this thread.
 */
void resident_prepare_text(struct kernel *k, int root);

/**
 * resident_start() - begin to make the spawner, behind its walls; before any thread exists but that of resident_prepare_text()
 * @k: the kernel, with its file systems
 * @roots: what of the host may be opened
 * @n: how many
 *
 * Return: 0 or negative errno.
 */
int resident_start(struct kernel *k, const struct wall_root *roots, unsigned int n);

/**
 * resident_started() - wait until the spawner is there
 * @k: resident_start() has succeeded
 *
 * Return: 0, or the negative errno of what the host refused.
 */
int resident_started(struct kernel *k);

/**
 * resident_run() - exec the first program in @k->main_task and wait until it has ended
 * @k: the kernel
 * @paths: what to exec: the first of these that is there; NULL-ended
 * @argv: NULL-ended
 * @envp: NULL-ended
 * @err: set to the negative errno if it could not be started
 * @real: the services of the supervisor, for requests
 *
 * Return: the main task's wait status.
 */
int resident_run(struct kernel *k, const char **paths, const char *const *argv, const char *const *envp, int *err,
		 const struct super_ops *real);

/**
 * resident_start_reaper() - a child of the supervisor has died: the first SIGCHLD is there
 * @k: the kernel
 *
 * Context: resident_run() has been called, or will be.
 */
void resident_start_reaper(struct kernel *k);

extern const struct super_ops resident_super;

#endif
