"""Forges checkpoints with right digests, and tells what the program makes of each.

forge_checkpoint.py [--all] TREN RUN ...: each RUN is a folder with a config.yaml and a last.h5, which is changed in one
place at a time: every attribute and every dataset, by each of the values below, of which only --all tries every one.
The program names the digest of what it read, which is then stored, so that nothing but its own bounds keeps it from
using the value.
"""
import os
import re
import shutil
import subprocess
import sys

import h5py
import numpy as np

everything = "--all" in sys.argv
tren, *runs = [a for a in sys.argv[1:] if a != "--all"]
FREE = {"blas_core", "blas_version", "computed_with", "cpu_level", "class_names", "digest"}  # any value is as good as another
HARMLESS = {"loss", "correct", "seconds", "last_train_accuracy", "best_accuracy"}  # numbers that nothing is computed from, or only losses
OTHER_RUN = {"dataset_digest", "rows_digest"}  # refused as another dataset's
INTEGERS = [-1, -100000, 2**62, -(2**63), 2**31, 2**32 + 1]
REALS = [np.nan, np.inf, -np.inf, -1e308, 1e308, -1.0]


def attributes(f):
    for where in ("/", "/parameters"):
        for name, value in list(f[where].attrs.items()):
            yield f"{where} {name} missing", lambda g, w=where, n=name: g[w].attrs.__delitem__(n)
            yield f"{where} {name} empty", lambda g, w=where, n=name: g[w].attrs.create(n, np.zeros(0))
            yield f"{where} {name} text", lambda g, w=where, n=name: g[w].attrs.create(n, "x" * 40000)
            yield f"{where} {name} many", lambda g, w=where, n=name: g[w].attrs.create(n, np.ones(5000))
            kind = np.asarray(value).dtype.kind
            values = {"i": INTEGERS, "u": [0, 2**64 - 1], "f": REALS}.get(kind, [])
            for v in values:
                def change(g, w=where, n=name, v=v, like=np.asarray(value)):
                    new = np.full_like(like, v)
                    del g[w].attrs[n]
                    g[w].attrs.create(n, new, shape=like.shape, dtype=like.dtype)
                yield f"{where} {name} {v}", change


def replace(g, name, value):
    del g[name]
    g[name] = value


def datasets(f):
    names = []
    f.visititems(lambda n, o: names.append(n) if isinstance(o, h5py.Dataset) else None)
    for name in names:
        v = f[name][()]
        yield f"{name} missing", lambda g, n=name: g.__delitem__(n)
        yield f"{name} scalar", lambda g, n=name, v=v: replace(g, n, v.ravel()[0])
        yield f"{name} none", lambda g, n=name, v=v: replace(g, n, v.ravel()[:0])
        yield f"{name} short", lambda g, n=name, v=v: replace(g, n, v.ravel()[:-1])
        yield f"{name} long", lambda g, n=name, v=v: replace(g, n, np.append(v.ravel(), v.ravel()))
        yield f"{name} rank2", lambda g, n=name, v=v: replace(g, n, np.repeat(v.reshape(-1, 1), 50, axis=1))
        yield f"{name} rank8", lambda g, n=name, v=v: replace(g, n, v.reshape((-1,) + 7 * (1,)))
        yield f"{name} text", lambda g, n=name: replace(g, n, "text")
        yield f"{name} group", lambda g, n=name: (g.__delitem__(n), g.create_group(n))
        yield f"{name} type", lambda g, n=name, v=v: replace(g, n, v.astype("i8" if v.dtype.kind == "f" else "f8"))
        def huge(g, n=name, v=v):
            del g[n]
            g.create_dataset(n, (2**40,), dtype=v.dtype, chunks=(1024,), fillvalue=v.ravel()[0])
        yield f"{name} huge", huge
        if v.dtype.kind == "f":
            for bad in (np.nan, np.inf, -1e300):
                with np.errstate(over="ignore"):
                    yield f"{name} {bad}", lambda g, n=name, v=v, b=bad: replace(g, n, np.full_like(v, b))
    def shift(name, by):
        def change(g):
            g[name][...] = g[name][()] + by
        return change
    for name in ("normalization/mean", "normalization/sd", "history", "optimizer/square"):
        if name in f:
            yield f"{name} moved", shift(name, -0.5 if name.endswith("square") else 0.25)
    def swap(g):
        g["history"][...] = g["history"][()][::-1]
    if len(f["history"]) > 1:
        yield "history turned", swap
    metrics = bytes(f["metrics"][()])
    rows = metrics.split(b"\n")
    yield "metrics turned", lambda g: replace(g, "metrics", np.frombuffer(b"\n".join([rows[0]] + rows[-2:0:-1] + [b""]), "u1"))
    yield "metrics fewer", lambda g: replace(g, "metrics", np.frombuffer(b"\n".join(rows[:-2] + [b""]), "u1"))
    yield "metrics same harmless", lambda g: replace(g, "metrics", np.frombuffer(metrics, "u1"))
    def best(name, value):
        return lambda g: g.attrs.modify(name, np.asarray(value, dtype=g.attrs[name].dtype).reshape(g.attrs[name].shape))
    yield "best digest", best("best_digest", 12345)
    yield "best loss", best("best_loss", 0.001)
    yield "best epoch", best("best_epoch", 1 if f.attrs["best_epoch"] != 1 else 2)
    def config(text):
        return lambda g: replace(g, "config", np.frombuffer(text, "u1"))
    yield "config nonsense", config(b"\x01\x02: [")
    yield "config unknown", config(b"epochz: 3\n")
    yield "config range", config(b"epochs: -3\n")


