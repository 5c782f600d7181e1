#!/usr/bin/env python3
"""Asks the second stage's model for the vectors of all windows.

    VENV/bin/python embed.py --windows FILE --model GGUF --into FILE

Runs with the Python of `holdfast engine install`, which has the engine, and
the model of `holdfast supervisor install`. The windows are those of
`holdfast-train windows`. Starts the engine as Holdfast does
(one thread, mean pooling), and writes a JSON line for each window with its
vector as whole numbers, as `EmbeddingVector` rounds them. What is in the file
already is not asked for again.
"""

import argparse
import hashlib
import http.client
import json
import os
import socket
import tempfile
from pathlib import Path

OPTIONS = argparse.ArgumentParser()
OPTIONS.add_argument("--windows", required=True, type=Path)
OPTIONS.add_argument("--model", required=True)
OPTIONS.add_argument("--into", required=True, type=Path)

SCALE = 2048


class Engine(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def vectors(self, texts):
        self.request("POST", "/v1/embeddings", json.dumps({"model": "m", "input": texts}),
                     {"content-type": "application/json"})
        response = self.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise SystemExit(f"the engine answers {response.status}: {answer}")
        return [entry["embedding"] for entry in sorted(answer["data"], key=lambda entry: entry["index"])]


def whole(value):
    """Halves away from zero, as Swift's rounded() does."""
    scaled = abs(value) * SCALE
    rounded = int(scaled + 0.5)
    return -rounded if value < 0 else rounded


def start(model, path):
    import xllamacpp

    chosen = xllamacpp.CommonParams()
    chosen.model.path = model
    chosen.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
    chosen.no_extra_bufts = True
    chosen.n_gpu_layers = 0
    chosen.hostnames = [path]
    chosen.offline = True
    chosen.n_parallel = 2
    chosen.n_ctx = 1024
    chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = 1
    chosen.embedding = True
    chosen.n_batch = chosen.n_ubatch = 512
    chosen.verbosity = 1
    chosen.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return xllamacpp.Server(chosen)


def main():
    options = OPTIONS.parse_args()
    windows = [json.loads(line) for line in options.windows.open()]
    known = {}
    if options.into.exists():
        for line in options.into.open():
            entry = json.loads(line)
            known[entry["sha256"]] = True
    socket_path = os.path.join(tempfile.mkdtemp(), "e.sock")
    server = start(options.model, socket_path)
    engine = Engine(socket_path)
    wanted = {}
    for window in windows:
        digest = hashlib.sha256(window["text"].encode()).hexdigest()
        if digest not in known:
            wanted[digest] = window["text"]
    print(f"{len(windows)} windows, {len(wanted)} to be asked for", flush=True)
    items = list(wanted.items())
    with options.into.open("a") as out:
        for at in range(0, len(items), 8):
            part = items[at : at + 8]
            for (digest, _), vector in zip(part, engine.vectors([text for _, text in part])):
                out.write(json.dumps({"sha256": digest, "vector": [whole(value) for value in vector]},
                                     separators=(",", ":")) + "\n")
            if at % 800 == 0:
                print(at, flush=True)
    del server


if __name__ == "__main__":
    main()
