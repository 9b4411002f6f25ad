#!/usr/bin/env python3
"""Peer: the reviews of IMDb to token ids with Hugging Face's fast tokenizers, made from the same vocabulary files.

A co-process. The first line says what is in effect, then each line on stdin is answered with {"bytes": n, "seconds": s} of one pass over the reviews.
"""
import argparse
import csv
import gzip
import json
import os
import sys
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--reviews", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(arguments.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if arguments.threads > 1 else "false"

    import tokenizers
    import transformers

    csv.field_size_limit(1 << 30)
    with gzip.open(arguments.reviews, "rt", encoding="utf-8", newline="") as file:
        texts = [row["text"] for row, _ in zip(csv.DictReader(file), range(arguments.rows))]
    size = sum(len(text.encode()) for text in texts)
    fast = transformers.AutoTokenizer.from_pretrained(arguments.folder, use_fast=True).backend_tokenizer
    print(json.dumps({"name": f"Hugging Face tokenizers {tokenizers.__version__}"}), flush=True)
    for line in sys.stdin:
        if line.strip():
            started = time.perf_counter()
            fast.encode_batch(texts) if arguments.threads > 1 else [fast.encode(text) for text in texts]
            print(json.dumps({"bytes": size, "seconds": time.perf_counter() - started}), flush=True)


if __name__ == "__main__":
    main()
