"""The cost of the public record: the speed at which it is written and verified, and the loss of a gateway that keeps
one."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

from .install import WORK, measuring, say
from .markdown import Goal, number, rows
from .measure import Sample, Tools
from .peers import Holdfast
from .rounds import Series, rounds

OFF, ON = "ledger-off", "ledger-on"
ENTRIES = 500_000


class Without(Holdfast):
    name = OFF
    title = "no ledger"


class With(Holdfast):
    """Every request is put on record, as `record: async` does it.

    In a folder of its own each time, that stays: a file system without a journal (ext4) passes over inodes that were
    deleted within the last minutes, one by one, whenever a file is made there. Thousands of tiles that were deleted
    just before would make each of its own cost half a millisecond.
    """

    name = ON
    title = "with the ledger"

    def __init__(self, program: Path) -> None:
        super().__init__(program)
        self.name = f"{ON}-{time.time_ns()}"

    def routing(self, upstream: int) -> dict[str, object]:
        return {**super().routing(upstream), "ledger": {"name": "bench.invalid/ledger"}}


def measure(tools: Tools, holdfast: Path, upstream: int, count: int, patience: int) -> dict[str, Series]:
    program = measuring(holdfast)
    old = list(WORK.glob(f"{ON}*"))
    peers = {OFF: Without(holdfast), ON: With(holdfast)}
    try:
        for peer in peers.values():
            say(f"starting {peer.title}")
            peer.start(upstream)
            tools.throughput(peer, seconds=2)
        entries = [(key, lambda peer=peer: tools.throughput(peer)) for key, peer in peers.items()]
        throughput = rounds("ledger-throughput", 2 * count, entries, patience)
    finally:
        for peer in peers.values():
            peer.stop()
    # Deletes thousands of files, and so do the rounds below.
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    folder = WORK / "ledger"
    folder.mkdir(parents=True, exist_ok=True)
    written = rounds(
        "ledger", count, [("ledger", lambda: _alone(program, folder)), ("counts", lambda: _counts(program, folder))],
        patience)  # fmt: skip
    return {"ledger": written, "ledger-throughput": throughput}


def _alone(program: Path, folder: Path) -> Sample:
    command = [program, "ledger", folder, "--entries", str(ENTRIES), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        return Sample({}, done.stderr.strip()[-200:])
    said = json.loads(done.stdout)
    return Sample({"written": said["written_per_second"], "verified": said["verified_per_second"]})


def _counts(program: Path, folder: Path) -> Sample:
    """A month of ten million requests, counted and reported."""
    done = subprocess.run([program, "counts", folder, "--json"], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        return Sample({}, done.stderr.strip()[-200:])
    said = json.loads(done.stdout)
    return Sample({"report": said["report_seconds"], "bytes": said["bytes_per_route_minute"]})


def _kept(results: dict[str, Series]) -> list[float]:
    series = results.get("ledger-throughput", Series())
    return series.paired("rate", lambda on, off: on / off, ON, OFF)


def goals(results: dict[str, Series]) -> list[Goal]:
    alone = results.get("ledger", Series())
    return [
        Goal("≥ 50,000 entries of 300 bytes a second, durable before they are acknowledged",
             alone.values("ledger", "written"), lambda value: value >= 50_000, lambda value: f"{value:,.0f}"),
        Goal("≥ 500,000 entries verified a second", alone.values("ledger", "verified"),
             lambda value: value >= 500_000, lambda value: f"{value:,.0f}"),
        Goal("a month of 10 million requests is reported in under 1 s", alone.values("counts", "report"),
             lambda value: value < 1, lambda value: f"{value:.2f} s"),
        Goal("≤ 10 bytes a busy route-minute", alone.values("counts", "bytes"),
             lambda value: value <= 10, lambda value: f"{value:.1f}"),
        Goal("throughput with the ledger ≥ 0.9 × that without it", _kept(results),
             lambda value: value >= 0.9, lambda value: f"{value:.2f} ×"),
    ]  # fmt: skip


def table(results: dict[str, Series]) -> str:
    series = results["ledger-throughput"]
    kept = _kept(results)
    lines = [
        [
            title,
            number(series.middle(key, "rate"), 0),
            number(series.middle(key, "cpu_us"), 1),
            f"{median(kept):.3f} ({min(kept):.3f} to {max(kept):.3f})" if key == ON and kept else "",
        ]
        for key, title in ((OFF, Without.title), (ON, With.title))
    ]
    return "Ledger: plain requests, every one on record\n\n" + rows(
        ["", "requests/s", "CPU µs a request", "of that without"], lines
    )
