#!/usr/bin/env python3
"""Peer: fastai's collaborative filtering as a plain PyTorch loop: EmbeddingDotBias of 50 factors, y_range 0 to 5.5, MSE, batches of 64, 5 epochs of one cycle at 5e-3.

The steps are fastai's: Adam with decoupled decay 0.1 of all weights, momentum 0.95 to 0.85 and back, squares 0.99, eps 1e-5, dense gradients (torch.optim.AdamW, whose update
is the same, with the rate and the momentum of every step set by hand). A batch is a slice of a shuffled tensor; data loaders, progress bars and the scoring of held-out rows
after every epoch, which cost a user of fastai time too, are left out in its favour. A co-process: the first line says what is in effect, then each line {"seed": n} on
stdin is answered with one line: seconds of the training, mean squared error on the held-out rows and on the others.
"""
import argparse
import json
import math
import os
import resource
import sys
import time

import torch
from torch import nn

from bert_train import ready


class DotBias(nn.Module):
    def __init__(self, users, items, factors, low, high):
        super().__init__()
        self.u_weight, self.i_weight = nn.Embedding(users, factors), nn.Embedding(items, factors)
        self.u_bias, self.i_bias = nn.Embedding(users, 1), nn.Embedding(items, 1)
        for part in (self.u_weight, self.i_weight, self.u_bias, self.i_bias):
            nn.init.trunc_normal_(part.weight, 0, 0.01, -0.02, 0.02)
        self.low, self.high = low, high

    def forward(self, pairs):
        users, items = pairs[:, 0], pairs[:, 1]
        dot = self.u_weight(users) * self.i_weight(items)
        sums = dot.sum(1) + self.u_bias(users).squeeze() + self.i_bias(items).squeeze()
        return torch.sigmoid(sums) * (self.high - self.low) + self.low


def cosine(start, end, at):
    return start + (1 + math.cos(math.pi * (1 - at))) * (end - start) / 2


def one_cycle(at, most, warm=0.25):
    """Rate and momentum at a share of all steps, as fit_one_cycle."""
    if at < warm:
        return cosine(most / 25, most, at / warm), cosine(0.95, 0.85, at / warm)
    return cosine(most, most / 1e5, (at - warm) / (1 - warm)), cosine(0.85, 0.95, (at - warm) / (1 - warm))


def train(pairs, values, counts, options, seed):
    torch.manual_seed(seed)
    model = DotBias(counts[0], counts[1], options.factors, 0.0, 5.5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, betas=(0.95, 0.99), eps=1e-5, weight_decay=0.1)
    batches = len(values) // options.batch              # fastai drops the last, smaller batch of an epoch
    steps, step = batches * options.epochs, 0
    for _ in range(options.epochs):
        order = torch.randperm(len(values))
        for batch in range(batches):
            rows = order[batch * options.batch:(batch + 1) * options.batch]
            rate, momentum = one_cycle(step / steps, options.rate)
            for group in optimizer.param_groups:
                group["lr"], group["betas"] = rate, (momentum, 0.99)
            loss = nn.functional.mse_loss(model(pairs[rows]), values[rows])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            step += 1
    return model


def error(model, pairs, values):
    with torch.no_grad():
        return float(nn.functional.mse_loss(model(pairs), values))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="u.data of MovieLens 100K")
    parser.add_argument("--valid", required=True, help="numbers of its rows that are held out, one a line, from 0")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    for name, value in (("factors", 50), ("epochs", 5), ("batch", 64)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--rate", type=float, default=5e-3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with open(options.data) as file:
        rows = [[int(cell) for cell in line.split("\t")[:3]] for line in file]
    with open(options.valid) as file:
        held = {int(line) for line in file if line.strip()}
    table = torch.tensor(rows)
    out = torch.tensor([row in held for row in range(len(rows))])
    # One more of each than there are: fastai's place for unknown ones.
    pairs, values, counts = table[:, :2], table[:, 2].float(), [int(table[:, side].max()) + 1 for side in (0, 1)]
    print(json.dumps(ready()), flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        own_pairs, own_values = pairs[~out], values[~out]
        started = time.perf_counter()
        model = train(own_pairs, own_values, counts, options, json.loads(line)["seed"])
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "mse": error(model, pairs[out], values[out]), "train_mse": error(model, own_pairs, own_values),
                          "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}), flush=True)


if __name__ == "__main__":
    main()
