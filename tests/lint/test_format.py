#!/usr/bin/env python3
"""Every C file is formatted as .clang-format says (clang-format 14)."""
import shutil
import subprocess
import sys

import tree

tool = shutil.which("clang-format-14") or shutil.which("clang-format")
version = tool and subprocess.run([tool, "--version"], text=True,
                                  capture_output=True).stdout
if not version or "version 14." not in version:
    print("no clang-format 14")
    sys.exit(77)

paths = list(tree.files(".c", ".h", ".cc", ".cu"))
done = subprocess.run([tool, "--dry-run", "--Werror", *map(str, paths)],
                      text=True, capture_output=True)
bad = sorted({line.split(":")[0] for line in done.stderr.splitlines()
              if "clang-format-violations" in line})
faults = [f"{tree.name(tree.pathlib.Path(x))}: run clang-format" for x in bad]
if done.returncode and not faults:
    faults = [done.stderr]
tree.finish(faults, len(paths))
