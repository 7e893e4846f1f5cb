#!/bin/sh
# examples/quickstart.sh - from a bare checkout to a report, twice
#
# usage: examples/quickstart.sh [BUILD-FOLDER]      (default: build/quickstart)
#
# Installs the packages that are missing, builds osteon, and runs a whole
# study: synthetic X-rays, Canny contours, patient-grouped folds, augmentation
# of the training folds, a small network per fold, metrics, report.  The second
# run finds every step remembered and ends at once.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$source/build/quickstart}
mkdir -p "$build"
build=$(cd "$build" && pwd)
results=$build/study

say() {
    printf '\n== %s\n' "$*"
}

say "Packages"
"$source/tools/install-packages.sh" --build-only

say "Build, in $build"
cmake -G Ninja -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_TESTING=OFF >"$build/configure.log" || {
    cat "$build/configure.log"
    exit 1
}
ninja -C "$build" --quiet

say "A study: images, contours, folds, augmentation, training, report"
"$build/osteon" run "$source/workflows/contour_baseline.json" \
    --store "$build/study.store" --out "$results"

say "The same again: nothing is computed twice"
"$build/osteon" run "$source/workflows/contour_baseline.json" \
    --store "$build/study.store" --out "$results"

say "Done"
cat <<END
The report:        $results/report.html
The numbers:       $results/metrics.json
Every prediction:  $results/predictions.csv

With images of your own, one sub-folder per class:
  $build/osteon run $source/workflows/contour_baseline.json \\
      --bind images=FOLDER --out my-results
END
