/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Parameters: their units and meaning, how values are read, and the file that
 * keeps them for the next boot.
 */
#ifndef HOMA_TOOL_PARAMS_H
#define HOMA_TOOL_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "info.h"

/** Where systemd-sysctl(8) and sysctl --system look. */
#define PARAMS_FILE	"/etc/sysctl.d/60-homa.conf"

/** Room for the text of all values of a parameter. */
#define PARAMS_TEXT_MAX	128

/**
 * struct param_doc - what is known here about a parameter
 * @name: its name
 * @unit: "bytes", "ms", "us", "s", "Mbit/s", "1/1000" or ""
 * @text: what it does, in a few words
 */
struct param_doc {
	const char *name;
	const char *unit;
	const char *text;
};

const struct param_doc *params_doc(const char *name);
const char *params_text(const struct info_param *param, char text[PARAMS_TEXT_MAX]);
bool params_parse(const struct info_param *param, const char *text,
		  struct info_param *out, char *why, size_t size);
int params_save(const char *path, const struct info_param *params, size_t count);

#endif /* HOMA_TOOL_PARAMS_H */
