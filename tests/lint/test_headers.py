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
flags = ["-Wno-psabi", "-D_GNU_SOURCE", f"-I{tree.ROOT}", "-Wall", "-Wextra",
         "-Wpedantic", "-Werror", "-fsyntax-only"]



def compile_alone(path):
    """What is wrong with a header, or None."""
    rel = tree.name(path)
    # What C does not understand says so in its first lines.
    is_cpp = "C++ only" in path.read_text()[:600]
    language = ["-std=c++17", "-x", "c++"] if is_cpp else ["-std=c17", "-x", "c"]
    # A second time, for the include guard.
    source = f'#include "{rel}"\n#include "{rel}"\nextern int nothing;\n'
    done = subprocess.run([compiler, *flags, *language, "-"], input=source, text=True,
                          capture_output=True)
    if done.returncode:
        return f"{rel} does not compile alone:\n{done.stderr}"
    return None


# Those that need CUDA's are compiled where there is a toolkit.
headers = [x for x in tree.files(".h")
           if not {"cuda", "cudasim"} & set(x.parts)]
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    results = list(pool.map(compile_alone, headers))
tree.finish([x for x in results if x], len(headers))
