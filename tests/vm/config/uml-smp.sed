# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What arch/um needs so that its several CPUs start and run fast with KASAN.
#
# A new CPU frees something on the stack of a host thread. KASAN notes the callers
# of each free, runs over the end of that stack, and the CPU dies. So it stays.
/^void os_start_secondary/,/^}/s/^\tkfree(data);$/\t{ static void *kept[CONFIG_NR_CPUS]; kept[data->cpu] = data; }/
# Stack traces, which KASAN and others take with each allocation, look up each word
# of the stack and drop all but the return addresses of frames. It is enough to
# look up these: booting is ten times as fast.
s/^\t\tif (__kernel_text_address(addr)) {$/\t\tif ((unsigned long)sp == bp + sizeof(long) \&\& __kernel_text_address(addr)) {/
