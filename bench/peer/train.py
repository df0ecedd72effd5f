#!/usr/bin/env python3
"""The same training steps in PyTorch, for a side-by-side measurement: prints the median microseconds of a step.

usage: train.py --dims 784-512-512-10 | --model cnn5|resnet18 --width K --shape 1x28x28 [--channels-last]  --batch 256 [--optimizer sgd|momentum|adamw] [--dropout R] [--threads N]
                [--ranks P] [--steps N]

One process with N threads, or P processes of one thread each under DistributedDataParallel (gloo). Rows lie in memory as
u8 and are gathered, converted and normalised for every batch, as tren does.
"""
import argparse
import os
import statistics
import time

import torch


def network(dims, dropout):
    layers = []
    for i, (n_in, n_out) in enumerate(zip(dims, dims[1:])):
        if i > 0 and dropout > 0:
            layers.append(torch.nn.Dropout(dropout))
        layers.append(torch.nn.Linear(n_in, n_out))
        if i + 2 < len(dims):
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


class Block(torch.nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.bn1, self.bn2 = torch.nn.BatchNorm2d(c_in), torch.nn.BatchNorm2d(c_out)
        self.conv1 = torch.nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.conv2 = torch.nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.short = torch.nn.Conv2d(c_in, c_out, 1, stride, bias=False) if stride != 1 or c_in != c_out else None

    def forward(self, x):
        h = torch.relu(self.bn1(x))
        past = x if self.short is None else self.short(h)
        return self.conv2(torch.relu(self.bn2(self.conv1(h)))) + past


def resnet18(k, channels):
    layers, c_in = [torch.nn.Conv2d(channels, k, 3, 1, 1, bias=False)], k
    for i, stride in enumerate((1, 2, 2, 2)):
        for s in (stride, 1):
            layers.append(Block(c_in, k << i, s))
            c_in = k << i
    return torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(c_in, 10))


def cnn5(k, shape):
    layers, c_in = [], shape[0]
    for i, pool in enumerate((0, 2, 2, shape[1] // 4)):
        layers += [torch.nn.Conv2d(c_in, k << i, 3, 1, 1), torch.nn.BatchNorm2d(k << i), torch.nn.ReLU()]
        layers += [torch.nn.MaxPool2d(pool)] if pool else []
        c_in = k << i
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(c_in, 10))


def image_network(args):
    shape = [int(d) for d in args.shape.split("x")]
    model = resnet18(args.width, shape[0]) if args.model == "resnet18" else cnn5(args.width, shape)
    return (model.to(memory_format=torch.channels_last) if args.channels_last else model), shape


def optimizer_for(name, parameters):
    if name == "adamw":
        return torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.01, fused=True)
    momentum = 0.9 if name == "momentum" else 0.0
    return torch.optim.SGD(parameters, lr=0.01, momentum=momentum, weight_decay=5 / 8192, fused=True)


def steps(rank, ranks, args):
    torch.manual_seed(1)
    dims = [int(d) for d in args.dims.split("-")]
    shape = None
    if args.model:
        model, shape = image_network(args)
        dims = [shape[0] * shape[1] * shape[2], 10]
    else:
        model = network(dims, args.dropout)
    if ranks > 1:
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = optimizer_for(args.optimizer, model.parameters())
    loss_of = torch.nn.CrossEntropyLoss()
    x = torch.randint(0, 256, (8192 // ranks, dims[0]), dtype=torch.uint8)
    y = torch.randint(0, dims[-1], (8192 // ranks,))
    rows, times, at = args.batch // ranks, [], x.shape[0]
    order = torch.randperm(x.shape[0])
    for _ in range(args.steps + 10):
        since = time.perf_counter()
        if at + rows > x.shape[0]:
            order, at = torch.randperm(x.shape[0]), 0
        index = order[at:at + rows]
        at += rows
        batch = (x[index].float() - 128.0) * (1 / 74.0)
        if shape:
            batch = batch.view(-1, *shape)
            batch = batch.contiguous(memory_format=torch.channels_last) if args.channels_last else batch
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(batch), y[index]).backward()
        optimizer.step()
        times.append(time.perf_counter() - since)
    if rank == 0:
        print(f"{statistics.median(times[10:]) * 1e6:.1f}", flush=True)


def worker(rank, ranks, args, port):
    torch.set_num_threads(args.threads)
    if ranks > 1:
        if port:
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
        torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    steps(rank, ranks, args)
    if ranks > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dims", default="784-512-512-10")
    parser.add_argument("--model", choices=["cnn5", "resnet18"])
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--shape", default="1x28x28")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--optimizer", default="sgd")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--steps", type=int, default=200)
    args = parser.parse_args()
    if "WORLD_SIZE" in os.environ:  # one of several, on hosts of their own
        worker(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), args, None)
    elif args.ranks == 1:
        worker(0, 1, args, None)
    else:
        port = 20000 + os.getpid() % 20000
        torch.multiprocessing.spawn(worker, args=(args.ranks, args, port), nprocs=args.ranks)


if __name__ == "__main__":
    main()
