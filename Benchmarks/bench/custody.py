"""The cost of custody: the time until weights are in sealed memory, and the effect on an engine of verifying them again
and again."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from statistics import median

from . import install
from .install import ROOT, WORK, Missing, measuring, say
from .markdown import Goal, number, rows
from .measure import Sample
from .peers import Holdfast
from .rounds import Series, rounds

PYTHON = ROOT.parent / ".holdfast" / "venv" / "bin" / "python"
MODEL = ROOT.parent / ".holdfast" / "models" / "smollm2-135m.gguf"
SYNTHETIC = "4GB"
COMMAND = "model_signing verify"
TOKENS = 256

# The verification alone, without the start of its interpreter.
THEIRS = """
import sys, time
import model_signing
folder, signature, key = sys.argv[1:]
config = model_signing.verifying.Config().use_elliptic_key_verifier(public_key=key)
began = time.perf_counter()
config.verify(folder, signature)
print(time.perf_counter() - began)
"""
SIGN = """
import sys
import model_signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
folder, signature, key = sys.argv[1:]
own = ec.generate_private_key(ec.SECP256R1())
private = own.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
open(key + ".key", "wb").write(private)
open(key, "wb").write(own.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
model_signing.signing.Config().use_elliptic_key_signer(private_key=key + ".key").sign(folder, signature)
"""


class Hosting(Holdfast):
    """A Holdfast that runs the engine itself."""

    patience = 120.0

    def __init__(self, program: Path, scrub: str) -> None:
        super().__init__(program)
        self.scrub = scrub
        self.name = f"custody-scrub-{scrub.strip('%')}"
        self.title = f"scrub {scrub}"

    def routing(self, upstream: int) -> dict[str, object]:
        provider = {"dialect": "engine", "model_file": str(MODEL), "context": 2048, "parallel": 1, "scrub": self.scrub}
        return {
            "engine": {"python": str(PYTHON)},
            "providers": {"local": provider},
            "routes": {"bench": {"candidates": [{"provider": "local", "model": "smollm2-135m"}]}},
        }

    def probe(self, dialect: str = "openai") -> None:
        self.ready()
        self.tokens(4)

    def tokens(self, count: int = TOKENS) -> float:
        """Tokens a second of one answer; the same one every time."""
        message = {"role": "user", "content": "Count upwards from one, in words, and never stop."}
        body = {"model": "bench", "max_tokens": count, "temperature": 0, "messages": [message]}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/chat/completions", data=json.dumps(body).encode(),
            headers={"content-type": "application/json", **self.headers},
        )  # fmt: skip
        began = time.perf_counter()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as answer:
            said = json.loads(answer.read())
        return said["usage"]["completion_tokens"] / (time.perf_counter() - began)

    @property
    def engine_start(self) -> float | None:
        """Seconds from the engine's process to its first healthy answer."""
        found = re.search(r"engine ready.*?after=([\d.]+) seconds", self.child.log.read_text() if self.child else "")
        return float(found[1]) if found else None


def measure(holdfast: Path, count: int, patience: int) -> dict[str, Series]:
    if not PYTHON.exists() or not MODEL.exists():
        raise Missing("no engine; `make run` once fetches it")
    program = measuring(holdfast)
    theirs = install.pypi("model-signing") / "bin" / "python"
    folder = WORK / "custody"
    model = folder / "model"
    model.mkdir(parents=True, exist_ok=True)
    (model / "model.gguf").write_bytes(MODEL.read_bytes())
    signature, key = folder / "model.sig", folder / "key.pub"
    subprocess.run([theirs, "-c", SIGN, model, signature, key], check=True, capture_output=True, timeout=120)

    def loaded(*what: str | Path) -> Sample:
        command = [program, "weights", *what, "--folder", folder, "--runs", "1", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            return Sample({}, done.stderr.strip()[-200:])
        [run] = json.loads(done.stdout)["runs"]
        held = (run["peak_bytes"] - run["peak_before_bytes"]) / 2**20
        return Sample({"seconds": run["total_s"], "ratio": run["ratio"], "first": run["first_s"], "heap_mib": held})

    def verified() -> Sample:
        done = subprocess.run(
            [theirs, "-c", THEIRS, model, signature, key], capture_output=True, text=True, timeout=300)  # fmt: skip
        return Sample({"seconds": float(done.stdout)}) if done.returncode == 0 else Sample({}, done.stderr[-200:])

    def commanded() -> Sample:
        began = time.perf_counter()
        done = subprocess.run(
            [theirs.with_name("model_signing"), "verify", "key", model, "--signature", signature, "--public_key", key],
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        took = time.perf_counter() - began
        return Sample({"seconds": took}) if done.returncode == 0 else Sample({}, done.stderr[-200:])

    entries = [
        ("load", lambda: loaded(model / "model.gguf")), (COMMAND, commanded), ("verify()", verified),
    ]  # fmt: skip
    results = {"custody-load": rounds("custody-load", 2 * count, entries, patience)}
    say(f"a file of {SYNTHETIC} …")
    results["custody-large"] = rounds("custody-large", 1, [("load", lambda: loaded("--synthetic", SYNTHETIC))], patience)
    peers = [Hosting(holdfast, "off"), Hosting(holdfast, "1%")]
    try:
        for peer in peers:
            say(f"starting an engine, {peer.title}")
            peer.start(0)
        speeds = [(peer.title, lambda peer=peer: Sample({"rate": peer.tokens()})) for peer in peers]
        results["custody-scrub"] = rounds("custody-scrub", 4 * count, speeds, patience)
        starts = {peer.title: Sample({"seconds": peer.engine_start}) for peer in peers if peer.engine_start}
        results["custody-start"] = Series([starts])
    finally:
        for peer in peers:
            peer.stop()
    return results


def goals(results: dict[str, Series]) -> list[Goal]:
    load, large, scrub = (results.get(f"custody-{name}", Series()) for name in ("load", "large", "scrub"))
    times = lambda value: f"{value:.2f} ×"  # noqa: E731
    slower = scrub.paired("rate", lambda on, off: 100 * (1 - on / off), "scrub 1%", "scrub off")
    return [
        Goal("weights into sealed memory in ≤ 2.0 × two passes of SHA-256 over them", load.values("load", "ratio"),
             lambda value: value <= 2.0, times),
        Goal(f"the same of a {SYNTHETIC} file", large.values("load", "ratio"), lambda value: value <= 2.0, times),
        Goal("faster than `model_signing verify` of the same file (ours over theirs)",
             load.paired("seconds", lambda ours, theirs: ours / theirs, "load", COMMAND),
             lambda value: value < 1, times),
        Goal(f"no second copy of the {SYNTHETIC} in the heap", large.values("load", "heap_mib"),
             lambda value: value < 256, lambda value: f"{value:.0f} MiB more"),
        Goal("scrubbing takes ≤ 1.5% of tokens a second", slower or None, lambda value: value <= 1.5,
             lambda value: f"{value:+.1f} %"),
    ]  # fmt: skip


def table(results: dict[str, Series]) -> str:
    load, large, scrub, start = (results[f"custody-{name}"] for name in ("load", "large", "scrub", "start"))
    seconds = [
        ["open, copy, seal, hash, check", load.middle("load", "seconds"), load.middle("load", "ratio")],
        [f"`{COMMAND}`, same file, the whole command", load.middle(COMMAND, "seconds"), None],
        ["its verification alone: one pass over the file", load.middle("verify()", "seconds"), None],
        [f"open … check, {SYNTHETIC}", large.middle("load", "seconds"), large.middle("load", "ratio")],
        ["the same into memory that this machine has not used yet", large.middle("load", "first"), None],
        ["the engine's own start", median(start.values("scrub 1%", "seconds") or [0]) or None, None],
    ]
    loading = rows(["", "s", "of two passes"], [[name, number(one, 3), number(ratio, 2)] for name, one, ratio in seconds])
    speeds = [[key, number(scrub.middle(key, "rate"), 1)] for key in scrub.keys()]
    return f"Custody: weights into memory\n\n{loading}\n\n" + rows(["one answer", "tokens/s"], speeds)
