/* SPDX-License-Identifier: MIT
 *
 * Events and fields as text.
 */
#ifndef STEAD_SRC_DIFF_TEXT_H
#define STEAD_SRC_DIFF_TEXT_H

#include "src/diff/record.h"
#include "src/trace/format.h"

/**
 * text_field() - a field's value
 * @b: appended to
 * @shown: bytes of buffers to show
 */
void text_field(struct trace_buf *b, const struct field *f, const struct run *run, size_t shown);

/**
 * text_result() - an event's result: "3", "-1 ENOENT", "?", a wait status
 */
void text_result(struct trace_buf *b, const struct event *e, const struct run *run);

/**
 * text_event() - a call or signal in one line
 * @b: appended to
 */
void text_event(struct trace_buf *b, const struct event *e, const struct run *run);

/**
 * text_name() - what an event is called: "openat", "SIGCHLD", "end"
 *
 * Return: a text that lives as long as the process.
 */
const char *text_name(const struct event *e);

/**
 * text_field_string(), text_result_string() - as above, allocated
 */
char *text_field_string(const struct field *f, const struct run *run);
char *text_result_string(const struct event *e, const struct run *run);

#endif
