/* SPDX-License-Identifier: MIT
 *
 * What one run of a program did, as `stead diff` compares it: for each task its calls, signals and end, every argument taken
 * apart into fields whose kind says by which rule they are compared. A recorder writes records to a file as they happen;
 * run_load() makes a struct run of it afterwards. Records are read by the same binary that wrote them.
 */
#ifndef STEAD_SRC_DIFF_RECORD_H
#define STEAD_SRC_DIFF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a value is. Each kind is compared as src/diff/rules.c says. */
enum field_kind {
	FIELD_INT, /* compared as it is: to FIELD_SIGNAL */
	FIELD_UINT,
	FIELD_HEX,
	FIELD_OCTAL,
	FIELD_FLAGS, /* named by the DECODE word */
	FIELD_ENUM,
	FIELD_SIGNAL,
	FIELD_DURATION, /* ns */
	FIELD_STRING,
	FIELD_BYTES,
	FIELD_ADDRESS, /* by rule from here on */
	FIELD_PID,
	FIELD_FD,
	FIELD_INODE,
	FIELD_DEVICE,
	FIELD_WALL,  /* ns since 1970 */
	FIELD_CLOCK, /* ns of a clock that started at some time, or what is left of a time */
	FIELD_CPU,   /* CPU time, counts of faults and switches */
	FIELD_RANDOM,
	FIELD_FS,      /* what a file system says of itself: block sizes and counts */
	FIELD_MACHINE, /* memory, load, kernel version */
	FIELD_COOKIE,  /* a number that only its maker understands: directory offsets, mount ids */
	FIELD_KINDS
};

#define FIELD_KEPT 65536 /* bytes of a buffer kept; more is known by length and digest */

struct field {
	const char *name, *decode; /* "st.size"; the DECODE word or "" */
	uint8_t kind;
	bool out;	    /* given by the kernel */
	bool varies;	    /* native runs differ here */
	uint64_t value;	    /* numbers */
	uint32_t len, kept; /* bytes */
	const unsigned char *bytes;
	uint64_t digest; /* of all @len bytes, see digest_join(); of a descriptor: which it is (canon-follow.c), or 0 */
};

enum event_type { EVENT_CALL, EVENT_SIGNAL, EVENT_END, EVENT_DROPPED };

/* What a descriptor leads to, as far as its making tells. */
enum fd_kind { FD_NONE, FD_FILE, FD_STREAM, FD_PROC, FD_DEVICE, FD_DIRECTORY };

struct event {
	uint8_t type;
	uint8_t result_kind; /* enum field_kind of a result that is no error */
	bool returned;	     /* else the task ended in it, or it was an execve that worked */
	bool absent;	     /* a native repeat does not have it */
	bool gap;	     /* a native repeat has others before it */
	uint16_t nfields;
	uint32_t nr;	/* call, or signal */
	uint32_t merged; /* how many calls it stands for, beyond itself */
	uint64_t seq, done; /* order of beginning and ending in the whole run */
	uint64_t origin;    /* of a result that is a descriptor, as in struct field */
	int64_t result; /* EVENT_END: wait status */
	struct field *fields;
	uint64_t hash; /* of what must be equal, see event_hash() */
	uint8_t fd_kind;  /* of its first descriptor, enum fd_kind */
	bool result_varies; /* natively */
	bool handled, elsewhere; /* a signal: it has a handler; it is not of the task's own making */
	uint64_t order;	    /* a listing of a directory: digest of the entries as they came */
	bool partial;	    /* a listing that did not begin at the first entry, or was not read to the end */
};

struct rtask {
	char *path; /* "0", "0.2": the third child of the first */
	uint32_t id, parent; /* the recorder's; parent 0: none */
	int tid, tgid;
	bool thread;
	bool handler; /* no task, but what the handlers of one signal did in one */
	uint64_t born; /* in the order of events */
	unsigned int nchildren, fds_made;
	uint16_t sent[65]; /* while following: signals to itself that have not come yet */
	uint64_t stream_varies[2]; /* natively: bits of descriptors written, read */
	bool absent, gap_end; /* as in struct event: the task, events after its last */
	struct event *events;
	size_t nevents, cap;
};

