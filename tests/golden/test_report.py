#!/usr/bin/env python3
"""The page of a report: well-formed, self-contained, the same every time."""
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree
from html.parser import HTMLParser

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
CASE = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "tests/golden/report"
VOID = {"br", "hr", "img", "meta"}
FETCHING = {"script", "link", "iframe", "object", "embed", "base", "form",
            "audio", "video", "source"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.faults = [], []
        self.ids, self.named = set(), []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in FETCHING:
            self.faults.append(f"<{tag}> may fetch something")
        for name in ("src", "href"):
            if not attrs.get(name, "data:").startswith("data:"):
                self.faults.append(f"{name} leads to {attrs[name][:60]}")
        if any(name.startswith("on") for name in attrs):
            self.faults.append(f"<{tag}> runs something")
        if tag == "img" and "alt" not in attrs:
            self.faults.append("a picture without words")
        if "id" in attrs:
            if attrs["id"] in self.ids:
                self.faults.append(f"id {attrs['id']} is there twice")
            self.ids.add(attrs["id"])
        self.named += attrs.get("aria-labelledby", "").split()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> in {self.open[-3:]} at {self.getpos()}")
        else:
            self.open.pop()


def osteon(*args):
    done = subprocess.run([BIN, *args], capture_output=True)
    if done.returncode:
        sys.exit(f"osteon {args[0]}: {done.stderr.decode()}")
    return done.stdout


def check(page):
    p = Page()
    p.feed(page)
    faults = p.faults + [f"{tag} is not closed" for tag in p.open]
    faults += [f"nothing has the id {n}" for n in p.named if n not in p.ids]
    if re.search(r"https?:|url\(|@import", page):
        faults.append("an address from elsewhere")
    for part in ("The workflow", "The numbers", "ROC curves", "Examples",
                 "Confusion matrix", "Provenance", "prefers-color-scheme",
                 "@media print", "details::details-content"):
        if part not in page:
            faults.append(f"no '{part}'")
    if page.count("<img") != 2 * page.count("<figure class=\"shot\""):
        faults.append("an example without its contours")
    return faults


def formats(store):
    """Every format, to a file, to a folder and to stdout."""
    faults = []

    def expect(holds, words):
        if not holds:
            faults.append(words)

    report = json.loads(osteon("report", "--store", store, "--format", "json"))
    expect(report["report"]["title"] == "A small report", "JSON: no title")
    expect(len(report["run"]["steps"]) == 6, "JSON: not six steps")
    text = osteon("report", "--store", store, "--format", "md").decode()
    expect(text.startswith("# A small report\n"), "Markdown: no title")
    expect("## Confusion matrix" in text, "Markdown: no confusion matrix")
    osteon("report", "--store", store, "--format", "csv", "--out", "tables")
    numbers = list(csv.DictReader(open("tables/numbers.csv", newline="")))
    pooled = report["report"]["metrics"][0]["document"]["pooled"]
    expect(abs(float(numbers[-1]["AUC"]) - pooled["auc"]) < 1e-8,
           "CSV: another area")
    osteon("report", "--store", store, "--format", "latex", "--out", "tex")
    expect({p.stem for p in pathlib.Path("tex").iterdir()} ==
           {p.stem for p in pathlib.Path("tables").iterdir()},
           "LaTeX and CSV have other tables")
    printed = osteon("report", "--store", store, "--format", "csv").decode()
    expect("# numbers.csv\n" in printed, "CSV on stdout has no names")
    osteon("report", "--store", store, "--figures", "figures")
    svgs = sorted(pathlib.Path("figures").glob("*.svg"))
    expect({"roc", "confusion", "workflow"} <= {p.stem for p in svgs},
           "a figure is missing")
    for svg in svgs:
        xml.etree.ElementTree.parse(svg)
    pngs = {p.stem for p in pathlib.Path("figures").glob("*.png")}
    expect(not pngs or pngs == {p.stem for p in svgs}, "some have no PNG")
    return faults + browser(store)


def browser(store):
    """--open starts $BROWSER on a page, and says so when there is none."""
    faults = []
    script = pathlib.Path("browser")
    script.write_text('#!/bin/sh\ncp "$1" seen.html\n')
    script.chmod(0o755)
    env = dict(os.environ, BROWSER=str(script.resolve()), TMPDIR=os.getcwd())
    args = [BIN, "report", "--store", store, "--open"]
    done = subprocess.run(args, env=env, capture_output=True, text=True)
    if done.returncode or "<h1>A small report</h1>" not in pathlib.Path(
            "seen.html").read_text():
        faults.append(f"--open shows no page: {done.stderr}")
    pages = list(pathlib.Path().glob("osteon-report-*.html"))
    if len(pages) != 1 or pages[0].stat().st_mode & 0o077:
        faults.append(f"--open: others may read the page: {pages}")
    env["BROWSER"] = "no-such-browser"
    done = subprocess.run(args, env=env, capture_output=True, text=True)
    if done.returncode != 1 or "set $BROWSER, or open '" not in done.stderr:
        faults.append(f"no browser: {done.returncode} {done.stderr}")
    done = subprocess.run(args + ["--format", "md"], capture_output=True,
                          text=True)
    if done.returncode != 2:
        faults.append(f"--open --format md: {done.returncode}")
    return faults


def main():
    store, workflow = "store", CASE / "workflow.json"
    osteon("run", workflow, "--store", store, "--out", "out", "--quiet")
    page = pathlib.Path("out/report.html").read_text()
    faults = check(page)
    again = osteon("report", "latest", "--store", store).decode()
    if again != page:
        faults.append("'osteon report' and '--out' write different pages")
    osteon("report", "--store", store, "--out", "file.html")
    if pathlib.Path("file.html").read_text() != page:
        faults.append("'--out FILE' and stdout differ")
    faults += formats(store)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
