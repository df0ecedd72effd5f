#!/usr/bin/env python3
"""Write reference values of norms and activations to one HDF5 file, computed in float64 by numpy from their formulas.

usage: make_reference_layers.py OUT.h5        needs: python3-numpy python3-h5py (Debian)

Layout as in reference.h5: a group for each case with x, dy (upstream gradient), y, dx, and NAME, dNAME of each
parameter. Gradients are those of sum(dy * y) by complex steps of 1e-30, so they have no truncation error.
"""
import sys

import h5py
import numpy as np

STEP = 1e-30


def gradient(f, at, dy):
    """d sum(dy * f(at)) / d at, element by element."""
    out = np.empty_like(at)
    for i in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[i] += 1j * STEP
        out[i] = (dy * f(moved)).sum().imag / STEP
    return out


def case(h5, name, rng, x, params, fn, **attrs):
    group = h5.create_group(name)
    group.attrs.update(attrs)
    y = fn(x, params)
    dy = rng.standard_normal(y.shape)
    values = dict(x=x, dy=dy, y=y, dx=gradient(lambda a: fn(a, params), x, dy))
    for key, value in params.items():
        values[key] = value
        values["d" + key] = gradient(lambda a, key=key: fn(x, {**params, key: a}), value, dy)
    for key, value in values.items():
        group.create_dataset(key, data=value)


def normalise(x, axes):
    mean = x.mean(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=axes, keepdims=True) + 1e-5)


def group_norm(x, p, groups):
    parts = x.reshape(x.shape[0], groups, -1)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return normalise(parts, (2,)).reshape(x.shape) * p["weight"].reshape(shape) + p["bias"].reshape(shape)


def where(x, below, above):
    return np.where(x.real > 0, above, below)


def main():
    rng = np.random.default_rng(5)
    draw = rng.standard_normal
    with h5py.File(sys.argv[1], "w") as h5:
        weights = lambda n: dict(weight=draw(n), bias=draw(n))
        case(h5, "groupnorm", rng, draw((3, 6, 4, 5)) * 2 + 1, weights(6), lambda x, p: group_norm(x, p, 3), groups=3, eps=1e-5)
        case(h5, "groupnorm_table", rng, draw((5, 12)), weights(12), lambda x, p: group_norm(x, p, 4), groups=4, eps=1e-5)
        case(h5, "batchnorm1d", rng, draw((7, 9)) * 2 + 1, weights(9),
             lambda x, p: normalise(x, (0,)) * p["weight"] + p["bias"], eps=1e-5)
        sigmoid = lambda x: 1 / (1 + np.exp(-x))
        case(h5, "leaky_relu", rng, draw((7, 13)) * 3, {}, lambda x, p: where(x, 0.01 * x, x))
        case(h5, "elu", rng, draw((7, 13)) * 3, {}, lambda x, p: where(x, np.exp(x) - 1, x))
        case(h5, "silu", rng, draw((7, 13)) * 3, {}, lambda x, p: x * sigmoid(x))
        case(h5, "sigmoid", rng, draw((7, 13)) * 3, {}, lambda x, p: sigmoid(x))
        case(h5, "softplus", rng, draw((7, 13)) * 3, {}, lambda x, p: np.log(1 + np.exp(x)))


main()
