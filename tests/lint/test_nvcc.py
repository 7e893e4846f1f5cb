#!/usr/bin/env python3
"""Fails when a CUDA compiler that does not work stops the configuring."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tree

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(probe LANGUAGES CXX)
include(osteon_cuda.cmake)
message(STATUS "have: ${OSTEON_HAVE_CUDA}")
"""


def configure(folder):
    done = subprocess.run(
        ["cmake", "-S", folder, "-B", f"{folder}/build",
         f"-DOSTEON_NVCC={folder}/nvcc"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False)
    return done.returncode, done.stdout


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "CMakeLists.txt").write_text(PROJECT)
        shutil.copy(tree.ROOT / "cmake/osteon_cuda.cmake", folder)
        (folder / "kernels/cuda").mkdir(parents=True)
        (folder / "kernels/cuda/some.cu").write_text("")
        (folder / "nvcc").write_text("#!/bin/sh\nexit 1\n")
        os.chmod(folder / "nvcc", 0o755)
        for _ in range(2):  # the second time it is known
            status, text = configure(folder)
            if status or "have: OFF" not in text or "not work" not in text:
                sys.exit(f"with a broken nvcc (status {status}):\n{text}")
    print("a broken nvcc is told and left alone")


main()
