"""Runs an exported network with onnxruntime and compares it with what tren says of the same rows.

    export_onnx.py MODEL.onnx DATA.h5 SAID     SAID: predictions as HDF5, or what tren eval --json printed

Prints the rows and the largest difference; exit code 1 above 1e-5."""
import json
import sys

import h5py
import numpy as np
import onnx
import onnxruntime

path, data, said = sys.argv[1:]
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
inputs = {port.name: port for port in session.get_inputs()}
part = h5py.File(data)["test"]


def feeds(first, last):
    """The rows [first, last) as the network wants them: raw numbers, or tokens padded to the longest row."""
    if "input" in inputs:
        dtype = np.float64 if "double" in inputs["input"].type else np.float32
        return {"input": part["x"][first:last].astype(dtype).reshape(-1, *inputs["input"].shape[1:])}
    pairs, out = "target" in inputs, {}
    for axis, name in enumerate(("source", "target") if pairs else ("tokens",)):
        labeled = name == "target" or (name == "tokens" and "y" not in part)  # the last one is a label only
        length = part["length"][first:last, axis] - labeled
        tokens = part["y" if name == "target" else "x"][first:last, :length.max()].astype(np.int64)
        for row, n in zip(tokens, length):
            row[n:] = 7  # any token: what lies behind the end of a row must not matter
        out[name] = tokens
        out["lengths" if name == "tokens" else name + "_lengths"] = length.astype(np.int64)
    return {name: value for name, value in out.items() if name in inputs}


def run(first, last):
    names = [port.name for port in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds(first, last))))


def compare_predictions(file):
    name = "probability" if "probability" in file else "prediction"
    want, at, worst = file[name][()], 0, 0.0
    while at < len(want):
        last = min(at + 250, len(want))
        got = run(at, last)
        got = got["probabilities" if name == "probability" else "predictions"]
        worst = max(worst, float(np.abs(got - want[at:last]).max()))
        at = last
    return len(want), worst


def compare_evaluation(figures):
    """Loss and accuracy over all labeled tokens."""
    rows, at, loss, right, n = part["x"].shape[0], 0, 0.0, 0, 0
    name, axis = ("y", 1) if "y" in part else ("x", 0)
    while at < rows:
        last = min(at + 250, rows)
        logits = run(at, last)["logits"].astype(np.float64)
        for z, tokens, length in zip(logits, part[name][at:last], part["length"][at:last, axis]):
            label, z = tokens[1:length], z[:length - 1]
            top = z.max(axis=1, keepdims=True)
            loss += float((np.log(np.exp(z - top).sum(axis=1)) + top[:, 0] - z[np.arange(len(z)), label]).sum())
            right += int((z.argmax(axis=1) == label).sum())
            n += len(z)
        at = last
    assert abs(right / n - figures["accuracy"]) < 2e-5, (right / n, figures["accuracy"])
    return rows, abs(loss / n - figures["loss"])


if said.endswith(".h5"):
    rows, worst = compare_predictions(h5py.File(said))
else:
    rows, worst = compare_evaluation(json.load(open(said)))
print(f"{rows} rows, largest difference {worst:.2e}")
sys.exit(not worst <= 1e-5)
