"""Mutations of HDF5 files: attributes, types, shapes, values, layouts and links; for any file, and so for datasets and checkpoints."""
import ctypes
import ctypes.util
import os
import tempfile
import warnings

import h5py
import numpy as np

from mutate import HOSTILE, INTEGERS, REALS, bytes_

warnings.simplefilter("ignore", RuntimeWarning)  # numbers that overflow are meant

LARGEST = 10**6  # values of a dataset that are read or made here

TYPES = ["u1", "i1", "<u2", ">i2", "<i4", ">i4", "<u4", "<i8", ">u8", "<f2", "<f4", ">f4", "<f8", ">f8", "S1", "S20", "V4", "?",
         "c8", np.dtype([("a", "<i4"), ("b", "<f8")]), np.dtype(("<f4", (3,))), h5py.string_dtype(), h5py.vlen_dtype("<f4"),
         h5py.ref_dtype, h5py.enum_dtype({"A": 0, "B": 1}, basetype="u1")]


def odd_value(rng):
    """A value for an attribute or a small dataset."""
    kind = rng.randrange(11)
    if kind < 3:
        value = rng.choice(INTEGERS)
        return np.array(value if rng.random() < 0.8 else [value] * rng.choice([0, 1, 3, 5000]),
                        dtype="u8" if value >= 0 and rng.random() < 0.5 or value >= 2**63 else "i8")
    if kind < 5:
        return np.array([rng.choice(REALS) for _ in range(rng.choice([0, 1, 3, 8, 9]))] or 0.5, rng.choice(["<f8", ">f8", "<f4"]))
    if kind == 5:
        return rng.choice(HOSTILE).encode("utf-8", "replace").replace(b"\0", b"") or np.bytes_(b"x")
    if kind == 6:
        return np.array([rng.choice(HOSTILE).encode() for _ in range(rng.choice([1, 3, 4]))], dtype="S70")
    if kind == 7:
        return rng.choice(HOSTILE)
    if kind == 8:
        return h5py.Empty(rng.choice(["f8", "S10", "i8"]))
    if kind == 9:
        return np.zeros((2, 2), rng.choice(["i8", "f8", "S3"]))
    return np.zeros(2, np.dtype([("a", "<i4"), ("b", "<f8")]))


def shape_like(shape, rng):
    kind = rng.randrange(9)
    if kind == 0:
        return ()
    if kind == 1:
        return (*shape, rng.choice([1, 2, 50]))
    if kind == 2:
        return shape[:-1]
    if kind == 3:
        return (0, *shape[1:])
    if kind == 4 and shape:
        return (max(0, shape[0] + rng.choice([-1, 1, 100])), *shape[1:])
    if kind == 5 and shape:
        return (*shape[:-1], max(1, shape[-1] + rng.choice([-1, 1, 7])))
    if kind == 6:
        return tuple(reversed(shape))
    if kind == 7:
        return (1,) * rng.choice([1, 4, 5, 30])
    return shape


def values_for(shape, dtype, rng):
    if np.prod(shape, dtype=float) > LARGEST:
        return None
    if dtype.kind in "fc":
        array = np.full(shape, rng.choice(REALS), dtype) if rng.random() < 0.4 else np.asarray(rng.random() * np.ones(shape), dtype)
    elif dtype.kind in "iub":
        info = np.iinfo(dtype) if dtype.kind != "b" else None
        value = rng.choice(INTEGERS)
        array = np.full(shape, (min(max(value, int(info.min)), int(info.max)) if info else value % 2), dtype)
    else:
        return None
    return array


def replace(file, name, rng):
    """The dataset is another one: of another type, shape, layout, or with other values."""
    old = file[name]
    shape, dtype = old.shape or (), old.dtype
    if old.size is None or old.size > LARGEST:
        return
    was = old[()]
    kind = rng.randrange(5)
    if kind < 2:
        dtype = np.dtype(rng.choice(TYPES))
    if kind in (1, 2):
        shape = shape_like(shape, rng)
    options = {}
    if kind == 3 and shape and min(shape) > 0:
        options = rng.choice([{"chunks": shape}, {"chunks": True, "compression": "gzip"}, {"chunks": (1, *shape[1:])},
                              {"chunks": True, "fletcher32": True}, {"chunks": True, "shuffle": True, "compression": "lzf"},
                              {"maxshape": (None, *shape[1:]), "chunks": True}])
    del file[name]
    if kind == 4 and shape and rng.random() < 0.3:  # of many rows that were never written
        file.create_dataset(name, (rng.choice([10**6, 2**31, 10**12, 2**62]), *shape[1:]), dtype, chunks=(64, *shape[1:]))
        return
    data = was if (shape, dtype) == (was.shape, was.dtype) and rng.random() < 0.5 else values_for(shape, dtype, rng)
    file.create_dataset(name, shape, dtype, data=data, **options)


