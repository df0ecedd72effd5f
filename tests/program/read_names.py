"""Makes files with hostile names for test_names.sh, and reads back what tren wrote, by the readers of other people."""

import csv
import html.parser
import json
import os
import re
import sys

CLASSES = [
    "plain", "two words", "it's", 'say "x"', "a,b", "a;b", "two\nlines", "<script>alert(1)</script>", "`id`", "$(id)",
    "%s%n", "größe", "😀", "=1+1", "=cmd|'/C calc'!A0", "+x", "-x", "@SUM(A1)", "'=1", "-1.5e3x", "a=b", "\x1b[31mred",
    "bell\x07", "c1-\x9b31m", "a\tb", "back\\slash",
]
assert len(set(CLASSES)) == len(CLASSES)


def check(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, not {wanted!r}")


def unguarded(cell):
    """The text that a cell stands for: docs/metrics.md, 'Names in what is written'."""
    cell = cell[1:] if re.match(r"'+[=+\-@\t\r\n]", cell) else cell
    return re.sub(r"\\x([01][0-9a-f]|7f)", lambda code: chr(int(code[1], 16)), cell)


def rows_of(path):
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.reader(file, strict=True))
    for row in rows:
        check(len(row), len(rows[0]), f"{path}: cells")
        for cell in row:
            number = re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", cell)
            if cell[:1] in tuple("=+-@\t\r\n") and not number:
                sys.exit(f"{path}: a spreadsheet would run {cell!r}")
    return rows


def make(path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["x", "name"])
        for repeat in range(10):
            out.writerows([i + repeat / 20, name] for i, name in enumerate(CLASSES))


def paths(data, out, evaluated, yaml):
    """What eval and the record of a run say of the paths; those that are not UTF-8 are surrogates in JSON."""
    with open(evaluated, encoding="utf-8") as file:
        about = json.load(file)
    check(about["data"], data, "eval --json: data")
    check(about["checkpoint"], out + "/best.h5", "eval --json: checkpoint")
    with open(os.path.join(out, "result.json"), encoding="utf-8") as file:
        check(json.load(file)["status"], "finished", "result.json")
    if not yaml:
        return
    import yaml as reader

    with open(os.path.join(out, "config.yaml"), encoding="utf-8") as file:
        config = reader.safe_load(file)
    check(os.fsencode(config["data"]), os.fsencode(data), "config.yaml: data")
    check(os.fsencode(config["out"]), os.fsencode(out), "config.yaml: out")


def classes(kind, path):
    names = sorted(CLASSES, key=lambda name: name.encode())
    if kind == "json":
        with open(path, encoding="utf-8") as file:
            check([about["name"] for about in json.load(file)["classes"]], names, path)
        return
    head, *rows = rows_of(path)
    if kind == "confusion":
        check([unguarded(cell) for cell in head[1:]], names, path)
        check([unguarded(row[0]) for row in rows], names, path)
    if kind == "predicted":
        check([unguarded(cell) for cell in head if cell.startswith("p_")], ["p_" + name for name in names], path)
    if kind in ("predicted", "top"):
        for row in rows:
            for column in (name for name in head if name.endswith("_name") and not name.startswith("p_")):
                number = int(row[head.index(column[: -len("_name")])])
                check(unguarded(row[head.index(column)]), names[number], f"{path}: {column}")


def list_data(folder):
    """The datasets of a folder as a list of YAML, where what is not UTF-8 is !!binary."""
    import base64

    for name in sorted(os.listdir(os.fsencode(folder))):
        path = os.fsencode(folder) + b"/" + name
        print("    - !!binary", base64.b64encode(path).decode())


def sweep(folder, data):
    head, *rows = rows_of(os.path.join(folder, "sweep.csv"))
    check(head[:2], ["seed", "data"], "sweep.csv")
    found = sorted({unguarded(row[1]) for row in rows})
    check(found, sorted(data + "/" + name for name in os.listdir(data)), "sweep.csv: data")


class Page(html.parser.HTMLParser):
    """Every element that is opened is closed, and none is a script."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            sys.exit("report.html: a script")
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        check(self.open.pop(), tag, "report.html: element")

    def handle_data(self, data):
        self.text += data


def page(path):
    reader = Page()
    with open(path, encoding="utf-8") as file:
        text = file.read()
    reader.feed(text)
    reader.close()
    check(reader.open, [], "report.html: open elements")
    if '<script>alert(1)</script> "&\\x1b[31m \\xf6' not in reader.text:
        sys.exit("report.html: the command is not shown as it is")
    check(re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), [], "report.html: control characters")


if __name__ == "__main__":
    work = {"make": make, "paths": paths, "classes": classes, "list": list_data, "sweep": sweep, "html": page}
    work[sys.argv[1]](*sys.argv[2:])
