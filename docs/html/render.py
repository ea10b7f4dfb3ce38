#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The manual as HTML: ./dev docs.

Pages from README.md, docs/ and man/, with one list of contents, no scripts and
nothing from a network. Fails if a link between them leads nowhere.
"""

import argparse
import html
import os
import re
import shutil
import subprocess
import sys

import markdown

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "docs/html")
SITE = "Homa for Linux"

# Chapters of the list of contents; what is not named follows under "More".
CHAPTERS = [
    ("Begin", ["README.md", "docs/quickstart.md", "docs/install.md", "docs/comparison.md",
               "docs/migration.md"]),
    ("Use", ["docs/programming.md", "docs/operations.md", "docs/tuning.md",
             "docs/troubleshooting.md", "docs/dissector.md", "docs/performance.md"]),
    ("Inside", ["docs/architecture.md", "docs/locking.md", "docs/memory.md", "docs/security.md",
                "docs/socket-ops.md", "docs/testing.md", "CONTRIBUTING.md", "CHANGELOG.md",
                "docs/decisions/README.md"]),
]


def sources():
    """All pages: {path in the tree: path of the page}."""
    pages = {}
    for folder in ("", "docs", "docs/decisions", "man"):
        for name in sorted(os.listdir(os.path.join(ROOT, folder))):
            path = os.path.join(folder, name)
            if name.endswith(".md"):
                pages[path] = path[:-3] + ".html"
            elif folder == "man" and re.search(r"\.[1-8]$", name):
                pages[path] = path + ".html"
    pages["README.md"] = "index.html"
    return pages


def title_of(path, text):
    """What a page is called in the list of contents."""
    if path == "README.md":
        return "Overview"
    if path.startswith("man/"):
        name, section = os.path.basename(path).rsplit(".", 1)
        return "%s(%s)" % (name, section)
    found = re.search(r"^# (.*)$", text, re.M)
    return found.group(1).replace("`", "") if found else path


def render_markdown(path, text, pages):
    """Body of a page; links to sources become links to pages."""
    # What is indented below an item of a list belongs to it by two columns here.
    body = markdown.markdown(text, extensions=["tables", "toc", "sane_lists", "fenced_code"],
                             tab_length=2 if path == "CHANGELOG.md" else 4)

    def fix(match):
        target, anchor = (match.group(1).split("#", 1) + [""])[:2]
        if not target or re.match(r"[a-z]+:", target):
            return match.group(0)
        there = os.path.normpath(os.path.join(os.path.dirname(path), target))
        if there not in pages:
            if os.path.exists(os.path.join(ROOT, there)):
                return "data-source=\"%s\"" % there     # a file without a page
            return match.group(0)
        here = os.path.dirname(pages[path])
        return "href=\"%s%s\"" % (os.path.relpath(pages[there], here or "."),
                                  "#" + anchor if anchor else "")

    return re.sub(r"href=\"([^\"]*)\"", fix, body)


def render_man(path, pages):
    """Body of a manual page; names of others become links."""
    body = subprocess.run(["mandoc", "-T", "html", "-O", "fragment", os.path.join(ROOT, path)],
                          check=True, stdout=subprocess.PIPE, text=True).stdout

    def link(match):
        page = "man/%s.%s" % (match.group(1), match.group(2))
        if page not in pages or page == path:
            return match.group(0)
        return "<a href=\"%s\">%s</a>" % (os.path.basename(pages[page]), match.group(0))

    return re.sub(r"<b>([a-z_0-9-]+)</b>\(([1-8])\)", link, body)


def contents(path, pages, titles):
    """The list of contents, as seen from one page."""
    here = os.path.dirname(pages[path])
    listed = {p for _, chapter in CHAPTERS for p in chapter}
    chapters = CHAPTERS + [
        ("Manual", [p for p in pages if p.startswith("man/")]),
        ("Decisions", [p for p in pages if p.startswith("docs/decisions/") and p not in listed]),
        ("More", [p for p in pages if not p.startswith(("man/", "docs/decisions/"))
                  and p not in listed])]
    lines = []
    for name, chapter in chapters:
        chapter = [p for p in chapter if p in pages]
        if not chapter:
            continue
        opened = " open" if path in chapter or name in ("Begin", "Use") else ""
        lines.append("<details%s><summary>%s</summary><ul>" % (opened, name))
        for page in chapter:
            mark = " aria-current=\"page\"" if page == path else ""
            lines.append("<li><a href=\"%s\"%s>%s</a></li>" %
                         (os.path.relpath(pages[page], here or "."), mark,
                          html.escape(titles[page])))
        lines.append("</ul></details>")
    return "\n".join(lines)


def page_of(path, pages, titles, text):
    """A whole page."""
    body = render_man(path, pages) if path.startswith("man/") else \
        render_markdown(path, text, pages)
    up = os.path.relpath(".", os.path.dirname(pages[path]) or ".")
    return """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s &middot; %s</title>
<link rel="stylesheet" href="%s/style.css">
</head>
<body>
<nav aria-label="Contents"><p class="site">%s</p>
%s
</nav>
<main class="%s">
%s
</main>
</body>
</html>
""" % (html.escape(titles[path]), SITE, up, SITE, contents(path, pages, titles),
       "man" if path.startswith("man/") else "text", body)


def broken_links(out):
    """Links between pages that lead nowhere, as texts."""
    ids, links = {}, []
    for folder, _, names in os.walk(out):
        for name in names:
            if not name.endswith(".html"):
                continue
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            ids[path] = set(re.findall(r"\bid=\"([^\"]*)\"", text))
            links += [(path, target) for target in re.findall(r"\bhref=\"([^\"]*)\"", text)
                      if not re.match(r"[a-z]+:", target)]
    wrong = []
    for path, target in links:
        file, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(there) or \
                anchor and there in ids and html.unescape(anchor) not in ids[there]:
            wrong.append("%s: %s" % (os.path.relpath(path, out), target))
    return sorted(set(wrong))


def main():
    parser = argparse.ArgumentParser(prog="./dev docs", description=__doc__)
    parser.add_argument("out", help="directory for the pages")
    args = parser.parse_args()
    pages, texts = sources(), {}
    for path in pages:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            texts[path] = f.read()
    titles = {path: title_of(path, text) for path, text in texts.items()}
    shutil.rmtree(args.out, ignore_errors=True)
    for path, page in pages.items():
        target = os.path.join(args.out, page)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as f:
            f.write(page_of(path, pages, titles, texts[path]))
    shutil.copy(os.path.join(HERE, "style.css"), args.out)
    wrong = broken_links(args.out)
    for link in wrong:
        print("dev: a link leads nowhere: " + link, file=sys.stderr)
    print("%d pages, the first is %s" % (len(pages), os.path.join(args.out, "index.html")))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
