#!/bin/bash
# tests/golden/test_completion.sh - what the shell offers
#
# Commands, options, words of options, stages, files; and a manual page that
# groff does not complain about.
set -eu

failed=0
touch wanted.json
# shellcheck source=/dev/null
source <("$OSTEON_BIN/osteon" completion bash)

# offers WORDS...: the last one is being typed; its completions on one line.
offers() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _osteon
    echo "${COMPREPLY[*]}"
}

check() {
    local expected=$1 got
    shift
    got=$(offers "$@")
    if [ "$got" != "$expected" ]; then
        echo "'$*' offers '$got' instead of '$expected'"
        failed=1
    fi
}

check "graph" osteon gr
check "--version" osteon --v
check "text dot svg" osteon graph --format ""
check "svg" osteon graph -f s
check "--bind" osteon plan --bi
check "bash zsh" osteon completion ""
check "canny" osteon stages can
check "wanted.json" osteon validate wan

"$OSTEON_BIN/osteon" completion zsh > osteon.zsh
if command -v zsh > /dev/null && ! zsh -n osteon.zsh; then
    failed=1
fi
grep -q "'--format\[" osteon.zsh || failed=1
"$OSTEON_BIN/osteon" man > osteon.1
if command -v groff > /dev/null && [ -n "$(groff -man -ww -z osteon.1 2>&1)" ]
then
    groff -man -ww -z osteon.1
    failed=1
fi
exit $failed
