#!/usr/bin/env python3
"""Reads a tren dataset with h5py alone: what it holds, one normalised batch, and whether it is whole.

    python3 examples/read_dataset.py datasets/fashion-mnist.h5

docs/data-format.md describes the format. With the xxhash module installed, the digests are checked too.
"""
import sys

import h5py
import numpy as np

PARTS = ("train", "validation", "test")


def text(value):
    """Fixed-size text comes as bytes from h5py."""
    return value.decode() if isinstance(value, bytes) else str(value)


def describe(file):
    about = file.attrs
    if text(about["schema"]) != "tren dataset" or about["schema_version"] != 1:
        sys.exit(f"{file.filename}: not a tren dataset of version 1")
    print(f"{text(about['layout'])} of shape {tuple(map(int, about['shape']))}, split {text(about.get('split', 'by hand'))}")
    for part in PARTS:
        x, y = file[part]["x"], file[part].get("y")  # rows to predict have no y
        print(f"{part:>10}: x {x.shape} {x.dtype}" + (f", y {y.shape} {y.dtype}" if y else ""))
    if "column_names" in about:
        print("   columns:", ", ".join(map(text, about["column_names"])))
    if "vocabulary" in about:
        print(f"    tokens: vocabulary {about['vocabulary']}; the first training row:", decoded(file, 0))
    elif about["n_classes"]:
        names = [text(name) for name in about.get("class_names", range(about["n_classes"]))]
        counts = np.bincount(file["train/y"][:], minlength=about["n_classes"])
        print("   classes:", ", ".join(f"{name} {count}" for name, count in zip(names, counts)))


def decoded(file, row):
    """The text of the first sequence of a training row."""
    table = [b""] * 3 + [bytes([byte]) for byte in range(256)]
    for left, right in file["tokenizer/merges"][:] if "merges" in file["tokenizer"] else ():
        table.append(table[left] + table[right])
    tokens = file["train/x"][row][: file["train/length"][row, 0]]
    return b"".join(table[token] for token in tokens).decode(errors="replace")


def normalised(file, part, rows):
    """Rows as the trainer sees them: per channel of images, per column of tables."""
    x = file[part]["x"][rows].astype(np.float64)
    mean, sd = file.attrs["mean"], file.attrs["sd"]
    sd = np.where(sd > 0, sd, 1)
    per_stat = (1, -1) + (1,) * (x.ndim - 2)
    return (x - mean.reshape(per_stat)) / sd.reshape(per_stat)


def check_digests(file):
    try:
        import xxhash
    except ImportError:
        print("   digests: not checked (no xxhash module)")
        return
    for part in PARTS:
        for name in file[part]:
            data = file[part][name]
            if "xxh3" in data.attrs and xxhash.xxh3_64_intdigest(data[()].tobytes()) != data.attrs["xxh3"]:
                sys.exit(f"{data.name}: damaged")
    print("   digests: good")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with h5py.File(sys.argv[1], "r") as file:
        describe(file)
        if "mean" in file.attrs:
            batch = normalised(file, "train" if len(file["train/x"]) else "test", slice(0, 256))
            print(f"     batch: {batch.shape}, mean {batch.mean():.3f}, sd {batch.std():.3f}")
        check_digests(file)


if __name__ == "__main__":
    main()
