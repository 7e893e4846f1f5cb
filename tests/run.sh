#!/bin/sh
# tests/run.sh - every test, from a bare checkout
#
# usage: tests/run.sh [BUILD-FOLDER]        (default: build)
#
# Installs missing packages, builds with warnings as errors and runs every
# test; then builds once more with each sanitizer and runs the quick tests and
# those of faults.  Ends with ctest's summary of the whole and the exit status
# 0 only if all passed.
#
#   OSTEON_SANITIZERS   which sanitized builds to run, "asan tsan" by default;
#                       empty for none
#   OSTEON_JOBS         processes to use, 2 by default
set -u
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
mkdir -p "${1:-$source/build}" || exit 1
build=$(cd "${1:-$source/build}" && pwd) || exit 1
jobs=${OSTEON_JOBS:-2}
sanitizers=${OSTEON_SANITIZERS-asan tsan}
cd "$source" || exit 1

"$source/tools/install-packages.sh" || exit 1

# configure_and_build PRESET
configure_and_build() {
    echo
    echo "== $1: configure and build"
    cmake --preset "$1" -B "$build/$1" >"$build/$1.configure.log" 2>&1 || {
        cat "$build/$1.configure.log"
        return 1
    }
    ninja -C "$build/$1" -j "$jobs" --quiet
}

# run_tests PRESET CTEST-OPTIONS...: the output is also kept in PRESET.log.
run_tests() {
    preset=$1
    shift
    echo
    echo "== $preset: tests"
    {
        ctest --test-dir "$build/$preset" -j "$jobs" --output-on-failure \
            --no-tests=error "$@"
        echo $? >"$build/$preset.status"
    } 2>&1 | tee "$build/$preset.log"
    return "$(cat "$build/$preset.status")"
}

status=0
configure_and_build release || exit 1
run_tests release || status=1

for preset in $sanitizers; do
    case $preset in
    # The thread sanitizer does not see the barriers of OpenMP's runtime.
    tsan) subset='^unit$' without='^openmp$' ;;
    *) subset='^(unit|fuzz|fault)$' without='^$' ;;
    esac
    if configure_and_build "$preset"; then
        run_tests "$preset" -L "$subset" -LE "$without" || status=1
    else
        status=1
    fi
done

echo
for preset in $sanitizers release; do
    echo "== $preset"
    sed -n '/tests passed/,$p' "$build/$preset.log" 2>/dev/null
done
exit $status
