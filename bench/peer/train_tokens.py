#!/usr/bin/env python3
"""Training steps of a transformer in PyTorch, for a side-by-side measurement: prints the median microseconds of a step.

usage: train_tokens.py --model gpt|encoder|seq2seq --width D --depth L --heads H --tokens T --vocabulary V --batch N
                       [--threads N] [--ranks P] [--steps N] [--compile]

One process with N threads, or P processes of one thread each under DistributedDataParallel (gloo). The networks are those of
tren (src/models): pre-norm with learned positions and a tied head; seq2seq post-norm with sinusoids, one table and label
smoothing 0.1. Attention is scaled_dot_product_attention, q, k and v come from one product, AdamW is the fused one. Rows are
full: no padding.
"""
import argparse
import math
import os
import statistics
import time

import torch
import torch.nn.functional as F


class Attention(torch.nn.Module):
    def __init__(self, d, heads, cross=False):
        super().__init__()
        self.heads, self.cross = heads, cross
        self.q = torch.nn.Linear(d, d) if cross else None
        self.inputs = torch.nn.Linear(d, 2 * d if cross else 3 * d)
        self.out = torch.nn.Linear(d, d)

    def forward(self, x, memory=None, causal=False):
        n, t, d = x.shape
        parts = ([self.q(x)] if self.cross else []) + list(self.inputs(memory if self.cross else x).split(d, -1))
        q, k, v = (p.view(n, -1, self.heads, d // self.heads).transpose(1, 2) for p in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(y.transpose(1, 2).reshape(n, t, d))


class Layer(torch.nn.Module):
    def __init__(self, d, heads, activation, pre_norm, cross=False):
        super().__init__()
        self.activation, self.pre_norm = activation, pre_norm
        self.self_attn = Attention(d, heads)
        self.cross_attn = Attention(d, heads, True) if cross else None
        self.linear1, self.linear2 = torch.nn.Linear(d, 4 * d), torch.nn.Linear(4 * d, d)
        self.norm1, self.norm2 = torch.nn.LayerNorm(d), torch.nn.LayerNorm(d)
        self.norm3 = torch.nn.LayerNorm(d) if cross else None

    def block(self, x, norm, f):
        return x + f(norm(x)) if self.pre_norm else norm(x + f(x))

    def forward(self, x, causal, memory=None):
        x = self.block(x, self.norm1, lambda h: self.self_attn(h, causal=causal))
        if self.cross_attn is not None:
            x = self.block(x, self.norm3, lambda h: self.cross_attn(h, memory))
        return self.block(x, self.norm2, lambda h: self.linear2(self.activation(self.linear1(h))))


def table(vocabulary, d):
    e = torch.nn.Embedding(vocabulary, d)
    torch.nn.init.normal_(e.weight, std=d ** -0.5)
    return e


class Stack(torch.nn.Module):
    """gpt, or an encoder with a classifier."""
    def __init__(self, args, classes=None):
        super().__init__()
        d = args.width
        self.tokens, self.positions = table(args.vocabulary, d), table(args.tokens, d)
        self.layers = torch.nn.ModuleList([Layer(d, args.heads, F.gelu, True) for _ in range(args.depth)])
        self.norm = torch.nn.LayerNorm(d)
        self.classifier = torch.nn.Linear(d, classes) if classes else None

    def forward(self, ids, target):
        x = self.tokens(ids) + self.positions.weight[:ids.shape[1]]
        for layer in self.layers:
            x = layer(x, self.classifier is None)
        x = self.norm(x)
        if self.classifier is not None:
            return F.cross_entropy(self.classifier(x.mean(1)), target)
        return F.cross_entropy((x @ self.tokens.weight.T).flatten(0, 1), target.flatten())


class Seq2Seq(torch.nn.Module):
    def __init__(self, args):
        super().__init__()
        d = args.width
        self.shared = table(args.vocabulary, d)
        self.encoder = torch.nn.ModuleList([Layer(d, args.heads, F.relu, False) for _ in range(args.depth)])
        self.decoder = torch.nn.ModuleList([Layer(d, args.heads, F.relu, False, True) for _ in range(args.depth)])
        slow = 10000 ** (torch.arange(d) // 2 * 2 / d)
        angle = torch.arange(args.tokens)[:, None] / slow
        self.register_buffer("sinusoid", torch.where(torch.arange(d) % 2 == 1, angle.cos(), angle.sin()))

    def embed(self, ids):
        return math.sqrt(self.shared.embedding_dim) * self.shared(ids) + self.sinusoid[:ids.shape[1]]

    def forward(self, ids, target):
        memory, x = self.embed(ids), self.embed(target)
        for layer in self.encoder:
            memory = layer(memory, False)
        for layer in self.decoder:
            x = layer(x, True, memory)
        return F.cross_entropy((x @ self.shared.weight.T).flatten(0, 1), target.flatten(), label_smoothing=0.1)


def steps(rank, ranks, args):
    torch.manual_seed(1)
    model = Seq2Seq(args) if args.model == "seq2seq" else Stack(args, 10 if args.model == "encoder" else None)
    if ranks > 1:
        model = torch.nn.parallel.DistributedDataParallel(model)
    if args.compile:
        model = torch.compile(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001, weight_decay=0.01, fused=True)
    rows, times = args.batch // ranks, []
    x = torch.randint(0, args.vocabulary, (1024, args.tokens))
    y = torch.randint(0, 10, (1024,)) if args.model == "encoder" else torch.randint(0, args.vocabulary, (1024, args.tokens))
    for i in range(args.steps + 5):
        since = time.perf_counter()
        index = torch.randint(0, 1024, (rows,))
        optimizer.zero_grad(set_to_none=True)
        model(x[index], y[index]).backward()
        optimizer.step()
        times.append(time.perf_counter() - since)
    if rank == 0:
        print(f"{statistics.median(times[5:]) * 1e6:.1f}", flush=True)


def worker(rank, ranks, args, port):
    torch.set_num_threads(args.threads)
    if ranks > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
        torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    steps(rank, ranks, args)
    if ranks > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=["gpt", "encoder", "seq2seq"], default="gpt")
    for name, value in dict(width=128, depth=4, heads=4, tokens=128, vocabulary=65, batch=32, threads=1, ranks=1, steps=20).items():
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    if args.ranks == 1:
        worker(0, 1, args, 0)
    else:
        port = 20000 + os.getpid() % 20000
        torch.multiprocessing.spawn(worker, args=(args.ranks, args, port), nprocs=args.ranks)


if __name__ == "__main__":
    main()
