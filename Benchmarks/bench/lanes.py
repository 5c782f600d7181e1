"""The cost of a request to a provider: Holdfast's own HTTP client, and async-http-client in its place."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from statistics import median

from .install import measuring
from .markdown import number, rows
from .measure import CONNECTIONS, PROMPT_BYTES, STREAMS, Sample
from .processes import Child, OtherWork, wait_until_listening
from .rounds import Series, wait_until_quiet

REQUESTS = 50_000
LANE = "lane"
# As `holdfast-measure` names them.
TITLES = {
    LANE: "Holdfast's lane",
    "client_on_loops": "async-http-client, tasks on the event loops",
    "client_on_threads": "async-http-client, tasks on Swift's threads",
}
FIGURES = {
    "rate": "requests_per_second",
    "cpu_us": "cpu_us_per_request",
    "cpu_us_an_event": "cpu_us_per_event",
    "bytes_a_stream": "heap_bytes_per_stream",
}


def measure(holdfast: Path, upstream: Child, port: int, count: int, patience: int, quick: bool) -> dict[str, Series]:
    """All rounds in one process, which takes the clients by turns itself."""
    requests = REQUESTS // 5 if quick else REQUESTS
    command = [
        measuring(holdfast), "lanes", "--to", f"127.0.0.1:{port}", "--requests", str(requests),
        "--concurrency", str(CONNECTIONS), "--size", str(PROMPT_BYTES), "--streams", str(STREAMS),
        "--rounds", str(count), "--json",
    ]  # fmt: skip
    wait_until_listening(port)
    wait_until_quiet(patience)
    with OtherWork(upstream) as others:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300 * count)
    if done.returncode != 0:
        return {"lanes": Series([{LANE: Sample({}, done.stderr.strip()[-200:] or f"exit {done.returncode}")}])}
    return {"lanes": _series(json.loads(done.stdout)["rounds"], others.cores)}


def _series(taken: list[dict[str, dict[str, float]]], others: float) -> Series:
    return Series(
        [
            {
                key: Sample(
                    {name: figures[said] for name, said in FIGURES.items() if said in figures} | {"others": others}
                )
                for key, figures in found.items()
            }
            for found in taken
        ]
    )


def table(results: dict[str, Series]) -> str:
    series = results["lanes"]

    def ratio(key: str, name: str) -> str:
        found = series.paired(name, lambda ours, theirs: ours / theirs, LANE, key) if key != LANE else []
        return f"{median(found):.2f} ({min(found):.2f} to {max(found):.2f})" if found else ""

    lines = [
        [
            title,
            number(series.middle(key, "rate"), 0),
            ratio(key, "rate"),
            number(series.middle(key, "cpu_us"), 1),
            ratio(key, "cpu_us"),
            number(series.middle(key, "cpu_us_an_event"), 1),
            ratio(key, "cpu_us_an_event"),
            number(series.middle(key, "bytes_a_stream"), 1, 1024),
            ratio(key, "bytes_a_stream"),
        ]
        for key, title in TITLES.items()
    ]
    return (
        f"Lanes: the HTTP client alone, without a gateway. {CONNECTIONS} plain requests at a time, {STREAMS} streams; "
        "ratio: the lane's figure divided by this one, in the same round\n\n"
        + rows(
            ["", "requests/s", "ratio", "CPU µs a request", "ratio", "CPU µs an event", "ratio", "heap KiB a stream",
             "ratio"],
            lines,
        )
    )  # fmt: skip
