#!/bin/sh
# tests/cudasim/missing.sh - fails when a library calls of CUDA what the
# stand-in does not have: missing.sh LIBRARY STANDIN
nm -D --defined-only "$2" | sed 's/.* //' | sort >"$1.has"
lacks=$(nm -D --undefined-only "$1" | sed 's/.* //; s/@.*//' |
    grep -E '^(cuda[A-Z]|__cuda|__tsan_|cudnn|cublas|nvml)' | sort |
    comm -23 - "$1.has")
rm -f "$1.has"
[ -z "$lacks" ] && exit 0
echo "tests/cudasim lacks what $(basename "$1") calls:" $lacks >&2
exit 1