struct run {
	const char *label; /* "native", "stead" */
	struct rtask *tasks;
	size_t ntasks;
	size_t ncalls;
	uint64_t wall_start, wall_end; /* ns since 1970, around the whole run */
	int status;		       /* wait status of the program */
	const char *failure;	       /* why there is nothing to compare, or NULL */
	unsigned char *out[2];	       /* standard output and error */
	size_t out_len[2];
	uint64_t out_rest[2], out_digest[2]; /* what came after that was only counted and digested */
	struct tree *tree;
	bool order_differs; /* set by comparison: directories were listed in another order */
};

/* A record being put together. */
struct record {
	unsigned char *data;
	size_t n, cap;
	size_t nfields_at; /* where the number of fields is */
	uint16_t nfields;
	uint32_t kept; /* bytes of each buffer that are kept */
};

#define RECORDS_MAX (256ULL << 20) /* bytes in a run's file, which is in memory */

/* Where records go. */
struct record_sink {
	FILE *f;
	uint64_t seq, written;
	uint64_t *activity; /* where to show that something happens, or NULL */
	void (*full)(void); /* called when RECORDS_MAX is reached, does not return; or NULL */
};

/**
 * record_task() - a task appears
 * @s: where to; the caller serialises all calls on one sink
 * @id: a number never used again in this run, from 1
 * @parent: the id of the task that made it, 0 for the first
 * @tid, @tgid: as seen inside
 */
void record_task(struct record_sink *s, uint32_t id, uint32_t parent, int tid, int tgid);

/**
 * record_begin() - start a record
 * @s: where it will go: the more is there, the less of buffers is kept
 * @r: zeroed, or used before
 * @type, @id, @nr: as in struct event
 */
void record_begin(const struct record_sink *s, struct record *r, enum event_type type, uint32_t id, uint32_t nr);

/**
 * record_value(), record_bytes() - add a field
 * @r: the record
 * @name: at most 255 bytes
 * @decode: the DECODE word, or ""
 * @len: how many bytes there are, all of them at @data
 */
void record_value(struct record *r, const char *name, const char *decode, enum field_kind kind, bool out, uint64_t value);
void record_bytes(struct record *r, const char *name, enum field_kind kind, bool out, const void *data, size_t len);

/**
 * record_end() - complete a record and write it
 * @result, @result_kind, @returned: as in struct event
 * @seq: from record_seq() when the call began
 */
void record_end(struct record_sink *s, struct record *r, uint64_t seq, int64_t result, enum field_kind result_kind,
		bool returned);

/**
 * record_seq() - the next number in the order of events
 * @s: the sink
 *
 * Return: the number.
 */
uint64_t record_seq(struct record_sink *s);

/**
 * run_load() - read what a recorder wrote
 * @fd: the file
 * @run: tasks and events are added to it; they live as long as the process
 *
 * Return: 0, or -1 when the file is cut off: what was read is there.
 */
int run_load(int fd, struct run *run);

/**
 * run_task() - find a task by its recorder's number or its path
 */
struct rtask *run_task(const struct run *run, uint32_t id);
struct rtask *run_task_by_path(const struct run *run, const char *path);

/**
 * digest() - of bytes; digest_join() - of two pieces from the digests of each
 * @len2: length of the second piece
 *
 * Return: a number below 2^61 - 1.
 */
uint64_t digest(const void *data, size_t len);
uint64_t digest_join(uint64_t d1, uint64_t d2, uint64_t len2);

/**
 * field_by_name() - a field of an event
 *
 * Return: the field, or NULL.
 */
struct field *field_by_name(const struct event *e, const char *name);

/**
 * event_value() - the number in a field of an event
 * @otherwise: what to give if it has no such field
 */
uint64_t event_value(const struct event *e, const char *name, uint64_t otherwise);

/**
 * must_alloc() - zeroed memory that is never given back
 * @n: bytes
 */
void *must_alloc(size_t n);

#endif
