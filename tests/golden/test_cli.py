#!/usr/bin/env python3
"""What the command prints: tests/golden/cli_NAME/.

`args` holds one command per line, run in the case's folder with a store of its
own; expect.txt holds for each its exit status, stdout and stderr.
OSTEON_UPDATE=1 writes expect.txt anew.
"""
import difflib
import os
import pathlib
import shlex
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
HERE = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "tests" / "golden"
UPDATE = os.environ.get("OSTEON_UPDATE") == "1"


def session(folder, store):
    """All commands of a case with what came of them, as one text."""
    env = dict(os.environ, OSTEON_STORE=str(store), LC_ALL="C")
    text = ""
    for line in (folder / "args").read_text().splitlines():
        done = subprocess.run([BIN, *shlex.split(line)], cwd=folder, env=env,
                              text=True, capture_output=True)
        text += f"$ osteon {line}\n{done.stdout}"
        if done.stderr:
            text += f"--- stderr\n{done.stderr}"
        text += f"--- exit status {done.returncode}\n\n"
    return text


def main():
    failed = 0
    for folder in sorted(HERE.glob("cli_*")):
        expect = folder / "expect.txt"
        got = session(folder, pathlib.Path.cwd() / folder.name)
        if UPDATE:
            expect.write_text(got)
        want = expect.read_text() if expect.exists() else ""
        print(f"{folder.name}: {'ok' if got == want else 'DIFFERS'}")
        if got != want:
            failed += 1
            sys.stdout.writelines(difflib.unified_diff(
                want.splitlines(True), got.splitlines(True), "expected",
                "printed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
