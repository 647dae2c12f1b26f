/* SPDX-License-Identifier: MIT
 *
 * Times in structures. A point in time that a program sets a file to has its date in a comment.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>
#include <utime.h>

#include "src/trace/structs.h"

void
trace_print_timespec(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timespec *ts = raw;

	trace_printf(b, "{tv_sec=%lld, tv_nsec=%llu}", (long long)ts->tv_sec, (unsigned long long)ts->tv_nsec);
}

void
trace_print_timeval(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timeval *tv = raw;

	trace_printf(b, "{tv_sec=%lld, tv_usec=%llu}", (long long)tv->tv_sec, (unsigned long long)tv->tv_usec);
}

/* @fraction has @digits digits. */
static void
print_date(struct trace_buf *b, int64_t sec, uint64_t fraction, int digits)
{
	char date[64], zone[16];
	time_t t = sec;
	struct tm tm;

	if ((sec == 0 && fraction == 0) || !localtime_r(&t, &tm) || !strftime(date, sizeof(date), "%FT%T", &tm) ||
	    !strftime(zone, sizeof(zone), "%z", &tm))
		return;
	trace_printf(b, " /* %s", date);
	if (fraction)
		trace_printf(b, ".%0*llu", digits, (unsigned long long)fraction);
	trace_printf(b, "%s */", zone);
}

void
trace_print_utimespec(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timespec *ts = raw;

	if (ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT) {
		trace_printf(b, ts->tv_nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
		return;
	}
	trace_print_timespec(b, m, raw);
	if ((unsigned long)ts->tv_nsec < 1000000000)
		print_date(b, ts->tv_sec, (uint64_t)ts->tv_nsec, 9);
}

void
trace_print_utimeval(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timeval *tv = raw;

	trace_print_timeval(b, m, raw);
	if ((unsigned long)tv->tv_usec < 1000000)
		print_date(b, tv->tv_sec, (uint64_t)tv->tv_usec, 6);
}

void
trace_print_itimerspec(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct itimerspec *it = raw;

	trace_printf(b, "{it_interval=");
	trace_print_timespec(b, m, &it->it_interval);
	trace_printf(b, ", it_value=");
	trace_print_timespec(b, m, &it->it_value);
	trace_printf(b, "}");
}

void
trace_print_itimerval(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct itimerval *it = raw;

	trace_printf(b, "{it_interval=");
	trace_print_timeval(b, m, &it->it_interval);
	trace_printf(b, ", it_value=");
	trace_print_timeval(b, m, &it->it_value);
	trace_printf(b, "}");
}

void
trace_print_utimbuf(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct utimbuf *u = raw;

	trace_printf(b, "{actime=%lld", (long long)u->actime);
	print_date(b, u->actime, 0, 0);
	trace_printf(b, ", modtime=%lld", (long long)u->modtime);
	print_date(b, u->modtime, 0, 0);
	trace_printf(b, "}");
}

void
trace_print_timezone(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timezone *tz = raw;

	trace_printf(b, "{tz_minuteswest=%d, tz_dsttime=%d}", tz->tz_minuteswest, tz->tz_dsttime);
}

static void
print_ticks(struct trace_buf *b, const char *name, unsigned long ticks)
{
	trace_printf(b, "%s=%lu", name, ticks);
	if (ticks)
		trace_printf(b, " /* %lu.%02lu s */", ticks / 100, ticks % 100);
}

void
trace_print_tms(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct tms *t = raw;

	print_ticks(b, "{tms_utime", (unsigned long)t->tms_utime);
	print_ticks(b, ", tms_stime", (unsigned long)t->tms_stime);
	print_ticks(b, ", tms_cutime", (unsigned long)t->tms_cutime);
	print_ticks(b, ", tms_cstime", (unsigned long)t->tms_cstime);
	trace_printf(b, "}");
}

void
trace_print_timex(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct timex *t = raw;

	trace_printf(b, "{modes=");
	trace_print_flags(b, "ADJ_*", t->modes);
	trace_printf(b, ", offset=%ld, freq=%ld, maxerror=%lu, esterror=%lu, status=", t->offset, t->freq,
		     (unsigned long)t->maxerror, (unsigned long)t->esterror);
	trace_print_flags(b, "STA_*", (uint32_t)t->status);
	trace_printf(b, ", constant=%ld, precision=%lu, tolerance=%ld, time=", t->constant, (unsigned long)t->precision,
		     t->tolerance);
	trace_print_timeval(b, m, &t->time);
	trace_printf(b,
		     ", tick=%ld, ppsfreq=%ld, jitter=%ld, shift=%d, stabil=%ld, jitcnt=%ld, calcnt=%ld, errcnt=%ld, "
		     "stbcnt=%ld, tai=%d}",
		     t->tick, t->ppsfreq, t->jitter, t->shift, t->stabil, t->jitcnt, t->calcnt, t->errcnt, t->stbcnt,
		     t->tai);
}
