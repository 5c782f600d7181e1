#!/usr/bin/env python3
"""Compares the packages that were resolved with those that are pinned.

    pins.py               Swift's packages, and the Python packages of the tests
    pins.py --write       pins what was resolved
    pins.py --self-test   shows that a difference is found

Swift: Scripts/pins.txt lists every package, direct or transitive, with its
version and its revision. SwiftPM writes what it resolved to Package.resolved,
which is no part of the repository: a fresh clone gets the newest versions that
Package.swift allows, and this notices. A revision that differs under the same
version is a tag that was moved.

Python: every folder of tests pins the packages that it asks for in
requirements.txt, and all that these need in constraints.txt. What an
environment in .holdfast really has is compared with that; environments that
were never made are not looked at.

Standard library only. Exits 1 with a line for each difference.
"""

import json
import re
import sys
import tempfile
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Packages that an environment has from its beginning.
OF_THE_ENVIRONMENT = {"pip", "setuptools"}


class Unreadable(Exception):
    """A file is missing, or is not what it should be."""


# Swift


def swift_pins(root):
    """Version and revision by package, as Scripts/pins.txt has them."""
    file = root / "Scripts/pins.txt"
    pins = {}
    for number, line in enumerate(read(file).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != 3 or words[0] in pins:
            raise Unreadable(f"{file.relative_to(root)}:{number}: a line is `NAME VERSION REVISION`, each name once")
        pins[words[0]] = (words[1], words[2])
    return pins


def swift_resolved(root):
    """Version and revision by package, as SwiftPM resolved them."""
    file = root / "Package.resolved"
    try:
        pins = json.loads(read(file, "; `swift package resolve` makes it"))["pins"]
        # A branch has no version.
        return {pin["identity"]: (pin["state"].get("version", "-"), pin["state"]["revision"]) for pin in pins}
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{file.name} has another form than expected: {error!r}") from None


def swift_differences(root):
    pinned, resolved = swift_pins(root), swift_resolved(root)
    for name in sorted(pinned.keys() | resolved.keys()):
        wanted, found = pinned.get(name), resolved.get(name)
        if wanted is None:
            yield f"Swift package {name} {found[0]} was resolved and is not pinned"
        elif found is None:
            yield f"Swift package {name} {wanted[0]} is pinned and was not resolved"
        elif wanted[0] != found[0]:
            yield (
                f"Swift package {name} was resolved to {found[0]}, and {wanted[0]} is pinned; "
                f"back: swift package resolve {name} --version {wanted[0]}"
            )
        elif wanted[1] != found[1]:
            yield f"Swift package {name} {wanted[0]} is revision {found[1]}, and {wanted[1]} is pinned: its tag was moved"


def write_swift_pins(root):
    lines = ["# Every Swift package, direct or transitive: name, version, revision. `Scripts/pins.py --write` writes it."]
    lines += [f"{name} {version} {revision}" for name, (version, revision) in sorted(swift_resolved(root).items())]
    (root / "Scripts/pins.txt").write_text("\n".join(lines) + "\n")


# Python


def test_folders(root):
    """Folders of tests with packages of their own, and where Tests/Clients/run.sh makes the environment of each."""
    clients = root / "Tests/Clients"
    for wanted in sorted(clients.rglob("requirements.txt")):
        suffix = "".join(f"-{part}" for part in wanted.parent.relative_to(clients).parts)
        yield wanted.parent, root / f".holdfast/test-venv{suffix}"


def normal(name):
    """A package's name in the one spelling that compares, https://peps.python.org/pep-0503/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def python_pins(root, file):
    pins = {}
    for number, line in enumerate(read(file).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z0-9,._-]+\])?==([A-Za-z0-9.+!-]+)", line.strip())
        if not found:
            raise Unreadable(f"{file.relative_to(root)}:{number}: a line is `NAME==VERSION`")
        pins[normal(found[1])] = found[2]
    return pins


def python_installed(environment):
    """Version by package; nothing where there is no such environment."""
    found = {}
    for file in environment.glob("lib/python*/site-packages/*.dist-info/METADATA"):
        fields = HeaderParser().parsestr(file.read_text(errors="replace"))
        if (name := normal(fields["Name"])) not in OF_THE_ENVIRONMENT:
            found[name] = fields["Version"]
    return found


def python_differences(root):
    for folder, environment in test_folders(root):
        asked = python_pins(root, folder / "requirements.txt")
        pinned = python_pins(root, folder / "constraints.txt")
        place = folder.relative_to(root)
        for name, version in sorted(asked.items()):
            if pinned.get(name) != version:
                yield f"{place}: {name} is {version} in requirements.txt and {pinned.get(name, 'missing')} in constraints.txt"
        for name, version in sorted(python_installed(environment).items()):
            if name not in pinned:
                yield f"{place}: {name} {version} is installed and not in constraints.txt"
            elif pinned[name] != version:
                yield f"{place}: {name} {version} is installed, and {pinned[name]} is pinned"


def write_python_pins(root):
    """Only for environments that there are."""
    for folder, environment in test_folders(root):
        if installed := python_installed(environment):
            lines = ["# All that requirements.txt needs. `Scripts/pins.py --write` writes it from what is installed."]
            lines += [f"{name}=={version}" for name, version in sorted(installed.items())]
            (folder / "constraints.txt").write_text("\n".join(lines) + "\n")


# Both


def read(file, remedy=""):
    try:
        return file.read_text()
    except OSError as error:
        raise Unreadable(f"{file.name} can't be read: {error.strerror}{remedy}") from None


def differences(root):
    return [*swift_differences(root), *python_differences(root)]


def self_test():
    """A difference is found, and equal pins are not reported, in a repository of two packages."""

    def repository(root, pins="a 1.0.0 r1\nb 2.0.0 r2\n", resolved=(("a", "1.0.0", "r1"), ("b", "2.0.0", "r2")),
                   requirements="Some_Client[x]==3.1\n", constraints="some-client==3.1\nits-part==0.5\n",
                   installed=(("Some.Client", "3.1"), ("its_part", "0.5"), ("pip", "24.0"))):  # fmt: skip
        tests = root / "Tests/Clients"
        for folder in (root / "Scripts", tests):
            folder.mkdir(parents=True)
        (root / "Scripts/pins.txt").write_text(f"# a comment\n{pins}")
        if resolved is not None:
            state = [{"identity": name, "state": {"version": v, "revision": r}} for name, v, r in resolved]
            (root / "Package.resolved").write_text(json.dumps({"pins": state}))
        (tests / "requirements.txt").write_text(requirements)
        (tests / "constraints.txt").write_text(constraints)
        for name, version in installed:
            place = root / f".holdfast/test-venv/lib/python3.11/site-packages/{name}-{version}.dist-info"
            place.mkdir(parents=True)
            (place / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n\nText.\n")

    cases = [
        ({}, []),
        ({"resolved": (("a", "1.0.1", "r1"), ("b", "2.0.0", "r2"))}, ["swift package resolve a --version 1.0.0"]),
        ({"resolved": (("a", "1.0.0", "r1"), ("b", "2.0.0", "r9"))}, ["its tag was moved"]),
        ({"resolved": (("a", "1.0.0", "r1"),)}, ["b 2.0.0 is pinned and was not resolved"]),
        ({"pins": "a 1.0.0 r1\n"}, ["b 2.0.0 was resolved and is not pinned"]),
        ({"resolved": None}, ["Package.resolved can't be read"]),
        ({"pins": "a 1.0.0\nb 2.0.0 r2\n"}, ["pins.txt:2: a line is"]),
        ({"requirements": "some-client>=3\n"}, ["requirements.txt:1: a line is"]),
        ({"requirements": "some-client==3.2\n"}, ["some-client is 3.2 in requirements.txt and 3.1"]),
        ({"installed": (("Some.Client", "3.2"),)}, ["some-client 3.2 is installed, and 3.1 is pinned"]),
        ({"installed": (("stranger", "1"),)}, ["stranger 1 is installed and not in constraints.txt"]),
    ]  # fmt: skip
    for changes, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            repository(root, **changes)
            try:
                found = differences(root)
            except Unreadable as problem:
                found = [str(problem)]
            if len(found) != len(expected) or not all(words in line for words, line in zip(expected, found)):
                sys.exit(f"pins.py: self-test failed: {changes} gave {found}, and not {expected}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        repository(root, pins="", constraints="")
        write_swift_pins(root)
        write_python_pins(root)
        if found := differences(root):
            sys.exit(f"pins.py: self-test failed: what was just written differs: {found}")
    print(f"pins.py: self-test passed: {len(cases) + 1} cases")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:] not in ([], ["--write"]):
        sys.exit(__doc__)
    try:
        if sys.argv[1:]:
            write_swift_pins(ROOT)
            write_python_pins(ROOT)
        found = differences(ROOT)
    except Unreadable as problem:
        sys.exit(f"pins.py: {problem}")
    for line in found:
        print(line)
    if found:
        sys.exit("If that is meant: `Scripts/pins.py --write`, and look at the difference before you commit it.")
    made = sum(1 for _, environment in test_folders(ROOT) if environment.is_dir())
    print(f"pins hold: {len(swift_pins(ROOT))} Swift packages, {made} Python environments")


if __name__ == "__main__":
    main()
