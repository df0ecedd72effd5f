"""Datasets that are wrong in one thing each, made from the good ones: bad_input_data.py CLASSES.h5 TARGETS.h5"""
import shutil
import sys

import h5py
import numpy as np

classes, targets = sys.argv[1:]


def spoil(name, change, source=classes):
    shutil.copy(source, name)
    with h5py.File(name, "r+") as file:  # like one made by hand: its rows have no digests, which would tell first
        for part in ("train", "validation", "test"):
            for array in ("x", "y"):
                del file[part][array + "_xxh3"]
        change(file)


def attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def without(name):
    return lambda file: file.attrs.__delitem__(name)


def value(path, at, new):
    def change(file):
        array = file[path][...]
        array[at] = new
        file[path][...] = array

    return change


def array(path, new):
    def change(file):
        del file[path]
        file[path] = new

    return change


def no_training_rows(file):
    array("/train/x", np.zeros((0, 8), "f4"))(file)
    array("/train/y", np.zeros(0, "u1"))(file)


def clean(name, change):
    """With /train/y_clean as a copy of /train/y, changed."""

    def copy(file):
        file["/train/y_clean"] = file["/train/y"][...]
        change(file)

    spoil(name, copy)


def endless(file):
    for name, shape, dtype in (("/train/x", (10**12, 8), "f4"), ("/train/y", (10**12,), "u1")):
        del file[name]
        file.create_dataset(name, shape, dtype, chunks=(1024, *shape[1:]))


def virtual(source, rows=240, name="/train/x"):
    """/train/x is made of a dataset of another file, of which it takes the first `rows` rows."""

    def change(file):
        layout = h5py.VirtualLayout((240, 8), "f4")
        layout[:rows] = h5py.VirtualSource(source, name, (240, 8))[:rows]
        del file["/train/x"]
        file.create_virtual_dataset("/train/x", layout)

    return change


def unwritten(rows, **storage):
    def change(file):
        x = file["/train/x"][:rows]
        del file["/train/x"]
        dataset = file.create_dataset("/train/x", (240, 8), "f4", **storage)
        if rows:
            dataset[:rows] = x

    return change


def crash(name, change):
    """One byte of a file of 60 x 8 chunks changed: 1,032 values in a row, more than a chunk unpacks to."""
    spoil(name, change)
    shape = np.array([60, 8, 4], "<u4").tobytes()
    content = bytearray(open(name, "rb").read())
    content[content.index(shape) + 5] = 4
    open(name, "wb").write(content)


def external(path, rows, dtype="u1"):
    """A dataset x whose values are another file's bytes, for import."""
    with h5py.File(f"{path.replace('/', '-')}.external", "w") as file:
        file.create_dataset("x", (rows,), dtype, external=[(path, 0, rows)])
        file["y"] = (np.arange(min(rows, 200)) % 3).astype("u1")


spoil("version.h5", attribute("schema_version", 99))
spoil("schema.h5", attribute("schema", "other"))
spoil("plain.h5", without("schema"))
spoil("lacks.h5", without("mean"))
spoil("words.h5", attribute("n_classes", "three"))
spoil("classes.h5", attribute("n_classes", 2**31 - 1))
spoil("wide.h5", attribute("shape", np.array([2**40])))
spoil("mean.h5", attribute("mean", np.full(8, np.nan)))
spoil("sd.h5", attribute("sd", np.full(8, -1.0)))
spoil("label.h5", value("/train/y", 7, 9))
spoil("label-validation.h5", value("/validation/y", 3, 9))
spoil("label-test.h5", value("/test/y", 4, 9))
spoil("nan.h5", value("/train/x", (5, 2), np.nan))
spoil("inf-test.h5", value("/test/x", (6, 1), np.inf))
spoil("nan-target.h5", value("/train/y", (8, 0), np.nan), targets)
spoil("part.h5", lambda file: file.__delitem__("/test"))
spoil("group.h5", lambda file: (file.__delitem__("/train/x"), file.create_group("/train/x")))
spoil("loop.h5", array("/train/x", h5py.SoftLink("/train/x")))
spoil("elsewhere.h5", array("/train/x", h5py.ExternalLink("gone.h5", "/x")))
spoil("rows.h5", array("/train/y", np.zeros(100, "u1")))
spoil("shape.h5", array("/train/x", np.zeros((240, 2, 4), "f4")))
spoil("type.h5", array("/train/x", np.zeros((240, 8), "i4")))
spoil("text.h5", array("/train/x", np.array([b"a"] * 240)))
spoil("reals.h5", array("/train/y", np.zeros(240, "f4")))
spoil("noise-text.h5", attribute("label_noise", "abc"))
spoil("noise-range.h5", attribute("label_noise", 1.5))
spoil("noise-kind.h5", lambda file: file.attrs.update(label_noise=0.1, label_noise_kind="odd"))
spoil("take.h5", attribute("take", -5))
spoil("wide-label.h5", array("/train/y", np.array([0] * 7 + [2**63 + 1] + [0] * 232, "u8")))
spoil("whole.h5", array("/train/y", (np.arange(240) % 3).astype("f4")))
spoil("target-names.h5", attribute("target_names", np.array([b"a", b"b"])), targets)
spoil("column-names.h5", attribute("column_names", np.array([b"a", b"b", b"c"])))
spoil("empty.h5", no_training_rows)
spoil("endless.h5", endless)
clean("clean.h5", array("/train/y_clean", np.zeros(100, "u1")))
clean("clean-type.h5", array("/train/y_clean", np.zeros(240, "f4")))
clean("clean-label.h5", value("/train/y_clean", 11, 3))
clean("clean-count.h5", lambda file: file.attrs.update(label_noise=0.1, label_noise_changed=5))
spoil("clean-targets.h5", lambda file: file.create_dataset("/train/y_clean", data=np.zeros((140, 1))), targets)

