# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# RPCs between two virtual machines joined by a virtio-net cable.
# items: B1 B2
# tier: stock
# machines: 2
# timeout: 120
. "$HOMA_TESTS/lib.sh"

sizes=1,100,1424,1425,40000,40001,65536,500000,1000000

if [ "$HOMA_VM" = 2 ]; then
	bg homa_echo_server
	vm_barrier serving
	vm_barrier finished
else
	vm_barrier serving
	for address in 10.0.0.2 fd00::2; do
		homa_echo_client -n 2 -s $sizes $address || die "RPCs to $address"
	done
	# The same with the receive side merging nothing.
	ethtool -K eth0 gro off 2>/dev/null
	homa_echo_client -n 2 -s $sizes 10.0.0.2 || die "RPCs without GRO"
	vm_barrier finished
fi
ok "machine $HOMA_VM"
