// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_html.c - the result as one page that needs nothing else: no script, no font,
 * no picture from anywhere.  Colours follow the browser, light or dark.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/utsname.h>

#include "perf_report.h"
#include "perf_svg.h"
#include "units.h"

/* Buckets of the histogram in the page: so many of each power of two. */
#define COARSE_BITS	2
#define COARSE_MAX	(PERF_HIST_VALUE_BITS << COARSE_BITS)

static const char style[] =
	":root{color-scheme:light dark;--bg:#ffffff;--fg:#1c2430;--soft:#5b6675;--line:#dfe3e8;"
	"--card:#f5f7f9;--a:#2563eb;--b:#c2410c}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#12161c;--fg:#e6eaf0;--soft:#9aa5b4;"
	"--line:#2b333e;--card:#1a2028;--a:#6ea8fe;--b:#fb923c}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:960px;padding:24px 20px 48px;background:var(--bg);"
	"color:var(--fg);font:16px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:0 0 4px}h2{font-size:1.1rem;margin:36px 0 4px}\n"
	"p{margin:4px 0;color:var(--soft)}\n"
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;"
	"margin:20px 0}\n"
	".tile{background:var(--card);border:1px solid var(--line);border-radius:8px;"
	"padding:10px 14px}\n"
	".tile b{display:block;font-size:1.2rem;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
	"time{white-space:nowrap}\n"
	".tile span{color:var(--soft);font-size:.85rem}\n"
	".bad{color:var(--b);font-weight:600}\n"
	"svg{width:100%;height:auto;display:block;margin-top:6px}\n"
	"svg text{fill:var(--soft);font:12px system-ui,sans-serif}\n"
	"svg .title{font-size:13px}svg .strong{fill:var(--fg)}\n"
	".grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}\n"
	".mark{stroke:var(--fg);stroke-width:1;stroke-dasharray:3 3}\n"
	"polyline{fill:none;stroke-width:2;stroke-linejoin:round}\n"
	"polyline.a{stroke:var(--a)}polyline.b{stroke:var(--b);stroke-dasharray:7 3}\n"
	"circle.a,rect.a{fill:var(--a)}circle.b,rect.b{fill:var(--b)}\n"
	".key i{display:inline-block;width:22px;border-top:3px solid var(--a);margin:0 6px 4px 0}\n"
	".key i.b{border-top:3px dashed var(--b)}.key span{margin-right:20px}\n"
	".wide{overflow-x:auto}\n"
	"table{border-collapse:collapse;margin-top:8px;font-variant-numeric:tabular-nums;"
	"font-size:.92rem}\n"
	"th,td{padding:4px 14px 4px 0;text-align:right;border-bottom:1px solid var(--line);"
	"white-space:nowrap}\n"
	"th{color:var(--soft);font-weight:500}th:first-child,td:first-child{text-align:left}\n"
	"td.text{white-space:normal;text-align:left}\n";

static const char *format_time(double ns, char text[UNITS_MAX])
{
	return units_duration((uint64_t)ns, text);
}

static const char *format_count(double count, char text[UNITS_MAX])
{
	return units_count(count, text);
}

static const char *format_plain(double value, char text[UNITS_MAX])
{
	snprintf(text, UNITS_MAX, "%g", value);
	return text;
}

