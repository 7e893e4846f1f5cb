#!/usr/bin/env python3
"""The page of a report: well-formed, self-contained, the same every time."""
import os
import pathlib
import re
import subprocess
import sys
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
                 "@media print"):
        if part not in page:
            faults.append(f"no '{part}'")
    if page.count("<img") != 2 * page.count("<figure class=\"shot\""):
        faults.append("an example without its contours")
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
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
