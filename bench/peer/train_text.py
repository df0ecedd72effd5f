#!/usr/bin/env python3
"""A language model trained in PyTorch on a dataset of tren: prints steps and validation loss of a token, in nats.

usage: train_text.py DATA.h5 [--width D] [--depth L] [--heads H] [--batch N] [--steps N] [--warmup N] [--seed N] [--threads N]

The network is `gpt` of train_tokens.py, its recipe that of examples/bible-gpt.yaml: Glorot's initial weights, AdamW with a
weight decay of 0.1 on matrices only, gradients clipped to a norm of 1, a linear warm-up and a cosine down to a tenth. Every
epoch takes each row once, in an order drawn anew; the rows that do not fill the last batch are left out.
"""
import argparse
import math

import h5py
import torch
import torch.nn.functional as F

from train_tokens import Stack


def part(file, name):
    group = file[name]
    return torch.from_numpy(group["x"][:].astype("int64")), torch.from_numpy(group["length"][:].astype("int64").reshape(-1))


def loss_sum(model, rows, lengths):
    """The sum over the tokens that are counted, and how many they are."""
    ids, target = rows[:, :-1], rows[:, 1:].clone()
    target[torch.arange(target.shape[1])[None, :] >= lengths[:, None] - 1] = -100
    return model(ids, target) * (target != -100).sum(), (target != -100).sum()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    for name, value in dict(width=128, depth=4, heads=4, batch=32, steps=1000, warmup=100, seed=1, threads=2).items():
        parser.add_argument("--" + name, type=int, default=value)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    with h5py.File(args.data) as file:
        train, validation = part(file, "train"), part(file, "validation")
        args.vocabulary, args.tokens = int(file.attrs["vocabulary"]), train[0].shape[1] - 1
    model = Stack(args)
    for name, p in model.named_parameters():
        if name.startswith(("tokens", "positions")):
            torch.nn.init.uniform_(p, -math.sqrt(3 / args.width), math.sqrt(3 / args.width))
        elif p.dim() > 1:
            torch.nn.init.xavier_uniform_(p)
        elif name.endswith("bias"):
            torch.nn.init.zeros_(p)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([dict(params=decayed, weight_decay=0.1), dict(params=others, weight_decay=0)],
                                  lr=0.002, fused=True)
    order = torch.tensor([], dtype=torch.int64)
    for step in range(args.steps):
        if len(order) < args.batch:
            order = torch.randperm(len(train[0]))
        index, order = order[:args.batch], order[args.batch:]
        done = (step - args.warmup) / max(args.steps - args.warmup, 1)
        rate = (step + 1) / args.warmup if step < args.warmup else 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done))
        for group in optimizer.param_groups:
            group["lr"] = 0.002 * rate
        optimizer.zero_grad(set_to_none=True)
        total, count = loss_sum(model, train[0][index], train[1][index])
        (total / count).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
    with torch.no_grad():
        sums = [loss_sum(model, r, n) for r, n in zip(validation[0].split(64), validation[1].split(64))]
    print(f"{args.steps} steps, {sum(p.numel() for p in model.parameters())} parameters, seed {args.seed}: "
          f"validation loss {sum(float(s) for s, _ in sums) / sum(int(n) for _, n in sums):.4f}")


if __name__ == "__main__":
    main()
