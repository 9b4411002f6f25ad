#!/usr/bin/env python3
"""Peer: the text baseline as scikit-learn's users write it: cross_val_predict of TfidfVectorizer + LogisticRegression.

A co-process: the first line says what is in effect; each line {} on stdin is answered with one line for one pass over all folds:
seconds, and the accuracy of the out-of-fold predictions. With --jobs above 1 the folds are divided among processes that stay.
"""
import argparse
import json
import os
import resource
import sys
import time

import numpy
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", required=True, help="JSON file with texts, labels and folds")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    with open(options.rows) as file:
        rows = json.load(file)
    texts, labels = rows["texts"], numpy.array(rows["labels"])
    print(json.dumps({"ready": True, "torch": f"scikit-learn {sklearn.__version__}", "threads": options.jobs, "blas": "no", "allocator": "glibc"}), flush=True)
    for line in sys.stdin:
        if line.strip():
            started = time.perf_counter()
            model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
            probabilities = cross_val_predict(model, texts, labels, cv=PredefinedSplit(rows["folds"]), method="predict_proba", n_jobs=options.jobs)
            seconds = time.perf_counter() - started
            accuracy = float((probabilities.argmax(1) == labels).mean())
            print(json.dumps({"seconds": seconds, "accuracy": accuracy, "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}), flush=True)


if __name__ == "__main__":
    main()