/* Texts that come from outside: names of hosts and the like. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static void tile(FILE *out, const char *value, const char *what)
{
	fprintf(out, "<div class=\"tile\"><b>%s</b><span>%s</span></div>\n", value, what);
}

static void tiles(const struct perf_report *report, FILE *out)
{
	const struct perf_result *r = report->result;
	char text[UNITS_MAX], bits[UNITS_MAX + 8];

	fprintf(out, "<div class=\"tiles\">\n");
	tile(out, units_count((double)r->answered, text), "requests answered");
	snprintf(bits, sizeof(bits), "%sbit/s", units_count(perf_report_bits_per_s(report), text));
	tile(out, bits, "requests and answers");
	tile(out, units_duration(perf_hist_quantile(&r->latency, 0.5), text), "median time");
	tile(out, units_duration(perf_hist_quantile(&r->latency, 0.99), text), "99 % are faster");
	tile(out, units_duration(perf_hist_quantile(&r->latency, 0.999), text),
	     "99.9 % are faster");
	if (r->shorter_half.count) {
		snprintf(bits, sizeof(bits), "%.2f",
			 (double)perf_hist_quantile(&r->shorter_half, 0.99) / PERF_SLOWDOWN_UNIT);
		tile(out, bits, "slowdown of the shorter half, p99");
	}
	fprintf(out, "</div>\n");
}

/* How often each time occurred. */
static void plot_histogram(const struct perf_report *report, FILE *out)
{
	static double low[COARSE_MAX], high[COARSE_MAX], count[COARSE_MAX];
	const unsigned int group = 1u << (PERF_HIST_BITS - COARSE_BITS);
	const struct perf_hist *h = &report->result->latency;
	char text[UNITS_MAX], from[UNITS_MAX], to[UNITS_MAX], tip[96];
	struct svg_plot plot = {
		.out = out, .title = "How often each time occurred",
		.x = { .log = true, .title = "time of a request", .format = format_time },
		.y = { .title = "requests", .format = format_count },
	};
	unsigned int i, n = 0;

	for (i = 1 << PERF_HIST_BITS; i < PERF_HIST_BUCKETS && n < COARSE_MAX; i += group) {
		uint64_t sum = 0;

		for (unsigned int j = i; j < i + group; j++)
			sum += h->buckets[j];
		/* From the first that is not empty to the last. */
		if (perf_hist_high(i + group - 1) < h->min || perf_hist_low(i) > h->max)
			continue;
		low[n] = (double)perf_hist_low(i);
		high[n] = (double)perf_hist_high(i + group - 1) + 1;
		count[n++] = (double)sum;
	}
	if (!n)
		return;
	svg_axis_fit(&plot.y, count, n);
	plot.x.low = low[0] / 1.1;
	plot.x.high = high[n - 1] * 1.1;
	fprintf(out, "<h2>Times</h2>\n<p>How many requests took how long.</p>\n");
	svg_begin(&plot);
	svg_y_ticks(&plot);
	svg_x_ticks(&plot);
	for (i = 0; i < n; i++) {
		snprintf(tip, sizeof(tip), "%s to %s: %.0f requests", units_duration((uint64_t)low[i], from),
			 units_duration((uint64_t)high[i], to), count[i]);
		if (count[i] > 0)
			svg_bar(&plot, low[i], high[i], count[i], "a", tip);
	}
	snprintf(tip, sizeof(tip), "median %s",
		 units_duration(perf_hist_quantile(h, 0.5), text));
	svg_mark(&plot, (double)perf_hist_quantile(h, 0.5), tip);
	svg_end(&plot);
}

/* The time that a share of the requests does not exceed; rare ones have most of the room. */
static void plot_quantiles(const struct perf_report *report, FILE *out)
{
	static const struct {
		double one_in;
		const char *label;
	} ticks[] = {
		{ 1, "0" }, { 2, "50 %" }, { 10, "90 %" }, { 100, "99 %" }, { 1000, "99.9 %" },
		{ 10000, "99.99 %" }, { 100000, "99.999 %" }, { 1000000, "99.9999 %" },
	};
	const struct perf_hist *h = &report->result->latency;
	struct svg_plot plot = {
		.out = out, .title = "Time that a share of the requests does not exceed",
		.x = { .log = true, .low = 1, .title = "share of the requests",
		       .format = format_plain },
		.y = { .log = true, .title = "time", .format = format_time },
	};
	static double x[512], y[512];
	unsigned int n = 0, i;

	plot.x.high = fmax((double)h->count, 20);
	for (double one_in = 1; one_in <= plot.x.high && n < 512; one_in *= 1.05) {
		x[n] = one_in;
		y[n++] = (double)perf_hist_quantile(h, 1 - 1 / one_in);
	}
	svg_axis_fit(&plot.y, y, n);
	fprintf(out, "<h2>The slow ones</h2>\n"
		"<p>The time that this share of the requests does not exceed.</p>\n");
	svg_begin(&plot);
	svg_y_ticks(&plot);
	for (i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++)
		if (ticks[i].one_in <= plot.x.high)
			svg_x_tick(&plot, ticks[i].one_in, ticks[i].label);
	svg_line(&plot, x, y, n, "a");
	svg_end(&plot);
}

static void size_range(const struct perf_decile *d, char text[48])
{
	char low[UNITS_MAX], high[UNITS_MAX];

	if (d->min_bytes == d->max_bytes)
		snprintf(text, 48, "%s", units_bytes(d->max_bytes, high));
	else
		snprintf(text, 48, "%s to %s", units_bytes(d->min_bytes, low),
			 units_bytes(d->max_bytes, high));
}

