#!/usr/bin/env python3
"""README's list of commands is the one that --help prints."""
import os
import pathlib
import re
import subprocess
import sys

import tree

readme = tree.ROOT / "README.md"
program = pathlib.Path(os.environ.get("OSTEON_BIN", "")) / "osteon"
if not readme.exists() or not program.exists():
    print("no README.md or no osteon")
    sys.exit(77)

text = subprocess.run([program, "--help"], text=True, check=True,
                      capture_output=True).stdout
# Commands are the indented words of the section that is headed so.
section = re.search(r"^[Cc]ommands:?\n((?: .*\n|\n)+)", text, re.M)
commands = re.findall(r"^ {2,4}([a-z][a-z-]*)\b", section.group(1), re.M)
# In README they are the rows of a table, or indented lines, under "Commands".
section = re.search(r"^## Commands\n(.*?)(?=^## |\Z)", readme.read_text(),
                    re.M | re.S)
listed = re.findall(r"^(?:\| `|    )(?:osteon )?([a-z][a-z-]*)\b",
                    section.group(1) if section else "", re.M)
faults = [] if section else ["README.md: no section '## Commands'"]
for name in sorted(set(commands) - set(listed)):
    faults.append(f"README.md: command '{name}' is not in the table")
for name in sorted(set(listed) - set(commands)):
    faults.append(f"README.md: '{name}' is no command")
tree.finish(faults, len(commands))
