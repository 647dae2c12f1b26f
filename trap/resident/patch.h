/* SPDX-License-Identifier: MIT
 *
 * Call-site patches of program text.
 */
#ifndef STEAD_TRAP_RESIDENT_PATCH_H
#define STEAD_TRAP_RESIDENT_PATCH_H

#include "kernel/types.h"

/**
 * patch_text() - turn the call sites of a copy of program text into jumps to trampolines
 * @text: the copy, not mapped anywhere yet
 * @len: its bytes
 * @tramps: room for trampolines
 * @tramps_len: bytes of it
 * @distance: from the text to the trampolines, in bytes, where both will be mapped; within 2 GiB
 *
 * Return: how many sites were patched; sites beyond the room are left as they are.
 */
uint32_t patch_text(uint8_t *text, uint64_t len, uint8_t *tramps, uint64_t tramps_len, int64_t distance);

#endif
