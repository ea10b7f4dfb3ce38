# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# How a guest reports; sourced by what runs with the channel open as fd 3.
#
# Lines: "| output", "k| kernel log", "f| artefacts (base64 of a tar.gz)", and
# verdicts that begin with "@". Output can never be taken for a verdict.

emit() { printf '%s\n' "$*" >&3; }

relay() # PREFIX: copy stdin to the channel line by line, unbuffered
{
	while IFS= read -r line || [ -n "$line" ]; do
		printf '%s%s\n' "$1" "$line" >&3
	done
}

send_artefacts() # what tests left in HOMA_OUT; UML's is on the host already
{
	[ -z "$HOMA_ROOT" ] || return 0
	[ -n "$(ls -A "$HOMA_OUT")" ] || return 0
	(cd "$HOMA_OUT" && tar -cf - . | gzip -1 | base64 | relay 'f| ')
	rm -rf "${HOMA_OUT:?}"/*
}

insert_module()
{
	insmod "$HOMA_KO" 2>&1 | relay '| '
	[ -d /sys/module/homa ]
}
remove_module() # and what depends on it, should a test have loaded that
{
	[ ! -d /sys/module/homa_diag ] || rmmod homa_diag || return
	rmmod homa
}
