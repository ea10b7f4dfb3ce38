// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * units.c - quantities as people read and write them
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{ "", 1 }, { "B", 1 },
	{ "k", 1000 }, { "K", 1000 }, { "kB", 1000 }, { "KB", 1000 },
	{ "M", 1000000 }, { "MB", 1000000 },
	{ "G", 1000000000 }, { "GB", 1000000000 },
	{ "Ki", 1 << 10 }, { "KiB", 1 << 10 }, { "Mi", 1 << 20 }, { "MiB", 1 << 20 },
	{ "Gi", 1 << 30 }, { "GiB", 1 << 30 },
	{ 0 }
};

static const struct unit count_units[] = {
	{ "", 1 }, { "k", 1000 }, { "K", 1000 }, { "M", 1000000 }, { "G", 1000000000 },
	{ 0 }
};

/* A number alone is a number of seconds, as for ping and sleep. */
static const struct unit time_units[] = {
	{ "", 1000000000 }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 },
	{ "s", 1000000000 }, { "min", 60000000000 }, { "h", 3600000000000 },
	{ 0 }
};

static bool parse(const struct unit *units, const char *text, uint64_t *value)
{
	const struct unit *unit;
	char *end;
	double number;

	/* Neither signs nor "nan", "inf" or hexadecimal numbers. */
	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return false;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return false;
	errno = 0;
	number = strtod(text, &end);
	if (errno || end == text)
		return false;
	for (unit = units; unit->name; unit++)
		if (!strcmp(unit->name, end))
			break;
	if (!unit->name)
		return false;
	number *= (double)unit->factor;
	/* Beyond this, a double does not hold every integer. */
	if (number > 9007199254740992.0)
		return false;
	*value = (uint64_t)llround(number);
	return true;
}

/**
 * units_parse_bytes() - read a number of bytes
 * @text: "1000000", "1M", "64Ki"
 * @bytes: result
 *
 * Return: false if it is none, or too large.
 */
bool units_parse_bytes(const char *text, uint64_t *bytes)
{
	return parse(byte_units, text, bytes);
}

/**
 * units_parse_count() - read a number of things
 * @text: "1000000", "1M"
 * @count: result
 *
 * Return: false if it is none, or too large.
 */
bool units_parse_count(const char *text, uint64_t *count)
{
	return parse(count_units, text, count);
}

/**
 * units_parse_duration() - read a time
 * @text: "10ms", "1.5s"; without a unit seconds
 * @ns: result
 *
 * Return: false if it is none, or too large.
 */
bool units_parse_duration(const char *text, uint64_t *ns)
{
	return parse(time_units, text, ns);
}

/* Three significant digits, rounded before the unit is chosen. */
static void three_digits(double value, const char *unit, char text[UNITS_MAX])
{
	int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(text, UNITS_MAX, "%.*f%s", digits, value, unit);
}

static const char *thousands(double value, const char *suffix, char text[UNITS_MAX])
{
	static const char * const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };
	char unit[8];
	size_t i = 0;

	while (value >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
		value /= 1000;
		i++;
	}
	snprintf(unit, sizeof(unit), "%s%s", prefixes[i], suffix);
	three_digits(value, unit, text);
	return text;
}

/**
 * units_bytes() - a number of bytes
 * @bytes: the number
 * @text: where to write
 *
 * Exact up to 9999, then three digits and k, M, G, ... (powers of 1000).
 *
 * Return: @text.
 */
const char *units_bytes(uint64_t bytes, char text[UNITS_MAX])
{
	if (bytes <= 9999)
		snprintf(text, UNITS_MAX, "%llu", (unsigned long long)bytes);
	else
		thousands((double)bytes, "", text);
	return text;
}

/**
 * units_count() - a number of things, or a rate
 * @count: the number
 * @text: where to write
 *
 * Integers are exact up to 9999.
 *
 * Return: @text.
 */
const char *units_count(double count, char text[UNITS_MAX])
{
	if (count >= 0 && count <= 9999 && count == floor(count))
		snprintf(text, UNITS_MAX, "%.0f", count);
	else
		thousands(count, "", text);
	return text;
}

/**
 * units_duration() - a time
 * @ns: nanoseconds
 * @text: where to write
 *
 * Return: @text: "812ns", "12.3us", "1.50s", "2:05min", "3:07h", "12d".
 */
const char *units_duration(uint64_t ns, char text[UNITS_MAX])
{
	uint64_t seconds = (ns + 500000000) / 1000000000;

	if (ns < 1000)
		snprintf(text, UNITS_MAX, "%lluns", (unsigned long long)ns);
	else if (ns < 999500)
		three_digits((double)ns / 1e3, "us", text);
	else if (ns < 999500000)
		three_digits((double)ns / 1e6, "ms", text);
	else if (seconds < 60)
		three_digits((double)ns / 1e9, "s", text);
	else if (seconds < 3600)
		snprintf(text, UNITS_MAX, "%llu:%02llumin", (unsigned long long)seconds / 60,
			 (unsigned long long)seconds % 60);
	else if (seconds < 2 * 86400)
		snprintf(text, UNITS_MAX, "%llu:%02lluh", (unsigned long long)seconds / 3600,
			 (unsigned long long)seconds / 60 % 60);
	else
		snprintf(text, UNITS_MAX, "%llud", (unsigned long long)seconds / 86400);
	return text;
}
