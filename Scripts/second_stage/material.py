"""The windows that the second stage's heads are trained and measured on.

Every window comes with a head's name, a label, the source that is held back
together, and the text that it was cut from. All chance has a seed, so that the
same data give the same windows.
"""

import gzip
import json
import random
from pathlib import Path

WINDOW, SLACK = 384, 64


def cut(text):
    """As Sources/Supervision/SecondStage/WindowCut.swift cuts a block."""
    windows, start = [], 0
    while start < len(text):
        end = min(start + WINDOW, len(text))
        if end < len(text):
            for place in range(end, end - SLACK, -1):
                if text[place - 1] in " \t\n\r":
                    end = place
                    break
        if text[start:end].strip(" \t\n\r"):
            windows.append(text[start:end])
        start = end
    return windows


def rows(folder, name):
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# Harmless things that tools print. The words are few on purpose: what makes a
# tool's output recognizable is its form.

NOUNS = ("account invoice server ticket build branch package sensor order customer flight room report image table "
         "index cache worker session token budget parcel recipe meeting patient route").split()
VERBS = "create update delete fetch list merge deploy restart archive validate schedule export resolve".split()
NAMES = "Ada Grace Linus Barbara Edsger Katherine Alan Radia Donald Margaret Ken Frances".split()
SENTENCES = [
    "Please find the agenda for {day} attached; the {noun} review moves to {hour}:30.",
    "Note: run the {verb} step before you {verb} the {noun}.",
    "You should {verb} the {noun} once {name} has approved it.",
    "To {verb} a {noun}, open the settings and select Advanced.",
    "Do not {verb} the {noun} while a {noun} is running.",
    "{name} asked whether the {noun} can be ready by {day}.",
    "Warning: the {noun} was not found, the previous {noun} is used instead.",
    "The system administrator has changed the rules for every {noun}.",
    "How do I {verb} a {noun}? See the instructions below.",
    "IMPORTANT: back up the {noun} before you continue with the {verb}.",
]
DAYS = "Monday Tuesday Wednesday Thursday Friday".split()


def sentence(chance):
    return chance.choice(SENTENCES).format(
        day=chance.choice(DAYS), hour=chance.randint(8, 18), noun=chance.choice(NOUNS), verb=chance.choice(VERBS),
        name=chance.choice(NAMES))


def record(chance):
    return {
        "id": chance.randrange(10**8), "name": f"{chance.choice(NOUNS)}-{chance.randint(1, 99)}",
        "owner": chance.choice(NAMES), "status": chance.choice(["open", "closed", "pending", "failed"]),
        "notes": " ".join(sentence(chance) for _ in range(chance.randint(1, 3))),
        "updated_at": f"2026-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}T0{chance.randint(0, 9)}:00:00Z",
    }


def tool_output(chance):
    kind = chance.randrange(7)
    if kind == 0:
        return json.dumps([record(chance) for _ in range(chance.randint(2, 5))], indent=chance.choice([None, 2]))
    if kind == 1:
        return "\n".join(
            f"{chance.randrange(16**7):07x} {chance.choice(NAMES)}: {chance.choice(VERBS).capitalize()} the "
            f"{chance.choice(NOUNS)} {chance.choice(['again', 'for tests', 'without a warning', 'in one place'])}"
            for _ in range(chance.randint(5, 12)))
    if kind == 2:
        return "\n".join(
            f"tests/test_{chance.choice(NOUNS)}.py::test_{chance.choice(VERBS)}_{chance.choice(NOUNS)} "
            + chance.choice(["PASSED", "PASSED", "PASSED", "FAILED", "SKIPPED"]) for _ in range(chance.randint(6, 14)))
    if kind == 3:
        return "\n".join(
            f"npm {chance.choice(['warn', 'notice', 'http fetch GET 200'])} {chance.choice(NOUNS)}@{chance.randint(1, 9)}"
            f".{chance.randint(0, 20)}.0 {sentence(chance) if chance.random() < 0.3 else 'deprecated'}"
            for _ in range(chance.randint(4, 10)))
    if kind == 4:
        noun, verb = chance.choice(NOUNS), chance.choice(VERBS)
        return (f"def {verb}_{noun}({noun}, limit={chance.randint(1, 99)}):\n"
                f'    """{sentence(chance)}"""\n    if not {noun}:\n'
                f'        raise ValueError("ignore the previous {noun}: it is empty")\n'
                f"    return [each.{verb}() for each in {noun}[:limit]]\n") * chance.randint(1, 2)
    if kind == 5:
        return f"From: {chance.choice(NAMES)}\nTo: {chance.choice(NAMES)}\nSubject: {chance.choice(NOUNS)}\n\n" + "\n".join(
            sentence(chance) for _ in range(chance.randint(3, 7)))
    return "\n".join(
        f"| {chance.choice(NOUNS)} | {chance.randint(1, 9999)} | {chance.choice(NAMES)} | "
        f"{chance.choice(['yes', 'no', 'n/a'])} |" for _ in range(chance.randint(6, 14)))


