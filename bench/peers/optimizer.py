#!/usr/bin/env python3
"""Peer: one optimizer step of fine-tuning BERT in plain PyTorch: clip_grad_norm_, torch.optim.AdamW with its defaults, zero_grad.

The gradients are made beforehand, and what backward spends on an embedding's gradient as large as its table is not counted. A co-process: the first line says
what is in effect, then each line {"steps": n} on stdin is answered with one line.
"""
import argparse
import json
import os
import sys
import time

import torch
from torch import nn

from bert_train import Classifier, ready


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("layers", "hidden", "heads", "intermediate"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.set_defaults(vocabulary=30522, positions=512, labels=2, dropout=0.1)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    model = Classifier(options)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    gradients = [torch.full_like(parameter, 1e-3) for parameter in model.parameters()]
    print(json.dumps(ready()), flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        steps, seconds = json.loads(line)["steps"], 0.0
        for _ in range(steps):
            for parameter, gradient in zip(model.parameters(), gradients):
                parameter.grad = gradient
            started = time.perf_counter()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            seconds += time.perf_counter() - started
            for gradient in gradients:
                gradient.fill_(1e-3)                                  # clipping has scaled it
        print(json.dumps({"ms": seconds * 1e3 / steps}), flush=True)


if __name__ == "__main__":
    main()
