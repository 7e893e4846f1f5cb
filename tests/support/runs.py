"""Runs of small workflows, for the tests that drive the command."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"

# The main job in small: everything from phantoms to metrics.
STUDY = {
    "osteon": 1,
    "name": "small-study",
    "seed": 3,
    "params": {"low": 100, "epochs": 3, "fill": 60},
    "inputs": {"images": {"type": "dataset", "default": {"node": "phantom"}}},
    "axes": {"fold": {"range": 2}, "k": {"range": "${fill}"}},
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"kind": "xray", "patients": 10,
                             "size": [32, 32]}},
        "ingest": {"stage": "ingest", "in": "$images"},
        "resized": {"stage": "resize", "in": "ingest",
                    "with": {"size": [32, 32]}},
        "contours": {"stage": "canny", "in": "resized",
                     "with": {"low": "${low}", "to": "contour"}},
        "pairs": {"stage": "pair", "in": "contours",
                  "with": {"fields": ["contour", "image"],
                           "layout": "channels"}},
        "folds": {"stage": "split", "per": ["fold"], "in": "pairs",
                  "with": {"method": "kfold", "folds": 2, "fold": "${fold}"}},
        "trained": {"stage": "train", "per": ["fold"], "in": "folds.train",
                    "with": {"network": "lib:small_cnn",
                             "epochs": "${epochs}"}},
        "predicted": {"stage": "predict", "per": ["fold"],
                      "in": {"model": "trained", "data": "folds.test"}},
        "metrics": {"stage": "evaluate", "in": "predicted"},
        "many": {"stage": "value", "per": ["k"], "in": "metrics",
                 "with": {"data": {"k": "${k}"}}},
        "last": {"stage": "value", "in": "many",
                 "with": {"data": {"done": True}}},
    },
    "outputs": {"metrics": "metrics", "predictions": "predicted",
                "model": "trained", "last": "last"},
}


def write(path, document):
    pathlib.Path(path).write_text(json.dumps(document))
    return path


def osteon(*words, status=0, env=None, **more):
    """Runs the command and checks its exit status."""
    done = subprocess.run([BIN, *map(str, words)], capture_output=True,
                          text=True, env={**os.environ, **(env or {})}, **more)
    if status is not None and done.returncode != status:
        raise SystemExit(f"osteon {' '.join(map(str, words))}: exit status "
                         f"{done.returncode}, not {status}\n{done.stdout}"
                         f"{done.stderr}")
    return done


def events(text):
    """The whole lines of an event stream; a killed one ends anywhere."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def verdicts(text):
    return {e["step"]: e["verdict"] for e in events(text)
            if e["event"] == "step_finished"}


def totals(text):
    return [e for e in events(text) if e["event"] == "run_finished"][-1]


def children(pid):
    """The processes that a process has started."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def descendants(pid):
    found = children(pid)
    for child in list(found):
        found += descendants(child)
    return found


def kill(pids):
    """kill -9; False when there was nothing left to kill."""
    hit = False
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
            hit = True
        except ProcessLookupError:
            pass
    return hit


def digests(folder):
    """Every file below a folder, with the digest of its bytes."""
    root = pathlib.Path(folder)
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(root.rglob("*"))
            if p.is_file() and p.suffix != ".html"}


def remove(*folders):
    for folder in folders:
        subprocess.run(["chmod", "-R", "u+rwX", folder], check=False,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


def check(condition, words):
    if not condition:
        raise SystemExit(words)