def train(run):
    command = [tren, "train", f"{run}/config.yaml", "--out", "forged", "--epochs", "3", "--resume"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
    return done.returncode, done.stderr + done.stdout


def forge(run, change):
    shutil.rmtree("forged", ignore_errors=True)
    os.mkdir("forged")
    shutil.copy(f"{run}/last.h5", "forged/last.h5")
    with h5py.File("forged/last.h5", "r+") as f:
        change(f)
    code, text = train(run)
    digest = re.search(r"content has digest ([0-9a-f]{16})", text)
    if not digest:
        return code, text
    with h5py.File("forged/last.h5", "r+") as f:
        f.attrs.modify("digest", np.array(int(digest.group(1), 16), dtype="u8"))
    return train(run)


def allowed(what):
    """The exit codes; 7 wherever the value can do harm."""
    words = what.split()
    place = words[0]
    if place == "/":
        name, value = words[1], words[2]
        if value in ("missing", "empty", "text", "many") or name not in FREE | HARMLESS | OTHER_RUN:
            return {0, 7} if name in FREE | {"rows_digest"} else {7}
        return {2} if name in OTHER_RUN else {0, 5, 7}
    if words[-1] == "harmless":
        return {0}
    if place.startswith("optimizer/") and words[1] in ("inf", "-1e+300"):
        return {0, 5, 7}
    if place.startswith("parameters/") and words[1] == "-1e+300":
        return {5, 7}
    if what == "config short":
        return {0, 7}
    return {7}


QUICK = {"missing", "empty", "rank2", "long", "huge", "type", "nan", "-1", str(2**62), "-1e+308", "nonsense", "range", "moved", "turned", "fewer", "harmless", "digest", "loss", "epoch"}
bad = n = 0
for run in runs:
    with h5py.File(f"{run}/last.h5") as f:
        changes = list(attributes(f)) + list(datasets(f))
    for what, change in changes:
        seen = run != runs[0] and not what.startswith(("optimizer/", "best", "history", "metrics"))  # the rest is as in the first
        if not everything and (seen or what.split()[-1] not in QUICK):
            continue
        n += 1
        code, text = forge(run, change)
        if code not in allowed(what) or (code == 7 and not re.search("train again|start over|name another|give a run folder", text)):
            bad += 1
            print(f"{run}: {what}: exit code {code}, expected {sorted(allowed(what))}: {text[-400:]}")
print(f"{n} forged checkpoints, {bad} wrong")
sys.exit(bad > 0)
