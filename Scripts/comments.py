#!/usr/bin/env python3
"""Checks the first word of every doc comment.

A doc comment begins with a noun phrase ("The pool of one event loop.") or
with a verb in the third person ("Reads …", "Returns whether …"). A comment
that begins with a question word or a pronoun ("What is kept", "Whether it
may") makes its reader find out first what is being described. The texts of
`- Parameter`, `- Returns:` and `- Throws:` are held to the same rule.

Reads Package.swift, Sources, Tests and Benchmarks: Swift's `///` and `/** */`,
and the docstrings of Python, those of Scripts included. Prints a line for
each comment that breaks the rule, and exits 1.

Scripts/comments-ratchet.txt has the number of such comments that a folder may
still have. A number may only fall: more than allowed is refused, and so is
less, until `--lower` has written the new number. Where Git knows an earlier
version of the file, no number may be above that version's.
"""

import argparse
import ast
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RATCHET = ROOT / "Scripts" / "comments-ratchet.txt"

REFUSED = set("what whatever who whom whose whoever whether how why where somebody someone nobody it its".split())

# A word, behind the marks that may stand before it. Code (`who`) is a name and
# no word. What follows an apostrophe is left out: "it's" is refused as "it".
FIRST_WORD = re.compile(r"[\s*_\"'“(]*([A-Za-z]+)")
# `- Parameter name:`, an item below `- Parameters:`, `- Returns:`, `- Throws:`.
ITEM = re.compile(r"\s*-\s+(?:Parameter\s+\w+|Returns|Throws)\s*:(.*)")
PARAMETERS = re.compile(r"\s*-\s+Parameters\s*:\s*$")
NAMED = re.compile(r"\s*-\s+\w+\s*:(.*)")
# What a comment on one line has at its end.
BLOCK_END = re.compile(r"\s*\*/.*$")


def refused(text):
    """Returns the first word of a text if it is refused, as it is written; None otherwise."""
    found = FIRST_WORD.match(text)
    return found[1] if found and found[1].lower() in REFUSED else None


def swift_comments(text):
    """Yields the doc comments of a Swift file, each as a list of (line number, text)."""
    comment, in_block, in_string = [], False, False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if in_block:
            comment.append((number, re.sub(r"^\s*\*(?!/) ?", "", BLOCK_END.sub("", line))))
            in_block = "*/" not in line
        elif not in_string and stripped.startswith("///"):
            comment.append((number, stripped[3:]))
            continue
        elif not in_string and re.match(r"/\*\*(?![*/])", stripped):
            if comment:
                yield comment
            comment = [(number, BLOCK_END.sub("", stripped[3:]))]
            in_block = "*/" not in stripped
        elif line.count('"""') % 2:
            in_string = not in_string
        if comment and not in_block:
            yield comment
            comment = []
    if comment:
        yield comment


def texts(comment):
    """Yields the parts of a Swift doc comment that the rule is about, as (line number, text)."""
    begun, in_parameters = False, False
    for number, line in comment:
        if not line.strip():
            continue
        if PARAMETERS.match(line):
            begun = in_parameters = True
            continue
        if item := ITEM.match(line) or (in_parameters and NAMED.match(line)):
            yield number, item[1]
        elif not begun:
            yield number, line
        begun = True


def swift_findings(text):
    """Yields (line number, word) for each refused beginning in a Swift file."""
    for comment in swift_comments(text):
        for number, part in texts(comment):
            if word := refused(part):
                yield number, word


def python_findings(text):
    """Yields (line number, word) for each refused beginning of a docstring in a Python file."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        docstring = ast.get_docstring(node)
        if docstring and (word := refused(docstring)):
            yield node.body[0].lineno, word


def files():
    """Yields every file that the rule is about."""
    yield ROOT / "Package.swift"
    for folder, suffixes in (("Sources", (".swift",)), ("Tests", (".swift", ".py")), ("Benchmarks", (".swift", ".py")),
                             ("Scripts", (".py",))):
        for file in sorted((ROOT / folder).rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(ROOT).parts)
            if file.suffix in suffixes and file.is_file() and not hidden:
                yield file


def folder(path):
    """Returns the ratchet's name for the folder of a file: at most two levels, e.g. `Sources/Gateway`."""
    return "/".join(path.parts[:-1][:2]) or path.name


