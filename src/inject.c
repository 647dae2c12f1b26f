/* SPDX-License-Identifier: MIT
 *
 * Rules of fault injection in strace's grammar.
 */
#include "src/inject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/decode.h"
#include "src/syscall-set.h"
#include "src/trace/names.h"

#define COUNT_MAX 65535 /* strace's */

static bool
parse_number(const char *text, uint64_t max, uint64_t *out, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 0);
	*rest = end;
	return errno == 0 && *out <= max;
}

/* EIO or 5 */
static bool
parse_error(const char *text, struct inject_rule *r)
{
	const char *rest;
	uint64_t n;
	int e;

	for (e = 1; e < 4096; e++) {
		if (errno_name(e) && strcasecmp(errno_name(e), text) == 0) {
			r->result = -e;
			return true;
		}
	}
	if (!parse_number(text, 4095, &n, &rest) || *rest || n == 0)
		return false;
	r->result = -(int64_t)n;
	return true;
}

/* SIGUSR1, USR1, 10 */
static bool
parse_signal(const char *text, struct inject_rule *r)
{
	const char *rest;
	uint64_t n;
	int sig;

	for (sig = 1; sig < 32; sig++) {
		if (signal_name(sig) &&
		    (strcasecmp(signal_name(sig), text) == 0 || strcasecmp(signal_name(sig) + 3, text) == 0)) {
			r->signal = sig;
			return true;
		}
	}
	if (!parse_number(text, 64, &n, &rest) || *rest || n == 0)
		return false;
	r->signal = (int32_t)n;
	return true;
}

static bool
parse_delay(const char *text, uint64_t *ns)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = { { "", 1000 }, { "us", 1000 }, { "ns", 1 }, { "ms", 1000000 }, { "s", 1000000000 } };
	const char *rest;
	size_t i;
	uint64_t n;

	if (!parse_number(text, UINT32_MAX, &n, &rest))
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(rest, units[i].suffix) == 0) {
			*ns = n * units[i].ns;
			return true;
		}
	}
	return false;
}

/* FIRST, FIRST..LAST, either with + or +STEP */
static bool
parse_when(const char *text, struct inject_rule *r)
{
	uint64_t first, last = 0, step = 0;
	bool range;

	if (!parse_number(text, COUNT_MAX, &first, &text) || first == 0)
		return false;
	range = strncmp(text, "..", 2) == 0;
	if (range && (!parse_number(text + 2, COUNT_MAX, &last, &text) || last < first))
		return false;
	if (*text == '+') {
		step = 1;
		if (*++text && (!parse_number(text, COUNT_MAX, &step, &text) || step == 0))
			return false;
	}
	r->first = (uint32_t)first;
	r->step = (uint32_t)(range && !step ? 1 : step);
	r->last = range ? (uint32_t)last : r->step ? INJECT_EVER : r->first;
	return *text == '\0';
}

static bool
parse_retval(const char *text, struct inject_rule *r)
{
	const char *rest;
	uint64_t n;

	if (!parse_number(text, UINT64_MAX, &n, &rest) || *rest)
		return false;
	r->result = (int64_t)n;
	return true;
}

/* A call without arguments and effects. */
static bool
parse_instead(const char *text, struct inject_rule *r)
{
	struct syscall_set pure, named;
	char why[100];
	unsigned int nr, n = 0;

	if (*text == '%' || *text == '!' || syscall_set_parse(text, &named, why, sizeof(why)) < 0 ||
	    syscall_set_parse("%pure", &pure, why, sizeof(why)) < 0)
		return false;
	for (nr = 0; nr < INJECT_CALLS; nr++) {
		if (!syscall_in_set(&named, nr))
			continue;
		if (!syscall_in_set(&pure, nr))
			return false;
		r->instead = nr;
		n++;
	}
	return n == 1;
}

