#!/usr/bin/env python3
"""Peer: what a call of a small PyTorch operator costs from Python, with its result freed at once.

A co-process; its only argument is the number of threads. The first line says what is in effect, then each line {"case": name, "calls": n} on stdin is answered with one line.
The tensors are the same as in bench/Tutti.Bench/OpsBench.cs and so small that the call is the work.
"""
import contextlib
import itertools
import json
import os
import sys
import time

import torch
from torch.nn import functional

from bert_train import ready


def add(x, y, weight, scale, bias):
    return x + y


def view(x, y, weight, scale, bias):
    return x.view(8, 4)


def layer_norm(x, y, weight, scale, bias):
    return functional.layer_norm(x, (8,), scale, bias, 1e-5)


def linear(x, y, weight, scale, bias):
    return functional.linear(x, weight, bias)


CASES = {"add": add, "view": view, "layer-norm": layer_norm, "linear": linear}
RECORDED = "-recorded"


def run(name, calls):
    recorded = name.endswith(RECORDED)
    call = CASES[name.removesuffix(RECORDED)]
    x = [torch.ones(4, 8), torch.ones(4, 8), torch.ones(8, 8), torch.ones(8), torch.ones(8)]
    for tensor in x:
        tensor.requires_grad_(recorded)
    with contextlib.nullcontext() if recorded else torch.no_grad():
        started = time.perf_counter()
        for _ in itertools.repeat(None, calls):
            call(*x)
        return {"us": (time.perf_counter() - started) * 1e6 / calls}


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else len(os.sched_getaffinity(0)))
    print(json.dumps(ready()), flush=True)
    for line in sys.stdin:
        if line.strip():
            command = json.loads(line)
            print(json.dumps(run(command["case"], command["calls"])), flush=True)


if __name__ == "__main__":
    main()
