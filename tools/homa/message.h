/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Errors, on stderr: what is wrong, then what to do next.
 *
 *	homa ss: the module homa is not loaded
 *	  Try: modprobe homa
 */
#ifndef HOMA_TOOL_MESSAGE_H
#define HOMA_TOOL_MESSAGE_H

void message_prefix(const char *name);
const char *message_name(void);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* HOMA_TOOL_MESSAGE_H */
