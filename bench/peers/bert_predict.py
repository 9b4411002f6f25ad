#!/usr/bin/env python3
"""Peer: class probabilities of many texts with BERT in plain PyTorch, as a careful user writes the loop.

The model is that of bert_train.py. Examples are sorted by length, cut into batches of 32, padded to the longest of the batch,
and computed under torch.inference_mode (and bf16 autocast); probabilities come back in the order of the examples. Token ids
are random (seeded) and there from the start: reading and tokenising texts is timed on neither side.

It is a co-process: the first line says what is in effect; each line {} on stdin is answered with one line for one pass over
all examples. Timed are sorting, padding, the forward pass and the way back into the order of the examples.
"""
import argparse
import contextlib
import json
import resource
import sys
import time

import torch
from torch import nn

from bert_train import Classifier, common_arguments, read_lengths, ready


class Predicting(Classifier):
    """The classifier without its loss."""

    def forward(self, ids, attention_mask):
        mask = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        x = self.embeddings(ids)
        for layer in self.layers:
            x = layer(x, mask)
        return self.classifier(self.dropout(torch.tanh(self.pooler(x[:, 0]))))


def examples(options):
    lengths = read_lengths(options)
    generator = torch.Generator().manual_seed(options.seed)
    return [torch.randint(1, options.vocabulary, (length,), generator=generator) for length in lengths]


def predict(options, model, rows):
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]), reverse=True)
    result = torch.empty(len(rows), options.labels)
    with torch.inference_mode():
        for start in range(0, len(order), options.batch):
            places = order[start:start + options.batch]
            ids = nn.utils.rnn.pad_sequence([rows[i] for i in places], batch_first=True)
            with torch.autocast("cpu", dtype=torch.bfloat16) if options.precision == "bf16" else contextlib.nullcontext():
                logits = model(ids, (ids != 0).long())
            result[places] = torch.softmax(logits.float(), dim=-1)
    return result


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    common_arguments(parser)
    parser.add_argument("--batch", type=int, default=32)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model, rows = Predicting(options).eval(), examples(options)
    print(json.dumps(ready()), flush=True)
    for line in sys.stdin:
        if line.strip():
            started = time.perf_counter()
            result = predict(options, model, rows)
            seconds = time.perf_counter() - started
            assert torch.isfinite(result).all()
            print(json.dumps({"examples": len(rows), "seconds": seconds, "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}), flush=True)


if __name__ == "__main__":
    main()
