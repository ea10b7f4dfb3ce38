/* SPDX-License-Identifier: ((GPL-2.0-or-later WITH Linux-syscall-note) OR BSD-2-Clause) */
/* For programs that include the Homa interface under the name "homa.h". */
#include <linux/homa.h>
