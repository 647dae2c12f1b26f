/* SPDX-License-Identifier: MIT
 *
 * Executable memory where a program must not get hold of certain instructions: under the resident trap with protection keys. k->text is
 * NULL otherwise, and the host's own protection is all there is.
 */
#ifndef STEAD_MM_TEXT_H
#define STEAD_MM_TEXT_H

#include "mm/mm.h"

#define TEXT_CONTEXT 16u /* bytes before and after a place on which the verdict about it depends */

struct text_entry; /* a file's text in the cache */

/* What the program must not execute. */
enum text_insn { TEXT_NONE, TEXT_WRPKRU, TEXT_XRSTOR, TEXT_WRGSBASE };

/**
 * text_init() - make k->text
 * @k: the instance, before the first program
 *
 * Return: 0, -ENOMEM.
 */
int text_init(struct kernel *k) __must_check;

/**
 * text_match() - do the bytes at a place make up one of the instructions?
 * @p: TEXT_CONTEXT bytes before it and 2 after it can be read
 *
 * Prefixes are not part of the match; the first byte is 0x0f.
 */
enum text_insn text_match(const uint8_t *p);

/**
 * text_is_clean() - has no byte of a range part in a match, with its prefixes?
 * @buf: context before and after it can be read
 * @n: bytes
 */
bool text_is_clean(const uint8_t *buf, uint64_t n);

/**
 * text_rewrite() - take the instructions out of a copy of a file's text, where that is safe
 * @k: the instance
 * @buf: context before and after it can be read
 * @n: bytes
 *
 * An instruction that is certain to be one becomes `ud0` with its operand (text_emulate()); a few others are encoded in another way. What
 * is left is found by text_is_clean().
 */
void text_rewrite(struct kernel *k, uint8_t *buf, uint64_t n);

/**
 * text_source() - the vetted copy of a host file's text
 * @t: the current task, mmap_lock is held
 * @start: where it is to be mapped
 * @len: bytes, page aligned
 * @src: descriptor and offset in it; set to those of the copy
 *
 * Return: it, to be mapped with text_first_prot(); then text_allow(). NULL if there is none: the file is mapped for reading, and
 * text_fault() makes copies.
 */
const struct text_entry *text_source(struct task *t, uint64_t start, uint64_t len, struct mmap_source *src) __must_check;
uint32_t text_first_prot(const struct text_entry *e) __must_check;

/**
 * text_prepare() - have the copy ready before a program asks for it (supervisor)
 * @k: the instance; text_init() has been called
 * @fd: the file
 * @off: in it, page aligned
 * @len: bytes, page aligned
 * @mapped: where the supervisor has mapped them
 */
void text_prepare(struct kernel *k, hfd_t fd, uint64_t off, uint64_t len, const void *mapped);

/**
 * text_allow() - execute for the pages of a mapping that may have it
 * @t: the current task, mmap_lock is held
 * @start: where it was mapped
 * @e: from text_source()
 */
void text_allow(struct task *t, uint64_t start, const struct text_entry *e);

/**
 * text_moved() - text was moved by mremap: its trampolines are mapped at the new place too
 * @t: the current task, mmap_lock is held
 * @v: the vma it was in
 * @from: its start there
 * @nv: the new vma, not in the tree yet; its host mapping is there
 *
 * Where there is no room for them the file's own text is mapped.
 *
 * Return: 0 or negative errno.
 */
int text_moved(struct task *t, struct vma *v, uint64_t from, struct vma *nv) __must_check;

/**
 * text_unmapped() - a vma is gone: so are its trampolines, if it was the last to use them
 * @t: the current task, mmap_lock is held
 * @v: the vma, out of the tree
 * @gone: vmas to be freed without the lock
 */
void text_unmapped(struct task *t, const struct vma *v, struct list_head *gone);

/**
 * text_origin() - where in its own text a program is that was interrupted
 * @t: the current task
 * @rip: in a trampoline, or anywhere else
 * @entered: set if it has just come to a trampoline: none of its instructions was executed since
 *
 * Context: takes mmap_lock.
 * Return: the place in its text that a place in a trampoline stands for, from where it can go on; otherwise @rip.
 */
uint64_t text_origin(struct task *t, uint64_t rip, bool *entered) __must_check;

/**
 * text_fault() - a write or an instruction fetch that the vma allows and the host did not
 * @t: the current task, mmap_lock is held
 * @v: the vma
 * @addr: the address
 * @access: MM_FAULT_WRITE or MM_FAULT_EXEC
 *
 * Return: true if it was mended.
 */
bool text_fault(struct task *t, struct vma *v, uint64_t addr, unsigned int access) __must_check;

/**
 * text_revoke() - pages of a vma are about to move or change behind the fetches: execute is taken away
 * @t: the current task, mmap_lock is held
 * @v: the vma
 * @start: of the part
 * @end: of the part
 *
 * Return: 0 or negative errno; then nothing may be changed.
 */
int text_revoke(struct task *t, struct vma *v, uint64_t start, uint64_t end) __must_check;

/**
 * text_emulate() - an invalid instruction: is it one that text_rewrite() has put there?
 * @t: the current task, in the fault
 *
 * Return: true if it was carried out, or a signal forced.
 */
bool text_emulate(struct task *t) __must_check;

#endif
