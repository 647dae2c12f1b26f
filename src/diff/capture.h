/* SPDX-License-Identifier: MIT
 *
 * From a call's registers and the program's memory to fields, by the types of syscalls/table.
 */
#ifndef STEAD_SRC_DIFF_CAPTURE_H
#define STEAD_SRC_DIFF_CAPTURE_H

#include "src/diff/record.h"
#include "src/trace/events.h"

struct capture {
	struct record *r;
	const struct trace_mem *m;
	uint32_t nr;
	const uint64_t *args;
	bool done; /* the call has returned @result */
	int64_t result;
};

/**
 * capture_call() - add what is known of a call
 * @c: before the call (@done false) its arguments and what they point to; after it what it gave
 */
void capture_call(const struct capture *c);

/**
 * capture_result_kind() - what a call's result is
 * @nr, @args: the call
 *
 * Return: its kind.
 */
enum field_kind capture_result_kind(uint32_t nr, const uint64_t args[6]);

/**
 * capture_struct() - add a structure at an address
 * @c: the call
 * @label: what its fields are called: "label.field"
 * @decode: its name
 * @addr: where it is
 * @count: how many; names are "label[0].field" unless it is 1
 * @out: the kernel gave it
 */
void capture_struct(const struct capture *c, const char *label, const char *decode, uint64_t addr, uint64_t count, bool out);

/**
 * capture_buffer() - add bytes at an address
 * @len: how many
 */
void capture_buffer(const struct capture *c, const char *label, enum field_kind kind, uint64_t addr, uint64_t len, bool out);

/**
 * capture_iov() - add the bytes of an I/O vector as one buffer
 * @count: of elements
 * @limit: bytes at most
 */
void capture_iov(const struct capture *c, const char *label, uint64_t addr, uint64_t count, uint64_t limit, bool out);

/**
 * capture_special() - structures that are no plain list of fields: siginfo, sockaddr, dirents, msghdr, ...
 * @decode, @label, @addr, @count, @out: as of capture_struct(); @count is what the table says, which may be bytes
 *
 * Return: whether it is one of them.
 */
bool capture_special(const struct capture *c, const char *label, const char *decode, uint64_t addr, uint64_t count,
		     bool out);

/**
 * capture_siginfo() - add the fields of a siginfo
 * @r: the record
 * @label: what they are called, or ""
 * @raw: 128 bytes
 */
void capture_siginfo(struct record *r, const char *label, bool out, const void *raw);

/**
 * capture_ipc() - capture_pointed() for System V IPC and POSIX message queues
 * @c: the call
 * @i: the argument
 *
 * Return: whether it did it.
 */
bool capture_ipc(const struct capture *c, unsigned int i);

/**
 * capture_ipc_result() - capture_result_kind() for their results that are numbers
 * @nr, @args: the call
 *
 * Return: its kind.
 */
enum field_kind capture_ipc_result(uint32_t nr, const uint64_t args[6]);

/**
 * capture_word_known() - is there code for a DECODE word of an argument that points to something?
 * @word: the word
 */
bool capture_word_known(const char *word);

/**
 * capture_pointed() - arguments that the table cannot type, or not wholly: of ioctl(2), fcntl(2), prctl(2), getsockopt(2),
 * ...
 *
 * Return: whether it did argument @i.
 */
bool capture_pointed(const struct capture *c, unsigned int i);

#endif
