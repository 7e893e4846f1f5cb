#!/usr/bin/env python3
"""`osteon model` of tests/golden/model/net.json: the table, JSON and drawings.

Bytes depend on the machine's vectors, and plans change, so they are left out of what is compared.
OSTEON_UPDATE=1 writes the expectations anew.
"""
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
from xml.etree import ElementTree

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
HERE = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "tests" / "golden" / "model"
UPDATE = os.environ.get("OSTEON_UPDATE") == "1"


def model(*words):
    done = subprocess.run([BIN, "model", *words], text=True,
                          capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def net(*words):
    return model(HERE / "net.json", *words)


def compare(name, got):
    path = HERE / name
    if UPDATE:
        path.write_text(got)
    want = path.read_text()
    if got != want:
        sys.stdout.writelines(difflib.unified_diff(
            want.splitlines(True), got.splitlines(True), name, "printed"))
        sys.exit(1)


def masked(table):
    """Without sizes in memory and the spaces before them."""
    return re.sub(r"( +\d+(\.\d+)? [kMG]?B)? *$", "", table, flags=re.M)


def check_tables():
    for name, words in (("table.txt", []), ("train.txt", ["--train"]),
                        ("folded.txt", ["--depth", "1", "--batch", "4"])):
        text = net(*words)
        wide = [line for line in text.splitlines() if len(line) > 80]
        assert not wide, wide
        compare(name, masked(text))


def check_json():
    got = json.loads(net("--format", "json"))
    layers = {layer["name"]: layer for layer in got["layers"]}
    assert len(got["layers"]) == 19, len(got["layers"])
    assert got["input"] == [1, 32, 32] and got["output"] == [3]
    assert layers["stages.1.block1.conv"]["output"] == [16, 32, 32]
    assert layers["stages.1.block1.conv"]["parameters"] == 16 * 16 * 9
    assert layers["stages.1.block1.conv"]["flops"] == 2 * 16 * 16 * 9 * 1024
    assert layers["stem"]["frozen"] and got["frozen"] == 16 * 9 + 16
    assert got["parameters"] == 7491, got["parameters"]
    assert got["scores"] == "sigmoid" and got["memory"]["weights"] >= 4 * 7491
    again = [layer["shared"] for layer in got["layers"]
             if layer["name"] == "rounds.mix"]
    assert again == [False, True], again
    # A batch needs its multiple in outputs and operations, not in weights.
    more = json.loads(net("--format", "json", "--batch", "4", "--train"))
    assert more["flops"] == 4 * got["flops"]
    assert more["memory"]["weights"] == got["memory"]["weights"]
    assert more["memory"]["activations"] > 4 * got["memory"]["activations"]
    assert more["memory"]["adam"] == 2 * more["memory"]["gradients"]
    other = json.loads(net("--format", "json", "--input", "2x20x24", "--set",
                           "classes=7", "--set", "blocks=[1]"))
    assert other["input"] == [2, 20, 24] and other["output"] == [7]
    assert len(other["layers"]) == 11, len(other["layers"])


def check_size():
    """A network of gigabytes is described without its memory."""
    text = """{"osteon_model": 1, "name": "vast", "layers": [
        {"repeat": 4, "layers": [{"op": "dense", "out": 40000}]}]}"""
    path = pathlib.Path("vast.json")
    path.write_text(text)
    # Sanitizers take all of the address space for themselves.
    limit = "" if os.environ.get("OSTEON_SANITIZE") else f"ulimit -v {4 << 20};"
    done = subprocess.run(
        ["sh", "-c", f"{limit} exec {BIN} model {path} --input 40000 --train "
         "--format json"], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert got["parameters"] == 4 * (40000 * 40000 + 40000)
    assert got["memory"]["adam"] >= 2 * 4 * got["parameters"]


def check_dot():
    for depth, boxes in (("0", 19), ("1", 5), ("2", 9)):
        text = net("--format", "dot", "--depth", depth)
        names = re.findall(r"^ +(\w+) \[", text, re.M)
        assert len(names) == boxes + 3, names  # graph, node and input
        assert text.count("{") == text.count("}")
        for a, b in re.findall(r"(\w+) -> (\w+);", text):
            assert a in names and b in names, (a, b)
    compare("net.dot", net("--format", "dot"))


def rect(element):
    x, y, w, h = (float(element.get(k)) for k in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def inside(a, b):
    return b[0] < a[0] and b[1] < a[1] and a[2] < b[2] and a[3] < b[3]


def check_svg():
    """Boxes never overlap; groups hold boxes whole, and are held whole."""
    name = "{http://www.w3.org/2000/svg}"
    for depth, boxes, groups in (("0", 20, 7), ("1", 6, 0), ("2", 10, 2)):
        root = ElementTree.fromstring(net("--format", "svg", "--depth", depth))
        small = [rect(g.find(f"{name}rect")) for g in root.iter(f"{name}g")]
        large = [rect(r) for r in root.findall(f"{name}rect")]
        page = (0, 0, float(root.get("width")), float(root.get("height")))
        assert (len(small), len(large)) == (boxes, groups), (small, large)
        for i, a in enumerate(small):
            assert inside(a, page)
            assert all(apart(a, b) for b in small[:i]), (depth, a)
            assert all(apart(a, b) or inside(a, b) for b in large), (depth, a)
        for i, a in enumerate(large):
            assert all(apart(a, b) or inside(a, b) for b in large[:i])
        texts = [text.text for text in root.iter(f"{name}text")]
        assert "conv2d, frozen 16x32x32" in texts, texts
        assert "prefers-color-scheme: dark" in root.find(f"{name}style").text
    many = {"osteon_model": 1, "name": "<many>", "input": [4], "layers": [
        {"op": "relu", "name": "a&b"}, {"repeat": 3000, "layers": [
            {"op": "relu"}]}]}
    path = pathlib.Path("many.json")
    path.write_text(json.dumps(many))
    done = subprocess.run([BIN, "model", path, "--format", "svg"], text=True,
                          capture_output=True)
    assert done.returncode == 2 and "fold groups with --depth" in done.stderr
    root = ElementTree.fromstring(model(path, "--format=svg", "--depth=1"))
    assert root.find(f"{name}title").text == "<many>"


def check_kinds():
    kinds = json.loads(model("--kinds", "--format", "json"))
    names = [kind["name"] for kind in kinds]
    assert names == sorted(names) and "conv2d" in names
    assert "reorder" not in names
    listed = [line.split()[0] for line in model("--kinds").splitlines()]
    assert listed == names
    for name in names:
        text = model("--kinds", name)
        assert text.startswith(f"{name} - "), text
        assert "default -" not in text, text
    assert "index: integer, 0 to 16777216; optional" in model("--kinds", "slice")


def snippets(text):
    """The indented blocks of a page that begin with a brace."""
    for block in re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.M):
        if block.strip().startswith("{"):
            yield block.strip()


def check_page():
    """The examples of docs/networks.md are networks, or parts of one."""
    page = HERE.parents[2] / "docs" / "networks.md"
    params = {"depth": 18, "pooling": "mean", "residual": True, "frames": 3}
    shapes = {"time": [1, 3, 12, 12]}
    seen = 0
    for text in snippets(page.read_text()):
        if "osteon_model" in text:
            whole = json.loads(text)
        elif text.startswith('{ "case"'):
            whole = {"params": dict(params, blocks=json.loads(text)), "layers": [
                {"repeat": "${blocks}", "layers": [{"op": "relu"}]}]}
        else:
            part = json.loads(f"[{text.rstrip(',')}]")
            name = part[0].get("name")
            whole = {"params": params, "input": shapes.get(name, [64, 32, 32]),
                     "layers": [{"op": "relu", "name": "shortcut"}, *part]}
        whole = {"osteon_model": 1, "name": "page", "input": [4, 32, 32], **whole}
        path = pathlib.Path("page.json")
        path.write_text(json.dumps(whole))
        model(path, "--train")
        seen += 1
    assert seen == 8, seen


check_tables()
check_page()
check_json()
check_size()
check_dot()
check_svg()
check_kinds()
