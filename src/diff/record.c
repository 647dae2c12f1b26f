/* SPDX-License-Identifier: MIT
 *
 * Records of a run: written one after another, numbers in host order, strings with their length before them.
 */
#include "src/diff/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "src/options.h"

#define DIGEST_PRIME ((1ULL << 61) - 1)
#define DIGEST_BASE  0x0fedcba987654321ULL
#define KEEP_MUCH    (32ULL << 20) /* bytes of records */
#define KEEP_SOME    (64ULL << 20)

static const unsigned char record_task_mark = 'T', record_event_mark = 'E';

static void *
or_die(void *p)
{
	if (!p) {
		fputs("stead diff: out of memory\n", stderr);
		exit(EXIT_STEAD_FAILED);
	}
	return p;
}

void *
must_alloc(size_t n)
{
	return or_die(calloc(1, n ? n : 1));
}

static uint64_t
mulmod(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;
	uint64_t r = (uint64_t)(p & DIGEST_PRIME) + (uint64_t)(p >> 61);

	return r >= DIGEST_PRIME ? r - DIGEST_PRIME : r;
}

uint64_t
digest(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t d = 0;

	for (size_t i = 0; i < len; i++) {
		d = mulmod(d, DIGEST_BASE) + p[i] + 1;
		d = d >= DIGEST_PRIME ? d - DIGEST_PRIME : d;
	}
	return d;
}

uint64_t
digest_join(uint64_t d1, uint64_t d2, uint64_t len2)
{
	uint64_t power = 1, base = DIGEST_BASE, d;

	for (; len2; len2 >>= 1, base = mulmod(base, base))
		if (len2 & 1)
			power = mulmod(power, base);
	d = mulmod(d1, power) + d2;
	return d >= DIGEST_PRIME ? d - DIGEST_PRIME : d;
}

static void
put(struct record *r, const void *data, size_t n)
{
	if (r->n + n > r->cap) {
		r->cap = 2 * (r->n + n) + 256;
		r->data = or_die(realloc(r->data, r->cap));
	}
	memcpy(r->data + r->n, data, n);
	r->n += n;
}

static void
put_text(struct record *r, const char *s)
{
	size_t n = strnlen(s, 254);
	unsigned char len = (unsigned char)n;

	put(r, &len, 1);
	put(r, s, n);
	put(r, "", 1);
}

void
record_task(struct record_sink *s, uint32_t id, uint32_t parent, int tid, int tgid)
{
	int32_t numbers[4] = { (int32_t)id, (int32_t)parent, tid, tgid };
	uint64_t seq = record_seq(s);

	fwrite(&record_task_mark, 1, 1, s->f);
	fwrite(numbers, sizeof(numbers), 1, s->f);
	fwrite(&seq, sizeof(seq), 1, s->f);
}

void
record_begin(const struct record_sink *s, struct record *r, enum event_type type, uint32_t id, uint32_t nr)
{
	uint8_t t = (uint8_t)type;

	r->kept = s->written < KEEP_MUCH ? FIELD_KEPT : s->written < KEEP_SOME ? FIELD_KEPT / 16 : FIELD_KEPT / 512;

	r->n = 0;
	r->nfields = 0;
	put(r, &record_event_mark, 1);
	put(r, &t, 1);
	put(r, &id, 4);
	put(r, &nr, 4);
	r->nfields_at = r->n;
	put(r, &r->nfields, 2);
}

void
record_value(struct record *r, const char *name, const char *decode, enum field_kind kind, bool out, uint64_t value)
{
	uint8_t head[2] = { (uint8_t)kind, out };

	r->nfields++;
	put(r, head, 2);
	put_text(r, name);
	put_text(r, decode);
	put(r, &value, 8);
}

void
record_bytes(struct record *r, const char *name, enum field_kind kind, bool out, const void *data, size_t len)
{
	uint8_t head[2] = { (uint8_t)kind, out };
	uint32_t n = (uint32_t)len, kept = n < r->kept ? n : r->kept;
	uint64_t d = digest(data, len);

	r->nfields++;
	put(r, head, 2);
	put_text(r, name);
	put(r, &n, 4);
	put(r, &kept, 4);
	put(r, &d, 8);
	put(r, data, kept);
}

void
record_end(struct record_sink *s, struct record *r, uint64_t seq, int64_t result, enum field_kind result_kind, bool returned)
{
	uint8_t tail[2] = { (uint8_t)result_kind, returned };
	uint64_t done = record_seq(s);

	memcpy(r->data + r->nfields_at, &r->nfields, 2);
	put(r, &seq, 8);
	put(r, &done, 8);
	put(r, &result, 8);
	put(r, tail, 2);
	fwrite(r->data, r->n, 1, s->f);
	s->written += r->n;
	if (s->written > RECORDS_MAX && s->full)
		s->full();
}

uint64_t
record_seq(struct record_sink *s)
{
	uint64_t seq = __atomic_add_fetch(&s->seq, 1, __ATOMIC_RELAXED);

	if (s->activity)
		__atomic_store_n(s->activity, seq, __ATOMIC_RELAXED);
	return seq;
}

/* The file while it is read. */
struct reader {
	const unsigned char *p, *end;
	bool cut;
};

