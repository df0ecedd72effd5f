#!/usr/bin/env python3
"""Loads the weights of a training into the same network in PyTorch, and compares what it computes with what tren says.

    tren export runs/NAME --to safetensors
    tren predict runs/NAME --data DATA.h5 --out said.h5          # of a gpt: tren eval runs/NAME --json > said.json
    python3 examples/load_in_pytorch.py runs/NAME.safetensors DATA.h5 said.h5

For the models mlp, cnn, resnet18 and gpt; another network is written in the same way: the modules have the names of the
tensors (dense1, conv2d2, ...), in the order of the layers, so load_state_dict finds them. Wants torch, safetensors and h5py.
"""
import json
import re
import sys

import h5py
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {"relu": F.relu, "leaky_relu": F.leaky_relu, "elu": F.elu, "silu": F.silu, "gelu": F.gelu,
               "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus, "identity": lambda x: x}


def module(kind, weight, bias):
    if kind == "dense":
        return nn.Linear(weight.shape[1], weight.shape[0], bias=bias)
    if kind == "conv2d":
        return nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2, bias=bias)
    if kind in ("embedding", "positions"):
        return nn.Embedding(*weight.shape)
    return {"batch_norm": nn.BatchNorm2d, "layer_norm": nn.LayerNorm}[kind](len(weight))


class Network(nn.Module):
    """A module for each layer with weights, by its name; `forward` of each model below says how they are joined."""

    def __init__(self, state, config):
        super().__init__()
        self.config = config
        self.mean, self.sd = state.pop("normalization.mean", None), state.pop("normalization.sd", None)
        self.target_mean = state.pop("normalization.target_mean", None)  # where targets were normalised
        self.target_sd = state.pop("normalization.target_sd", None)
        for name in dict.fromkeys(key.rsplit(".", 1)[0] for key in state):
            self.add_module(name, module(name.rstrip("0123456789"), state[name + ".weight"], name + ".bias" in state))
        self.prepare()
        missing, unexpected = self.load_state_dict(state, strict=False)
        assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
        self.eval()

    def prepare(self):
        pass

    def setting(self, key):
        return re.search(rf"^ +{key}: (.*)$", self.config, re.MULTILINE)[1]

    def layers(self, kind):
        """dense1, dense2, ..."""
        named = [(int(name[len(kind):]), m) for name, m in self.named_children() if name.rstrip("0123456789") == kind]
        return [m for _, m in sorted(named, key=lambda pair: pair[0])]

    def normalized(self, x):
        """What is constant in the training data is 0 whatever its value."""
        shape = (1, -1) + (1,) * (x.dim() - 2)
        sd = torch.where(self.sd > 0, self.sd, torch.inf)
        return ((x.double() - self.mean.view(shape)) / sd.view(shape)).float()

    def dense(self, x):
        f, dense = ACTIVATIONS[self.setting("activation")], self.layers("dense")
        for m in dense[:-1]:
            x = f(m(x))
        y = dense[-1](x)
        return y if self.target_sd is None else (y.double() * self.target_sd + self.target_mean).float()


class Mlp(Network):
    def forward(self, x):
        return self.dense(self.normalized(x).flatten(1))


class Cnn(Network):
    def forward(self, x):
        x, f, norms = self.normalized(x), ACTIVATIONS[self.setting("activation")], self.layers("batch_norm")
        for i, conv in enumerate(self.layers("conv2d")):
            x = F.max_pool2d(f(norms[i](conv(x)) if norms else conv(x)), 2)
        return self.dense(x.flatten(1))


class ResNet18(Network):
    """Pre-activation blocks; the shortcut of a stage's first block comes before its branch."""

    def prepare(self):
        for i in (6, 11, 16):  # the shortcut and the first convolution of stages 2 to 4
            for conv in self.layers("conv2d")[i - 1:i + 1]:
                conv.stride = (2, 2)
            self.layers("conv2d")[i - 1].padding = (0, 0)

    def forward(self, x):
        conv, norm = iter(self.layers("conv2d")), iter(self.layers("batch_norm"))
        x = next(conv)(self.normalized(x))
        for block in range(8):
            h = F.relu(next(norm)(x))
            past = next(conv)(h) if block in (2, 4, 6) else x
            h = next(conv)(h)
            h = F.relu(next(norm)(h))
            x = next(conv)(h) + past
        return self.dense1(x.mean((2, 3)))


class Gpt(Network):
    def forward(self, tokens):
        heads, norm, dense = int(self.setting("heads")), iter(self.layers("layer_norm")), iter(self.layers("dense"))
        x = self.embedding1(tokens) + self.positions1.weight[:tokens.shape[1]]
        for _ in range(int(self.setting("depth"))):
            h = next(norm)(x)
            q, k, v = next(dense)(h).unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + next(dense)(y.transpose(1, 2).flatten(2))
            h = next(norm)(x)
            h = F.gelu(next(dense)(h))
            x = x + next(dense)(h)
        return next(norm)(x) @ self.embedding1.weight.T


def load(path):
    with safe_open(path, "pt") as file:
        config, state = file.metadata()["config"], {name: file.get_tensor(name) for name in file.keys()}
    name = re.search(r"^ +name: (\w+)$", config[config.index("model:"):], re.MULTILINE)[1]
    kinds = {"mlp": Mlp, "cnn": Cnn, "resnet18": ResNet18, "gpt": Gpt}
    if name not in kinds:
        sys.exit(f"{path} is of a {name}; this script knows {', '.join(kinds)}: write its forward in the same way")
    return kinds[name](state, config)


def blocks(part, size=250):
    n = len(part["x"])
    return [slice(at, min(at + size, n)) for at in range(0, n, size)]


def compare_rows(network, part, said):
    """The largest difference of a probability, or of a predicted target."""
    classes, worst = "probability" in said, 0.0
    for rows in blocks(part):
        y = network(torch.tensor(part["x"][rows]))
        y = y.softmax(1) if classes else y
        want = torch.tensor(said["probability" if classes else "prediction"][rows])
        worst = max(worst, (y - want).abs().max().item())
    return worst


def compare_texts(network, part, figures):
    """The difference of the mean loss over all labeled tokens."""
    loss = n = 0
    for rows in blocks(part, 50):
        length = torch.tensor(part["length"][rows][:, 0])
        tokens = torch.tensor(part["x"][rows][:, :length.max()], dtype=torch.long)
        counted = torch.arange(tokens.shape[1] - 1) < length[:, None] - 1
        z, label = network(tokens[:, :-1])[counted], tokens[:, 1:][counted]
        loss, n = loss + F.cross_entropy(z.double(), label, reduction="sum").item(), n + len(label)
    return abs(loss / n - figures["loss"])


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    network, data, said = load(sys.argv[1]), h5py.File(sys.argv[2]), sys.argv[3]
    with torch.no_grad():
        if said.endswith(".json"):
            worst = compare_texts(network, data["test"], json.load(open(said)))
        else:
            worst = compare_rows(network, data["test"], h5py.File(said))
    print(f"{len(data['test/x'])} rows, largest difference {worst:.2e}")
    sys.exit(not worst <= 1e-5)


if __name__ == "__main__":
    main()
