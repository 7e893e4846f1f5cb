#!/usr/bin/env python3
"""Every header compiles alone, as C and, where it can be, without warnings."""
import os
import shutil
import subprocess
import sys

import tree

compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
if not compiler:
    sys.exit(77)
flags = ["-std=c17", "-D_GNU_SOURCE", f"-I{tree.ROOT}", "-Wall", "-Wextra",
         "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c", "-"]

# All headers in one run of the compiler would hide what one lacks.
faults, checked = [], 0
for path in tree.files(".h"):
    rel = tree.name(path)
    if "/cuda/" in rel:
        continue
    checked += 1
    # A second time, for the include guard.
    source = f'#include "{rel}"\n#include "{rel}"\nextern int nothing;\n'
    done = subprocess.run([compiler, *flags], input=source, text=True,
                          capture_output=True)
    if done.returncode:
        faults.append(f"{rel} does not compile alone:\n{done.stderr}")
tree.finish(faults, checked)
