# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Builds homa.ko and homa_diag.ko for one kernel: make [KDIR=/lib/modules/RELEASE/build]
# and installs Homa without packages (docs/install.md): make modules_install install
# ./dev does what people who work on Homa need.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
VERSION = $(shell packaging/version.sh)
# Meson wants a directory of its own; $(CURDIR)/build belongs to ./dev.
USER_BUILD ?= build-install

all: modules

modules modules_install clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

# Programs, libraries, manual pages. DESTDIR is put before all paths.
user:
	[ -f $(USER_BUILD)/build.ninja ] || meson setup --prefix=$(PREFIX) --buildtype=release \
		-Dtests=false -Dwerror=false $(MESON_ARGS) $(USER_BUILD)
	meson compile -C $(USER_BUILD)

install: user
	DESTDIR=$(DESTDIR) meson install -C $(USER_BUILD) --no-rebuild

# The module's sources, where DKMS looks for them; then: dkms install homa/VERSION
DKMS_DIR = $(DESTDIR)/usr/src/homa-$(VERSION)
install-dkms:
	mkdir -p $(DKMS_DIR)
	cp -r Makefile Kbuild Kconfig dkms.conf core kmod include $(DKMS_DIR)/
	find $(DKMS_DIR) -name meson.build -delete

.PHONY: all modules modules_install clean user install install-dkms
