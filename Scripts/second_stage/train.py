#!/usr/bin/env python3
"""Trains the heads of the supervisor's second stage, and measures them.

    python train.py --windows FILE --vectors FILE --model GGUF --write SWIFT
    python train.py --windows FILE --vectors FILE --evaluate
    python train.py --windows FILE --vectors FILE --given OTHER

Needs numpy alone. All sums are of whole numbers below 2^53, which floating
point adds exactly and in any order, so the same vectors give the same heads,
bit for bit, on every machine. The windows come from `holdfast-train windows`,
the vectors from embed.py. Logistic regression, one head a question; the
penalty and the steps were chosen once and not on any set that is held back.
"""

import argparse
import hashlib
import json
import math
from pathlib import Path

import numpy as np

OPTIONS = argparse.ArgumentParser()
OPTIONS.add_argument("--windows", required=True, type=Path)
OPTIONS.add_argument("--vectors", required=True, type=Path)
OPTIONS.add_argument("--model", type=Path)
OPTIONS.add_argument("--write", type=Path)
OPTIONS.add_argument("--evaluate", action="store_true")
OPTIONS.add_argument("--given", type=Path, help="windows of other texts, to be judged by all heads")
OPTIONS.add_argument("--advisory", nargs="*", default=["attack", "injection"], help="heads that only flag")

HEADS = ["attack", "injection", "harm", "output"]
#: For each head: kinds of windows and their part of the negatives' weight.
NEGATIVES = {
    "attack": {"benign": 6, "tools": 4, "harm": 1, "output": 1, "answers": 1},
    "injection": {"tools": 6, "benign": 1},
    "harm": {"benign": 6, "tools": 2},
    "output": {"output": 6, "answers": 2, "benign": 1, "tools": 1},
}
#: For each head: the kinds of harmless windows that it meets, on which its
#: thresholds are fixed.
HARMLESS = {
    "attack": ("benign", "tools"),
    "injection": ("tools",),
    "harm": ("benign",),
    "output": ("output", "answers", "benign", "tools"),
}
STEPS, DECAY_SHIFT = 500, 12
#: Fractional bits: of factors, of probabilities, of samples' weights.
FACTOR, CHANCE, SAMPLE = 20, 16, 6

# The share of harmless windows that may reach a threshold, by the window's
# place: the first, the second, all others. A request has 16 windows looked at
# anew, so at most 1 % of harmless requests have a new one that reaches it.
# Stricter ones for longer conversations were tried (down to 1 in 50,000 from
# place 64 on): at those, no held-back source was found at all.
SHARES = [0.0030, 0.0015, 0.01 / 16]


def sigmoid_table():
    values = [1 / (1 + math.exp(-place / 1024)) for place in range(-8192, 8192)]
    return np.array([int(value * (1 << CHANCE) + 0.5) for value in values], dtype=np.int64)


SIGMOID = sigmoid_table()


def weights_of(samples, head):
    """Whole sample weights: both labels weigh the same, and within a label a
    source weighs as the root of its size."""
    sizes = {}
    for label, kind, source in samples:
        sizes[(label, kind, source)] = sizes.get((label, kind, source), 0) + 1
    totals = {}
    for (label, kind, _), size in sizes.items():
        totals[(label, kind)] = totals.get((label, kind), 0) + math.sqrt(size)
    shares = NEGATIVES[head]
    present = sum(shares[kind] for label, kind in totals if not label)
    made = []
    for label, kind, source in samples:
        part = 1 if label else shares[kind] / present
        of_source = math.sqrt(sizes[(label, kind, source)]) / totals[(label, kind)]
        made.append(part * of_source / sizes[(label, kind, source)])
    scale = len(samples) / 2
    return np.array([max(1, int(value * scale * (1 << SAMPLE) + 0.5)) for value in made], dtype=np.int64)


def product(left, right):
    """A matrix by a vector, of whole numbers."""
    found = left @ right.astype(np.float64)
    assert np.abs(found).max() < 1 << 52
    return found.astype(np.int64)


