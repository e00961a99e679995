#compdef bxctl
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion for zsh: bxctl itself knows what can come next.

local -a given offered
given=(${words[2,CURRENT]:#-*})
[[ ${words[CURRENT]} == -* ]] && given+=(${words[CURRENT]})
(( ${#given} )) || given=('')
offered=(${(f)"$(bxctl complete -- "${given[@]}" 2>/dev/null)"})
(( ${#offered} )) && compadd -a offered || _files
