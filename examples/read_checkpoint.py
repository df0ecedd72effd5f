#!/usr/bin/env python3
"""Reads a tren checkpoint with h5py alone: where the run is, its parameters, and whether the file is whole.

    python3 examples/read_checkpoint.py runs/fashion-mnist/best.h5

Of a run folder it takes best.h5, or last.h5 where there is no other. docs/checkpoint-format.md describes the format. With the xxhash module installed, the digest is checked too.
"""
import os
import struct
import sys

import h5py
import numpy as np

# What a position consists of, in the order in which the digest takes it.
POSITION = ("epoch", "step", "loss", "correct", "rows", "best_epoch", "best_loss", "best_accuracy", "bad_epochs",
            "best_digest", "seconds", "last_train_loss", "last_train_accuracy")
STATES = {"momentum": ("velocity",), "nesterov": ("velocity",), "adam": ("mean", "square"), "adamw": ("mean", "square"),
          "scg": ("gradient", "direction", "scalars")}


def text(value):
    """Fixed-size text comes as bytes from h5py."""
    return value.decode() if isinstance(value, bytes) else str(value)


def scalar(value):
    return np.asarray(value).reshape(-1)[0]


def parameter_names(file):
    """In the order of the network's arena, which HDF5 does not keep."""
    return [text(name) for name in file["parameters"].attrs["names"]]


def parameters(file):
    """{'dense1/weight': array [out, in], ...}"""
    return {name: file["parameters"][name][()] for name in parameter_names(file)}


def describe(file):
    about = file.attrs
    if text(about.get("format", "")) != "tren-checkpoint" or about["version"] != 1:
        sys.exit(f"{file.filename}: not a tren checkpoint of version 1")
    print(f"{text(about['precision'])}, {text(about['optimizer'])}, at epoch {about['epoch'] + 1}, "
          f"step {about['step']}; best epoch {about['best_epoch']}, validation loss {scalar(about['best_loss']):.6g}")
    for name, value in parameters(file).items():
        shape = " x ".join(map(str, value.shape))
        print(f"{name:>20}: {shape}, rms {np.sqrt(np.mean(np.square(value, dtype=np.float64))):.6g}")
    for name, state in file.get("optimizer", {}).items():
        print(f"{name:>20}: {state.shape[0]} values of the optimizer's")


def bits(value):
    """The eight bytes of a number as the head writes them: 16 hexadecimal digits."""
    value = scalar(value)
    return struct.unpack("<Q", struct.pack("<d" if value.dtype.kind == "f" else "<Q" if value.dtype.kind == "u" else
                                           "<q", value))[0]


def head(about):
    first = (f"tren-checkpoint 1 {text(about['precision'])} {text(about['optimizer'])} "
             f"canonical={about['canonical']} dataset={about['dataset_digest']:016x}\n")
    return first + "".join(f"{name}={bits(about[name]):016x}\n" for name in POSITION)


def data(file):
    """What is known of the dataset, as the digest takes it."""
    about = file.attrs
    if "vocabulary" in about:
        line = "tokens {} {} {} {} {} {:016x}\n".format(about["vocabulary"], *about["tokens"], about["label_axis"],
                                                        about["n_classes"], about["tokenizer"])
        return line.encode() + b"".join(text(name).encode() + b"\0" for name in about.get("class_names", ()))
    if "normalization" not in file:
        return b""
    shape = list(map(int, about["shape"])) + [1, 1]
    line = (f"{text(about['layout'])} {shape[0]} {shape[1]} {shape[2]} {text(about['x_type'])} "
            f"{about['n_classes']} {about['n_targets']}\n")
    names = b"".join(text(name).encode() + b"\0" for attribute in ("class_names", "column_names")
                     for name in about.get(attribute, ()))
    return line.encode() + names + file["normalization/mean"][()].tobytes() + file["normalization/sd"][()].tobytes()


def digest(file, hasher):
    hasher.update(head(file.attrs))
    for value in parameters(file).values():
        hasher.update(value.tobytes())
    if "optimizer" in file:
        for name in STATES.get(text(file.attrs["optimizer"]), ()):
            hasher.update(file["optimizer"][name][()].tobytes())
    for name in ("config", "metrics"):
        if name in file:
            hasher.update(file[name][()].tobytes())
    hasher.update(data(file))
    if "history" in file:
        hasher.update(file["history"][()].tobytes())
    return hasher.intdigest()


def check(file):
    try:
        import xxhash
    except ImportError:
        print("              digest: not checked (no xxhash module)")
        return
    weights = xxhash.xxh3_64(b"".join(value.tobytes() for value in parameters(file).values())).hexdigest()
    if digest(file, xxhash.xxh3_64()) != file.attrs["digest"]:
        sys.exit(f"{file.filename}: damaged: its content does not have the digest that is stored")
    print(f"              digest: good; of the weights: {weights}")


def find(path):
    """The checkpoint itself, or that of a run folder."""
    if not os.path.isdir(path):
        return path
    for name in ("best.h5", "last.h5"):
        if os.path.exists(os.path.join(path, name)):
            return os.path.join(path, name)
    sys.exit(f"{path}: holds neither best.h5 nor last.h5; name the folder of a 'tren train' that has saved")


def open_file(path):
    try:
        return h5py.File(path, "r")
    except OSError as error:
        sys.exit(f"{path}: {os.strerror(error.errno) if error.errno else error}; name a checkpoint or a run folder")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open_file(find(sys.argv[1])) as file:
        describe(file)
        check(file)


if __name__ == "__main__":
    main()
