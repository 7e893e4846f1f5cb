#!/usr/bin/env python3
"""`osteon show`: lists of items, and their pictures.

What is drawn (as half-blocks, as sixels, as PNG) is read back into pixels and
compared with what the fields say; golden texts hold the letters and the 256
colors (tests/golden/previews, OSTEON_UPDATE=1 rewrites them).
"""
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import zipfile
import zlib

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from dicom import dicom_file

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
HERE = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "tests/golden/previews"
UPDATE = os.environ.get("OSTEON_UPDATE") == "1"
HEIGHT, WIDTH = 7, 9
faults = []


def npy(kind, shape, values):
    head = str({"descr": {"B": "|u1", "H": "<u2", "f": "<f4"}[kind],
                "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + \
        struct.pack(f"<{len(values)}{kind}", *values)


def gray(y, x):
    return y * 30 + x * 5


def lesion(y, x):
    return 2 <= y < 4 and 3 <= x < 6


BOX = (1, 1, 8, 6)
LARGE = 200


def write_files():
    files = pathlib.Path("files")
    files.mkdir()
    pixels = [(y, x) for y in range(HEIGHT) for x in range(WIDTH)]
    with zipfile.ZipFile(files / "a.npz", "w") as z:
        z.writestr("image.npy", npy("B", (HEIGHT, WIDTH),
                                    [gray(y, x) for y, x in pixels]))
        z.writestr("mask.lesion.npy", npy("B", (HEIGHT, WIDTH),
                                          [lesion(y, x) for y, x in pixels]))
        z.writestr("boxes.npy", npy("f", (1, 4), BOX))
    (files / "wide.npy").write_bytes(
        npy("H", (LARGE, LARGE), [1000 + 10 * (i // LARGE)
                                  for i in range(LARGE * LARGE)]))
    (files / "color.npy").write_bytes(
        npy("B", (4, 4, 3), [(i * 83) % 256 for i in range(48)]))
    (files / "xray.dcm").write_bytes(
        dicom_file("A", "B", "1.2", photometric="MONOCHROME1"))
    with zipfile.ZipFile(files / "movie.npz", "w") as z:
        z.writestr("frames.npy", npy("f", (2, 2, 2),
                                     [0, 1, 2, 3, 7, 7, 7, float("nan")]))
    for i in range(30):
        (files / f"many{i:02}.npy").write_bytes(npy("B", (1, 1), [i]))


def osteon(*args, status=0, **env):
    base = {k: v for k, v in os.environ.items()
            if k not in ("COLORTERM", "NO_COLOR", "TERM", "COLUMNS", "LINES")}
    done = subprocess.run([BIN, *map(str, args)], capture_output=True,
                          env=base | env)
    if done.returncode != status:
        faults.append(f"{args}: exit status {done.returncode} instead of "
                      f"{status}: {done.stderr.decode()}")
    return done.stdout.decode() + done.stderr.decode()


def show(*args, status=0, **env):
    return osteon("show", "latest:images", "--store", "store", *args,
                  status=status, **env)


def expect(text, *words):
    for word in words:
        if word not in text:
            faults.append(f"no '{word}' in: {text}")


def picture_of(text):
    """What follows the line `shown`."""
    return text[text.index("  shown "):].partition("\n")[2]


# --- what the fields say ------------------------------------------------------

def expected_pixels():
    rows = []
    for y in range(HEIGHT):
        row = []
        for x in range(WIDTH):
            v = [gray(y, x)] * 3
            if lesion(y, x):
                v = [(a * 55 + b * 45 + 50) // 100
                     for a, b in zip(v, (255, 64, 64))]
            on_x = x in (BOX[0], BOX[2] - 1) and BOX[1] <= y < BOX[3]
            on_y = y in (BOX[1], BOX[3] - 1) and BOX[0] <= x < BOX[2]
            row.append((255, 230, 0) if on_x or on_y else tuple(v))
        rows.append(row)
    return rows


# --- what was drawn -----------------------------------------------------------

def read_blocks(text):
    rows = []
    for line in text.splitlines():
        above, below, top, bottom = None, None, [], []
        for code, sign in re.findall(r"\033\[([\d;]*)m|(.)", line):
            parts = [int(p) for p in code.split(";") if p]
            if parts[:2] == [38, 2]:
                above = tuple(parts[2:])
            elif parts[:2] == [48, 2]:
                below = tuple(parts[2:])
            elif sign:
                top.append(above)
                bottom.append(below)
        rows += [top, bottom] if bottom[0] else [top]
    return rows


def read_png(data):
    at, chunks = 8, {}
    while at < len(data):
        n, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + n]
        crc, = struct.unpack_from(">I", data, at + 8 + n)
        if crc != zlib.crc32(kind + body):
            faults.append(f"PNG: checksum of {kind}")
        chunks[kind] = body
        at += 12 + n
    width, height, depth, color = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    if (depth, color) != (8, 2) or b"IEND" not in chunks:
        faults.append("PNG: other than 8-bit RGB, or without an end")
    raw, rows, last = zlib.decompress(chunks[b"IDAT"]), [], [0] * width * 3
    for y in range(height):
        line = raw[y * (width * 3 + 1):(y + 1) * (width * 3 + 1)]
        if line[0] != 2:
            faults.append(f"PNG: filter {line[0]}")
        last = [(a + b) % 256 for a, b in zip(line[1:], last)]
        rows.append([tuple(last[3 * x:3 * x + 3]) for x in range(width)])
    return rows


def read_sixel(text):
    """Pixels in percent."""
    body = text[text.index("\033P"):text.index("\033\\")]
    m = re.match(r'\033P0;1;0q"1;1;(\d+);(\d+)', body)
    width, height = map(int, m.groups())
    rows = [[None] * width for _ in range(height)]
    colors, color, x, top = {}, None, 0, 0
    for number, rgb, count, letter, move in re.findall(
            r"#(\d+)((?:;\d+)*)|(?:!(\d+))?([?-~])|([$-])", body[m.end():]):
        if rgb:
            colors[int(number)] = tuple(map(int, rgb.split(";")[2:]))
        elif number:
            color = colors[int(number)]
        elif letter:
            for _ in range(int(count or 1)):
                for bit in range(6):
                    if (ord(letter) - 63) >> bit & 1:
                        rows[top + bit][x] = color
                x += 1
        else:
            x = 0
            top += 6 * (move == "-")
    return rows


def same(what, got, want):
    if got != want:
        faults.append(f"{what}: {got} instead of {want}")


def golden(name, text):
    path = HERE / name
    if UPDATE:
        HERE.mkdir(exist_ok=True)
        path.write_text(text)
    elif path.read_text() != text:
        faults.append(f"{name}: not the golden text:\n{text}")


# --- checks -------------------------------------------------------------------

def check_lists():
    text = show()
    expect(text, "items (35)", "  ... and 25 more (--offset 10)")
    text = show("--limit", 3, "--offset", 32)
    expect(text, "\n  movie ", "\n  wide ", "\n  xray ")
    same("lines", len(text.split("items (35)")[1].splitlines()), 4)
    same("nothing", show("--limit", 0).count("many"), 0)
    same("behind all", show("--offset", 100).count("many"), 0)


def check_item():
    want = expected_pixels()
    size = {"COLUMNS": "40", "LINES": "20"}
    text = show("--item", "a", COLORTERM="truecolor", **size)
    expect(text, "item a\n", "field     mask.lesion u8(7, 9)")
    same("no terminal", text.count("shown"), 0)
    text = show("--item", "a", "--preview", "blocks", COLORTERM="truecolor",
                **size)
    expect(text, "  shown     image u8 7 x 9; mask.lesion; 1 boxes\n")
    same("blocks", read_blocks(picture_of(text)), want)
    text = show("--item", "a", "--preview", "sixel", **size)
    same("sixel", read_sixel(text),
         [[tuple((v * 100 + 127) // 255 for v in p) for p in row]
          for row in want])
    text = show("--item", "a", "--png", "a.png")
    expect(text, "  written   'a.png': image u8 7 x 9")
    same("png", read_png(pathlib.Path("a.png").read_bytes()), want)
    show("--item", "a", "--field", "image", "--png", "plain.png")
    same("field", read_png(pathlib.Path("plain.png").read_bytes()),
         [[(gray(y, x),) * 3 for x in range(WIDTH)] for y in range(HEIGHT)])
    golden("letters.txt", picture_of(show("--item", "a", "--preview", "blocks",
                                          **size)))
    golden("colors256.txt", picture_of(
        show("--item", "a", "--preview", "blocks", TERM="xterm-256color",
             **size)))
    golden("small.txt", picture_of(
        show("--item", "a", "--preview", "blocks", NO_COLOR="1",
             COLORTERM="truecolor", COLUMNS="4", LINES="20")))


def check_values():
    text = show("--item", "wide", "--preview", "blocks", "--png", "wide.png",
                COLORTERM="24bit", COLUMNS="10", LINES="50")
    expect(text, "image u16 200 x 200, 1000 .. 2990 (0.5 and 99.5 percentile) "
                 "shown from black to white")
    rows = read_blocks(picture_of(text))
    same("size", (len(rows), len(rows[0])), (10, 10))
    for y, row in enumerate(rows):
        mean = 1000 + 10 * (20 * y + 9.5)
        level = int(min(max((mean - 1000) / 1990 * 255, 0), 255) + .5)
        same(f"row {y}", row, [(level,) * 3] * 10)
    rows = read_png(pathlib.Path("wide.png").read_bytes())
    same("size", (len(rows), len(rows[0])), (200, 200))
    same("ends", (rows[0][0], rows[-1][-1]), ((0,) * 3, (255,) * 3))
    show("--item", "color", "--png", "color.png")
    text = show("--item", "movie", "--png", "movie.png", "--frame", 1)
    expect(text, "frames f32 2 x 2, frame 1 of 2, 7 .. 8 (0.5 and 99.5")
    expect(show("--item", "movie", "--png", "m.png", "--frame", 2, status=2),
           "frame 2 of 2 (they count from 0)")


def on_terminal(answer):
    """What `show` writes to a terminal that says what it is by `answer`."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ |= {"COLORTERM": "truecolor"}
        os.execv(BIN, [BIN, "show", "latest:images", "--store", "store",
                       "--item", "a"])
    text = b""
    while True:
        try:
            more = os.read(fd, 4096)
        except OSError:
            break
        if not more:
            break
        text += more
        if b"\033[c" in text and answer:
            os.write(fd, answer)
            answer = None
    os.close(fd)
    same("exit status", os.waitpid(pid, 0)[1], 0)
    return text.decode()


def check_terminal():
    text = on_terminal(b"\033[?62;4;22c")
    expect(text, "\033[c", "\033P0;1;0q")
    same("blocks beside sixels", text.count("\u2580"), 0)
    for answer in (b"\033[?62;22c", None):
        text = on_terminal(answer)
        expect(text, "\u2580", "shown     image u8 7 x 9")
        same("sixels nobody draws", text.count("\033P"), 0)


def check_faults():
    expect(show("--item", "wid", status=1),
           "there is no item 'wid' (did you mean 'wide'?)")
    expect(show("--item", "man", status=1), "(did you mean 'many00'?)")
    expect(show("--item", "zzz", status=1), "there is no item 'zzz'\n")
    expect(show("--item", "a", "--field", "mask.lesoin", "--preview", "blocks",
                status=1),
           "item 'a' has no field 'mask.lesoin' (did you mean 'mask.lesion'?)")
    expect(show("--field", "image", status=2), "--field wants an --item")
    expect(show("--item", "a", "--preview", "sixels", status=2), "sixel")
    expect(osteon("show", "latest", "--store", "store", "--item", "a",
                  status=2), "latest:STEP")
    expect(show("--item", "a", "--png", "none/a.png", status=1), "none/a.png")
    expect(show("--item", "xray", "--png", "xray.png"),
           "percentile) shown from white to black")
    rows = read_png(pathlib.Path("xray.png").read_bytes())
    same("turned around", [rows[0][0], rows[-1][-1]],
         [(255, 255, 255), (0, 0, 0)])


def check_hostile():
    """A label that would command the terminal."""
    folder = pathlib.Path("hostile")
    folder.mkdir()
    (folder / "a.npy").write_bytes(npy("B", (2, 2), [1, 2, 3, 4]))
    (folder / "manifest.csv").write_text(
        "path,label,note\na.npy,\x1b[2Jred,\x9b31m\x7fend \xe9\n",
        encoding="utf-8")
    osteon("run", "w.json", "--bind", "files=hostile", "--store", "store",
           "--quiet")
    for text in (show(),
                 show("--item", "a", "--preview", "off")):
        expect(text, "?[2Jred")
        if any(c in text for c in "\x1b\x9b\x7f"):
            faults.append(f"the terminal is commanded: {text!r}")
    expect(text, "??31m?end \xe9")


def check_models():
    """A generator says what it makes of what."""
    osteon("run", HERE.parent / "generate/workflow.json", "--store", "models",
           "--quiet")

    def shown(name):
        return osteon("show", f"latest:gan.{name}", "--store", "models")

    expect(shown("generator"), "network   tiny_generator, ",
           "makes     image 32 x 32 x 1 from contour 32 x 32 x 1 (pix2pix)",
           "learned   from 4 items of 3 groups, 2 updates", "exposure  3 groups")
    expect(shown("discriminator"), "judges    images (pix2pix)")


def main():
    write_files()
    pathlib.Path("w.json").write_text(json.dumps({
        "osteon": 1, "name": "shown",
        "inputs": {"files": {"type": "dataset"}},
        "nodes": {"images": {"stage": "ingest", "in": "$files"}},
        "outputs": {"images": "images"}}))
    osteon("run", "w.json", "--bind", "files=files", "--store", "store",
           "--quiet")
    check_lists()
    check_item()
    check_values()
    check_terminal()
    check_faults()
    check_hostile()
    check_models()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
