#!/usr/bin/env python3
"""Runs on stores that are full, read-only, or damaged inside the index.

Small file systems in memory stand for disks; they need a mount namespace
(root, or user namespaces) and are skipped without one.
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import (STUDY, check, digests, osteon, remove, totals, verdicts,
                  write)

DISK = pathlib.Path.cwd() / "disk"
STORE = DISK / "store"


def enter_namespace():
    """Starts this test again where it may mount."""
    if os.environ.get("OSTEON_TEST_MOUNTS"):
        return
    for words in (["unshare", "-m"], ["unshare", "-rm"]):
        if not shutil.which("unshare"):
            break
        done = subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"],
                              capture_output=True)
        if done.returncode == 0:
            os.environ["OSTEON_TEST_MOUNTS"] = "1"
            os.execvp(words[0], [*words, sys.executable, __file__])
    print("may not mount a file system")
    sys.exit(77)


def mount(options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", DISK],
                   check=True)


def remount(options):
    subprocess.run(["mount", "-o", f"remount,{options}", DISK], check=True)


def unmount():
    subprocess.run(["umount", DISK], check=True)


def run(*words, status):
    return osteon("run", "study.json", "--store", STORE, "--events", "-",
                  *words, status=status)


def full_disks():
    """However little there is: a clear end, then the run goes on."""
    failures = 0
    for size in (16, 100, 200, 300, 450, 700, 1000):
        mount(f"size={size}k")
        done = run("--out", "out", status=None)
        label = f"a disk of {size} KiB: exit status {done.returncode}"
        check(done.returncode in (0, 4), f"{label}\n{done.stderr}")
        before = {s for s, v in verdicts(done.stdout).items() if v == "ran"}
        if done.returncode:
            failures += 1
            check("no space left" in done.stderr.lower(),
                  f"{label}\n{done.stderr}")
            check(str(STORE) in done.stderr, f"{label}\n{done.stderr}")
        remount("size=200m")
        done = run("--out", "out", status=0)
        again = {s for s, v in verdicts(done.stdout).items() if v == "ran"}
        check(not before & again, f"{label}: computed again {before & again}")
        check(digests("out") == digests("expected"), f"{label}: other bytes")
        osteon("store", "fsck", "--store", STORE)
        unmount()
        remove("out")
    check(failures > 3, f"only {failures} disks were full")
    print(f"{failures} full disks: status 4, nothing wrong kept, goes on")


def full_output():
    """The store is fine, --out is on a full disk."""
    mount("size=12k")
    done = osteon("run", "study.json", "--store", "reference", "--out",
                  DISK / "out", status=4)
    check("no space left" in done.stderr.lower() and str(DISK) in done.stderr,
          done.stderr)
    left = [p.name for p in DISK.rglob("*") if p.name.endswith(".tmp")]
    check(not left, f"left on the full disk: {left}")
    remount("size=20m")
    osteon("run", "study.json", "--store", "reference", "--out", DISK / "out")
    check(digests(DISK / "out") == digests("expected"), "other bytes")
    unmount()
    print("a full disk under --out: status 4, complete once there is space")


def read_only_disk():
    mount("size=200m")
    run("--target", "contours", status=0)
    remount("ro")
    done = run(status=4)
    check("read-only" in done.stderr.lower() and str(STORE) in done.stderr,
          done.stderr)
    done = osteon("run", "study.json", "--store", DISK / "new", status=4)
    check("read-only" in done.stderr.lower() and str(DISK) in done.stderr,
          done.stderr)
    done = osteon("store", "stat", "--store", STORE, status=None)
    check(done.returncode in (0, 4), f"stat: {done.returncode}")
    remount("rw")
    done = run("--out", "out", status=0)
    check(totals(done.stdout)["cached"] >= 4, done.stdout)
    check(digests("out") == digests("expected"), "other bytes")
    unmount()
    remove("out")
    print("a read-only disk: status 4, goes on when it is writable")


def damaged_index():
    """A flipped bit in a small blob, which lies in the index itself."""
    shutil.copytree("reference", "flipped")
    index = pathlib.Path("flipped/index.lmdb")
    data = bytearray(index.read_bytes())
    word = b'"divided_groups"'
    at, flips = data.find(word), 0
    while at >= 0:
        data[at + 3] ^= 1
        flips += 1
        at = data.find(word, at + 1)
    check(flips > 0, "no metrics in the index")
    index.write_bytes(data)
    fsck = osteon("store", "fsck", "--store", "flipped", status=4).stdout
    check("wrong bytes" in fsck, fsck)
    named = [word for line in fsck.splitlines() if "wrong bytes" in line
             for word in line.split() if len(word.strip("':,")) == 64]
    check(named, f"fsck names no blob: {fsck}")
    done = osteon("run", "study.json", "--store", "flipped", "--out", "out",
                  status=4)
    check("damaged" in done.stderr, done.stderr)
    check(not pathlib.Path("out/division.json").exists(),
          "damaged metrics were written")
    osteon("store", "fsck", "--repair", "--store", "flipped")
    osteon("run", "study.json", "--store", "flipped", "--out", "out")
    check(digests("out") == digests("expected"), "other bytes")
    print("a flipped bit in the index: named, never used, repaired")


enter_namespace()
DISK.mkdir(exist_ok=True)
write("study.json", {
    **STUDY, "params": {**STUDY["params"], "fill": 3},
    "outputs": {**STUDY["outputs"], "division": "folds.table"}})
osteon("run", "study.json", "--store", "reference", "--out", "expected")
full_disks()
full_output()
read_only_disk()
damaged_index()
