#!/usr/bin/env python3
"""The page of a report in a real browser: three widths, both themes.

Nothing is wider than the window, no text of a figure lies over another, the
theme is the reader's, and nothing was asked for elsewhere.  Skipped where there
is no Chromium.
"""
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
CASE = SOURCE / "tests/golden/report"
NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]
PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 20, 24)"}

# Runs in a copy of the page that allows it, within a frame of the width.
LOOK = """
const said = {wide: [], over: [], theme: "", width: innerWidth,
              asked: performance.getEntriesByType("resource").length};
const root = document.documentElement;
said.theme = getComputedStyle(document.body).backgroundColor;
if (root.scrollWidth > innerWidth)
  for (const e of document.body.querySelectorAll("*")) {
    const right = e.getBoundingClientRect().right;
    if (right > innerWidth + 1 && !e.closest(".wide, .scroll, .shot"))
      said.wide.push(e.tagName + "." + e.getAttribute("class"));
  }
said.scroll = root.scrollWidth;
for (const svg of document.querySelectorAll("svg")) {
  const texts = [...svg.querySelectorAll("text")].filter(
    t => t.getClientRects().length && !/rotate/.test(
      t.getAttribute("transform") || ""));
  const boxes = texts.map(t => t.getBoundingClientRect());
  for (let i = 0; i < texts.length; i++)
    for (let k = 0; k < i; k++) {
      const a = boxes[i], b = boxes[k], in_y =
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 &&
          in_y > 0.45 * Math.min(a.height, b.height))
        said.over.push(texts[i].textContent + " | " + texts[k].textContent);
    }
}
document.body.innerHTML = "";
document.title = JSON.stringify(said);
"""


def browser():
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    print("no Chromium")
    sys.exit(77)


def osteon(*args):
    done = subprocess.run([BIN, *args], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"osteon {args[0]}: {done.stderr}")


def look(program, page, theme):
    """What the script found, or None when the browser does not start."""
    args = [program, "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", "--no-first-run",
            f"--user-data-dir={os.getcwd()}/profile",
            f"--blink-settings=preferredColorScheme={int(theme == 'light')}",
            "--window-size=1400,1000", "--virtual-time-budget=4000",
            "--dump-dom", page.resolve().as_uri()]
    try:
        done = subprocess.run(args, capture_output=True, text=True, timeout=100)
    except subprocess.TimeoutExpired:
        return None
    found = re.search(r"<title>(\{.*?\})</title>", done.stdout, re.S)
    return json.loads(html.unescape(found.group(1))) if found else None


def framed(page, width):
    """A page that shows another in a frame and takes over what it says."""
    page = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "",
                  page)
    page = page.replace("</body>", f"<script>{LOOK}</script></body>")
    page = page.replace("</title>", "</title><base target=\"_self\">", 1)
    return ("<!DOCTYPE html><title>none</title>"
            f"<iframe style=\"width:{width}px;height:900px;border:0\" "
            f"srcdoc=\"{html.escape(page)}\" onload=\"document.title = "
            "this.contentDocument.title\"></iframe>")


def check(program, page, width, theme):
    path = pathlib.Path(f"framed-{width}.html")
    path.write_text(framed(page, width))
    said = look(program, path, theme)
    if said is None:
        print(f"{width} {theme}: the browser did not answer")
        sys.exit(77)
    where, faults = f"{width} pixels, {theme}", []
    if said["width"] != width:
        faults.append(f"{where}: the frame is {said['width']} wide")
    if said["scroll"] > width:
        faults.append(f"{where}: the page is {said['scroll']} wide: "
                      f"{said['wide'][:4]}")
    faults += [f"{where}: texts overlap: {x}" for x in said["over"][:4]]
    if said["theme"] != PAPER[theme]:
        faults.append(f"{where}: the page is {said['theme']}")
    if said["asked"]:
        faults.append(f"{where}: the page fetched {said['asked']} things")
    return faults


def generators():
    """The workflow of docs/generators.md, whose report has pictures."""
    text = (SOURCE / "docs/generators.md").read_text()
    found = [json.loads(inside + "}") for _, inside in re.findall(
        r"^( {4})?(\{\n.*?^)(?(1) {4})\}$", text, re.M | re.S)]
    pathlib.Path("generators.json").write_text(json.dumps(found[0]))
    osteon("run", "generators.json", "--store", "store", "--out", "made",
           "--quiet")
    return pathlib.Path("made/report.html").read_text()


def main():
    program = browser()
    subprocess.run([sys.executable, CASE / "make_figures.py"], check=True)
    osteon("run", "figures.json", "--store", "store", "--out", "out", "--quiet")
    page = pathlib.Path("out/report.html").read_text()
    faults = []
    for width in (390, 820, 1280):
        for theme in ("light", "dark"):
            faults += check(program, page, width, theme)
    page = generators()
    for width, theme in ((390, "light"), (820, "dark"), (1280, "light")):
        faults += check(program, page, width, theme)
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
