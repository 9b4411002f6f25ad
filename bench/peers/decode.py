#!/usr/bin/env python3
"""Peer: photos from bytes in memory to RGB of one size with Pillow, on some threads (Pillow lets go of the interpreter's lock while it decodes and resizes).

A co-process. The first line says what is in effect, then each line on stdin is answered with {"pictures": n, "seconds": s} of one pass over the photos.
"""
import argparse
import concurrent.futures
import io
import json
import os
import sys
import time

import PIL
from PIL import Image, features


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--draft", action="store_true", help="let the JPEG decoder reduce first, as Image.draft and Image.thumbnail do")
    arguments = parser.parse_args()
    size = (arguments.width, arguments.height)
    names = sorted(os.path.join(root, name) for root, _, files in os.walk(arguments.folder) for name in files if name.lower().endswith((".jpg", ".jpeg")))
    photos = [open(name, "rb").read() for name in names]

    def one(data):
        image = Image.open(io.BytesIO(data))
        if arguments.draft:
            image.draft("RGB", size)
        return image.convert("RGB").resize(size, Image.BILINEAR).size

    print(json.dumps({"name": f"Pillow {PIL.__version__}", "jpeg": features.version("jpg"), "pictures": len(photos)}), flush=True)
    pool = concurrent.futures.ThreadPoolExecutor(arguments.threads)
    for line in sys.stdin:
        if line.strip():
            started = time.perf_counter()
            done = sum(1 for _ in (pool.map(one, photos) if arguments.threads > 1 else map(one, photos)))
            print(json.dumps({"pictures": done, "seconds": time.perf_counter() - started}), flush=True)


if __name__ == "__main__":
    main()
