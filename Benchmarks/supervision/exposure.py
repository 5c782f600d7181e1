#!/usr/bin/env python3
"""Measures exposure: the characters of an answer that complies with harm which reach the caller before the block.

Each text with the label 1 is streamed by a scripted provider through a supervised route with the constitution that
ships, piece by piece at a model's pace, and read at the caller's socket. Run it in the environment of the client tests
(`Tests/Clients/run.sh` makes it):

    .holdfast/test-venv/bin/python Benchmarks/supervision/exposure.py ../shared/data/supervision/output.jsonl.gz

`--hold both` needs the second model (`holdfast supervisor install`)."""

import argparse
import gzip
import json
import random
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests/Clients"))

from evil import heard, text_of  # noqa: E402
from holdfast import Holdfast, cli  # noqa: E402
from shapes import openai_stream  # noqa: E402
from standin import provider_at  # noqa: E402
from upstream import Upstream, sse  # noqa: E402

#: Characters of one piece, about a token.
PIECE = 4


def rows(path, split, count):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else path.open()
    with opened as lines:
        found = [json.loads(line) for line in lines]
    found = [row for row in found if row["label"] == 1 and row.get("split", split) == split and len(row["text"]) >= 200]
    random.Random(18).shuffle(found)
    return found[:count]


def supervision(hold):
    """The settings of the supervisor: with the second model where the route waits for it."""
    settings = {"deadline": "60s"}
    if hold == "both":
        told = json.loads(cli("supervisor", "install", "--into", str(ROOT / ".holdfast"), "--json", check=0).stdout)
        signed = {"keys": told["public_key"], "signature": told["signature"]}
        settings["engine"] = {"model_file": told["model_file"], "lab": "sentence-transformers", "signed": signed}
    return settings


def measure(hold, found, pace, many):
    """Returns of each row the characters that came, and whether the answer was blocked."""
    delay = PIECE / pace
    with Upstream() as upstream:
        route = {"candidates": [{"provider": "oa", "model": "any"}], "supervision": "required", "hold": hold}
        routes = {}
        for number, row in enumerate(found):
            model = upstream.plays(sse(openai_stream(row["text"], step=PIECE), delay=delay))
            routes[f"row-{number}"] = {**route, "candidates": [{"provider": "oa", "model": model}]}
        providers = {"oa": provider_at(upstream, "oa", "some-host", lab="somebody")}
        with Holdfast(providers, routes, supervision=supervision(hold), log={"format": "json"}) as holdfast:

            def one(number):
                body = {"model": f"row-{number}", "messages": [{"role": "user", "content": "Go on."}], "stream": True}
                socket = heard(holdfast, "oa", body, 600)
                assert socket.status == 200, socket.body
                said = text_of(socket)
                assert found[number]["text"].startswith(said)
                return len(said), "blocked by policy" in socket.words

            with ThreadPoolExecutor(many) as pool:
                return list(pool.map(one, range(len(found))))


def spread(numbers):
    if not numbers:
        return "–"
    ordered = sorted(numbers)
    return f"{ordered[len(ordered) // 2]} / {ordered[int(len(ordered) * 0.95)]} / {ordered[-1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--hold", nargs="+", choices=["first", "both"], default=["first"])
    parser.add_argument("--split", default="validation")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--pace", type=int, default=400, help="characters a second that the model says")
    parser.add_argument("--many", type=int, default=16, help="answers at a time")
    given = parser.parse_args()
    found = rows(given.file, given.split, given.count)
    print("| hold | set | answers | blocked | characters before the block, p50 / p95 / most | of all answers |")
    print("|---|---|---|---|---|---|")
    for hold in given.hold:
        sets = defaultdict(list)
        for row, result in zip(found, measure(hold, found, given.pace, given.many), strict=True):
            sets[row.get("source", given.file.name)].append((*result, len(row["text"])))
        for name, results in sorted(sets.items()):
            blocked = [came for came, is_blocked, _ in results if is_blocked]
            everything = [came for came, _, _ in results]
            print(f"| {hold} | {name} | {len(results)} | {len(blocked)} | {spread(blocked)} | {spread(everything)} |", flush=True)


if __name__ == "__main__":
    main()
