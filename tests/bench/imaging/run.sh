#!/bin/sh
# tests/bench/imaging/run.sh - builds the benchmark of image operators, runs it
#
# usage: tests/bench/imaging/run.sh [BUILD [ARGUMENT...]]
#
# BUILD is a configured build folder (build/release).  The arguments go to
# bench_imaging: --rounds N, --only NAME, images.  Needs OpenCV to compare with
# (Debian: libopencv-dev, which is built without IPP).
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
build=${1:-$root/build/release}
[ $# -eq 0 ] || shift
if ! cmake --build "$build" --target bench_imaging >&2; then
    echo "run.sh: no benchmark; is libopencv-dev installed?" >&2
    exit 1
fi
exec "$build/tests/bin/bench_imaging" "$@"
