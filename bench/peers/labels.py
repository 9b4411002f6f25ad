#!/usr/bin/env python3
"""Peer: label issues as cleanlab's users find them: filter.find_label_issues on a float32 matrix, its own number of workers.

A co-process: the first line says what is in effect; each line {"searches": n} on stdin is answered with one line: mean seconds of n searches,
issues found, peak memory.
"""
import argparse
import json
import os
import resource
import sys
import time

import numpy

try:
    import cleanlab
    from cleanlab.filter import find_label_issues
except ImportError as error:
    sys.exit(f"cleanlab cannot be imported ({error}); install it beside {sys.executable}, or name another interpreter in TUTTI_PYTHON")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--probs", required=True, help=".npy of float32")
    parser.add_argument("--labels", required=True, help="a class number a line")
    options = parser.parse_args()
    probabilities = numpy.load(options.probs)
    labels = numpy.loadtxt(options.labels, dtype=numpy.int64)
    print(json.dumps({"ready": True, "torch": f"cleanlab {cleanlab.__version__}", "threads": len(os.sched_getaffinity(0)), "blas": "no", "allocator": "glibc"}), flush=True)
    for line in sys.stdin:
        if line.strip():
            searches = json.loads(line)["searches"]
            started = time.perf_counter()
            for _ in range(searches):
                found = find_label_issues(labels, probabilities)
            seconds = (time.perf_counter() - started) / searches
            print(json.dumps({"seconds": seconds, "issues": int(found.sum()), "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}), flush=True)


if __name__ == "__main__":
    main()