/* Median and 99th percentile of each tenth of the messages. */
static void plot_deciles(const struct perf_report *report, FILE *out)
{
	const struct perf_result *r = report->result;
	bool slow = r->slowdown.count;
	struct svg_plot plot = {
		.out = out, .title = "Messages of different sizes",
		.x = { .low = 0.5, .title = "longest message of the tenth, bytes",
		       .format = format_plain },
		.y = { .log = true, .title = slow ? "slowdown" : "time",
		       .format = slow ? format_plain : format_time },
	};
	double x[PERF_DECILES], both[2 * PERF_DECILES], *median = both;
	char range[48], value[UNITS_MAX], tip[128];
	double *p99 = both + PERF_DECILES;
	unsigned int n = 0, i;

	for (i = 0; i < PERF_DECILES; i++) {
		const struct perf_hist *h = slow ? &r->decile[i].slowdown : &r->decile[i].latency;
		double unit = slow ? PERF_SLOWDOWN_UNIT : 1;

		x[i] = i + 1;
		median[i] = (double)perf_hist_quantile(h, 0.5) / unit;
		p99[i] = (double)perf_hist_quantile(h, 0.99) / unit;
		n += !!h->count;
	}
	if (n < 2)
		return;
	plot.x.high = PERF_DECILES + 0.5;
	svg_axis_fit(&plot.y, both, 2 * PERF_DECILES);
	if (slow && plot.y.low > 0.8)
		plot.y.low = 0.8;
	fprintf(out, "<h2>%s by size</h2>\n<p>Each point is a tenth of the messages, the shortest "
		"on the left.%s</p>\n<p class=\"key\"><span><i></i>median</span>"
		"<span><i class=\"b\"></i>99th percentile</span></p>\n",
		slow ? "Slowdown" : "Time", slow ? " Slowdown is the time divided by that of "
		"the same message on the idle network." : "");
	svg_begin(&plot);
	svg_y_ticks(&plot);
	for (i = 0; i < PERF_DECILES; i++)
		svg_x_tick(&plot, i + 1, units_bytes(r->decile[i].max_bytes, value));
	svg_line(&plot, x, median, PERF_DECILES, "a");
	svg_line(&plot, x, p99, PERF_DECILES, "b");
	for (i = 0; i < 2 * PERF_DECILES; i++) {
		bool is_p99 = i >= PERF_DECILES;

		size_range(&r->decile[i % PERF_DECILES], range);
		snprintf(tip, sizeof(tip), "%s bytes: %s %s", range, is_p99 ? "p99" : "median",
			 slow ? format_plain(both[i], value) : format_time(both[i], value));
		svg_dot(&plot, x[i % PERF_DECILES], both[i], is_p99 ? "b" : "a", tip);
	}
	svg_end(&plot);
}

static void table_deciles(const struct perf_report *report, FILE *out)
{
	const struct perf_result *r = report->result;
	char range[48], text[UNITS_MAX];
	unsigned int i;

	fprintf(out, "<div class=\"wide\"><table><tr><th>bytes</th><th>requests</th><th>median</th>"
		"<th>p99</th><th>longest</th>%s</tr>\n", r->slowdown.count ?
		"<th>slowdown, median</th><th>p99</th>" : "");
	for (i = 0; i < PERF_DECILES; i++) {
		const struct perf_decile *d = &r->decile[i];

		if (!d->latency.count)
			continue;
		size_range(d, range);
		fprintf(out, "<tr><td>%s</td><td>%llu</td><td>%s</td>", range,
			(unsigned long long)d->latency.count,
			units_duration(perf_hist_quantile(&d->latency, 0.5), text));
		fprintf(out, "<td>%s</td>",
			units_duration(perf_hist_quantile(&d->latency, 0.99), text));
		fprintf(out, "<td>%s</td>", units_duration(d->latency.max, text));
		if (r->slowdown.count)
			fprintf(out, "<td>%.2f</td><td>%.2f</td>",
				(double)perf_hist_quantile(&d->slowdown, 0.5) / PERF_SLOWDOWN_UNIT,
				(double)perf_hist_quantile(&d->slowdown, 0.99) /
				PERF_SLOWDOWN_UNIT);
		fprintf(out, "</tr>\n");
	}
	fprintf(out, "</table></div>\n");
}

