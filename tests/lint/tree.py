"""The source files of the tree, for the lint tests."""
import os
import pathlib
import sys

ROOT = pathlib.Path(os.environ.get("OSTEON_SOURCE",
                                   pathlib.Path(__file__).parents[2])).resolve()
FOLDERS = ["base", "store", "kernels", "stages", "engine", "cli", "tests"]
C_SUFFIXES = (".c", ".h", ".cc", ".cu", ".cuh")


def files(*suffixes, folders=None):
    """Paths below the root, sorted; of the given suffixes, if any."""
    for folder in folders or FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                if not suffixes or path.suffix in suffixes:
                    yield path


def name(path):
    return path.relative_to(ROOT).as_posix()


def finish(faults, checked):
    """Ends the test: 1 with the faults, or 0 when something was checked."""
    for fault in faults:
        print(fault)
    if not checked:
        print("nothing was checked")
        sys.exit(1)
    print(f"{checked} checked, {len(faults)} faults")
    sys.exit(1 if faults else 0)
