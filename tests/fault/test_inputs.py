#!/usr/bin/env python3
"""Images and archives that are broken or mean harm.

By default the step fails and names the file; with on_error "skip" it is left
out by name.  Nothing is ever written outside of the store.
"""
import io
import json
import os
import pathlib
import sys
import tarfile
import zipfile

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from pictures import png
from runs import check, events, osteon, remove, totals, verdicts, write

JPEG_HEAD = (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
             b"\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0")
GOOD = ["a/1", "a/2", "b/3"]
BAD = {
    "zero bytes": b"",
    "random bytes": bytes(range(7, 250)),
    "truncated": png(9)[:200],
    "cut in its header": png(9)[:20],
    "one pixel row short": png(9, shape=(64, 32)),
    "huge": png(9, shape=(2**31 - 1, 2**31 - 1)),
    "wide": png(9, shape=(1, 2**31 - 1)),
    "no pixels": png(9, shape=(0, 0)),
    "a flipped byte": png(9)[:90] + b"\x55" + png(9)[91:],
    "a JPEG that ends": JPEG_HEAD,
    "a DICOM that ends": b"\0" * 128 + b"DICM" + b"\2\0",
}


def workflow():
    write("w.json", {
        "osteon": 1, "name": "inputs", "params": {"on_error": "fail"},
        "inputs": {"images": {"type": "dataset"}},
        "nodes": {"ingest": {"stage": "ingest", "in": "$images",
                             "with": {"on_error": "${on_error}"}},
                  "small": {"stage": "resize", "in": "ingest",
                            "with": {"size": [8, 8]}}},
        "outputs": {"small": "small"}})


def run(source, *words, status):
    remove("store", "out")
    return osteon("run", "w.json", "--store", "store", "--out", "out",
                  "--bind", f"images={source}", "--events", "-", *words,
                  status=status)


def message_of(done):
    return "\n".join(e["message"] for e in events(done.stdout)
                     if e.get("message") and e["event"] == "step_finished")


def ids():
    rows = pathlib.Path("out/small/items.csv").read_text().splitlines()
    return [row.split(",")[1] for row in rows[1:]]


def refused(label, source, name):
    """Fails by name; the next run, that skips, has the good ones."""
    done = run(source, status=1)
    check(verdicts(done.stdout) == {"ingest": "failed"}, done.stdout)
    check(name in message_of(done),
          f"{label}: no '{name}' in: {message_of(done)}")
    check(name in done.stderr, f"{label}: '{name}' not on stderr")
    check("\x1b" not in done.stderr + message_of(done),
          f"{label}: it commands the terminal")
    done = osteon("plan", "w.json", "--store", "store", "--bind",
                  f"images={source}", "--json")
    check({s["verdict"] for s in json.loads(done.stdout)} <= {"run", "maybe"},
          f"{label}: something is cached: {done.stdout}")


def skipped(label, source, name, good):
    done = run(source, "--set", "on_error=skip", status=0)
    check(f"skipped '{name}" in message_of(done),
          f"{label}: no skipped '{name}' in: {message_of(done)}")
    check(sorted(ids()) == sorted(good), f"{label}: kept {ids()}")
    check(totals(done.stdout)["failed"] == 0, label)


