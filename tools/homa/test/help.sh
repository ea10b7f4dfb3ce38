#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Help texts fit a screen; every command has a man page that names each of its
# options; completion offers commands and options; without the module commands say
# so and end with status 3.
#
# Usage: help.sh HOMA SOURCE-ROOT
set -u
homa=$1 src=$2 bad=0
complain() { echo "$*"; bad=1; }

commands=$("$homa" | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ "$(echo "$commands" | wc -w)" -ge 8 ] || complain "commands: $commands"
[ "$("$homa" --help | wc -l)" -le 24 ] || complain "homa --help is longer than a screen"

for cmd in $commands; do
	"$homa" "$cmd" --help >"${TMPDIR:-/tmp}/homa-help.$$" || complain "$cmd --help fails"
	help=$(cat "${TMPDIR:-/tmp}/homa-help.$$")
	rm -f "${TMPDIR:-/tmp}/homa-help.$$"
	[ "$(echo "$help" | wc -L)" -le 80 ] || complain "$cmd --help is wider than 80 columns"
	page=$src/man/homa-$cmd.1
	[ -f "$page" ] || { complain "$cmd has no man page"; continue; }
	grep -q "BR homa-$cmd (1)" "$src/man/homa.1" || complain "homa.1 does not name $cmd"
	# In the page "-" is written \-.
	plain=$(sed 's/\\-/-/g' "$page")
	for option in $(echo "$help" | grep -o -e '^ *\(-., \)\?--[a-z0-9-]*' | grep -o -e '--[a-z0-9-]*'); do
		[ "$option" = --help ] && continue
		echo "$plain" | grep -q -e "$option" || complain "homa-$cmd.1 does not name $option"
	done
	"$homa" "$cmd" --no-such-option >/dev/null 2>&1
	[ $? = 2 ] || complain "$cmd takes a wrong option"
done

if [ ! -e /proc/net/homa_metrics ]; then
	for cmd in ss stat peers config "top --once"; do
		# shellcheck disable=SC2086
		said=$("$homa" $cmd 2>&1)
		[ $? = 3 ] || complain "without the module: $cmd: $said"
		echo "$said" | grep -q 'Try: modprobe homa' || complain "$cmd says: $said"
	done
fi
[ "$("$homa" nonsense 2>&1 | head -n 1)" = \
	'homa: there is no command "nonsense". There are:' ] || complain "unknown command"

# Completion, as bash calls it.
PATH=$(dirname "$homa"):$PATH
. "$src/tools/homa/completion/homa"
complete_line()
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_homa
	echo "${COMPREPLY[*]}"
}
[ "$(complete_line homa doc)" = doctor ] || complain "homa doc: $(complete_line homa doc)"
[ "$(complete_line homa ss --pe)" = --peer ] || complain "ss --pe: $(complete_line homa ss --pe)"
complete_line homa doctor l | grep -qw lo || complain "doctor l: $(complete_line homa doctor l)"
exit $bad
