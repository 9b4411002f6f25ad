#!/usr/bin/env python3
"""Peer: one update after another of an AWD-LSTM language model in plain PyTorch, as fastai trains it.

Merity et al. 2017 as fastai builds it: dropped rows of the table, variational dropout between layers, dropped recurrent
weights (DropConnect) before nn.LSTM of one layer each, a decoder tied to the table, cross entropy over all tokens, AR and TAR
on the last layer, Adam with decoupled weight decay (betas 0.9 and 0.99, eps 1e-5), states carried from update to update.
Token ids are random (seeded): only time matters here.

A co-process: the first line says what is in effect, then each line {"steps": n} on stdin is answered with one line. Timed is the
step alone: forward with loss, backward, optimizer.
"""
import argparse
import contextlib
import json
import os
import resource
import sys
import time
import warnings

import torch
from torch import nn
from torch.nn import functional

from bert_train import ready


def dropped(x, sizes, share, training):
    """x times a mask of these sizes, which spreads over the other axes."""
    return x * x.new_empty(sizes).bernoulli_(1 - share).div_(1 - share) if training and share > 0 else x


class WeightDrop(nn.Module):
    """One LSTM layer whose recurrent weight is dropped from anew in every update."""

    def __init__(self, inputs, outputs, share):
        super().__init__()
        self.lstm, self.share = nn.LSTM(inputs, outputs), share
        self.raw = nn.Parameter(self.lstm.weight_hh_l0.detach().clone())
        del self.lstm._parameters["weight_hh_l0"]

    def forward(self, x, state):
        self.lstm.weight_hh_l0 = functional.dropout(self.raw, self.share, self.training)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")                           # the weights do not lie in one piece of memory
            return self.lstm(x, state)


class AwdLstm(nn.Module):
    """Steps come first, (T, B): what nn.LSTM computes on, so nothing is turned round in between."""

    PAD = 1

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.table = nn.Embedding(options.vocabulary, options.embedding, padding_idx=self.PAD)
        nn.init.uniform_(self.table.weight, -0.1, 0.1)
        self.sizes = [options.embedding] + [options.hidden] * (options.layers - 1) + [options.embedding]
        self.layers = nn.ModuleList(WeightDrop(*pair, options.drop_weights) for pair in zip(self.sizes, self.sizes[1:]))
        self.bias = nn.Parameter(torch.zeros(options.vocabulary))
        self.begin(options.batch)

    def begin(self, batch):
        """All streams begin anew."""
        self.states = [(torch.zeros(1, batch, size), torch.zeros(1, batch, size)) for size in self.sizes[1:]]

    def forward(self, ids):
        o = self.options
        weight = dropped(self.table.weight, (o.vocabulary, 1), o.drop_embedding, self.training)
        x = functional.embedding(ids, weight, padding_idx=self.PAD)
        x = dropped(x, (1, *x.shape[1:]), o.drop_input, self.training)
        for i, layer in enumerate(self.layers):
            x, state = layer(x, self.states[i])
            self.states[i] = tuple(part.detach() for part in state)
            raw = x
            x = dropped(x, (1, *x.shape[1:]), o.drop_output if i == len(self.layers) - 1 else o.drop_hidden, self.training)
        return functional.linear(x, self.table.weight, self.bias), raw, x

    def losses(self, ids, targets):
        """Of (T, B) ids: the mean loss, and what is learnt, which is that with AR and TAR."""
        with torch.autocast("cpu", dtype=torch.bfloat16) if self.options.precision == "bf16" else contextlib.nullcontext():
            logits, raw, last = self(ids)
        loss = functional.cross_entropy(logits.float().view(-1, logits.shape[2]), targets.view(-1))
        return loss, loss + 2.0 * last.float().pow(2).mean() + 1.0 * (raw[1:].float() - raw[:-1].float()).pow(2).mean()


def adam(model, decay):
    """fastai's Adam; biases do not decay."""
    groups = [{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": decay}, {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-5)


class Training:
    def __init__(self, options):
        torch.manual_seed(options.seed)
        self.options = options
        self.model = AwdLstm(options).train()
        self.optimizer = adam(self.model, 0.01)
        self.generator = torch.Generator().manual_seed(options.seed)

    def step(self, total):
        o = self.options
        text = torch.randint(AwdLstm.PAD + 1, o.vocabulary, (o.length + 1, o.batch), generator=self.generator)
        ids, targets = text[:-1], text[1:]
        started = time.perf_counter()
        _, loss = self.model.losses(ids, targets)
        forward = time.perf_counter()
        loss.backward()
        backward = time.perf_counter()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        ended = time.perf_counter()
        total["forward"] += forward - started
        total["backward"] += backward - forward
        total["optimizer"] += ended - backward
        total["seconds"] += ended - started
        total["loss"] = loss.item()

    def run(self, steps):
        total = {"steps": steps, "seconds": 0.0, "forward": 0.0, "backward": 0.0, "optimizer": 0.0}
        for _ in range(steps):
            self.step(total)
        total["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return total


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, value in (("layers", 3), ("embedding", 400), ("hidden", 1152), ("vocabulary", 20000), ("batch", 64), ("length", 72)):
        parser.add_argument("--" + name, type=int, default=value)
    for name, value in (("embedding", 0.02), ("input", 0.25), ("weights", 0.2), ("hidden", 0.15), ("output", 0.1)):
        parser.add_argument("--drop-" + name, type=float, default=value)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    training = Training(options)
    print(json.dumps(ready()), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(training.run(json.loads(line)["steps"])), flush=True)


if __name__ == "__main__":
    main()
