#!/usr/bin/env python3
"""The compiler makes vectors of the loops over pixels.

Each line of kernels/per_pixel.def is a loop; gcc's report has to name it, with
vectors of 32 bytes when it compiles for AVX2 and of 64 for AVX-512.
"""
import os
import platform
import re
import shutil
import subprocess
import sys

import tree

WIDTHS = {"x86-64-v3": 32, "x86-64-v4": 64}
REPORT = r"per_pixel\.def:(\d+):.*vectorized using (\d+) byte vectors"

gcc = os.environ.get("CC") or shutil.which("gcc")
if platform.machine() != "x86_64" or not gcc:
    print("only for gcc on x86-64")
    sys.exit(77)
said = subprocess.run([gcc, "--version"], text=True, capture_output=True).stdout
if "Free Software Foundation" not in said:
    print(f"{gcc} is not gcc")
    sys.exit(77)

lines = (tree.ROOT / "kernels/per_pixel.def").read_text().splitlines()
names = {i: m[1] for i, line in enumerate(lines, 1)
         if (m := re.match(r"PER_PIXEL\((\w+)", line))}
faults = []
for machine, width in WIDTHS.items():
    done = subprocess.run(
        [gcc, "-std=c17", "-O3", "-ffp-contract=off", "-fno-trapping-math",
         "-D_GNU_SOURCE",
         f"-I{tree.ROOT}", f"-march={machine}", f"-mprefer-vector-width={width * 8}",
         "-fopt-info-vec-optimized", "-S", "-o", "-",
         str(tree.ROOT / "kernels/cpu/pixel_loops.c")],
        text=True, capture_output=True)
    if done.returncode:
        print(done.stderr)
        sys.exit(1)
    found = {names.get(int(line)) for line, size in re.findall(REPORT, done.stderr)
             if int(size) == width}
    faults += [f"'{name}' is no loop of vectors for {machine}"
               for name in names.values() if name not in found]
tree.finish(faults, len(WIDTHS) * len(names))
