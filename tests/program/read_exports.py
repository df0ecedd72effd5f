"""Reads exports without the packages they are made for: read_exports.py NAME CHECKPOINT.h5, of NAME.npz, NAME.safetensors
and NAME.onnx. All must hold the weights of the checkpoint bit for bit; the ONNX graph must be whole."""
import json
import struct
import sys

import h5py
import numpy as np

name, checkpoint = sys.argv[1:]


def weights():
    file = h5py.File(checkpoint)
    out = {n.decode().replace("/", "."): file["parameters"][n.decode()][()] for n in file["parameters"].attrs["names"]}
    for n in file.get("normalization", {}):
        out["normalization." + n] = file["normalization"][n][()]
    return out


def safetensors():
    data = open(name + ".safetensors", "rb").read()
    n, = struct.unpack("<Q", data[:8])
    header, out = json.loads(data[8:8 + n]), {}
    assert "model" in header.pop("__metadata__")["config"]
    for key, about in header.items():
        begin, end = about["data_offsets"]
        dtype = np.dtype({"F32": "<f4", "F64": "<f8"}[about["dtype"]])
        assert (8 + n + begin) % dtype.itemsize == 0, f"{key} begins at no multiple of its size"
        out[key] = np.frombuffer(data[8 + n + begin:8 + n + end], dtype).reshape(about["shape"])
    return out


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """{number: [value, ...]} of a message; nothing may be left over."""
    at, out = 0, {}
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            n, at = (4, at) if tag & 7 == 5 else varint(data, at)
            assert tag & 7 in (2, 5) and at + n <= len(data), f"field {tag >> 3} runs past the end"
            value, at = data[at:at + n], at + n
        out.setdefault(tag >> 3, []).append(value)
    return out


def onnx():
    """The initializers; each value that a node reads must have been made before it, each name once."""
    model = fields(open(name + ".onnx", "rb").read())
    assert model[1] == [8] and fields(model[8][0])[2] == [17], "IR version or opset"
    graph, known, out = fields(model[7][0]), set(), {}
    for tensor in map(fields, graph[5]):
        known.add(tensor[8][0].decode())
        dtype = {1: "<f4", 7: "<i8", 11: "<f8"}[tensor[2][0]]
        out[tensor[8][0].decode()] = np.frombuffer(tensor[9][0], dtype).reshape(tensor.get(1, []))
    known |= {fields(port)[1][0].decode() for port in graph[11]}
    for node in map(fields, graph[1]):
        for value in node[1]:
            assert value.decode() in known, f"{node[3]} reads {value}, which nobody has made"
        for value in node[2]:
            assert value.decode() not in known, f"{value} is made twice"
            known.add(value.decode())
    for port in graph[12]:
        assert fields(port)[1][0].decode() in known, "an output that nobody makes"
    return out


def same(want, got, what):
    for key, value in want.items():
        assert key in got, f"{what} has no {key}"
        other = got[key]
        assert other.shape == value.shape and other.tobytes() == value.astype(other.dtype).tobytes(), f"{what}: {key} differs"


want = weights()
npz = dict(np.load(name + ".npz"))
assert sorted(npz) == sorted(want) == sorted(safetensors()), "other names"
same(want, npz, "npz")
same(want, safetensors(), "safetensors")
graph = onnx()
same({key: value for key, value in want.items() if not key.startswith("normalization")}, graph, "onnx")
print(f"{name}: {len(want)} arrays, the same in all")
