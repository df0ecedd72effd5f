#!/usr/bin/env python3
"""Byte-pair encoding written down naively, to compare with.

    merges.py MERGES TEXT ...      merges of the texts, a line each: the two tokens
    merges.py --check              of merges.txt as merges.expected has them

Every merge counts all pairs anew. Tokens: 3 + byte, then 259 + the merge's number.
"""
import collections
import os
import re
import sys

SIGN = rb"(?:\xc2[\xa0-\xbf]|\xe2\x80(?![\x8c\x8d])[\x80-\xbf]|\xe2\x81[\x80-\xaf]|\xe3\x80[\x80-\xbf])"
PIECE = re.compile(
    rb" ?(?:(?!" + SIGN + rb")[A-Za-z\x80-\xff])+| ?[0-9]+| ?(?:" + SIGN + rb"|[^\sA-Za-z0-9\x80-\xff])+|\s+(?= \S)|\s+"
)


def pieces(text):
    for piece in PIECE.findall(text):
        while len(piece) > 64:
            cut = next((at for at in range(64, 60, -1) if piece[at] & 0xC0 != 0x80), 64)
            yield piece[:cut]
            piece = piece[cut:]
        yield piece


def joined(tokens, pair, new):
    out, i = [], 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(tokens[i])
            i += 1
    return out


def merges(texts, most):
    words = collections.Counter(p for text in texts for p in pieces(text))
    words = [([3 + byte for byte in word], n) for word, n in sorted(words.items())]
    found = []
    while len(found) < most:
        count = collections.Counter()
        for tokens, n in words:
            for pair in zip(tokens, tokens[1:]):
                count[pair] += n
        best = min(count, key=lambda pair: (-count[pair], pair), default=None)
        if best is None or count[best] < 2:
            break
        words = [(joined(tokens, best, 259 + len(found)), n) for tokens, n in words]
        found.append(best)
    return found


def encoded(text, found):
    out = []
    for piece in pieces(text):
        tokens = [3 + byte for byte in piece]
        for i, pair in enumerate(found):
            tokens = joined(tokens, pair, 259 + i)
        out += tokens
    return out


def main():
    if sys.argv[1] != "--check":
        texts = [open(name, "rb").read() for name in sys.argv[2:]]
        print("\n".join(f"{a} {b}" for a, b in merges(texts, int(sys.argv[1]))))
        return
    folder = os.path.dirname(os.path.abspath(__file__))
    text = open(folder + "/merges.txt", "rb").read()
    found = merges([text], 400)
    lines = [f"{a} {b}" for a, b in found] + ["tokens"] + [str(t) for t in encoded(text, found)]
    sys.exit("\n".join(lines) + "\n" != open(folder + "/merges.expected").read())


if __name__ == "__main__":
    main()
