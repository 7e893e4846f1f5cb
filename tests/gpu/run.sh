#!/bin/sh
# tests/gpu/run.sh - everything that only a machine with a GPU can say
#
# usage: tests/gpu/run.sh [--output FILE] [--build FOLDER] [--built]
#            [--python PYTHON] [--need-pytorch] [--no-sanitizer]
#            [--only PATTERN] [--repeats N] [--set NAME=VALUE]
#            [--work FOLDER] [--standin]
#
# Checks that there is a driver, builds, and then on the GPU: runs all tests
# that run on every device and the main workflow, which must agree with the CPU;
# times every layer, loss and model of workflows/models/ beside PyTorch on the
# same GPU and every operator on images beside the CPU; runs compute-sanitizer
# (memcheck, racecheck, initcheck, synccheck) on the tests.  All of it comes
# into one JSON file (check.py says what is in it).  Exit status 0: all well; 1:
# something failed, the file says what; 2: there is no GPU here.
#
#   --output FILE     what is written (gpu-report.json)
#   --build FOLDER    where it is built (build/gpu)
#   --built           FOLDER is built already
#   --python PYTHON   one that has PyTorch with CUDA (python3)
#   --need-pytorch    it is a failure when that has none
#   --no-sanitizer    without compute-sanitizer, which takes most of the time
#   --only PATTERN    only tests whose names match
#   --repeats N       times that are taken of each case (10)
#   --set NAME=VALUE  a param of the main workflow, for a shorter one
#   --work FOLDER     where it works, emptied first (gpu/ of the build)
#   --standin         on the CPU stand-in of the tests instead: to try this
#                     script where there is no GPU; nothing that it writes is
#                     a GPU's, times say nothing
set -u
source=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
build=$source/build/gpu
output=gpu-report.json
built=
standin=
python=python3

usage() {
    sed -n '4,7s/^#//p' "$0" | sed 's/^ //' >&2
    exit 2
}

# What is for check.py goes behind the words that are left.
left=$#
while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $word in
    --output | --build | --python | --only | --repeats | --set | --work)
        [ "$left" -gt 0 ] || usage
        value=$1
        shift
        left=$((left - 1))
        ;;
    esac
    case $word in
    --output) output=$value ;;
    --build) build=$value ;;
    --built) built=yes ;;
    --python) python=$value ;;
    --standin) standin=--standin ;;
    --help | -h) sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0" && exit 0 ;;
    --need-pytorch | --no-sanitizer) set -- "$@" "$word" ;;
    --only | --repeats | --set | --work) set -- "$@" "$word" "$value" ;;
    *) usage ;;
    esac
done

if [ -z "$standin" ] && ! nvidia-smi -L; then
    echo "there is no NVIDIA driver, or no GPU (--standin tries the script" \
        "without)" >&2
    exit 2
fi

if [ -z "$built" ]; then
    cmake --preset release -B "$build" -S "$source" >/dev/null &&
        ninja -C "$build" || exit 1
fi
# Programs look for the library beside themselves; the stand-in's is elsewhere.
if [ -z "$standin" ]; then
    if [ ! -e "$build/libosteon_cuda.so" ]; then
        echo "$build has no libosteon_cuda.so: is there a CUDA toolkit?" >&2
        exit 1
    fi
    ln -sf ../../libosteon_cuda.so "$build/tests/bin/libosteon_cuda.so"
fi
exec python3 "$source/tests/gpu/check.py" --build "$build" \
    --output "$output" --python "$python" ${standin:+"$standin"} "$@"
