#!/usr/bin/env python3
"""The cost of the supervisor's queue: its second model asked through it, and without.

    python3 Benchmarks/supervisor_model.py [--holdfast FILE] [--rounds N]

Starts the engine of `holdfast engine install` on the model of `holdfast supervisor install`, with the settings that
Holdfast gives it, and has `holdfast-measure supervisor` ask it. The goal: at 1, 2, 4 and 8 at once, a window takes at
most 1.15 times as long as straight from the engine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
GOAL = 1.15
SERVER = """
import os, sys
import xllamacpp

p = xllamacpp.CommonParams()
p.model.path, p.hostnames = sys.argv[1], [sys.argv[2]]
p.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
p.no_extra_bufts = p.offline = p.embedding = True
p.n_ctx, p.n_parallel = 1024, 2
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = max(1, os.cpu_count() - 1)
p.n_batch = p.n_ubatch = 512
p.verbosity = 1
p.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
server = xllamacpp.Server(p)
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
"""

HOUSE = REPO / ".holdfast"
MODEL = HOUSE / "models/minilm-supervisor.gguf"


def measure(holdfast, rounds=5, windows=64):
    """For each number of windows at once, the milliseconds of a window straight from the engine and through the
    second stage."""
    with tempfile.TemporaryDirectory() as scratch:
        socket = f"{scratch}/engine.sock"
        engine = subprocess.Popen(
            [HOUSE / "venv/bin/python", "-I", "-c", SERVER, MODEL, socket], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        try:
            if engine.stdout.readline() != "ready\n":
                raise RuntimeError("the engine did not start")
            measured = subprocess.run(
                [holdfast.with_name("holdfast-measure"), "supervisor", "--socket", socket, "--rounds", str(rounds),
                 "--windows", str(windows), "--json"],
                capture_output=True, text=True, check=True)
        finally:
            engine.stdin.close()
            engine.wait(30)
    return json.loads(measured.stdout)["widths"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--holdfast", type=Path, default=REPO / ".build/release/holdfast")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=64)
    options = parser.parse_args()
    if not MODEL.exists():
        sys.exit("the model is missing; run `holdfast supervisor install`")
    try:
        widths = measure(options.holdfast, options.rounds, options.windows)
    except RuntimeError as error:
        sys.exit(str(error))
    print("| at once | bare engine | second stage | ratio | goal |\n|---|---|---|---|---|")
    for each in widths:
        ratio = each["stage_ms"] / each["bare_ms"]
        print(f"| {each['at_once']} | {each['bare_ms']:.1f} ms | {each['stage_ms']:.1f} ms | {ratio:.3f} | "
              f"{'met' if ratio <= GOAL else 'MISSED'} (≤ {GOAL}) |")


if __name__ == "__main__":
    main()
