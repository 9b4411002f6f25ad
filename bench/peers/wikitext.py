#!/usr/bin/env python3
"""Peer: awd_lstm.py's model learning a text, from given weights, on given pieces of streams, with given rates.

A co-process. {"weights": file, "train": file, "test": file, "seed": n, "decay": d, "clip": c} begins anew; {"rates": [...]} makes one
update for each rate and is answered with their seconds and mean loss; {"evaluate": true} with the mean loss of the test part's
tokens, states carried. Pieces are 32-bit numbers: of each update 1 where streams begin anew, the tokens of a piece, and of every
stream those tokens and the one that follows. Timed is the step alone: forward with loss, backward, clipping, optimizer.
"""
import json
import sys
import time

import torch
from torch import nn

from awd_lstm import AwdLstm, adam, arguments
from bert_losses import read_weights
from bert_train import ready


def renamed(name):
    """fastai's names, which ours has too, to awd_lstm.py's."""
    return name.replace("0.encoder.", "table.").replace("0.rnns.", "layers.").replace(".module.", ".lstm.").replace(".weight_hh_l0_raw", ".raw").replace("1.decoder.", "")


def read_pieces(path, batch):
    """Of each update: whether streams begin anew, and (T+1, B) ids."""
    with open(path, "rb") as file:
        numbers = torch.frombuffer(bytearray(file.read()), dtype=torch.int32)
    pieces, at = [], 0
    while at < len(numbers):
        anew, length = numbers[at].item(), numbers[at + 1].item()
        at += 2 + batch * (length + 1)
        pieces.append((anew == 1, numbers[at - batch * (length + 1):at].view(batch, length + 1).t().contiguous().long()))
    return pieces


class Learning:
    def __init__(self, options, command):
        self.options, self.clip, self.at = options, command["clip"], 0
        self.model = AwdLstm(options).train()
        self.model.load_state_dict({renamed(name): value for name, value in read_weights(command["weights"]).items()})      # strict
        self.optimizer = adam(self.model, command["decay"])
        self.train, self.test = read_pieces(command["train"], options.batch), read_pieces(command["test"], options.batch)
        torch.manual_seed(command["seed"])

    def update(self, rate):
        anew, text = self.train[self.at]
        self.at += 1
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        ids, targets = text[:-1], text[1:]
        started = time.perf_counter()
        if anew:
            self.model.begin(self.options.batch)
        loss, learnt = self.model.losses(ids, targets)
        learnt.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - started, loss.item()

    def updates(self, rates):
        done = [self.update(rate) for rate in rates]
        return {"seconds": sum(seconds for seconds, _ in done), "loss": sum(loss for _, loss in done) / len(done)}

    def evaluate(self):
        self.model.eval()
        total, tokens = 0.0, 0
        with torch.no_grad():
            for anew, text in self.test:
                if anew:
                    self.model.begin(self.options.batch)
                loss, _ = self.model.losses(text[:-1], text[1:])
                total += loss.item() * text[1:].numel()
                tokens += text[1:].numel()
        return {"loss": total / tokens, "tokens": tokens}


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    print(json.dumps(ready()), flush=True)
    learning = None
    for line in sys.stdin:
        if not line.strip():
            continue
        command = json.loads(line)
        if "weights" in command:
            learning, answer = Learning(options, command), {"ready": True}
        else:
            answer = learning.evaluate() if "evaluate" in command else learning.updates(command["rates"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
