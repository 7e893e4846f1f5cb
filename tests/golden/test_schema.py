#!/usr/bin/env python3
"""`osteon schema`: a JSON Schema that accepts what `osteon validate` accepts.

Every shipped workflow is valid under it; documents with a misspelled key, an
unknown stage, an unknown parameter or a value of the wrong type are not.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("no python3-jsonschema")
    sys.exit(77)

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
GOOD = {
    "osteon": 1,
    "name": "small",
    "$comment": "keys like this one are welcome",
    "seed": 3,
    "params": {"low": 10, "size": {"value": [32, 32], "help": "in pixels"}},
    "presets": {"sharp": {"low": 5}},
    "inputs": {"xrays": {"type": "dataset", "default": {"node": "phantom"}},
               "more": {"default": {"url": "https://example.org/a.zip",
                                    "sha256": "0" * 64}}},
    "axes": {"fold": {"range": 2}, "arm": {"values": ["a", {"name": "b"}]}},
    "nodes": {
        "phantom": {"stage": "phantom", "retries": 1, "timeout": 60},
        "images": {"stage": "ingest", "in": "$xrays",
                   "needs": {"threads": 2, "memory": "1 GB"}},
        "sized": {"stage": "resize", "in": ["images"],
                  "with": {"size": "${size}"}},
        "edges": {"stage": "canny", "in": {"in": "sized"},
                  "with": {"low": "${low}", "$comment": "x"}},
        "used": {"use": "other.json", "per": ["fold"],
                 "in": {"case": "${arm}", "a": "images", "b": "edges"}},
    },
    "outputs": {"edges": "edges",
                "numbers": {"from": "used.metrics",
                            "gate": {"pooled.auc": ">= 0.8"}}},
}
# A path into GOOD, and what is put there.
WRONG = [
    (["osteon"], 2),
    (["nods"], {}),
    (["nodes", "edges", "retry"], 1),
    (["nodes", "edges", "stage"], "cany"),
    (["nodes", "edges", "with", "lo"], 1),
    (["nodes", "edges", "with", "low"], "many"),
    (["nodes", "edges", "with", "aperture"], 9),
    (["nodes", "edges", "use"], "file.json"),
    (["nodes", "sized", "with", "size"], [1, 2, 3]),
    (["nodes", "images", "needs", "gpu"], "maybe"),
    (["inputs", "xrays", "type"], "pictures"),
    (["outputs", "numbers", "gate", "pooled.auc"], "0.8"),
]
failed = []


def schema():
    text = subprocess.run([BIN, "schema"], check=True, capture_output=True)
    parsed = json.loads(text.stdout)
    jsonschema.Draft202012Validator.check_schema(parsed)
    return jsonschema.Draft202012Validator(parsed)


def main():
    validator = schema()
    for file in sorted(SOURCE.glob("workflows/*.json")):
        for error in validator.iter_errors(json.loads(file.read_text())):
            failed.append(f"{file.name}: {error.message}")
    for error in validator.iter_errors(GOOD):
        failed.append(f"{'/'.join(map(str, error.path))}: {error.message}")
    for path, value in WRONG:
        document = copy.deepcopy(GOOD)
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        if validator.is_valid(document):
            failed.append(f"accepts {'/'.join(path)}: {value}")
    print("\n".join(failed) or "ok")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
