# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# A finer clock for networks whose time is virtual. User-Mode Linux counts time in 256 ns, and
# each look at the clock outside of interrupts costs that much, so that loops end that wait for
# time to pass. Ten looks are then two packets of a link of 10 Gbit/s. One nanosecond ends
# them, too.
s/^#define TIMER_MULTIPLIER 256$/#define TIMER_MULTIPLIER 1/
s/^#define TIMER_MIN_DELTA  500$/#define TIMER_MIN_DELTA 1/
