#!/usr/bin/env python3
"""Reference: the losses of plain PyTorch in fp32 from given weights on given batches, with the model and the step of bert_train.py.

A co-process; its only argument is the number of threads. Each line {"config": file, "weights": file, "batches": file, "dropout": p,
"rate": r, "seed": n} on stdin is answered with {"losses": [...]}, one loss an update. Batches are lists of {"ids": [...], "label": n}.
"""
import argparse
import json
import os
import struct
import sys

os.environ["GOMP_SPINCOUNT"] = "1000"               # nothing is timed here: idle threads leave the cores to others

import torch
from torch import nn

from bert_train import Classifier, ready

# Hugging Face's names of weights, and ours of bert_train.py; the first that fits counts.
NAMES = [
    ("bert.embeddings.word_embeddings.", "embeddings.word."),
    ("bert.embeddings.position_embeddings.", "embeddings.position."),
    ("bert.embeddings.token_type_embeddings.", "embeddings.token_type."),
    ("bert.embeddings.LayerNorm.", "embeddings.norm."),
    ("bert.pooler.dense.", "pooler."),
    ("bert.encoder.layer.", "layers."),
    (".attention.self.", ".attention."),
    (".attention.output.dense.", ".attention.output."),
    (".attention.output.LayerNorm.", ".attention.norm."),
    (".intermediate.dense.", ".up."),
    (".output.dense.", ".down."),
    (".output.LayerNorm.", ".norm."),
]


def renamed(name):
    for theirs, ours in NAMES:
        # What ends ".attention.output." has been renamed already where it was a weight of the attention.
        if not (theirs.startswith(".output.") and ".attention." in name):
            name = name.replace(theirs, ours)
    return name


def read_weights(path):
    """A safetensors file of fp32 weights: header length, header, data."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    weights = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            sys.exit(f"{path}: {name} is {entry['dtype']}, expected F32")
        begin, end = entry["data_offsets"]
        weights[name] = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin).view(entry["shape"])
    return weights


def read_model(command):
    with open(command["config"]) as file:
        config = json.load(file)
    weights = {renamed(name): value for name, value in read_weights(command["weights"]).items()}
    model = Classifier(argparse.Namespace(
        layers=config["num_hidden_layers"], hidden=config["hidden_size"], heads=config["num_attention_heads"],
        intermediate=config["intermediate_size"], vocabulary=config["vocab_size"],
        positions=len(weights["embeddings.position.weight"]), labels=len(weights["classifier.bias"]), dropout=command["dropout"]))
    model.load_state_dict(weights)                  # strict: no weight may be missing or left over
    return model.train()


def padded(batch):
    longest = max(len(example["ids"]) for example in batch)
    ids = torch.tensor([example["ids"] + [0] * (longest - len(example["ids"])) for example in batch])
    mask = torch.tensor([[1] * len(example["ids"]) + [0] * (longest - len(example["ids"])) for example in batch])
    return ids, mask, torch.tensor([example["label"] for example in batch])


def run(command):
    with open(command["batches"]) as file:
        batches = json.load(file)
    model = read_model(command)
    torch.manual_seed(command["seed"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=command["rate"], weight_decay=0.0)
    losses = []
    for batch in batches:
        loss = model(*padded(batch))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    return {"losses": losses}


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else len(os.sched_getaffinity(0)))
    print(json.dumps(ready()), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
