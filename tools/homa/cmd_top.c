// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa top - a live view
 */
#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "term.h"
#include "top_frame.h"

struct top_opts {
	bool json;
	bool once;
	uint64_t interval_ns;
	uint64_t rows;
};

static const struct opt opts[] = {
	OPT_DURATION("interval", 'i', struct top_opts, interval_ns, 10000000, 3600000000000,
		     "time between two looks"),
	OPT_FLAG("once", '1', struct top_opts, once, "print one look as text, and end"),
	OPT_COUNT("rows", 'n', struct top_opts, rows, 12, 10000, "with --once: lines"),
	OPT_JSON(struct top_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.about = "Show who is busy: hosts with RPCs in flight, the oldest RPCs and what they wait "
		 "for, rates of data, grants and losses.",
	.more = "Keys: q ends, blank looks at once. CLIENT and SERVER: RPCs that this host, and "
		"that host, is the client of. ASKED: how often missing data was asked for. "
		"Takes root.",
	.opts = opts,
};

/* Paint what is in @text, as far as it fits. */
static void paint(char *text)
{
	char *line;
	int row = 0;

	erase();
	while (text && row < LINES && (line = strsep(&text, "\n"))) {
		/* Column heads are in capitals. */
		if (!strncmp(line, "HOST", 4) || !strncmp(line, "OLDEST", 6) || !row)
			attron(A_BOLD);
		mvaddnstr(row++, 0, line, COLS);
		attroff(A_BOLD);
	}
	refresh();
}

static int show(struct info *info, struct top_data *before)
{
	struct top_data now;
	size_t size;
	char *text;
	FILE *out;
	int rc;

	rc = top_read(info, &now);
	if (rc)
		return rc;
	out = open_memstream(&text, &size);
	if (!out) {
		top_free(&now);
		return TOOL_FAILED;
	}
	top_print(out, &now, before, (size_t)LINES, (size_t)COLS);
	fclose(out);
	paint(text);
	free(text);
	top_free(before);
	*before = now;
	return TOOL_OK;
}

static int live(struct info *info, const struct top_opts *o, struct top_data *before)
{
	const char *term = getenv("TERM");
	SCREEN *screen;
	int rc, key;

	setlocale(LC_ALL, "");
	/* initscr() would end the process. */
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		complain("this terminal cannot be used (TERM=%s)", term ? term : "");
		hint("homa top --once");
		return TOOL_FAILED;
	}
	cbreak();
	noecho();
	curs_set(0);
	do {
		/* An error must not be painted over. */
		rc = show(info, before);
		timeout((int)(o->interval_ns / 1000000));
		key = rc ? 'q' : getch();
	} while (key != 'q' && key != 'Q');
	endwin();
	delscreen(screen);
	return rc;
}

static int batch(struct info *info, const struct top_opts *o, struct top_data *before)
{
	struct top_data now;
	int rc;

	do {
		if (!term_sleep(o->interval_ns))
			break;
		rc = top_read(info, &now);
		if (rc)
			return rc;
		if (o->json)
			json_print_line(top_json(&now, before));
		else
			top_print(stdout, &now, before, (size_t)o->rows, term_width());
		top_free(before);
		*before = now;
	} while (!o->once);
	return TOOL_OK;
}

/**
 * cmd_top() - show who is busy
 * @argc: number of words
 * @argv: words
 *
 * Return: enum tool_exit.
 */
int cmd_top(int argc, char **argv)
{
	struct top_opts o = { .interval_ns = 1000000000, .rows = 40 };
	struct top_data before;
	struct info *info;
	int rc, first;

	opts_parse(&spec, argc, argv, &o, &first);
	rc = info_open(&info);
	if (rc)
		return rc;
	rc = top_read(info, &before);
	if (!rc && (o.once || o.json))
		rc = batch(info, &o, &before);
	else if (!rc && !isatty(1)) {
		complain("the output is no terminal");
		hint("homa top --once");
		rc = TOOL_USAGE;
	} else if (!rc) {
		rc = live(info, &o, &before);
	}
	top_free(&before);
	info_close(info);
	return rc;
}
