#!/usr/bin/env python3
"""Scores files of JSON lines (`text`, `label`) with the PyPI package
`securevector-guardian-model`, and prints the same table as `holdfast-train
evaluate`.

    Benchmarks/supervision/baseline.py FILE.jsonl ...

The package goes into a virtual environment under `Benchmarks/.work/`.
"""

import json
import math
import os
import pathlib
import subprocess
import sys
import venv

PACKAGE = "securevector-guardian-model==1.4.0"
PLACE = pathlib.Path(__file__).resolve().parent.parent / ".work" / "guardian"


def inside():
    """Runs this script again in the environment that has the package."""
    python = PLACE / "bin" / "python"
    if not python.exists():
        venv.create(PLACE, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    os.execv(python, [str(python), __file__, *sys.argv[1:]])


def share(hits, count):
    """Returns a share with its 95 % interval (Wilson)."""
    if count == 0:
        return "-"
    z, part = 1.959964, hits / count
    middle = (part + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(part * (1 - part) / count + z * z / (4 * count * count))
    return f"{part:.3f} [{max(0, middle - half):.3f}, {min(1, middle + half):.3f}] ({hits}/{count})"


def area(positives, negatives):
    """Returns the chance that a positive scores above a negative; ties count half."""
    ranked = sorted([(score, 1) for score in positives] + [(score, 0) for score in negatives])
    total, below, place = 0.0, 0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        hits = sum(label for _, label in ranked[place:end])
        misses = end - place - hits
        total += hits * (below + misses / 2)
        below += misses
        place = end
    return total / (len(positives) * len(negatives)) if positives and negatives else 0.5


def main():
    try:
        from svguardian import resolve_runtime
        from svguardian.model.pure_infer import PureGuardian
        from svguardian.window import predict_windowed
    except ImportError:
        inside()
    guardian = PureGuardian.load(resolve_runtime(download=False))
    known = {}
    print("| set | TPR at 1 % FPR | TPR as shipped | FPR as shipped | AUC |\n|---|---|---|---|---|")
    for path in sys.argv[1:]:
        scores = {0: [], 1: []}
        stopped = {0: 0, 1: 0}
        for line in open(path, encoding="utf-8"):
            row = json.loads(line)
            text, label = row["text"], int(row.get("label") == 1)
            if text not in known:
                found = predict_windowed(guardian, text)
                known[text] = (found["malicious_score"], found["verdict"] == "malicious")
            score, stops = known[text]
            scores[label].append(score)
            stopped[label] += stops
        innocent = sorted(scores[0], reverse=True)
        allowed = int(len(innocent) * 0.01)
        bound = innocent[allowed] if allowed < len(innocent) else -1
        caught = sum(score > bound for score in scores[1])
        print(f"| {pathlib.Path(path).stem} | {share(caught, len(scores[1])) if innocent else '-'} "
              f"| {share(stopped[1], len(scores[1]))} | {share(stopped[0], len(scores[0]))} "
              f"| {area(scores[1], scores[0]):.3f} |", flush=True)


if __name__ == "__main__":
    main()