def fit(vectors, labels, weights):
    """Factors and bias, in 1/1024. Whole numbers from beginning to end."""
    count, width = vectors.shape
    factors, speed = np.zeros(width, dtype=np.int64), np.zeros(width, dtype=np.int64)
    bias, bias_speed = np.int64(0), np.int64(0)
    wanted = labels.astype(np.int64) << CHANCE
    total = int(weights.sum())
    for _ in range(STEPS):
        # Vectors have 11 fractional bits, scores 10.
        scores = (product(vectors, factors) + (bias << 11)) >> (FACTOR + 11 - 10)
        missed = (wanted - SIGMOID[np.clip(scores + 8192, 0, 16383)]) * weights
        slope = product(vectors.T, missed) // total
        # Momentum of 15/16, and a step that the curvature of unit vectors allows.
        speed = ((speed * 15) >> 4) + ((slope << 1) >> (CHANCE + 11 - FACTOR)) - (factors >> DECAY_SHIFT)
        bias_speed = ((bias_speed * 15) >> 4) + ((int(missed.sum()) // total) << (FACTOR - CHANCE))
        factors, bias = factors + speed, bias + bias_speed
    return np.clip((factors + (1 << 9)) >> 10, -32768, 32767), int(bias) >> 10


def scores_of(vectors, head):
    factors, bias = head
    return (product(vectors, factors) >> 11) + bias


class Material:
    def __init__(self, windows, vectors):
        known = {}
        for line in vectors.open():
            entry = json.loads(line)
            known[entry["sha256"]] = entry["vector"]
        self.windows, rows = [], []
        for line in windows.open():
            window = json.loads(line)
            window["head"] = window["kind"]
            vector = known.get(hashlib.sha256(window["text"].encode()).hexdigest())
            if vector is not None:
                self.windows.append(window)
                rows.append(vector)
        self.vectors = np.array(rows, dtype=np.float64)

    def of(self, head, without=lambda window: False):
        """Places and labels of a head's windows."""
        places, labels = [], []
        for place, window in enumerate(self.windows):
            positive = window["head"] == head and window["label"] == 1
            negative = window["head"] in NEGATIVES[head] and not positive
            if (positive or negative) and not without(window):
                places.append(place)
                labels.append(int(positive))
        return np.array(places), np.array(labels)

    def train(self, head, without=lambda window: False):
        places, labels = self.of(head, without)
        samples = [(label, self.windows[place]["head"], self.windows[place]["source"])
                   for place, label in zip(places, labels)]
        return fit(self.vectors[places], labels, weights_of(samples, head))

    def score(self, places, head):
        return scores_of(self.vectors[places], head)


def fold(window, folds=4):
    """The same for all windows of one text, and of one question's answers."""
    group = window["group"]
    if group.startswith("question"):
        group = group.split("-")[0]
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") % folds


def is_harmless(window, head):
    """Harmless to this head: what thresholds are fixed on."""
    return window["label"] == 0 and window["head"] in HARMLESS[head]


def out_of_fold(made, head):
    """Scores of harmless windows by heads that have not seen their texts."""
    found = []
    for number in range(4):
        trained = made.train(head, lambda window: fold(window) == number)
        places = [place for place, window in enumerate(made.windows)
                  if fold(window) == number and is_harmless(window, head)]
        found.append(made.score(places, trained))
    return np.sort(np.concatenate(found))


def threshold(scores, share):
    """The score that this share of harmless windows reaches. Beyond what there
    are windows for, the tail goes on as it fell so far: exponentially."""
    count = len(scores)
    tail = max(50, count // 50)
    start = int(scores[count - tail])
    if share * count >= tail:
        return int(scores[count - int(share * count)])
    slope = float((scores[count - tail :] - start).mean())
    return int(math.ceil(start + slope * math.log(tail / count / share)))


def thresholds(scores):
    return [threshold(scores, share) for share in SHARES]


def interval(hits, count):
    """Wilson's, 95 %."""
    if not count:
        return 0.0, 1.0
    z, part = 1.96, hits / count
    middle = (part + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(part * (1 - part) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def by_text(made, places, scores):
    best = {}
    for place, score in zip(places, scores):
        group = made.windows[place]["group"]
        best[group] = max(best.get(group, -(1 << 30)), int(score))
    return best


def share_line(name, best, limit):
    hits = sum(score >= limit for score in best.values())
    low, high = interval(hits, len(best))
    print(f"| {name} | {len(best)} | {hits / max(1, len(best)):.3f} | {low:.3f} to {high:.3f} |")


def evaluate(made):
    """Leave one source out: each source's texts, found by a head that has seen
    nothing of that source, at the threshold of a request's first window and of
    its third and later ones."""
    for head in HEADS:
        print(f"\n### {head}\n")
        harmless = out_of_fold(made, head)
        steps = thresholds(harmless)
        sources = sorted({window["source"] for window in made.windows if window["head"] == head and window["label"]})
        found = {}
        for source in sources:
            if head == "output":
                trained = made.train(head, lambda window: window["head"] == "output" and window["source"] == source)
            else:
                trained = made.train(head, lambda window: window["source"] == source)
            places = [place for place, window in enumerate(made.windows)
                      if window["head"] == head and window["label"] and window["source"] == source]
            # The categories of the one set of injections are one row.
            is_category = head == "injection" and not source.startswith("generated")
            row = "BIPIA train, one category out at a time" if is_category else source
            found.setdefault(row, {}).update(by_text(made, places, made.score(places, trained)))
        for title, limit in (("first window", steps[0]), ("third window and later ones", steps[2])):
            print(f"At the threshold of the {title}:\n\n| held back | texts | found | 95 % |\n|---|---|---|---|")
            for row, best in found.items():
                share_line(row, best, limit)
            print()
        print("Harmless texts over the first window's threshold, by a head that has seen nothing of their source:\n")
        print("| held back | texts | flagged | 95 % |\n|---|---|---|---|")
        others = sorted({window["source"] for window in made.windows
                         if is_harmless(window, head)})
        for source in others:
            trained = made.train(head, lambda window: window["source"] == source and not (
                window["head"] == head and window["label"]))
            places = [place for place, window in enumerate(made.windows)
                      if is_harmless(window, head) and window["source"] == source]
            share_line(source, by_text(made, places, made.score(places, trained)), steps[0])


def judge(made, given):
    """The shares of other texts that reach thresholds."""
    for head in HEADS:
        trained, steps = made.train(head), thresholds(out_of_fold(made, head))
        for title, limit in (("first window", steps[0]), ("third window and later ones", steps[2])):
            print(f"\n{head}, at the threshold of the {title}:\n\n| texts | number | found | 95 % |\n|---|---|---|---|")
            for source in sorted({window["source"] for window in given.windows}):
                places = [place for place, window in enumerate(given.windows) if window["source"] == source]
                share_line(source, by_text(given, places, given.score(places, trained)), limit)


def swift(made, model_digest, advisory):
    lines = [
        "// Written by Scripts/second_stage/train.py; not to be edited.", "",
        "/// The heads as they were trained.", "extension EmbeddingHeads {",
        "    /// - Returns: Nil only if this file was damaged.",
        "    static var asTrained: EmbeddingHeads? {",
    ]
    for head in HEADS:
        factors, bias = made.train(head)
        digits = "".join(f"{int(value) & 0xFFFF:04x}" for value in factors)
        limits = ", ".join(str(value) for value in thresholds(out_of_fold(made, head)))
        lines += [
            f"        let {head} = Weights(", f'            hex: """', *[
                f"                {digits[at : at + 96]}\\" for at in range(0, len(digits) - 96, 96)],
            f"                {digits[-96:]}", '                """,', f"            bias: {bias},",
            f"            thresholds: [{limits}])"]
    lines += [
        f"        guard {', '.join(f'let {head}' for head in HEADS)} else {{ return nil }}",
        "        return EmbeddingHeads(",
        f"            weights: [{', '.join(f'.{head}: {head}' for head in HEADS)}],",
        f'            model: "{model_digest}", advisory: [{", ".join(f".{head}" for head in advisory)}])', "    }", "}", ""]
    return "\n".join(lines)


def main():
    options = OPTIONS.parse_args()
    made = Material(options.windows, options.vectors)
    print(f"{len(made.windows)} windows have a vector", flush=True)
    if options.given:
        judge(made, Material(options.given, options.vectors))
    if options.evaluate:
        evaluate(made)
    if options.write:
        digest = hashlib.sha256(options.model.read_bytes()).hexdigest()
        options.write.write_text(swift(made, digest, options.advisory))


if __name__ == "__main__":
    main()