def bad_images():
    for label, data in BAD.items():
        remove("images")
        for i, name in enumerate(GOOD):
            path = pathlib.Path(f"images/{name}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(i))
        pathlib.Path("images/b/bad.png").write_bytes(data)
        refused(label, "images", "b/bad.png")
        skipped(label, "images", "b/bad.png", GOOD)
    print(f"{len(BAD)} kinds of bad images: refused and skipped by name")
    for name in GOOD:
        pathlib.Path(f"images/{name}.png").write_bytes(b"")
    done = run("images", "--set", "on_error=skip", status=0)
    for name in [*GOOD, "b/bad"]:
        check(f"skipped '{name}.png'" in done.stderr, f"skipped: {done.stderr}")
    check(ids() == [], f"{ids()} of nothing but bad images")


def members():
    return {f"{name}.png": png(i) for i, name in enumerate(GOOD)}


def tar_of(path, name, data=None, kind=tarfile.REGTYPE, target=""):
    """The good members, and one that is to be refused."""
    with tarfile.open(path, "w:gz") as tar:
        for good, content in members().items():
            info = tarfile.TarInfo(good)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        info.size = len(data or b"")
        tar.addfile(info, io.BytesIO(data or b""))
    return path


def zip_of(path, name, data):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for good, content in members().items():
            archive.writestr(good, content)
        archive.writestr(zipfile.ZipInfo(name), data,
                         compress_type=zipfile.ZIP_DEFLATED)
    return path


def bad_archives():
    above = pathlib.Path.cwd().parent
    outside = above / "outside"
    cases = [
        ("tar with ..", tar_of("up.tar.gz", "../outside/x.png", png(5)),
         "../outside/x.png"),
        ("zip with ..", zip_of("up.zip", "a/../../outside/x.png", png(5)),
         "a/../../outside/x.png"),
        ("tar with an absolute path",
         tar_of("abs.tar.gz", f"{outside}/x.png", png(5)), f"{outside}/x.png"),
        ("zip with an absolute path",
         zip_of("abs.zip", f"{outside}/x.png", png(5)), f"{outside}/x.png"),
        ("symbolic link", tar_of("link.tar.gz", "b/link.png", None,
                                 tarfile.SYMTYPE, "/etc/passwd"),
         "b/link.png"),
        ("hard link", tar_of("hard.tar.gz", "b/hard.png", None,
                             tarfile.LNKTYPE, "/etc/passwd"), "b/hard.png"),
        ("pipe", tar_of("pipe.tar.gz", "b/pipe.png", None, tarfile.FIFOTYPE),
         "b/pipe.png"),
        ("bad image", zip_of("bad.zip", "b/bad.png", BAD["truncated"]),
         "b/bad.png"),
        ("a member twice", tar_of("twice.tar.gz", "b/3.png", png(5)),
         "b/3.png"),
        ("a name that commands the terminal",
         tar_of("bell.tar.gz", "b/\x1b[2J\nx.png", png(5)),
         "b/\\x1b[2J\\x0ax.png"),
        ("a name that is no UTF-8",
         tar_of("bytes.tar.gz", "b/\udcff.png", png(5)), "b/\\xff.png"),
    ]
    bomb = zip_of("bomb.zip", "b/bomb.png", bytes(64 << 20))
    ratio = (64 << 20) / pathlib.Path(bomb).stat().st_size
    check(ratio > 900, f"no bomb: 1:{ratio:.0f}")
    for label, archive, name in cases:
        refused(label, archive, name)
        skipped(label, archive, name, GOOD)
    refused("bomb", bomb, "bomb.png")
    check(not outside.exists(), "something was written outside")
    check(list(above.iterdir()) == [pathlib.Path.cwd()],
          "something was written above")
    print(f"{len(cases)} kinds of bad archives and a bomb of 1:{ratio:.0f}: "
          "refused by name, nothing outside")

    data = pathlib.Path("bad.zip").read_bytes()
    pathlib.Path("cut.zip").write_bytes(data[:len(data) // 2])
    refused("half an archive", "cut.zip", "cut.zip")
    data = pathlib.Path(tar_of("fine.tar.gz", "b/4.png", png(4))).read_bytes()
    pathlib.Path("cut.tar.gz").write_bytes(data[:len(data) // 2])
    refused("half an archive", "cut.tar.gz", "cut.tar.gz")
    run("fine.tar.gz", status=0)
    check(len(ids()) == 4, "a good archive")


remove("work")
os.mkdir("work")
os.chdir("work")
workflow()
bad_images()
bad_archives()