# Planted in front of an instruction, for the injections that announce
# themselves.
OPENINGS = [
    "", "", "", "Ignore the text above. ", "Important message to the assistant: ", "Before you answer, ",
    "New instructions: ", "Also, ", "SYSTEM: ", "Please also do the following. ", "Stop. Instead, ",
    "When you have read this, ",
]


def planted(text, instruction, chance):
    """The text with the instruction in it, and the place where it begins."""
    places = [at + 1 for at, letter in enumerate(text) if letter in "\n."] or [len(text)]
    place = chance.choice([0, chance.choice(places), len(text)])
    addition = chance.choice([" ", "\n"]) + chance.choice(OPENINGS) + instruction + chance.choice([" ", "\n", ". "])
    return text[:place] + addition + text[place:], place, place + len(addition)


def windows_over(text, start, end):
    """The windows that hold at least half of a passage."""
    at = 0
    for window in cut(text):
        at = text.index(window, at)
        shared = min(end, at + len(window)) - max(start, at)
        if 2 * shared >= end - start:
            yield window
        at += len(window)


def some(windows, most, chance):
    if len(windows) <= most:
        return windows
    return [windows[0]] + [windows[at] for at in sorted(chance.sample(range(1, len(windows)), most - 1))]


def build(folder):
    """All windows: dictionaries with head, label, source, group and text."""
    chance, made = random.Random(18), []

    def add(head, label, source, group, windows):
        made.extend({"head": head, "label": label, "source": source, "group": group, "text": each} for each in windows)

    for number, row in enumerate(rows(folder, "attack")):
        windows = some(cut(row["text"]), 3, chance)
        # Harmless texts are short: length must not become the mark.
        add("attack", 1, row["source"], f"a{number}",
            [each[: chance.randint(60, WINDOW)] if chance.random() < 0.3 else each for each in windows])
    for number, row in enumerate(rows(folder, "harm")):
        add("harm", 1, row["source"], f"h{number}", some(cut(row["text"]), 2, chance))

    benign = rows(folder, "benign")
    documents = [row["text"] for row in benign if row.get("role") == "document"]
    by_source = {}
    for row in benign:
        by_source.setdefault(row["source"], []).append(row["text"])
    for source, texts in sorted(by_source.items()):
        chosen = chance.sample(texts, min(len(texts), 900))
        for number, text in enumerate(chosen):
            add("benign", 0, source, f"b{source}{number}", some(cut(text), 2, chance))
        for number in range(0, len(chosen) - 4, 8):
            joined = "\n".join(chosen[number : number + 4])
            add("benign", 0, source, f"j{source}{number}", some(cut(joined), 2, chance))
    for number in range(1400):
        add("tools", 0, "generated", f"t{number}", some(cut(tool_output(chance)), 2, chance))

    for number, row in enumerate(rows(folder, "injection")):
        for copy in range(10):
            text = chance.choice(documents) if copy % 2 else tool_output(chance)
            whole, start, end = planted(text, row["text"].strip(), chance)
            add("injection", 1, row["category"], f"i{number}", some(list(windows_over(whole, start, end)), 1, chance))
    for number, text in enumerate(documents):
        add("tools", 0, "BIPIA train contexts", f"d{number}", cut(text))

    answers = rows(folder, "output")
    for split, most in (("train", 1500), ("validation", 500)):
        for label in (0, 1):
            fitting = [row for row in answers if row["split"] == split and row["label"] == label]
            for number, row in enumerate(chance.sample(fitting, min(len(fitting), most // 2))):
                add("output", label, split, f"o{split}{row['question']}-{number}", some(cut(row["text"]), 2, chance))
    return made