/* What happened when. */
static void plot_time(const struct perf_report *report, FILE *out)
{
	const struct perf_result *r = report->result;
	struct svg_plot plot = {
		.out = out, .title = "Throughput over time",
		.x = { .title = "seconds of the measured time", .format = format_plain },
		.y = { .title = "bit/s", .format = format_count },
	};
	double x[PERF_SLICES], bits[PERF_SLICES], both[2 * PERF_SLICES];
	double seconds = (double)r->measured_ns / 1e9;
	unsigned int i, n = 0;

	plot.x.high = (double)report->load->measure_ns / 1e9;
	for (i = 0; i < PERF_SLICES; i++) {
		const struct perf_slice *s = &r->slice[i];
		double end = plot.x.high * (i + 1) / PERF_SLICES;

		if (end > seconds * 1.001)
			break;
		x[n] = end - plot.x.high / PERF_SLICES / 2;
		bits[n] = (double)s->bytes * 8 / (plot.x.high / PERF_SLICES);
		both[n] = s->requests ? (double)s->latency_sum_ns / (double)s->requests : 0;
		both[PERF_SLICES + n] = (double)s->latency_max_ns;
		n++;
	}
	fprintf(out, "<h2>Over time</h2>\n<p>Bits of requests and answers per second.</p>\n");
	svg_axis_fit(&plot.y, bits, n);
	svg_begin(&plot);
	svg_y_ticks(&plot);
	svg_x_ticks(&plot);
	svg_line(&plot, x, bits, n, "a");
	svg_end(&plot);

	plot.title = "Times over time";
	plot.y = (struct svg_axis){ .log = true, .title = "time", .format = format_time };
	memmove(both + n, both + PERF_SLICES, n * sizeof(both[0]));
	svg_axis_fit(&plot.y, both, 2 * n);
	fprintf(out, "<p class=\"key\"><span><i></i>mean time</span>"
		"<span><i class=\"b\"></i>longest</span></p>\n");
	svg_begin(&plot);
	svg_y_ticks(&plot);
	svg_x_ticks(&plot);
	svg_line(&plot, x, both, n, "a");
	svg_line(&plot, x, both + n, n, "b");
	svg_end(&plot);
}

static void details(const struct perf_report *report, FILE *out)
{
	const struct perf_load *load = report->load;
	char text[UNITS_MAX];
	struct utsname uts;
	unsigned int i;

	uname(&uts);
	fprintf(out, "<h2>How it was measured</h2>\n<div class=\"wide\"><table>\n"
		"<tr><td>sizes</td><td class=\"text\">%s: %s; mean %.0f bytes</td></tr>\n",
		load->dist->name, load->dist->about, load->dist->mean_bytes);
	fprintf(out, "<tr><td>servers</td><td class=\"text\">");
	for (i = 0; i < report->num_servers && i < 32; i++) {
		put_text(out, report->servers[i].text);
		fputs(" ", out);
	}
	fprintf(out, "%s</td></tr>\n", report->num_servers > 32 ? "..." : "");
	fprintf(out, "<tr><td>measured time</td><td class=\"text\">%s, ",
		units_duration(report->result->measured_ns, text));
	fprintf(out, "after %s of warm-up</td></tr>\n", units_duration(load->warmup_ns, text));
	if (load->transport == &perf_tcp)
		fprintf(out, "<tr><td>connections</td><td class=\"text\">%u from each client to "
			"each server</td></tr>\n", load->connections);
	fprintf(out, "<tr><td>times</td><td class=\"text\">%s</td></tr>\n", load->rate > 0 ?
		"from when a request was due to when its answer was there, so a request that "
		"was sent late counts in full" : "from sending a request to when its answer "
		"was there");
	fprintf(out, "<tr><td>seed</td><td class=\"text\">%llu</td></tr>\n",
		(unsigned long long)load->seed);
	fprintf(out, "<tr><td>client</td><td class=\"text\">%s %s %s</td></tr>\n", uts.sysname,
		uts.release, uts.machine);
	fprintf(out, "</table></div>\n");
}

/**
 * perf_report_html() - write the page
 * @report: measurement
 * @path: name of the file
 * @why: reason of a failure
 *
 * Return: 0, or -errno.
 */
int perf_report_html(const struct perf_report *report, const char *path, struct perf_why *why)
{
	const struct perf_result *r = report->result;
	bool bad = r->failed || r->wrong || r->unfinished || r->unsent;
	char line[PERF_LINE_MAX], date[64];
	time_t now = time(NULL);
	FILE *out;

	out = fopen(path, "w");
	if (!out)
		return perf_fail(why, -errno, "%s", path);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M", localtime(&now));
	fprintf(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		"<title>homa perf: %s over %s</title>\n<style>\n%s</style></head>\n<body>\n",
		report->load->dist->name, report->load->transport->name, style);
	fprintf(out, "<h1>homa perf: %s over %s</h1>\n<p>", report->load->dist->name,
		report->load->transport->name);
	put_text(out, perf_report_load(report, line));
	fprintf(out, ". <time>%s</time>.</p>\n<p%s>", date, bad ? " class=\"bad\"" : "");
	put_text(out, perf_report_outcome(report, line));
	fprintf(out, ".</p>\n");
	if (r->latency.count) {
		tiles(report, out);
		plot_histogram(report, out);
		plot_quantiles(report, out);
		plot_deciles(report, out);
		table_deciles(report, out);
		plot_time(report, out);
	}
	details(report, out);
	fprintf(out, "</body></html>\n");
	if (fclose(out))
		return perf_fail(why, -errno, "%s", path);
	return 0;
}
