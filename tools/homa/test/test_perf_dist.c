// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Message sizes of homa perf: the draws follow the distribution, and the mean that is
 * computed is the mean of the draws.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../perf_dist.h"
#include "../perf_rng.h"

#define STEPS	200000

static void assert_near(double got, double want, double part)
{
	if (fabs(got - want) > part * want)
		fail_msg("%g is not within %g of %g", got, part, want);
}

/* Means of the published tables with 25 points each, in bytes. */
static void mean__published(void **state)
{
	static const double whole[] = { 194.2, 433.5, 3073.6, 122033.2, 2514908.4 };
	struct perf_dist dist;
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_int_equal(perf_dist_parse(&dist, perf_workloads[i].name, 40000000), 0);
		assert_near(dist.mean_bytes, whole[i], 0.001);
	}
	/* Cut, W4 and W5 lose most of their bytes. */
	assert_int_equal(perf_dist_parse(&dist, "W4", 1000000), 0);
	assert_true(dist.mean_bytes < 70000 && dist.mean_bytes > 50000);
	assert_string_equal(dist.name, "W4");
	assert_int_equal(perf_dist_parse(&dist, "w5", 1000000), 0);
	assert_string_equal(dist.name, "W5");
}

/* An even grid of draws has the computed mean, also when sizes are cut. */
static void quantile__mean(void **state)
{
	static const uint32_t cuts[] = { 100, 5000, 1000000 };
	unsigned int i, cut, packets_of;
	struct perf_dist dist;

	(void)state;
	for (i = 0; i < 5; i++) {
		for (cut = 0; cut < 3; cut++) {
			double sum = 0, packets = 0;

			packets_of = 1400;
			assert_int_equal(perf_dist_parse(&dist, perf_workloads[i].name,
							 cuts[cut]), 0);
			for (unsigned int n = 0; n < STEPS; n++) {
				uint32_t bytes = perf_dist_quantile(&dist, (n + 0.5) / STEPS);

				sum += bytes;
				packets += (bytes + packets_of - 1) / packets_of;
			}
			assert_near(dist.mean_bytes, sum / STEPS, 0.01);
			assert_near(perf_dist_mean_packets(&dist, packets_of), packets / STEPS,
				    0.005);
		}
	}
}

/* Quantile and distribution function are each other's inverse. */
static void cdf__inverse(void **state)
{
	struct perf_dist dist;
	uint32_t before;
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_int_equal(perf_dist_parse(&dist, perf_workloads[i].name, 1000000), 0);
		before = 0;
		for (double share = 0.0005; share < 1; share += 0.001) {
			uint32_t bytes = perf_dist_quantile(&dist, share);

			assert_true(bytes >= before && bytes >= 1 && bytes <= 1000000);
			before = bytes;
			/* The size was rounded; the share is that of one around it. */
			assert_true(perf_dist_cdf(&dist, bytes - 0.5) <= share + 1e-9);
			assert_true(perf_dist_cdf(&dist, bytes + 0.5) >= share - 1e-9);
		}
		assert_true(perf_dist_cdf(&dist, 1000000) == 1);
		assert_true(perf_dist_cdf(&dist, 0.5) == 0);
	}
}

static void parse__sizes(void **state)
{
	struct perf_dist dist;

	(void)state;
	assert_int_equal(perf_dist_parse(&dist, "20k,100", 1000000), 0);
	assert_near(dist.mean_bytes, 10050, 1e-9);
	assert_int_equal(perf_dist_quantile(&dist, 0.1), 100);
	assert_int_equal(perf_dist_quantile(&dist, 0.5), 100);
	assert_int_equal(perf_dist_quantile(&dist, 0.51), 20000);
	assert_int_equal(perf_dist_quantile(&dist, 1), 20000);
	assert_near(perf_dist_mean_packets(&dist, 10000), 1.5, 1e-9);
	assert_int_equal(perf_dist_parse(&dist, "1", 1000000), 0);
	assert_int_equal(perf_dist_quantile(&dist, 0), 1);
	assert_int_equal(perf_dist_quantile(&dist, 0.999), 1);
}

static void parse__wrong(void **state)
{
	struct perf_dist dist;

	(void)state;
	assert_int_equal(perf_dist_parse(&dist, "W6", 1000000), -EINVAL);
	assert_int_equal(perf_dist_parse(&dist, "", 1000000), -EINVAL);
	assert_int_equal(perf_dist_parse(&dist, "0", 1000000), -EINVAL);
	assert_int_equal(perf_dist_parse(&dist, "100,x", 1000000), -EINVAL);
	assert_int_equal(perf_dist_parse(&dist, "1000001", 1000000), -ERANGE);
}

/* Arrivals: the mean is right, and the deviation is that of a Poisson process. */
static void rng__exponential(void **state)
{
	double sum = 0, squares = 0;
	struct perf_rng rng;
	unsigned int i;

	(void)state;
	perf_rng_seed(&rng, 7, 3);
	for (i = 0; i < STEPS; i++) {
		double gap = perf_rng_exponential(&rng, 50);

		assert_true(gap >= 0);
		sum += gap;
		squares += gap * gap;
	}
	assert_near(sum / STEPS, 50, 0.01);
	assert_near(sqrt(squares / STEPS - 50 * 50), 50, 0.02);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mean__published),
		cmocka_unit_test(quantile__mean),
		cmocka_unit_test(cdf__inverse),
		cmocka_unit_test(parse__sizes),
		cmocka_unit_test(parse__wrong),
		cmocka_unit_test(rng__exponential),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
