#!/usr/bin/env python3
"""Peer: fine-tuning BERT for sequence classification in plain PyTorch, as its users write it.

The model and the step follow Hugging Face's BertForSequenceClassification and Trainer with their defaults: post-norm layers,
erf GELU, dropout 0.1 everywhere (attention probabilities too), an additive attention mask, batches padded to their longest
example, cross entropy, gradients clipped to norm 1, AdamW. Token ids and labels are random (seeded): only time matters here.

It is a co-process, so that a harness can measure ours and this alternately. The first line says what is in effect; then each
line {"steps": n} or {"seconds": s} on stdin is answered with one line. The first answer also pays for warming up. With --steps
or --seconds it runs once and ends. Timed is the step alone (forward with loss, backward, clipping and optimizer), not the
making of the batch.
"""
import argparse
import contextlib
import json
import math
import os
import random
import resource
import sys
import time

import torch
from torch import nn


class Embeddings(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.word = nn.Embedding(options.vocabulary, options.hidden, padding_idx=0)
        self.position = nn.Embedding(options.positions, options.hidden)
        self.token_type = nn.Embedding(2, options.hidden)
        self.norm = nn.LayerNorm(options.hidden, eps=1e-12)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, ids):
        positions = torch.arange(ids.shape[1])
        x = self.word(ids) + self.token_type(torch.zeros_like(ids)) + self.position(positions)
        return self.dropout(self.norm(x))


class Attention(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.heads, self.size = options.heads, options.hidden // options.heads
        self.query = nn.Linear(options.hidden, options.hidden)
        self.key = nn.Linear(options.hidden, options.hidden)
        self.value = nn.Linear(options.hidden, options.hidden)
        self.output = nn.Linear(options.hidden, options.hidden)
        self.norm = nn.LayerNorm(options.hidden, eps=1e-12)
        self.dropout = nn.Dropout(options.dropout)

    def split(self, x):  # (B, T, C) to (B, H, T, D)
        return x.view(x.shape[0], x.shape[1], self.heads, self.size).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.size) + mask
        weights = self.dropout(nn.functional.softmax(scores, dim=-1))
        context = torch.matmul(weights, value).permute(0, 2, 1, 3).contiguous().view(x.shape)
        return self.norm(self.dropout(self.output(context)) + x)


class Layer(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.attention = Attention(options)
        self.up = nn.Linear(options.hidden, options.intermediate)
        self.down = nn.Linear(options.intermediate, options.hidden)
        self.norm = nn.LayerNorm(options.hidden, eps=1e-12)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, x, mask):
        x = self.attention(x, mask)
        return self.norm(self.dropout(self.down(nn.functional.gelu(self.up(x)))) + x)


