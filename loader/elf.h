/* SPDX-License-Identifier: MIT
 *
 * ELF files of programs: from bytes nobody has checked to a plan that can be mapped.
 */
#ifndef STEAD_LOADER_ELF_H
#define STEAD_LOADER_ELF_H

#include "loader/plan.h"

/**
 * elf_load_plan() - read the headers of a program or of its interpreter
 * @fd: a host descriptor to pread from, or -1 to look at @image only
 * @base_off: where in @fd the file begins
 * @image: with @fd -1 the first bytes of the file
 * @image_len: how many
 * @plan: filled; its content is undefined after an error but for need and need_error
 *
 * Accepts what Linux accepts: overlapping and unordered segments too, since the mapping does them one after the other.
 *
 * Context: any thread; no state.
 * Return: 0; -ENOEXEC not a program for this machine; -EIO the file ends inside PT_INTERP, or a read failed; -EAGAIN (only with
 * an image): more of the file is needed, see struct load_plan.
 */
int elf_load_plan(int fd, uint64_t base_off, const void *image, size_t image_len, struct load_plan *plan) __must_check;

#endif