def findings():
    """Returns the refused beginnings of all files, by folder, as (path, line number, word)."""
    found = collections.defaultdict(list)
    for file in files():
        path = file.relative_to(ROOT)
        read = swift_findings if file.suffix == ".swift" else python_findings
        for number, word in sorted(read(file.read_text())):
            found[folder(path)].append((path, number, word))
    return found


def parse_ratchet(text):
    """Reads a ratchet: a number and a folder on each line, `#` for remarks."""
    allowed = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            number, name = line.split(maxsplit=1)
            allowed[name.strip()] = int(number)
    return allowed


def write_ratchet(allowed):
    """Returns the text of a ratchet."""
    head = "# Doc comments that Scripts/comments.py still allows, by folder. A number may only fall.\n"
    return head + "".join(f"{allowed[name]} {name}\n" for name in sorted(allowed) if allowed[name] > 0)


def lowered(allowed, counts):
    """Returns the ratchet with each number lowered to what was found, and none raised."""
    return {name: min(number, counts.get(name, 0)) for name, number in allowed.items()}


def finding(path, number, word):
    """Returns the line that names one refused beginning."""
    return f'{path}:{number}: first word "{word}"; begin with a noun phrase or a third-person verb'


def complaints(allowed, found):
    """Yields a line for each folder whose number isn't the one that the ratchet has."""
    for name in sorted(set(allowed) | set(found)):
        most, here = allowed.get(name, 0), found.get(name, [])
        if len(here) > most:
            for one in here:
                yield finding(*one)
            if most:
                yield f"{name}: {len(here)} such comments, and the ratchet allows {most}"
        elif len(here) < most:
            yield (f"{name}: {len(here)} such comments, and the ratchet still allows {most}; "
                   "run `python3 Scripts/comments.py --lower`")


def raised(allowed, earlier):
    """Yields a line for each number that is above the one of an earlier version."""
    for name in sorted(allowed):
        if allowed[name] > earlier.get(name, 0):
            yield (f"{RATCHET.relative_to(ROOT)}: {name} was at {earlier.get(name, 0)} before and is at "
                   f"{allowed[name]}; a number may only fall")


def git(*arguments):
    """Returns the output of a git command; None where it fails, or where there is no git."""
    try:
        run = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout


def earlier_ratchets():
    """Yields the versions of the ratchet that Git knows on this branch, in any order."""
    name = RATCHET.relative_to(ROOT).as_posix()
    for commit in (git("log", "--format=%H", "--", name) or "").split():
        if (text := git("show", f"{commit}:{name}")) is not None:
            yield parse_ratchet(text)


