#!/usr/bin/env python3
"""Inputs from URLs: pins, broken downloads, servers that say no.

The server is of this test, on 127.0.0.1.  It can cut a transfer short, and
counts what it is asked for.
"""
import hashlib
import http.server
import io
import os
import pathlib
import re
import sys
import threading
import zipfile

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from pictures import png
from runs import check, osteon, remove, totals, write


def archive(seed):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as z:
        for i in range(40):
            z.writestr(zipfile.ZipInfo(f"{'ab'[i % 2]}/{i}.png"),
                       png(1000 * seed + i))
    return data.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """Serves `data` at /study.zip; of the first `cuts` answers half comes."""
    daemon_threads = True

    def __init__(self, data):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.cuts, self.ranges, self.gets = data, 0, [], 0
        self.url = f"http://127.0.0.1:{self.server_port}/study.zip"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, body):
        data, start = self.server.data, 0
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.path != "/study.zip":
            self.send_error(404)
            return
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.headers.get("If-Range", tag) == tag:
            start = int(asked[1])
            self.server.ranges.append(start)
        self.server.gets += body
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range",
                             f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", tag)
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if not body:
            return
        end = len(data)
        if self.server.cuts:
            self.server.cuts -= 1
            end = start + (end - start) // 2
        self.wfile.write(data[start:end])


def run(where, *words, status=0):
    return osteon("run", "w.json", "--store", "store", "--out", "out",
                  "--events", "-", "--bind", f"images={where}", *words,
                  status=status)


def rows():
    lines = pathlib.Path("out/small/items.csv").read_text().splitlines()
    return len(lines) - 1


def nothing_kept(label):
    done = osteon("store", "ls", "--store", "store")
    check(not done.stdout.strip() or "steps" not in done.stdout or
          "done" not in done.stdout, f"{label}: a run is kept: {done.stdout}")
    left = list(pathlib.Path("store/downloads").glob("*"))
    check(not left, f"{label}: downloads are kept: {left}")


def main():
    write("w.json", {
        "osteon": 1, "name": "urls",
        "inputs": {"images": {"type": "dataset"}},
        "nodes": {"ingest": {"stage": "ingest", "in": "$images"},
                  "small": {"stage": "resize", "in": "ingest",
                            "with": {"size": [8, 8]}}},
        "outputs": {"small": "small"}})
    server = Server(archive(1))
    pin = hashlib.sha256(server.data).hexdigest()

    done = run(f"{server.url}#sha256={'0' * 64}", status=1)
    check(pin in done.stderr and "0" * 64 in done.stderr, done.stderr)
    nothing_kept("a wrong pin")
    print("a wrong pin: refused, nothing kept")

    server.cuts, server.ranges = 2, []
    run(f"{server.url}#sha256={pin}")
    check(rows() == 40, "not all images")
    check(len(server.ranges) == 2 and min(server.ranges) > 0 and
          sorted(server.ranges) == server.ranges,
          f"resumed at {server.ranges}")
    print(f"cut twice: went on at {server.ranges} of {len(server.data)} bytes")

    server.gets = 0
    done = run(f"{server.url}#sha256={pin}")
    check(server.gets == 0, f"{server.gets} downloads of pinned bytes")
    check(totals(done.stdout)["ran"] == 0, done.stdout)

    remove("store", "out")
    run(server.url)
    server.gets = 0
    check(totals(run(server.url).stdout)["ran"] == 0, "computed again")
    check(server.gets == 0, "what had not changed was downloaded again")
    server.data = archive(2)
    check(totals(run(server.url).stdout)["ran"] == 3, "the old bytes were used")
    check(server.gets == 1, f"{server.gets} downloads of changed bytes")
    print("without a pin: downloaded when it has changed")

    remove("store", "out")
    run(f"{server.url}#sha256={pin}", status=1)
    nothing_kept("a changed file under its old pin")

    done = run(server.url.replace("study", "other"), status=1)
    check("404" in done.stderr or "not found" in done.stderr.lower(),
          done.stderr)
    check("other.zip" in done.stderr, done.stderr)
    server.shutdown()
    server.server_close()
    done = run(server.url, status=1)
    check(server.url in done.stderr, done.stderr)
    print("no such file, no server: status 1, the URL is named")

    remove("store", "out")
    pathlib.Path("study.zip").write_bytes(server.data)
    run(pathlib.Path("study.zip").resolve().as_uri())
    check(rows() == 40, "not all images of file://")
    print("file:// works, too")


main()
