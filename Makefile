# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Builds homa.ko and homa_diag.ko for one kernel: make [KDIR=/lib/modules/RELEASE/build]
# User-space programs and tests are built by Meson; ./dev does all of it.

KDIR ?= /lib/modules/$(shell uname -r)/build

all: modules

modules modules_install clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

.PHONY: all modules modules_install clean