static const void *
take(struct reader *rd, size_t n)
{
	static const unsigned char zeros[256];
	const unsigned char *p = rd->p;

	if (rd->cut || (size_t)(rd->end - p) < n) {
		rd->cut = true;
		return n <= sizeof(zeros) ? zeros : NULL;
	}
	rd->p += n;
	return p;
}

#define TAKE(rd, type)                                                    \
	({                                                                \
		type take_v;                                              \
		memcpy(&take_v, take((rd), sizeof(take_v)), sizeof(take_v)); \
		take_v;                                                   \
	})

static const char *
take_text(struct reader *rd)
{
	unsigned char n = TAKE(rd, unsigned char);
	const char *s = take(rd, (size_t)n + 1);

	return s ? s : "";
}

struct rtask *
run_task(const struct run *run, uint32_t id)
{
	return id >= 1 && id <= run->ntasks ? &run->tasks[id - 1] : NULL;
}

struct rtask *
run_task_by_path(const struct run *run, const char *path)
{
	for (size_t i = 0; i < run->ntasks; i++)
		if (run->tasks[i].path && strcmp(run->tasks[i].path, path) == 0)
			return &run->tasks[i];
	return NULL;
}

static void
read_task(struct reader *rd, struct run *run)
{
	uint32_t id = TAKE(rd, uint32_t), parent = TAKE(rd, uint32_t);
	int tid = TAKE(rd, int), tgid = TAKE(rd, int);
	uint64_t born = TAKE(rd, uint64_t);
	struct rtask *t, *p;

	if (rd->cut || id == 0 || id > 1 << 22)
		return;
	if (id > run->ntasks) {
		run->tasks = or_die(realloc(run->tasks, id * sizeof(*t)));
		memset(run->tasks + run->ntasks, 0, (id - run->ntasks) * sizeof(*t));
		run->ntasks = id;
	}
	t = run_task(run, id);
	*t = (struct rtask){ .id = id, .parent = parent, .tid = tid, .tgid = tgid, .born = born };
	p = run_task(run, parent);
	t->thread = p && p->tgid == tgid;
	if (asprintf(&t->path,
		     id == 1	   ? "start"
		     : parent <= 1 ? "%.0s%u"
				   : "%s.%u",
		     p && p->path ? p->path : "", p ? p->nchildren : 0) < 0)
		or_die(NULL);
	if (p)
		p->nchildren++;
}

static void
read_field(struct reader *rd, struct field *f)
{
	memset(f, 0, sizeof(*f));
	f->kind = TAKE(rd, uint8_t);
	f->out = TAKE(rd, uint8_t);
	f->name = take_text(rd);
	f->decode = "";
	if (f->kind == FIELD_STRING || f->kind == FIELD_BYTES || f->kind == FIELD_RANDOM) {
		f->len = TAKE(rd, uint32_t);
		f->kept = TAKE(rd, uint32_t);
		f->digest = TAKE(rd, uint64_t);
		f->bytes = take(rd, f->kept);
	} else {
		f->decode = take_text(rd);
		f->value = TAKE(rd, uint64_t);
	}
}

static void
read_event(struct reader *rd, struct run *run)
{
	struct event e = { .type = TAKE(rd, uint8_t) };
	struct rtask *t = run_task(run, TAKE(rd, uint32_t));

	e.nr = TAKE(rd, uint32_t);
	e.nfields = TAKE(rd, uint16_t);
	e.fields = must_alloc(e.nfields * sizeof(*e.fields));
	for (unsigned int i = 0; i < e.nfields; i++)
		read_field(rd, &e.fields[i]);
	e.seq = TAKE(rd, uint64_t);
	e.done = TAKE(rd, uint64_t);
	e.result = TAKE(rd, int64_t);
	e.result_kind = TAKE(rd, uint8_t);
	e.returned = TAKE(rd, uint8_t);
	if (rd->cut || !t)
		return;
	if (t->nevents == t->cap) {
		t->cap = 2 * t->cap + 16;
		t->events = or_die(realloc(t->events, t->cap * sizeof(e)));
	}
	t->events[t->nevents++] = e;
	run->ncalls += e.type == EVENT_CALL;
}

int
run_load(int fd, struct run *run)
{
	struct stat st;
	struct reader rd;
	unsigned char mark;

	if (fstat(fd, &st) < 0 || st.st_size == 0)
		return -1;
	rd.p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (rd.p == MAP_FAILED)
		return -1;
	rd.end = rd.p + st.st_size;
	rd.cut = false;
	while (rd.p < rd.end && !rd.cut) {
		mark = TAKE(&rd, unsigned char);
		if (mark == record_task_mark)
			read_task(&rd, run);
		else if (mark == record_event_mark)
			read_event(&rd, run);
		else
			return -1;
	}
	return rd.cut ? -1 : 0;
}

struct field *
field_by_name(const struct event *e, const char *name)
{
	for (unsigned int i = 0; i < e->nfields; i++)
		if (strcmp(e->fields[i].name, name) == 0)
			return &e->fields[i];
	return NULL;
}

uint64_t
event_value(const struct event *e, const char *name, uint64_t otherwise)
{
	const struct field *f = field_by_name(e, name);

	return f ? f->value : otherwise;
}
