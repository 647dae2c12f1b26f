/* SPDX-License-Identifier: MIT
 *
 * Where a file has instructions.
 */
#ifndef STEAD_TRAP_RESIDENT_RANGES_H
#define STEAD_TRAP_RESIDENT_RANGES_H

#include "kernel/kernel.h"
#include "trap/resident/sites.h"

/**
 * text_ranges() - the executable sections in a part of a file
 * @fd: the file
 * @off: of the part
 * @len: of the part; may go beyond the end of the file
 * @out: from the start of the part, in ascending order, not overlapping
 * @max: room in @out, at least one
 *
 * Context: host calls.
 * Return: how many; a file without a usable table of sections has one, all of the part.
 */
uint32_t text_ranges(hfd_t fd, uint64_t off, uint64_t len, struct text_range *out, uint32_t max);

#endif
