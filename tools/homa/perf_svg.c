// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_svg.c - axes, lines and bars
 */
#include <math.h>

#include "perf_svg.h"

/* The picture, and what is around the plot in it. */
#define WIDTH	880.0
#define HEIGHT	290.0
#define LEFT	78.0
#define RIGHT	20.0
#define TOP	14.0
#define BOTTOM	52.0
/* About so many ticks on an axis that is not logarithmic. */
#define TICKS	6

static double part(const struct svg_axis *axis, double value)
{
	double p;

	if (axis->log)
		p = log(fmax(value, axis->low * 1e-3) / axis->low) / log(axis->high / axis->low);
	else
		p = (value - axis->low) / (axis->high - axis->low);
	return fmin(fmax(p, 0), 1);
}

static double place_x(const struct svg_plot *plot, double value)
{
	return LEFT + part(&plot->x, value) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct svg_plot *plot, double value)
{
	return HEIGHT - BOTTOM - part(&plot->y, value) * (HEIGHT - TOP - BOTTOM);
}

/**
 * svg_begin() - open a plot and draw its frame and titles
 * @plot: plot
 */
void svg_begin(const struct svg_plot *plot)
{
	fprintf(plot->out, "<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"%s\">\n",
		WIDTH, HEIGHT, plot->title);
	fprintf(plot->out, "<line class=\"axis\" x1=\"%g\" y1=\"%g\" x2=\"%g\" y2=\"%g\"/>\n",
		LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
	fprintf(plot->out, "<text class=\"title\" x=\"%g\" y=\"%g\" text-anchor=\"middle\">%s</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, plot->x.title);
	fprintf(plot->out, "<text class=\"title\" transform=\"translate(14 %g) rotate(-90)\" "
		"text-anchor=\"middle\">%s</text>\n", (TOP + HEIGHT - BOTTOM) / 2, plot->y.title);
}

/**
 * svg_end() - close a plot
 * @plot: plot
 */
void svg_end(const struct svg_plot *plot)
{
	fprintf(plot->out, "</svg>\n");
}

/**
 * svg_x_tick() - one value on the x axis
 * @plot: plot
 * @value: where
 * @label: its text
 */
void svg_x_tick(const struct svg_plot *plot, double value, const char *label)
{
	double x = place_x(plot, value);

	fprintf(plot->out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%g\" x2=\"%.1f\" y2=\"%g\"/>"
		"<text class=\"tick\" x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%s</text>\n",
		x, TOP, x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 17, label);
}

static void y_tick(const struct svg_plot *plot, double value, const char *label)
{
	double y = place_y(plot, value);

	fprintf(plot->out, "<line class=\"grid\" x1=\"%g\" y1=\"%.1f\" x2=\"%g\" y2=\"%.1f\"/>"
		"<text class=\"tick\" x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
		LEFT, y, WIDTH - RIGHT, y, LEFT - 7, y + 4, label);
}

/* 1, 2 or 5 times a power of ten: about TICKS of them in the axis. */
static double linear_step(const struct svg_axis *axis)
{
	double step = (axis->high - axis->low) / TICKS;
	double power = pow(10, floor(log10(step)));

	if (step / power > 5)
		return power * 10;
	return step / power > 2 ? power * 5 : step / power > 1 ? power * 2 : power;
}

static void ticks(const struct svg_plot *plot, const struct svg_axis *axis,
		  void (*draw)(const struct svg_plot *plot, double value, const char *label))
{
	static const double few[] = { 1 }, more[] = { 1, 3 }, many[] = { 1, 2, 5 };
	double decades = log10(axis->high / axis->low), power, step;
	const double *factors = decades > 4 ? few : decades > 2 ? more : many;
	unsigned int num = decades > 4 ? 1 : decades > 2 ? 2 : 3, i;
	char text[UNITS_MAX];

	if (!axis->log) {
		step = linear_step(axis);
		for (double v = ceil(axis->low / step) * step; v <= axis->high * 1.0001; v += step)
			draw(plot, v, axis->format(v, text));
		return;
	}
	for (power = pow(10, floor(log10(axis->low))); power <= axis->high; power *= 10)
		for (i = 0; i < num; i++)
			if (power * factors[i] >= axis->low * 0.999 &&
			    power * factors[i] <= axis->high * 1.001)
				draw(plot, power * factors[i],
				     axis->format(power * factors[i], text));
}

/**
 * svg_x_ticks() - round values on the x axis
 * @plot: plot
 */
void svg_x_ticks(const struct svg_plot *plot)
{
	ticks(plot, &plot->x, svg_x_tick);
}

/**
 * svg_y_ticks() - round values on the y axis
 * @plot: plot
 */
void svg_y_ticks(const struct svg_plot *plot)
{
	ticks(plot, &plot->y, y_tick);
}

/**
 * svg_line() - join points
 * @plot: plot
 * @x: where
 * @y: likewise
 * @num: number of points
 * @series: class of the line
 */
void svg_line(const struct svg_plot *plot, const double *x, const double *y, unsigned int num,
	      const char *series)
{
	unsigned int i;

	fprintf(plot->out, "<polyline class=\"%s\" points=\"", series);
	for (i = 0; i < num; i++)
		fprintf(plot->out, "%s%.1f,%.1f", i ? " " : "", place_x(plot, x[i]),
			place_y(plot, y[i]));
	fprintf(plot->out, "\"/>\n");
}

/**
 * svg_dot() - a point with a text that appears when it is pointed at
 * @plot: plot
 * @x: where
 * @y: likewise
 * @series: class of the dot
 * @tip: the text
 */
void svg_dot(const struct svg_plot *plot, double x, double y, const char *series,
	     const char *tip)
{
	fprintf(plot->out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\">"
		"<title>%s</title></circle>\n", series, place_x(plot, x), place_y(plot, y), tip);
}

/**
 * svg_bar() - a bar from the x axis up
 * @plot: plot
 * @left: where it begins
 * @right: where it ends
 * @y: its height
 * @series: class of the bar
 * @tip: text that appears when it is pointed at
 */
void svg_bar(const struct svg_plot *plot, double left, double right, double y,
	     const char *series, const char *tip)
{
	double x = place_x(plot, left), top = place_y(plot, y);

	fprintf(plot->out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
		"<title>%s</title></rect>\n", series, x, top,
		fmax(place_x(plot, right) - x - 1, 0.5), HEIGHT - BOTTOM - top, tip);
}

/**
 * svg_mark() - an upright line with a text
 * @plot: plot
 * @x: where
 * @label: the text, on the side where there is room
 */
void svg_mark(const struct svg_plot *plot, double x, const char *label)
{
	double at = place_x(plot, x);
	bool left = at > (LEFT + WIDTH) / 2;

	fprintf(plot->out, "<line class=\"mark\" x1=\"%.1f\" y1=\"%g\" x2=\"%.1f\" y2=\"%g\"/>"
		"<text class=\"tick strong\" x=\"%.1f\" y=\"%g\" text-anchor=\"%s\">%s</text>\n",
		at, TOP, at, HEIGHT - BOTTOM, left ? at - 5 : at + 5, TOP + 10,
		left ? "end" : "start", label);
}

/**
 * svg_axis_fit() - make an axis hold some values
 * @axis: its @log is set; the bounds are the result
 * @values: the values
 * @num: how many
 */
void svg_axis_fit(struct svg_axis *axis, const double *values, unsigned int num)
{
	double low = INFINITY, high = 0;
	unsigned int i;

	for (i = 0; i < num; i++) {
		if (values[i] > high)
			high = values[i];
		if (values[i] > 0 && values[i] < low)
			low = values[i];
	}
	if (!high) {
		low = 1;
		high = 10;
	}
	axis->low = axis->log ? low / 1.2 : 0;
	axis->high = high * (axis->log ? 1.2 : 1.05);
	/* At least from one tick to another. */
	if (axis->log && axis->high < axis->low * 4) {
		axis->low /= 2;
		axis->high *= 2;
	}
}
