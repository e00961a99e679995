# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion for bash: bxctl itself knows what can come next.

_bxctl() {
	local -a words=()
	local i
	# Options that were given before say nothing about what comes next.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* && $i -lt $COMP_CWORD ]] || words+=("${COMP_WORDS[i]}")
	done
	mapfile -t COMPREPLY < <(bxctl complete -- "${words[@]}" 2>/dev/null)
}
complete -o default -F _bxctl bxctl
