// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A data race, made on purpose: KCSAN has to report it before its silence about Homa
 * means anything. Two threads on two CPUs change a counter without a lock and without
 * a mark, now and then, as code that forgot a lock would.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

#define THREADS 2

static struct task_struct *threads[THREADS];
static unsigned long counter;

static int race(void *unused)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 100; i++) {
			counter++;
			cpu_relax();
		}
		usleep_range(100, 200);
	}
	return 0;
}

static void stop(void)
{
	unsigned int i;

	for (i = 0; i < THREADS && threads[i]; i++)
		kthread_stop(threads[i]);
}

static int __init race_init(void)
{
	struct task_struct *thread;
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		thread = kthread_run_on_cpu(race, NULL, i % num_online_cpus(), "homa_race/%u");
		if (IS_ERR(thread)) {
			stop();
			return PTR_ERR(thread);
		}
		threads[i] = thread;
	}
	return 0;
}

static void __exit race_exit(void)
{
	stop();
}

module_init(race_init);
module_exit(race_exit);
MODULE_DESCRIPTION("A data race for KCSAN to find");
MODULE_LICENSE("Dual BSD/GPL");
