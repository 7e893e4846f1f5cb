#!/usr/bin/env python3
"""Every header compiles alone, and twice, without warnings."""
import concurrent.futures
import os
import shutil
import subprocess
import sys

import tree

compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
if not compiler:
    sys.exit(77)
# Functions of vectors are inlined always: how they would be passed is nothing.
flags = ["-std=c17", "-Wno-psabi", "-D_GNU_SOURCE", f"-I{tree.ROOT}", "-Wall", "-Wextra",
         "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c", "-"]



def compile_alone(path):
    """What is wrong with a header, or None."""
    rel = tree.name(path)
    # A second time, for the include guard.
    source = f'#include "{rel}"\n#include "{rel}"\nextern int nothing;\n'
    done = subprocess.run([compiler, *flags], input=source, text=True,
                          capture_output=True)
    if done.returncode:
        return f"{rel} does not compile alone:\n{done.stderr}"
    return None


headers = [x for x in tree.files(".h") if "cuda" not in x.parts]
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    results = list(pool.map(compile_alone, headers))
tree.finish([x for x in results if x], len(headers))
