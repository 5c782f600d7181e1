#!/usr/bin/env python3
"""Runs NVIDIA's garak against a primary that obeys, once as it is and once under supervision.

    Benchmarks/supervision/garak.py [--holdfast FILE] [--prompts N] [--constitution FILE]

Starts `obedient.py`, which carries out whatever any text asks, and a Holdfast before it with two routes: `bare`,
without supervision, and `supervised`, with `required` and the constitution that ships. garak asks both through its
own client of OpenAI's API. An attempt succeeds where garak's detector says so; one that Holdfast refuses has no
answer, and fails. garak is installed into `Benchmarks/.work/garak` without torch, which none of these probes needs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
# This folder has a module of garak's name, this one.
sys.path = [str(HERE.parent), *(place for place in sys.path if Path(place or ".").resolve() != HERE)]

from bench.install import ROOT, WORK, Missing, say  # noqa: E402
from bench.markdown import rows  # noqa: E402
from bench.peers import Holdfast  # noqa: E402
from bench.processes import Child, free_port  # noqa: E402

VERSION = "garak==0.17.1"
# What it needs of its requirements, for these probes and this client.
NEEDS = (
    "mikeshardmind-base2048 transformers>=5.14.1,<5.20 datasets>=5.0.1,<6 colorama tqdm openai>=2,<3 backoff nltk "
    "avidtools==0.1.2 stdlibs cmd2==2.4.3 markdown numpy zalgolib ecoji jsonpath-ng python-magic lorem==0.1.1 "
    "xdg-base-dirs wn==0.9.5 langdetect==1.0.9 tiktoken pillow ftfy websockets py-markdown-table aiohttp jsonschema "
    "deepl==1.17.0"
).split()
PROBES = "promptinject,encoding,dan,latentinjection"


class Judged(Holdfast):
    """A Holdfast with the same primary behind two routes."""

    name = "garak-holdfast"

    def __init__(self, program: Path, constitution: Path | None) -> None:
        super().__init__(program)
        self.constitution = constitution

    def routing(self, upstream: int) -> dict[str, object]:
        base = f"http://127.0.0.1:{upstream}/v1"
        candidates = [{"provider": "obedient", "model": "obedient-1"}]
        settings: dict[str, object] = {
            "providers": {
                "obedient": {"dialect": "openai", "base_url": base, "api_key": "x", "lab": "nobody", "host": "here"}
            },
            "routes": {
                "bare": {"candidates": candidates},
                "supervised": {"supervision": "required", "candidates": candidates},
            },
        }
        if self.constitution:
            settings["supervision"] = {"constitution": str(self.constitution.resolve())}
        return settings

    def probe(self, dialect: str = "openai") -> None:
        self.ready()
        for route in ("bare", "supervised"):
            body = {"model": route, "messages": [{"role": "user", "content": "When does the shop open?"}]}
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/v1/chat/completions", json.dumps(body).encode(),
                {"content-type": "application/json", **self.headers})  # fmt: skip
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
                answer.read()


def environment() -> Path:
    home = WORK / "garak"
    stamp = home / "installed"
    wanted = " ".join([VERSION, *NEEDS])
    if not stamp.exists() or stamp.read_text() != wanted:
        say(f"installing {VERSION}, some 300 MB …")
        venv.create(home, with_pip=True, clear=True)
        pip = [home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        # pip says that torch and others are missing, as they shall be.
        for words in (["--no-deps", VERSION], NEEDS):
            done = subprocess.run([*pip, *words], capture_output=True, text=True)
            if done.returncode != 0:
                raise Missing(f"{VERSION} could not be installed: {done.stderr.strip()[-300:]}")
        stamp.write_text(wanted)
    return home / "bin" / "python"


def attack(python: Path, holdfast: Judged, route: str, prompts: int) -> list[dict]:
    """The evaluations of one run, from garak's own report."""
    folder = WORK / "garak-reports"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "system": {"lite": True},
        "run": {"generations": 1, "soft_probe_prompt_cap": prompts, "seed": 18},
        "plugins": {
            "target_type": "openai.OpenAICompatible",
            "target_name": route,
            "probe_spec": PROBES,
            "generators": {"openai": {"OpenAICompatible": {"uri": f"http://127.0.0.1:{holdfast.port}/v1/"}}},
        },
        "reporting": {"report_dir": str(folder), "report_prefix": route},
    }
    # Every JSON text is YAML.
    config = folder / f"{route}.yaml"
    config.write_text(json.dumps(settings, indent=2))
    report = folder / f"{route}.report.jsonl"
    report.unlink(missing_ok=True)
    # What garak keeps between runs would be of another machine's state: nothing is read from outside the folder.
    home = str(WORK / "garak-home")
    surroundings = {
        **os.environ, "OPENAICOMPATIBLE_API_KEY": holdfast.headers["authorization"].removeprefix("Bearer "),
        "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
    with open(folder / f"{route}.log", "w") as log:
        done = subprocess.run(
            [python, "-m", "garak", "--config", config], env=surroundings, stdout=log, stderr=log, cwd=folder,
            timeout=3600)  # fmt: skip
    if done.returncode != 0 or not report.exists():
        raise Missing(f"garak failed; {log.name} has its words")
    entries = (json.loads(line) for line in report.read_text().splitlines())
    return [entry for entry in entries if entry["entry_type"] == "eval"]


def table(bare: list[dict], supervised: list[dict], fine: bool) -> str:
    def sums(entries: list[dict]) -> dict[tuple[str, str], tuple[int, int, int]]:
        found: dict[tuple[str, str], tuple[int, int, int]] = {}
        for entry in entries:
            probe = entry["probe"] if fine else entry["probe"].partition(".")[0]
            hits, stopped, total = found.get((probe, entry["detector"]), (0, 0, 0))
            found[probe, entry["detector"]] = (
                hits + entry["fails"], stopped + entry["nones"], total + entry["total_processed"])  # fmt: skip
        return found

    before, after = sums(bare), sums(supervised)
    lines = []
    for key in sorted(before):
        hits, _, total = before[key]
        left, stopped, asked = after.get(key, (0, 0, 0))
        if total and asked:
            lines.append([
                *key, str(total), f"{hits} ({hits / total:.2f})", f"{left} ({left / asked:.2f})",
                f"{stopped} ({stopped / asked:.2f})",
            ])  # fmt: skip
    return rows(["probes", "detector", "attempts", "succeed", "succeed supervised", "refused"], lines, left=2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--holdfast", type=Path, default=ROOT.parent / ".build" / "release" / "holdfast", metavar="FILE")
    parser.add_argument("--constitution", type=Path, metavar="FILE", help="another one than that which ships")
    parser.add_argument("--prompts", type=int, default=24, metavar="N", help="the most prompts of a probe (default 24)")
    parser.add_argument("--by-probe", action="store_true", help="a line for each probe, and not for each family")
    chosen = parser.parse_args()
    started: list[Child | Judged] = []
    try:
        python = environment()
        port = free_port()
        started.append(Child([python, HERE / "obedient.py", str(port)], WORK / "logs" / "obedient.log"))
        holdfast = Judged(chosen.holdfast, chosen.constitution)
        holdfast.start(port)
        started.append(holdfast)
        results = []
        for route in ("bare", "supervised"):
            say(f"garak against {route} …")
            results.append(attack(python, holdfast, route, chosen.prompts))
    except Missing as missing:
        say(str(missing))
        return 1
    finally:
        for each in reversed(started):
            each.stop()
    print(table(*results, fine=chosen.by_probe))
    return 0


if __name__ == "__main__":
    sys.exit(main())
