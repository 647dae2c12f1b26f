/* SPDX-License-Identifier: MIT
 *
 * Trampolines in address spaces. All are called with mmap_lock held.
 */
#ifndef STEAD_TRAP_RESIDENT_TRAMPS_H
#define STEAD_TRAP_RESIDENT_TRAMPS_H

#include "mm/mm.h"

#define TRAMPS_SIZE (64 * 1024UL) /* MM_TEXT_GAP leaves room for it below images */

/**
 * text_ends_are_clean() - nothing forbidden lies across the ends of a mapping to be
 * @text: what is to be mapped
 * @start: where
 * @len: bytes
 */
bool text_ends_are_clean(const uint8_t *text, uint64_t start, uint64_t len);

/**
 * tramps_place() - where the trampolines of an image go
 * @t: the current task
 * @start: where a part of the image is
 * @off: of it in the file
 *
 * Return: 0 if there is no room.
 */
uint64_t tramps_place(struct task *t, uint64_t start, uint64_t off);

/**
 * tramps_map() - map them
 * @t: the current task
 * @addr: from tramps_place()
 * @tramps: in the arena
 *
 * Return: 0 or negative errno.
 */
int tramps_map(struct task *t, uint64_t addr, const uint8_t *tramps) __must_check;

#endif
