/* SPDX-License-Identifier: MIT
 *
 * What has to hold on this host, and of this build, before programs are kept from the kernel by protection keys.
 */
#ifndef STEAD_TRAP_RESIDENT_SCAN_H
#define STEAD_TRAP_RESIDENT_SCAN_H

#include <stddef.h>
#include <stdint.h>

/**
 * scan_text() - find what opens keys, in text that programs can jump to
 * @text: the text; nothing of it is in its neighbours
 * @n: bytes
 * @vetted: offsets of instructions that may be there, with their prefixes
 * @nvetted: how many
 * @at: set to the offset of the first other match
 *
 * Return: NULL if there is none, or the name of the instruction; "(out of memory)" too.
 */
const char *scan_text(const uint8_t *text, size_t n, const uint32_t *vetted, size_t nvetted, size_t *at);

/**
 * scan_kernel_text() - the same for kernel text as it is mapped now
 * @at: as above
 *
 * Return: as scan_text().
 */
const char *scan_kernel_text(size_t *at);

/**
 * scan_vdso() - the same for the host's vDSO
 * @at: as above
 *
 * Return: as scan_text().
 */
const char *scan_vdso(size_t *at);

/**
 * probe_frame_pkru() - do signal frames carry PKRU, and does the way back from them restore it? Some hosts lose it
 *
 * Context: one thread; a signal is raised and its action restored.
 * Return: 0, ENODEV without keys, or ENOTSUP.
 */
int probe_frame_pkru(void);

#endif