SWIFT_SAMPLES = [
    # A file, and the (line, word) of its refused beginnings.
    ("/// The pool of one event loop.\nlet a = 1\n", []),
    ("/// Returns whether it may go.\n/// What follows is no first line.\nlet a = 1\n", []),
    ("/// What is kept.\nlet a = 1\n", [(1, "What")]),
    ("/// The first.\nlet a = 1\n    /// Whether it is.\n    let b = 1\n", [(3, "Whether")]),
    ("/// It's over.\nlet a = 1\n", [(1, "It")]),
    ("/// Nobody's turn.\nlet a = 1\n", [(1, "Nobody")]),
    ("/// Items of a list.\nlet a = 1\n", []),
    ("/// `who` in capitals.\nlet a = 1\n", []),
    ("/// *How* it ends.\nlet a = 1\n", [(1, "How")]),
    ("///\n/// Where it begins.\nlet a = 1\n", [(2, "Where")]),
    ("// What an ordinary comment says is free.\nlet a = 1\n", []),
    ("/// - Returns: whether it may go.\nlet a = 1\n", [(1, "whether")]),
    ("/// Reads it.\n/// - Parameter x: how many.\n/// - Throws: what `x` throws.\nlet a = 1\n",
     [(2, "how"), (3, "what")]),
    ("/// Reads it.\n/// - Parameters:\n///   - x: the number.\n///   - y: whose it is.\nlet a = 1\n", [(4, "whose")]),
    ("/// A list:\n/// - how to begin\n/// - it: an example\nlet a = 1\n", []),
    ("/** Why it failed. */\nlet a = 1\n", [(1, "Why")]),
    ("/**\n * Somebody waits.\n * Who cares.\n */\nlet a = 1\n", [(2, "Somebody")]),
    ("/** The first. */\nlet a = 1\n/// Its end.\nlet b = 1\n", [(3, "Its")]),
    ('let a = """\n    /// What is text\n    """\n/// Who reads.\nlet b = 1\n', [(4, "Who")]),
]
PYTHON_SAMPLES = [
    ('"""The server."""\n', []),
    ('"""What a server does."""\n', [(1, "What")]),
    ('def f():\n    """Returns it."""\n\n\nclass C:\n    """\n    Who waits.\n    """\n', [(6, "Who")]),
    ('async def f():\n    """It\'s over."""\n', [(2, "It")]),
    ("def f():\n    # What is no docstring.\n    return 'Why not'\n", []),
]
# A ratchet, the number of comments found, and the number of complaints.
RATCHET_SAMPLES = [({}, 0, 0), ({}, 2, 2), ({"Sources/A": 2}, 2, 0), ({"Sources/A": 1}, 2, 3), ({"Sources/A": 3}, 2, 1),
                   ({"Sources/A": 3}, 0, 1)]


def self_test():
    """Holds the rule to the samples; returns the number of those that it judges wrongly."""
    failures = []
    for read, samples in ((swift_findings, SWIFT_SAMPLES), (python_findings, PYTHON_SAMPLES)):
        for text, expected in samples:
            if (found := sorted(read(text))) != expected:
                failures.append(f"expected {expected}, found {found} in {text!r}")
    for allowed, count, expected in RATCHET_SAMPLES:
        found = {"Sources/A": [("Sources/A/B.swift", 1, "What")] * count} if count else {}
        if len(lines := list(complaints(allowed, found))) != expected:
            failures.append(f"expected {expected} complaints for {allowed} and {count}, found {lines}")
        if any(number > allowed[name] for name, number in lowered(allowed, {"Sources/A": count}).items()):
            failures.append(f"--lower raises {allowed}")
        if parse_ratchet(write_ratchet(allowed)) != allowed:
            failures.append(f"{allowed} isn't read as it is written")
    if len(list(raised({"Sources/A": 2, "Sources/B": 1, "Sources/C": 1}, {"Sources/A": 3, "Sources/B": 0}))) != 2:
        failures.append("a number that rises isn't noticed")
    for failure in failures:
        print(f"self-test: {failure}")
    return len(failures)


def main():
    """Runs what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="print all such comments, also those that are allowed")
    parser.add_argument("--lower", action="store_true", help="write the numbers that have fallen into the ratchet")
    parser.add_argument("--self-test", action="store_true", help="hold the rule to samples instead of the tree")
    options = parser.parse_args()
    if options.self_test:
        return 1 if self_test() else 0
    found = findings()
    if options.list:
        for name in sorted(found):
            print("\n".join(finding(*one) for one in found[name]))
        return 0
    allowed = parse_ratchet(RATCHET.read_text()) if RATCHET.exists() else {}
    if options.lower:
        allowed = lowered(allowed, {name: len(lines) for name, lines in found.items()})
        RATCHET.write_text(write_ratchet(allowed))
    lines = list(complaints(allowed, found))
    for earlier in earlier_ratchets():
        lines += raised(allowed, earlier)
    for line in dict.fromkeys(lines):
        print(line)
    if lines:
        return 1
    left = sum(allowed.values())
    print(f"doc comments begin as they should, but for {left} that the ratchet allows" if left
          else "doc comments begin as they should")
    return 0


if __name__ == "__main__":
    sys.exit(main())
