#!/usr/bin/env python3
"""Peer: forward and backward of self-attention as PyTorch users write it: heads apart, matmul, additive mask, softmax, dropout, matmul, heads together.

A co-process; its arguments are the number of threads, fp32 or bf16, heads, channels, and the token lengths of one batch. The first line says what is in effect, then each
line {"passes": n} on stdin is answered with one line. Query, key and value are padded to the longest sequence, as everything else is in such a
program; bf16 is autocast on tensors that are bfloat16 already, as linear layers give them.
"""
import contextlib
import json
import math
import sys
import time

import torch
from torch.nn import functional

from bert_train import ready


class Attention:
    def __init__(self, precision, heads, channels, lengths):
        torch.manual_seed(1)
        self.heads, self.bf16 = heads, precision == "bf16"
        lengths = torch.tensor(lengths)
        longest = int(lengths.max())
        there = (torch.arange(longest)[None, :] < lengths[:, None]).float()
        self.mask = (1.0 - there[:, None, None, :]) * torch.finfo(torch.float32).min
        dtype = torch.bfloat16 if self.bf16 else torch.float32
        self.inputs = [torch.randn(len(lengths), longest, channels).to(dtype).requires_grad_() for _ in range(3)]

    def split(self, x):  # (B, T, C) to (B, H, T, D)
        return x.view(x.shape[0], x.shape[1], self.heads, -1).permute(0, 2, 1, 3)

    def forward(self):
        query, key, value = map(self.split, self.inputs)
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(query.shape[-1]) + self.mask
        weights = functional.dropout(functional.softmax(scores, dim=-1), 0.1)
        return torch.matmul(weights, value).permute(0, 2, 1, 3).contiguous().view(self.inputs[0].shape)

    def run(self, passes):
        started = time.perf_counter()
        for _ in range(passes):
            for x in self.inputs:
                x.grad = None
            with torch.autocast("cpu", dtype=torch.bfloat16) if self.bf16 else contextlib.nullcontext():
                y = self.forward()
            y.sum().backward()
        return {"ms": (time.perf_counter() - started) * 1e3 / passes}


def main():
    threads, precision, heads, channels, *lengths = sys.argv[1:]
    torch.set_num_threads(int(threads))
    attention = Attention(precision, int(heads), int(channels), [int(length) for length in lengths])
    print(json.dumps(ready()), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(attention.run(json.loads(line)["passes"])), flush=True)


if __name__ == "__main__":
    main()
