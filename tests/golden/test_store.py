#!/usr/bin/env python3
"""`osteon store` and `osteon show` on the store of a small run.

What is damaged is named with exit status 4, what is repaired is computed again
to the same bytes, what travels in a bundle is not computed again.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
WORK = pathlib.Path.cwd()
WORKFLOW = {
    "osteon": 1,
    "name": "small",
    "params": {"size": 160, "low": 100},
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"kind": "xray", "patients": 4}},
        "images": {"stage": "ingest", "in": "phantom"},
        "resized": {"stage": "resize", "in": "images",
                    "with": {"size": ["${size}", "${size}"]}},
        "contours": {"stage": "canny", "in": "resized",
                     "with": {"low": "${low}"}},
    },
    "outputs": {"contours": "contours"},
}
faults = []


def osteon(*args, status=0, store="store", binary=False):
    done = subprocess.run([BIN, *map(str, args), "--store", store],
                          capture_output=True)
    if done.returncode != status:
        faults.append(f"{' '.join(map(str, args))}: exit status "
                      f"{done.returncode} instead of {status}: "
                      f"{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout if binary else \
        done.stdout.decode() + done.stderr.decode()


def expect(text, *words):
    for word in words:
        if word not in text:
            faults.append(f"no '{word}' in: {text}")


def run(*args, status=0, store="store"):
    """Verdicts of the steps."""
    text = osteon("run", "w.json", "--events", "-", "--quiet", *args,
                  status=status, store=store)
    events = [json.loads(line) for line in text.splitlines()
              if line.startswith("{")]
    return {e["step"]: e["verdict"] for e in events
            if e["event"] == "step_finished"}, text


def stat(store="store"):
    text = osteon("store", "stat", "--json", store=store)
    try:
        return json.loads(text)
    except ValueError:
        sys.exit(f"store stat --json: {text}")


def objects(store="store"):
    return sorted((WORK / store / "objects").glob("*/*"))


def digest_of(path):
    return path.parent.name + path.name


def first_image():
    """The object file of an image of step 'resized'."""
    text = osteon("show", "latest:resized", "--limit", "1")
    item = text.split("items (")[1].splitlines()[1].split()[0]
    text = osteon("show", "latest:resized", "--item", item)
    digest = text.split("field     image")[1].split(" of ")[1].split()[0]
    return WORK / "store" / "objects" / digest[:2] / digest[2:]


def flip(path):
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def check_looking():
    m = stat()
    if m["tables"]["nodes"]["records"] != 4 or not m["objects"]["files"]:
        faults.append(f"unexpected numbers: {m}")
    expect(osteon("store", "stat"), "nodes", "objects")
    expect(osteon("store", "ls"), "small", "4 steps", "done")
    expect(osteon("show", "latest"), "contours", "ran", "resized")
    expect(osteon("store", "show", "latest"), "workflow  small")
    expect(osteon("show", "latest:contours"), "dataset ", "image u8(160, 160)")
    expect(osteon("show", "nothing", status=1), "no run 'nothing'")
    image = first_image()
    data = osteon("store", "get", digest_of(image)[:20], binary=True)
    if hashlib.sha256(data).hexdigest() != digest_of(image):
        faults.append("store get gave other bytes")
    osteon("store", "get", digest_of(image), "--output", "image.raw")
    if (WORK / "image.raw").read_bytes() != data:
        faults.append("store get --output gave other bytes")
    expect(osteon("store", "stet", status=2), "did you mean 'stat'?")
    expect(osteon("store", "pin", status=2), "usage: osteon store pin")
    expect(osteon("store", "stat", store="nowhere", status=1), "no store")


def check_damage():
    """A flipped bit: a step that reads it fails by name; a repair clears it."""
    before = osteon("show", "latest:contours").splitlines()[0]
    image = first_image()
    flip(image)
    verdicts, text = run("--set", "low=50", status=4)
    if verdicts.get("contours") != "failed":
        faults.append(f"a step read damaged bytes: {verdicts}")
    expect(text, digest_of(image), "damaged")
    expect(osteon("store", "fsck", status=4), digest_of(image),
           "wrong bytes", "1 wrong")
    expect(osteon("store", "fsck", "--repair"), "repaired")
    if not (WORK / "store/quarantine" / digest_of(image)).exists():
        faults.append("the damaged blob is not in quarantine")
    osteon("store", "fsck")
    verdicts, _ = run()
    if verdicts.get("resized") != "ran" or verdicts.get("phantom") != "cached":
        faults.append(f"after the repair: {verdicts}")
    if osteon("show", "latest:contours").splitlines()[0] != before:
        faults.append("after the repair other bytes came out")

    image.unlink()
    expect(osteon("store", "fsck", status=4), digest_of(image), "missing")
    osteon("store", "fsck", "--repair")
    run()
    expect(osteon("store", "fsck"), "0 wrong, 0 missing")


def check_gc():
    osteon("store", "pin", "paper", "latest")
    expect(osteon("store", "ls"), "pin paper")
    run("--set", "size=170")
    before = len(objects())
    expect(osteon("store", "gc", "--keep", "1", "--dry-run"), "would remove")
    if len(objects()) != before:
        faults.append("a dry run removed files")
    osteon("store", "gc", "--keep", "0")
    verdicts, _ = run()
    if set(verdicts.values()) - {"cached"}:
        faults.append(f"gc removed what was pinned: {verdicts}")
    osteon("store", "unpin", "paper")
    expect(osteon("store", "unpin", "paper", status=1), "no pin 'paper'")
    osteon("store", "gc", "--keep", "0")
    m = stat()
    if m["objects"]["files"] or m["tables"]["nodes"]["records"]:
        faults.append(f"gc left something: {m}")
    verdicts, _ = run()
    if set(verdicts.values()) != {"ran"}:
        faults.append(f"after gc of everything: {verdicts}")


def check_bundle():
    osteon("store", "export", "latest", "run.tar.zst")
    osteon("store", "import", "run.tar.zst", store="other")
    verdicts, _ = run(store="other")
    if set(verdicts.values()) - {"cached"}:
        faults.append(f"after an import: {verdicts}")
    osteon("store", "fsck", store="other")
    flip(WORK / "run.tar.zst")
    osteon("store", "import", "run.tar.zst", store="third", status=1)
    if stat("third")["tables"]["runs"]["records"]:
        faults.append("a damaged bundle was imported")


def check_refusals():
    (WORK / "other/version").write_text("osteon store format 99\n")
    expect(osteon("store", "ls", store="other", status=4), "newer osteon")
    expect(run(store="other", status=4)[1], "newer osteon")
    os.environ["OSTEON_TEST_FSTYPE"] = "6969"
    expect(osteon("store", "ls", status=4), "network file system (NFS)")
    del os.environ["OSTEON_TEST_FSTYPE"]


(WORK / "w.json").write_text(json.dumps(WORKFLOW, indent=2))
verdicts, text = run()
if set(verdicts.values()) != {"ran"} or len(verdicts) != 4:
    sys.exit(f"the run failed: {text}")
for check in (check_looking, check_damage, check_gc, check_bundle,
              check_refusals):
    check()
print("\n".join(faults) if faults else "ok")
sys.exit(1 if faults else 0)
