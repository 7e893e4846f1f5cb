#!/usr/bin/env python3
"""Every script can be run, says what it is for, and parses."""
import os
import shutil
import subprocess

import tree

SHELLS = {"sh": "dash", "bash": "bash"}
faults, checked = [], 0
scripts = list(tree.files(".sh", ".py", folders=["tests", "tools", "examples"]))
scripts.append(tree.ROOT / ".ci/run")
for path in scripts:
    rel = tree.name(path)
    if rel.count("/") > 2 and rel.startswith("tests/golden/"):
        continue  # what a golden case runs, like any user's program
    text = path.read_text()
    first = text.splitlines()[0] if text else ""
    runs = os.access(path, os.X_OK)
    checked += 1
    if runs != first.startswith("#!"):
        faults.append(f"{rel}: {'no #! line' if runs else 'not executable'}")
    if path.suffix == ".py":
        try:
            compile(text, rel, "exec")
        except SyntaxError as e:
            faults.append(f"{rel}:{e.lineno}: {e.msg}")
        continue
    if f"# {rel} " not in text:
        faults.append(f"{rel}: does not say '# {rel} ... - what it is for'")
    shell = shutil.which(SHELLS.get(first.split("/")[-1].split(" ")[-1], "bash"))
    shell = shell or shutil.which("sh")
    done = subprocess.run([shell, "-n", str(path)], text=True,
                          capture_output=True)
    if done.returncode:
        faults.append(f"{rel}: {done.stderr.strip()}")
    elif shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", "-S", "warning", str(path)],
                              text=True, capture_output=True)
        if done.returncode:
            faults.append(f"{rel}: {done.stdout.strip()}")
tree.finish(faults, checked)
