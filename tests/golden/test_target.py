#!/usr/bin/env python3
"""`--target` with `--out`: the outputs that the target brings along are
written, datasets too, and no others."""
import json
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
WORKFLOW = {
    "osteon": 1,
    "name": "target",
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"patients": 2, "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "small": {"stage": "resize", "in": "images",
                  "with": {"size": [16, 16]}},
        "edges": {"stage": "canny", "in": "small"},
    },
    "outputs": {"images": "images", "small": "small", "edges": "edges"},
}

pathlib.Path("w.json").write_text(json.dumps(WORKFLOW))
subprocess.run([BIN, "run", "w.json", "--target", "small", "--out", "out",
                "--quiet"], check=True)
written = sorted(p.name for p in pathlib.Path("out").iterdir())
if written != ["images", "small"]:
    sys.exit(f"written: {written}")
for name in written:
    if not (pathlib.Path("out") / name / "items.csv").is_file():
        sys.exit(f"{name}: no items.csv")
print("ok")
