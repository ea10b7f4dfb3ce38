#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C28
# tier: uml stock
#
# Opening a socket loads the module: the kernel asks its helper for an alias
# that the module declares. Our helper here plays modprobe for this module only.
. "$HOMA_TESTS/lib.sh"

[ -n "$HOMA_KO" ] || skip "Homa is built into this kernel"
[ -w /proc/sys/kernel/modprobe ] || skip "this kernel has no module helper"

for alias in net-pf-2-proto-146-type-2 net-pf-10-proto-146-type-2; do
	tr '\0' '\n' <"$HOMA_KO" | grep -a -q "alias=$alias\$" || die "no alias $alias"
done

# The kernel starts it outside the mount namespace of this test.
cat >/run/homa-modprobe <<END
#!/bin/sh
PATH=$PATH
for word; do
	case \$word in
	net-pf-2-proto-146-type-2|net-pf-10-proto-146-type-2) exec insmod "$HOMA_KO" ;;
	esac
done
exit 1
END
chmod +x /run/homa-modprobe
before=$(cat /proc/sys/kernel/modprobe)
echo /run/homa-modprobe >/proc/sys/kernel/modprobe

for family in "-4" ""; do
	wait_for 10 rmmod homa || die "cannot be unloaded"
	bg homa_echo_server $family >/tmp/server 2>&1
	server=$!
	wait_for 10 grep -q ready /tmp/server
	ready=$?
	kill "$server"
	wait "$server" 2>/dev/null
	if [ $ready != 0 ]; then
		echo "$before" >/proc/sys/kernel/modprobe
		insmod "$HOMA_KO"
		die "homa_echo_server $family: $(cat /tmp/server)"
	fi
	: >/tmp/server
	ok "loaded by homa_echo_server $family"
done
echo "$before" >/proc/sys/kernel/modprobe
rm /run/homa-modprobe
