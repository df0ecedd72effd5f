#!/usr/bin/env python3
"""German-English pairs from the message catalogues (.mo, GNU gettext) of Debian packages.

    messages.py OUT.tsv PACKAGE.deb ...

A line is a German text, a tab, and its English original. Packages are read in the order given, catalogues by name,
messages in their order. Of each message: the singular, without context; runs of white space are one blank; marks of
keys (& and _) are left out; each format directive (%s, %1$d, %qT, %1, {0}) becomes X. A pair is kept where

- both texts have 3 to 60 tokens (a word, a number or a sign is one) and at least 60 % letters,
- they have the same number of X and the one is at most 2.5 times as long as the other, 12 bytes apart,
- no text has markup or what looks like code: < > { } | \\ = ~ $ @ ` # ^ _ /, a web address, or two capitals within a word
  that begins with a small letter,
- the two are not the same, and neither text stood in a pair before, letter case apart.
"""
import io
import re
import struct
import subprocess
import sys
import tarfile

CATALOGUE = re.compile(r"/de(_DE)?/LC_MESSAGES/[^/]*\.mo$")
DIRECTIVE = re.compile(r"%(\d+\$)?[-+#0']?[*\d]*(\.[*\d]+)?(hh|h|ll|l|z|j|q|w|L)*[+#]?[A-Za-z]|%L?\d+|\{\w*\}")
QUOTES = re.compile(r"%<|%>|[\u201c\u201d\u201e\u2018\u2019\u201a\u00bb\u00ab]|''")
CODE = re.compile(r"[<>{}|\\=~$@`#^_/%]|https?:|www\.|\b[a-z]+[A-Z]\w*[A-Z]|--")
TOKEN = re.compile(r"\w+|[^\w\s]")


def messages(catalogue):
    """The original and translated texts of a catalogue, as bytes."""
    order = "<" if catalogue[:4] == b"\xde\x12\x04\x95" else ">"
    n, originals, translations = struct.unpack(order + "3I", catalogue[8:20])
    for i in range(n):
        texts = []
        for table in (originals, translations):
            size, at = struct.unpack(order + "2I", catalogue[table + 8 * i : table + 8 * i + 8])
            texts.append(catalogue[at : at + size])
        yield texts


def catalogues(package):
    """The German catalogues of a package, by name."""
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as files:
        found = [f for f in files if f.isfile() and CATALOGUE.search(f.name)]
        for f in sorted(found, key=lambda f: f.name):
            yield files.extractfile(f).read()


def cleaned(text):
    """Text without marks of keys, directives as X; None where it is not UTF-8."""
    try:
        text = text.split(b"\0")[0].split(b"\4")[-1].decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = re.sub(r"\((&|_)\w\)", "", text)
    text = re.sub(r"&(?=\w)|(?<!\w)_(?=\w)", "", text)
    text = QUOTES.sub('"', text.replace("\u2026", "..."))
    text = DIRECTIVE.sub("X", text.replace("%%", " percent "))
    return " ".join(text.split())


def is_good(text):
    letters = sum(c.isalpha() or c == " " for c in text)
    return 3 <= len(TOKEN.findall(text)) <= 60 and letters >= 0.6 * len(text) and not CODE.search(text)


def belong(german, english):
    long, short = max(len(german), len(english)), min(len(german), len(english))
    same_directives = len(re.findall(r"\bX\b", german)) == len(re.findall(r"\bX\b", english))
    return german.lower() != english.lower() and same_directives and long <= 2.5 * short + 12


def pairs(packages):
    seen = set()
    for package in packages:
        for catalogue in catalogues(package):
            for original, translation in messages(catalogue):
                english, german = cleaned(original), cleaned(translation)
                if not english or not german or not (is_good(english) and is_good(german) and belong(german, english)):
                    continue
                keys = {("de", german.lower()), ("en", english.lower())}
                if not keys & seen:
                    seen |= keys
                    yield german, english


def main():
    n = 0
    with open(sys.argv[1], "w", encoding="utf-8", newline="\n") as out:
        for german, english in pairs(sys.argv[2:]):
            out.write(f"{german}\t{english}\n")
            n += 1
    print(f"{n} pairs", file=sys.stderr)


main()