def relink(file, name, rng):
    kind = rng.randrange(8)
    was = file[name]
    shape, dtype = was.shape or (1,), was.dtype
    if not shape:
        shape = (1,)
    del file[name]
    if kind == 0:
        file.create_group(name)
    elif kind == 1:
        file[name] = h5py.SoftLink(name)
    elif kind == 2:
        file[name] = h5py.ExternalLink("gone.h5", "/x")
    elif kind == 3:
        file[name] = h5py.ExternalLink("/dev/zero", "/x")
    elif kind == 4:
        file[name] = dtype
    elif kind == 5 and dtype.kind in "iuf" and np.prod(shape, dtype=float) <= LARGEST:
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource("gone.h5", "/x", shape)
        file.create_virtual_dataset(name, layout)
    elif kind == 6 and dtype.kind in "iuf":
        n = int(np.prod(shape)) * dtype.itemsize
        file.create_dataset(name, shape, dtype, external=[(rng.choice(["/etc/passwd", "gone.raw"]), 0, n)])


def digest(array):
    """XXH3 as the program records it, or None without the library."""
    path = ctypes.util.find_library("xxhash")
    if not path:
        return None
    function = ctypes.CDLL(path).XXH3_64bits
    function.restype, function.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    data = np.ascontiguousarray(array).tobytes()
    return function(data, len(data))


def refresh_digests(file):
    """A dataset that lies about nothing but what was changed on purpose."""
    for part in ("train", "validation", "test"):
        for name in ("x", "y"):
            try:
                dataset = file[f"{part}/{name}"]
                if dataset.dtype.kind in "iuf" and dataset.size <= LARGEST:
                    dataset.attrs["xxh3"] = np.uint64(digest(dataset[...].astype(dataset.dtype.newbyteorder("<"))))
            except Exception:  # what cannot be read has no digest
                pass


def h5_objects(file):
    names = []
    file.visititems(lambda name, _: names.append("/" + name))
    return names


def change_h5(file, rng):
    names = h5_objects(file)
    datasets = [n for n in names if isinstance(file.get(n), h5py.Dataset)]
    owner = file[rng.choice(["/"] * 3 + names)] if names else file["/"]
    attributes = sorted(owner.attrs.keys())
    kind = rng.randrange(10)
    if kind < 4 and attributes:
        name = rng.choice(attributes)
        if kind == 0:
            del owner.attrs[name]
        else:
            owner.attrs[name] = odd_value(rng)
    elif kind == 4:
        owner.attrs[rng.choice(["take", "label_noise", "class_names", "n_classes", "x", "xxh3", "column_names"])] = odd_value(rng)
    elif kind == 5 and datasets:
        relink(file, rng.choice(datasets), rng)
    elif kind == 6 and names:
        del file[rng.choice(names)]
    elif datasets:
        name = rng.choice(datasets)
        if kind == 7 and file[name].dtype.kind in "iuf" and file[name].shape and 0 < file[name].size <= LARGEST:
            array = file[name][...]
            flat = array.reshape(-1)
            for at in range(rng.randint(1, 3)):
                changed = values_for((1,), array.dtype, rng)
                flat[rng.randrange(flat.size)] = changed[0]
            file[name][...] = array
        else:
            replace(file, name, rng)


def hdf5(data, rng):
    handle, path = tempfile.mkstemp(suffix=".h5")
    os.close(handle)
    try:
        with open(path, "wb") as out:
            out.write(data)
        with h5py.File(path, "r+", libver=rng.choice(["earliest", "latest"])) as file:
            for _ in range(rng.choice([1, 1, 1, 2, 3])):
                try:
                    change_h5(file, rng)
                except Exception:  # what HDF5 or NumPy refuse to make is no case
                    pass
            if rng.random() < 0.5:
                refresh_digests(file)
        with open(path, "rb") as changed:
            data = changed.read()
    finally:
        os.remove(path)
    return bytes_(data, rng) if rng.random() < 0.1 else data
