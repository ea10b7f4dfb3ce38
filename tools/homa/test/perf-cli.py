#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""What homa ping, serve and perf print is read by real parsers.

Over TCP on the loopback device: this machine needs no module.
Usage: perf-cli.py HOMA
"""

import html.parser
import json
import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HOMA = os.path.abspath(sys.argv[1])


def start_server():
    """A server on a free port; return (process, its address)."""
    for port in range(21000, 21100):
        server = subprocess.Popen([HOMA, "serve", "-P", "tcp", "-a", "127.0.0.1", "-p", str(port)],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if "listening" in server.stdout.readline():
            return server, "127.0.0.1:%d" % port
        server.wait()
    sys.exit("no free port")


def run(*args, status=0):
    """Run homa; return what it printed."""
    done = subprocess.run([HOMA, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


class Page(html.parser.HTMLParser):
    """Every tag is closed, and nothing is loaded from anywhere."""

    def __init__(self):
        super().__init__()
        self.open, self.count = [], {}

    def handle_starttag(self, tag, attrs):
        assert not {"src", "href", "onload", "xlink:href"} & {name for name, _ in attrs}, attrs
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


def check_page(path, plots):
    """The page of --report."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    page = Page()
    page.feed(text)
    assert not page.open, page.open
    assert page.count.get("svg") == plots, page.count
    assert "script" not in page.count and "link" not in page.count
    assert "http" not in text and "url(" not in text and "@import" not in text
    for part in text.split("<svg ")[1:]:
        xml.etree.ElementTree.fromstring("<svg " + part.split("</svg>")[0] + "</svg>")
        assert "nan" not in part and "inf" not in part


def check_perf(figures):
    """The numbers of --json belong together."""
    assert figures["sent"] == figures["answered"] > 0, figures
    assert not figures["failed"] + figures["wrong"] + figures["unfinished"] + figures["unsent"]
    assert figures["answered_bytes"] == figures["due_bytes"] > 0, figures
    assert figures["last_answer_ns"] > 0, figures
    assert figures["time_ns"]["count"] == figures["sent"]
    assert sum(n for _, n in figures["histogram"]) == figures["sent"]
    assert sum(d["time_ns"]["count"] for d in figures["deciles"]) == figures["sent"]
    times = figures["time_ns"]
    assert times["min"] <= times["p50"] <= times["p90"] <= times["p99"] <= times["max"]
    return figures


def main():
    server, address = start_server()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        ping = json.loads(run("ping", "-P", "tcp", "-c", "3", "-i", "1ms", "--json", address))
        assert ping["answered"] == 3 and ping["time_ns"]["count"] == 3, ping

        tcp = ["perf", "-P", "tcp", "-q", "-d", "200ms", "--warmup", "20ms", "--drain", "60s"]
        opened = check_perf(json.loads(run(*tcp, "-w", "W3", "-r", "2000", "-t", "2", "-c", "3",
                                           "--save-baseline", "idle", "--report", "open.html",
                                           "--json", address)))
        assert opened["load"]["loop"] == "open" and opened["slowdown"]["count"] == opened["sent"]
        check_page("open.html", 5)
        closed = check_perf(json.loads(run(*tcp, "-n", "4", "--no-baseline", "--report",
                                           "closed.html", "--json", address)))
        assert closed["load"]["loop"] == "closed" and "slowdown" not in closed
        check_page("closed.html", 4)
        # The same seed, the same requests.
        again = check_perf(json.loads(run(*tcp, "-w", "W3", "-r", "2000", "-t", "2", "--sink",
                                          "--baseline", "idle", "--json", address)))
        assert again["sent"] == opened["sent"]
        # Of --sink the answers are short.
        assert again["due_bytes"] < opened["due_bytes"]
        assert "answered" in run(*tcp, "-w", "1,1000000", address)

        assert "W1 to W5" in run("perf", "-w", "W9", address, status=2)
        assert "one of them" in run("perf", "-r", "1", "-b", "1", address, status=2)
        assert "no such" in run(*tcp, "--baseline", "nothing", address, status=2).lower()
        assert "homa serve" in run("perf", "-P", "tcp", "127.0.0.1:1", status=6)
    server.send_signal(signal.SIGINT)
    assert "0 with wrong bytes" in server.communicate()[0]
    assert server.returncode == 0


main()