/* Pairs of hexadecimal digits, to the end of the rules' data. */
static bool
parse_data(const char *text, size_t digits, struct inject_rules *rules, struct inject_poke *p)
{
	size_t i;

	if (digits == 0 || digits % 2 || digits / 2 > INJECT_DATA - rules->ndata ||
	    strspn(text, "0123456789abcdefABCDEF") < digits)
		return false;
	p->at = (uint16_t)rules->ndata;
	p->len = (uint16_t)(digits / 2);
	for (i = 0; i < digits; i += 2) {
		char pair[3] = { text[i], text[i + 1], '\0' };

		rules->data[rules->ndata++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

/* @arg2=4142,@arg1=00 */
static bool
parse_pokes(const char *text, struct inject_rules *rules, struct inject_rule *r, unsigned int after)
{
	unsigned int given = 0;
	size_t len;

	for (;; text += len + 1) {
		struct inject_poke *p = &r->poke[after][r->npokes[after]];

		len = strcspn(text, ",");
		if (strncmp(text, "@arg", 4) != 0 || text[4] < '1' || text[4] > '6' || text[5] != '=')
			return false;
		p->arg = (uint8_t)(text[4] - '1');
		if ((given & 1u << p->arg) || !parse_data(text + 6, len - 6, rules, p))
			return false;
		given |= 1u << p->arg;
		r->npokes[after]++;
		if (!text[len])
			return true;
	}
}

static bool
parse_word(char *word, struct inject_rules *rules, struct inject_rule *r)
{
	char *value = strchr(word, '=');
	bool had_result = r->has_result;

	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(word, "error") == 0 || strcmp(word, "retval") == 0) {
		r->has_result = true;
		return !had_result && (word[0] == 'e' ? parse_error(value, r) : parse_retval(value, r));
	}
	if (strcmp(word, "signal") == 0)
		return !r->signal && parse_signal(value, r);
	if (strcmp(word, "delay_enter") == 0)
		return !r->delay_enter && parse_delay(value, &r->delay_enter);
	if (strcmp(word, "delay_exit") == 0)
		return !r->delay_exit && parse_delay(value, &r->delay_exit);
	if (strcmp(word, "syscall") == 0)
		return !r->instead && parse_instead(value, r);
	if (strcmp(word, "poke_enter") == 0)
		return !r->npokes[0] && parse_pokes(value, rules, r, 0);
	if (strcmp(word, "poke_exit") == 0)
		return !r->npokes[1] && parse_pokes(value, rules, r, 1);
	return strcmp(word, "when") == 0 && parse_when(value, r);
}

static int
add_rule(struct inject_rules *rules, const struct inject_rule *r, const struct syscall_set *set, char *why, unsigned long n)
{
	unsigned int nr;

	if (rules->nrules == INJECT_RULES) {
		snprintf(why, n, "there can be %d rules", INJECT_RULES);
		return -1;
	}
	rules->rule[rules->nrules++] = *r;
	for (nr = 0; nr < INJECT_CALLS; nr++) {
		if (syscall_in_set(set, nr))
			rules->rule_of[nr] = (uint8_t)rules->nrules;
		rules->nargs[nr] = syscall_desc(nr) ? (uint8_t)syscall_desc(nr)->nargs : 6;
	}
	return 0;
}

int
inject_parse(const char *text, struct inject_rules *rules, char *why, unsigned long n)
{
	struct inject_rule r = { .first = 1, .last = INJECT_EVER, .step = 1 };
	char *copy = strdup(text), *save = NULL, *word;
	struct syscall_set set;
	int err = -1;

	if (!copy)
		abort();
	word = strtok_r(copy, ":", &save);
	if (!word) {
		snprintf(why, n, "which system calls?");
		goto out;
	}
	if (syscall_set_parse(word, &set, why, n) < 0)
		goto out;
	while ((word = strtok_r(NULL, ":", &save))) {
		char shown[64];

		snprintf(shown, sizeof(shown), "%s", word);
		if (!parse_word(word, rules, &r)) {
			snprintf(why, n, "'%s' is not understood, or given twice", shown);
			goto out;
		}
	}
	if (r.instead && !r.has_result)
		snprintf(why, n, "syscall= needs error= or retval=");
	else if (!r.has_result && !r.signal && !r.delay_enter && !r.delay_exit && !r.npokes[0] && !r.npokes[1])
		snprintf(why, n,
			 "say what to do: error=, retval=, signal=, delay_enter=, delay_exit=, poke_enter= or poke_exit=");
	else
		err = add_rule(rules, &r, &set, why, n);
out:
	free(copy);
	return err;
}
