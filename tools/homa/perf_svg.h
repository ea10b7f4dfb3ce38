/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Plots as SVG inside a page.  Colours and fonts are of the page: elements have the
 * classes "grid", "axis", "tick", and whatever the caller names a series.
 */
#ifndef HOMA_TOOL_PERF_SVG_H
#define HOMA_TOOL_PERF_SVG_H

#include <stdbool.h>
#include <stdio.h>

#include "units.h"

/**
 * struct svg_axis - one direction of a plot
 * @low: value at its beginning
 * @high: value at its end; more than @low
 * @log: logarithmic; then @low is more than 0
 * @title: what it shows
 * @format: write a value
 */
struct svg_axis {
	double low;
	double high;
	bool log;
	const char *title;
	const char *(*format)(double value, char text[UNITS_MAX]);
};

/**
 * struct svg_plot - a plot
 * @out: the page
 * @title: what it shows, for who cannot see it
 * @x: from left to right
 * @y: from bottom to top
 */
struct svg_plot {
	FILE *out;
	const char *title;
	struct svg_axis x;
	struct svg_axis y;
};

void svg_begin(const struct svg_plot *plot);
void svg_x_ticks(const struct svg_plot *plot);
void svg_x_tick(const struct svg_plot *plot, double value, const char *label);
void svg_y_ticks(const struct svg_plot *plot);
void svg_line(const struct svg_plot *plot, const double *x, const double *y, unsigned int num,
	      const char *series);
void svg_dot(const struct svg_plot *plot, double x, double y, const char *series,
	     const char *tip);
void svg_bar(const struct svg_plot *plot, double left, double right, double y,
	     const char *series, const char *tip);
void svg_mark(const struct svg_plot *plot, double x, const char *label);
void svg_end(const struct svg_plot *plot);

void svg_axis_fit(struct svg_axis *axis, const double *values, unsigned int num);

#endif /* HOMA_TOOL_PERF_SVG_H */
