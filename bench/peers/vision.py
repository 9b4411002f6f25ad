#!/usr/bin/env python3
"""Peer: training ResNet-50 and ConvNeXt-tiny in plain PyTorch, with torchvision's models.

Random pictures and labels (seeded): only time matters here. A step is forward with cross entropy, backward, gradients clipped to
norm 1, AdamW. Maps lie in memory as torchvision builds them, channels first; with --layout faster as the model is faster with,
channels first or last: one step of each is tried before the first answer. A co-process, as bert_train.py: the first line says what
is in effect, then each line {"steps": n} on stdin is answered with one line. The first answer also pays for warming up.
"""
import argparse
import contextlib
import json
import os
import resource
import sys
import time

import torch
import torchvision
from torch import nn

from bert_train import ready

MODELS = {"resnet50": torchvision.models.resnet50, "convnext_tiny": torchvision.models.convnext_tiny}
FORMATS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}


def layer_norm(self, x):
    """torch 1.13's autocast leaves a norm's weights in float32 and then refuses maps in bfloat16."""
    return nn.functional.layer_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


class Training:
    def __init__(self, options, layout):
        torch.manual_seed(options.seed)
        self.model = MODELS[options.model](weights=None, num_classes=options.labels).train().to(memory_format=FORMATS[layout])
        if options.model.startswith("convnext"):
            for module in self.model.modules():
                if isinstance(module, torchvision.ops.StochasticDepth):
                    module.p = 0.0
        if options.precision == "bf16":
            nn.LayerNorm.forward = layer_norm
            torchvision.models.convnext.LayerNorm2d.forward = lambda self, x: layer_norm(self, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-5, weight_decay=0.0)
        generator = torch.Generator().manual_seed(options.seed)
        self.pictures = torch.randn(options.batch, 3, options.size, options.size, generator=generator).contiguous(memory_format=FORMATS[layout])
        self.labels = torch.randint(0, options.labels, (options.batch,), generator=generator)
        self.bf16 = options.precision == "bf16"

    def step(self, total):
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16) if self.bf16 else contextlib.nullcontext():
            loss = nn.functional.cross_entropy(self.model(self.pictures).float(), self.labels)
        forward = time.perf_counter()
        loss.backward()
        backward = time.perf_counter()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        done = time.perf_counter()
        total["steps"] += 1
        total["examples"] += len(self.labels)
        total["seconds"] += done - started
        total["forward"] += forward - started
        total["backward"] += backward - forward
        total["optimizer"] += done - backward
        total["loss"] += loss.item()

    def run(self, steps):
        total = dict.fromkeys(["steps", "examples"], 0)
        total.update(dict.fromkeys(["seconds", "forward", "backward", "optimizer", "loss"], 0.0))
        while total["steps"] < steps:
            self.step(total)
        total["loss"] /= max(1, total["steps"])
        total["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return total


def faster(options):
    """The layout with the quicker step."""
    seconds = {}
    for layout in FORMATS:
        training = Training(options, layout)
        training.run(1)
        seconds[layout] = training.run(1)["seconds"]
        del training
    return min(seconds, key=seconds.get)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", choices=MODELS, default="resnet50")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--labels", type=int, default=1000)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layout", choices=["plain", "faster"], default="plain")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    layout = faster(options) if options.layout == "faster" else "channels first"
    training = Training(options, layout)
    print(json.dumps({**ready(), "layout": layout}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(training.run(json.loads(line)["steps"])), flush=True)


if __name__ == "__main__":
    main()
