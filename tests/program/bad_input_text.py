"""Datasets of tokens that are wrong in one thing each, made from good ones: bad_input_text.py TEXT.h5 PAIRS.h5"""
import shutil
import sys

import h5py
import numpy as np

text, pairs = sys.argv[1:]
PARTS = ("train", "validation", "test")


def spoil(name, change, source=text):
    """Like one made by hand: its rows have no digests, which would tell first."""
    shutil.copy(source, name)
    with h5py.File(name, "r+") as file:
        for part in PARTS:
            for array in ("x", "y", "length"):
                if array in file[part]:
                    del file[part][array + "_xxh3"]
        change(file)


def value(path, at, new):
    def change(file):
        array = file[path][...]
        array[at] = new
        file[path][...] = array

    return change


def replaced(path, new):
    def change(file):
        del file[path]
        if new is not None:
            file[path] = new

    return change


def attribute(name, new):
    return lambda file: file.attrs.__setitem__(name, new)


def merges(at, new):
    def change(file):
        del file["/tokenizer"].attrs["xxh3"]
        value("/tokenizer/merges", at, new)(file)

    return change


spoil("token-high.h5", value("/train/x", (3, 2), 259))
spoil("token-low.h5", value("/validation/x", (1, 0), -4))
spoil("token-padding.h5", value("/train/x", (3, 2), 0))
spoil("token-behind.h5", value("/train/length", (3, 0), 5))
spoil("length-high.h5", value("/train/length", (2, 0), 18))
spoil("length-one.h5", value("/test/length", (0, 0), 1))
spoil("length-none.h5", replaced("/train/length", None))
spoil("length-short.h5", replaced("/test/length", np.ones((2, 1), "i4")))
spoil("tokens-real.h5", replaced("/train/x", np.zeros((200, 17), "f4")))
spoil("tokens-narrow.h5", replaced("/train/x", np.zeros((200, 16), "i4")))
spoil("vocabulary-low.h5", attribute("vocabulary", 100))
spoil("vocabulary-high.h5", attribute("vocabulary", 300))
spoil("tokens-shape.h5", attribute("shape", [16, 16]))
spoil("tokens-layout.h5", attribute("layout", "prose"))
spoil("target-rows.h5", replaced("/train/y", np.zeros((3, 12), "i4")), pairs)
spoil("target-token.h5", value("/train/y", (0, 1), 265), pairs)
spoil("merge-changed.h5", value("/tokenizer/merges", (0, 0), 40), pairs)
spoil("merge-high.h5", merges((0, 0), 400), pairs)
spoil("merge-twice.h5", lambda file: merges(1, file["/tokenizer/merges"][0])(file), pairs)
shutil.copy(text, "token-damaged.h5")
with h5py.File("token-damaged.h5", "r+") as damaged:
    value("/train/x", (0, 1), 70)(damaged)
