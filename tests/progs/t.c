// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Checks, time and contents for the guest test programs. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "t.h"

static const char *program = "?";
static char current[200];
static unsigned int checks;
static unsigned int failures;

static void guard(int sig)
{
	static const char text[] = ": this case took too long\n";

	(void)sig;
	/* Only async-signal-safe calls here. */
	if (write(2, current, strlen(current)) < 0 || write(2, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

void t_begin(const char *name, unsigned int guard_s)
{
	program = name;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, guard);
	/* Twice, as SLACK in tests/vm/run.py: others may have the machine, too. */
	alarm(2 * guard_s);
}

void t_case(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(current, sizeof(current), format, ap);
	va_end(ap);
}

int t_end(void)
{
	printf("%s: %u checks, %u failed\n", program, checks, failures);
	if (!checks)
		return 1;
	return failures ? 1 : 0;
}

void t_die(const char *format, ...)
{
	int error = errno;
	va_list ap;

	fprintf(stderr, "%s: %s: ", program, current);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(error));
	_exit(1);
}

static bool count(const char *file, int line, bool ok)
{
	__atomic_add_fetch(&checks, 1, __ATOMIC_RELAXED);
	if (ok)
		return true;
	__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
	fflush(stdout);
	fprintf(stderr, "%s:%d: %s: ", file, line, current);
	return false;
}

bool t_check(const char *file, int line, const char *text, bool ok)
{
	if (!count(file, line, ok))
		fprintf(stderr, "not so: %s\n", text);
	return ok;
}

bool t_equal(const char *file, int line, const char *text, long long got, long long want)
{
	if (!count(file, line, got == want))
		fprintf(stderr, "%s is %lld, expected %lld\n", text, got, want);
	return got == want;
}

static const char *result_name(char *buf, size_t size, long long value)
{
	const char *name = value < 0 && value > -4096 ? strerrorname_np((int)-value) : NULL;

	if (name)
		snprintf(buf, size, "-%s", name);
	else
		snprintf(buf, size, "%lld", value);
	return buf;
}

bool t_result(const char *file, int line, const char *text, long long got, long long want)
{
	char left[32], right[32];

	if (!count(file, line, got == want))
		fprintf(stderr, "%s returned %s, expected %s\n", text,
			result_name(left, sizeof(left), got),
			result_name(right, sizeof(right), want));
	return got == want;
}

uint64_t t_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void t_sleep_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

uint32_t t_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

void t_fill(unsigned char *data, size_t bytes, uint32_t seed)
{
	uint32_t word = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < bytes; i++) {
		word = word * 1664525 + 1013904223;
		data[i] = (unsigned char)(word >> 24);
	}
}

void t_put16(unsigned char *at, uint16_t value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

void t_put32(unsigned char *at, uint32_t value)
{
	t_put16(at, (uint16_t)(value >> 16));
	t_put16(at + 2, (uint16_t)value);
}

uint32_t t_sum(uint32_t sum, const void *data, size_t bytes)
{
	const unsigned char *at = data;
	size_t i;

	for (i = 0; i < bytes; i++)
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

uint16_t t_checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}