def signed(file):  # -1 would be 0 as an unsigned number, which another part has
    del file["/train/y"]
    file["/train/y"] = np.full(240, -1, "i4")


spoil("signed.h5", signed)
with h5py.File("two", "w") as raw:  # images of two channels
    raw["x"] = (np.arange(200 * 2 * 4 * 4) % 256).astype("u1").reshape(200, 2, 4, 4)
    raw["y"] = (np.arange(200) % 3).astype("u1")

spoil("virtual.h5", virtual("gone.h5"))
spoil("virtual-lacks.h5", virtual("version.h5", name="/train/z"))
spoil("virtual-gap.h5", virtual(".", 100, "/train/copy"))
spoil("virtual-short.h5", virtual("rows-of-100"))
spoil("virtual-out.h5", virtual(classes))
spoil("virtual-pipe.h5", virtual("pipe"))
spoil("unwritten.h5", unwritten(0))
spoil("half-written.h5", unwritten(120, chunks=(60, 8)))
spoil("link-out.h5", array("/train/x", h5py.ExternalLink(classes, "/train/x")))
spoil("link-pipe.h5", array("/train/x", h5py.ExternalLink("pipe", "/train/x")))
spoil("link-lacks.h5", array("/train/x", h5py.ExternalLink("version.h5", "/train/z")))
crash("crash.h5", unwritten(240, chunks=(60, 8), compression="gzip", shuffle=True, fletcher32=True))
with h5py.File("rows-of-100", "w") as short:
    short["/train/x"] = np.zeros((100, 8), "f4")
with h5py.File("virtual-gap.h5", "r+") as gap:
    gap["/train/copy"] = np.zeros((240, 8), "f4")
external("/etc/passwd", 200)
external("pipe", 200)
external("new.raw", 2**31)
with h5py.File("overflow", "w", libver="latest") as over:  # rows times 3 values of 8 bytes is 16 modulo 2^64
    for name in (b"x", b"y"):
        space = h5py.h5s.create_simple(((2**64 + 2) // 3, 3), (h5py.h5s.UNLIMITED,) * 2)
        chunks = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        chunks.set_chunk((1024, 3))
        dataset = h5py.h5d.create(over.id, name, h5py.h5t.IEEE_F64LE, space, chunks)
        space.select_hyperslab((0, 0), (1024, 3))
        dataset.write(h5py.h5s.create_simple((1024, 3)), space, np.full((1024, 3), 7.0))
spoil("twins.h5", attribute("class_names", np.array([b"a", b"b", b"a"])))
spoil("latin.h5", attribute("class_names", np.array([b"a", b"b", b"\xf6"])))
with h5py.File("last", "w") as raw:  # images of three channels, which come last
    raw["x"] = (np.arange(20 * 8 * 8 * 3) % 256).astype("u1").reshape(20, 8, 8, 3)
    raw["y"] = (np.arange(20) % 3).astype("u1")

def unrecorded(change):
    def both(file):
        del file.attrs["normalization_xxh3"]
        change(file)

    return both


def statistic(name, at, new):
    def change(file):
        values = file.attrs[name]
        values[at] = new
        file.attrs[name] = values

    return unrecorded(change)


spoil("stats-mean.h5", statistic("mean", 3, 7.5))
spoil("stats-sd.h5", statistic("sd", 2, 1.5))
spoil("stats-zero.h5", statistic("sd", 2, 0))
spoil("stats-all.h5", unrecorded(attribute("mean", np.full(8, 3.25))))