class Classifier(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.embeddings = Embeddings(options)
        self.layers = nn.ModuleList(Layer(options) for _ in range(options.layers))
        self.pooler = nn.Linear(options.hidden, options.hidden)
        self.dropout = nn.Dropout(options.dropout)
        self.classifier = nn.Linear(options.hidden, options.labels)
        self.apply(self.initialise)

    @staticmethod
    def initialise(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

    def forward(self, ids, attention_mask, labels):
        mask = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        x = self.embeddings(ids)
        for layer in self.layers:
            x = layer(x, mask)
        pooled = torch.tanh(self.pooler(x[:, 0]))
        return nn.functional.cross_entropy(self.classifier(self.dropout(pooled)), labels)


def group_by_length(lengths, batch):
    """Hugging Face's LengthGroupedSampler on examples that are already shuffled: blocks of 50 batches (of a data set that has
    at least 200), each sorted.

    Here the batches of a block then come in random order, so that a few steps are like the whole."""
    block = batch * 50
    order = random.Random(1)
    grouped = []
    for start in range(0, len(lengths), block):
        part = sorted(lengths[start:start + block], reverse=True)
        parts = [part[at:at + batch] for at in range(0, len(part), batch)]
        short = parts.pop() if len(parts[-1]) < batch else []     # stays last: batches are cut again by position
        order.shuffle(parts)
        grouped += [length for one in [*parts, short] for length in one]
    return grouped


def read_lengths(options):
    with open(options.lengths) as file:
        lengths = [int(line) for line in file if line.strip()]
    if not lengths or min(lengths) < 1 or max(lengths) > options.positions:
        sys.exit(f"{options.lengths}: expected lengths from 1 to {options.positions}, one a line")
    return lengths


def batches(options, lengths):
    """Endless batches: the examples in this order, again and again."""
    generator = torch.Generator().manual_seed(options.seed)
    while True:
        for start in range(0, len(lengths), options.batch):
            part = torch.tensor(lengths[start:start + options.batch])
            mask = (torch.arange(int(part.max()))[None, :] < part[:, None]).long()
            ids = torch.randint(1, options.vocabulary, mask.shape, generator=generator) * mask
            labels = torch.randint(0, options.labels, part.shape, generator=generator)
            yield ids, mask, labels


class Training:
    def __init__(self, options):
        torch.manual_seed(options.seed)
        self.model = Classifier(options).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-5, weight_decay=0.0)
        lengths = read_lengths(options)
        self.batches = batches(options, group_by_length(lengths, options.batch) if options.group_by_length else lengths)
        self.bf16 = options.precision == "bf16"

    def step(self, total):
        ids, mask, labels = next(self.batches)
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16) if self.bf16 else contextlib.nullcontext():
            loss = self.model(ids, mask, labels)
        forward = time.perf_counter()
        loss.backward()
        backward = time.perf_counter()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        done = time.perf_counter()
        total["steps"] += 1
        total["examples"] += len(labels)
        total["real_tokens"] += int(mask.sum())
        total["padded_tokens"] += mask.numel()
        total["seconds"] += done - started
        total["forward"] += forward - started
        total["backward"] += backward - forward
        total["optimizer"] += done - backward
        total["loss"] += loss.item()

    def run(self, steps=None, seconds=None):
        """That many steps, or as many as take that long; the answer as a dictionary."""
        total = dict.fromkeys(["steps", "examples", "real_tokens", "padded_tokens"], 0)
        total.update(dict.fromkeys(["seconds", "forward", "backward", "optimizer", "loss"], 0.0))
        while total["steps"] < steps if steps is not None else total["seconds"] < seconds:
            self.step(total)
        total["loss"] /= max(1, total["steps"])
        total["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return total


def loaded(names, otherwise):
    """Which of the named libraries this process has loaded: {part of a path: what to call it}."""
    with open("/proc/self/maps") as file:
        paths = file.read()
    return "+".join(name for part, name in names.items() if part in paths) or otherwise


def ready():
    blas = {"openblas-openmp": "openblas-openmp", "openblas-pthread": "openblas-pthread", "openblas-serial": "openblas-serial", "libmkl": "mkl"}
    return {
        "ready": True,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": loaded(blas, "other"),
        "allocator": loaded({"tcmalloc": "tcmalloc", "jemalloc": "jemalloc"}, "glibc"),
    }


def common_arguments(parser):
    """The model, and what it computes on."""
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--intermediate", type=int, default=3072)
    parser.add_argument("--vocabulary", type=int, default=30522)
    parser.add_argument("--positions", type=int, default=512)
    parser.add_argument("--labels", type=int, default=2)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--lengths", required=True, help="file of token lengths, one a line, in the order of use")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    common_arguments(parser)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--group-by-length", action="store_true")
    parser.add_argument("--steps", type=int, help="run once, this many steps")
    parser.add_argument("--seconds", type=float, help="run once, about this long")
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    training = Training(options)
    print(json.dumps(ready()), flush=True)
    if options.steps is not None or options.seconds is not None:
        print(json.dumps(training.run(options.steps, options.seconds)), flush=True)
        return
    for line in sys.stdin:
        if line.strip():
            command = json.loads(line)
            print(json.dumps(training.run(command.get("steps"), command.get("seconds"))), flush=True)


if __name__ == "__main__":
    main()
