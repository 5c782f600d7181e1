"""One table of medians and ratios, the goals beside them, the machine named."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from . import custody, failover, lanes, ledger, supervision
from .dialects import DIALECTS
from .markdown import Goal, number, rows
from .measure import CONNECTIONS, EVENTS, INTERVAL_MS, PROMPT_BYTES, STREAMS
from .peers import Peer
from .rounds import QUIET_CORES, Series
from .trial import Verdict


def table(results: dict[str, Series], verdicts: dict[str, list[Verdict]], peers: list[Peer]) -> str:
    """Everything measured, as Markdown; `verdicts` are those of each gateway on the faults."""
    titles = {peer.name: peer.title for peer in peers}
    parts = [_goals(results, verdicts)]
    if series := results.get("throughput"):
        parts.append(
            f"Throughput: plain requests, {CONNECTIONS} connections, {PROMPT_BYTES:,} byte request\n\n"
            + rows(
                ["", "requests/s", "of direct", "of Envoy", "of smg", "CPU µs a request", "p50 ms", "p99 ms"],
                [
                    [
                        titles[key],
                        number(series.middle(key, "rate"), 0),
                        _ratio(series, "rate", key, "direct"),
                        _ratio(series, "rate", key, "envoy"),
                        _ratio(series, "rate", key, "smg"),
                        number(series.middle(key, "cpu_us") or None, 0),
                        number(series.middle(key, "p50_us"), 2, 1000),
                        number(series.middle(key, "p99_us"), 2, 1000),
                    ]
                    for key in _ordered(series, titles)
                ],
            )
        )
    if series := results.get("latency"):
        parts.append(
            "Latency: plain requests one after another on one connection, µs\n\n"
            + rows(
                ["", "p50", "p90", "p99", "added p50", "added, of Envoy's"],
                [
                    [
                        titles[key],
                        *(number(series.middle(key, name), 0) for name in ("p50", "p90", "p99")),
                        number(_middle(series.paired("p50", _minus, key, "direct")), 0) if key != "direct" else "",
                        number(_middle(series.paired("p50", _added_ratio, key, "direct", "envoy")), 2)
                        if key != "direct"
                        else "",
                    ]
                    for key in _ordered(series, titles)
                ],
            )
        )
    if series := results.get("streams"):
        parts.append(
            f"Streams: {STREAMS} at once, {EVENTS} events each, {INTERVAL_MS} ms apart\n\n"
            + rows(
                ["", "streams whole", "events", "first event p50 ms", "p99 ms", "added p99 ms", "jitter p50 ms",
                 "p99 ms", "KiB a stream", "CPU µs an event"],
                [
                    [
                        titles[key],
                        f"{min(_any(series, key, 'complete'), default=0):,.0f} of {STREAMS}",
                        f"{min(_any(series, key, 'events'), default=0):,.0f} of {STREAMS * EVENTS:,}",
                        number(series.middle(key, "first_p50"), 2, 1000),
                        number(series.middle(key, "first_p99"), 2, 1000),
                        number(_middle(series.paired("first_p99", _minus, key, "direct")), 2, 1000)
                        if key != "direct"
                        else "",
                        number(series.middle(key, "jitter_p50"), 2, 1000),
                        number(series.middle(key, "jitter_p99"), 2, 1000),
                        number(series.middle(key, "kib_a_stream"), 1) if key != "direct" else "",
                        number(series.middle(key, "cpu_us_an_event"), 1) if key != "direct" else "",
                    ]
                    for key in _ordered(series, titles)
                ],
            )
        )  # fmt: skip
    if series := results.get("dialects"):
        names = {key: dialect.title for key, dialect in DIALECTS.items()}
        parts.append(
            f"Across dialects: Holdfast, plain requests, {CONNECTIONS} connections\n\n"
            + rows(
                ["", "requests/s", "of same dialect", "CPU µs a request"],
                [
                    [
                        names[key],
                        number(series.middle(key, "rate"), 0),
                        _ratio(series, "rate", key, "openai"),
                        number(series.middle(key, "cpu_us"), 0),
                    ]
                    for key in _ordered(series, names)
                ],
            )
            + _signature(series)
        )
    if series := results.get("memory"):
        parts.append(
            "Resident memory without load, MiB\n\n"
            + rows(
                ["", "fresh", "after 400 requests", "after a throughput run"],
                [
                    [titles[key], *(number(series.middle(key, name), 1) for name in ("fresh", "idle", "loaded"))]
                    for key in _ordered(series, titles)
                ],
            )
        )
    if "lanes" in results:
        parts.append(lanes.table(results))
    if "ledger-throughput" in results:
        parts.append(ledger.table(results))
    if "supervision" in results:
        parts.append(supervision.table(results))
    parts += failover.tables(results, verdicts, titles)
    if "custody-scrub" in results:
        parts.append(custody.table(results))
    titles |= failover.TITLES | lanes.TITLES | {peer.name: peer.title for peer in (ledger.Without, ledger.With)}
    titles |= supervision.TITLES | {"ledger": "ledger", "counts": "counts"}
    flaws = [
        f"- {name}, {titles.get(key, key)}, {flaw}"
        for name, series in results.items()
        for key in series.keys()
        for flaw in series.flaws(key)
    ]
    if flaws:
        parts.append("Runs with errors, left out of every figure above:\n\n" + "\n".join(flaws))
    return "\n\n".join(parts)


def machine(peers: list[Peer], skipped: list[str], command: str, conditions: str) -> str:
    """The date, the machine and the program versions of a run, as Markdown."""
    versions = [f"{peer.title} {peer.version}" for peer in peers if peer.version]
    if shutil.which("wrk"):
        said = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout
        versions.append(said.split(" [")[0])
    lines = [
        f"Machine: {_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, "
        f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / 1048576:.0f} GiB, Linux {platform.release()}",
        f"Versions: {', '.join(versions)}",
        f"Date: {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC; commit {_commit()}",
        f"Command: `{command}`",
        conditions,
        *(f"Skipped: {line}" for line in skipped),
    ]
    return "\n".join(f"- {line}" for line in lines)


def disturbance(results: dict[str, Series]) -> str:
    """A description of the machine's other load during the measurements."""
    seen = [
        sample.values["others"]
        for series in results.values()
        for samples in series.rounds
        for sample in samples.values()
        if "others" in sample.values
    ]
    if not seen:
        return "other work on the machine not seen"
    loud = sum(cores > 2 * QUIET_CORES for cores in seen)
    return (
        f"other work on the machine took {median(seen):.2f} cores at the median, {max(seen):.2f} at most, "
        f"more than {2 * QUIET_CORES:.1f} in {loud} of {len(seen)} samples"
    )


def _goals(results: dict[str, Series], verdicts: dict[str, list[Verdict]]) -> str:
    empty = Series()
    throughput, latency = results.get("throughput", empty), results.get("latency", empty)
    streams, dialects, memory = (results.get(name, empty) for name in ("streams", "dialects", "memory"))
    times = lambda value: f"{value:.2f} ×"  # noqa: E731
    # A flawed stream run counts here: "every event arrives" is the goal, not a condition.
    arrived = [100 * value / (STREAMS * EVENTS) for value in _any(streams, "holdfast", "events")]
    if streams.flaws("holdfast"):
        arrived.append(0.0)
    goals = [
        Goal("throughput ≥ 1.0 × Envoy", throughput.paired("rate", _over, "holdfast", "envoy"),
             lambda value: value >= 1.0, times),
        Goal("throughput ≥ 2.5 × smg", throughput.paired("rate", _over, "holdfast", "smg"),
             lambda value: value >= 2.5, times),
        Goal("added latency at 1 connection ≤ 1.0 × Envoy's",
             latency.paired("p50", _added_ratio, "holdfast", "direct", "envoy"), lambda value: value <= 1.0, times),
        Goal(f"every event of {STREAMS} streams arrives, in order", [min(arrived)] if arrived else None,
             lambda value: value >= 100, lambda value: f"{value:.3f} %"),
        Goal("added time to first event p99 no worse than Envoy's (ours minus Envoy's)",
             streams.paired("first_p99", _minus, "holdfast", "envoy"), lambda value: value <= 0,
             lambda value: f"{value / 1000:+.2f} ms"),
        Goal("memory a stream ≤ 40 KiB", streams.values("holdfast", "kib_a_stream"), lambda value: value <= 40,
             lambda value: f"{value:.1f} KiB"),
        *(
            Goal(f"CPU a stream event ≤ 1.0 × {title}", streams.paired("cpu_us_an_event", _over, "holdfast", key),
                 lambda value: value <= 1.0, times)
            for key, title in (("envoy", "Envoy's with one worker"), ("envoy-cores", "Envoy's with a worker a core"))
        ),
        Goal("across dialects ≥ 50% of same-dialect throughput",
             dialects.paired("rate", _over, "anthropic", "openai"), lambda value: value >= 0.5,
             lambda value: f"{100 * value:.0f}%"),
        *(
            Goal(f"{name} in, OpenAI out ≥ 75% of same-dialect throughput", dialects.paired("rate", _over, key, "openai"),
                 lambda value: value >= 0.75, lambda value: f"{100 * value:.0f}%")
            for key, name in (("responses", "Responses"), ("converse", "Converse"))
        ),
        Goal("resident memory idle ≤ 40 MiB", memory.values("holdfast", "idle"), lambda value: value <= 40,
             lambda value: f"{value:.1f} MiB"),
        Goal("resident memory after a throughput run ≤ 64 MiB", memory.values("holdfast", "loaded"),
             lambda value: value <= 64, lambda value: f"{value:.1f} MiB"),
        *ledger.goals(results),
        *supervision.goals(results),
        *failover.goals(results, verdicts),
        *custody.goals(results),
    ]  # fmt: skip
    return "| goal | found (least to most) | |\n|---|---|---|\n" + "\n".join(goal.row() for goal in goals)


def _signature(series: Series) -> str:
    """The cost of checking a signature (SigV4) beside that of a bearer, of neighbours in time."""
    cost = series.paired("cpu_us", _minus, "signed", "converse")
    rate = series.paired("rate", _over, "signed", "converse")
    if not cost or not rate:
        return ""
    return (
        f"\n\nA signature (SigV4) costs {median(cost):+.1f} µs of CPU a request beside a bearer "
        f"({min(cost):+.1f} to {max(cost):+.1f}), at {100 * median(rate):.0f}% of its throughput "
        f"({100 * min(rate):.0f} to {100 * max(rate):.0f})."
    )


def _over(left: float, right: float) -> float:
    return left / right


def _minus(left: float, right: float) -> float:
    return left - right


def _added_ratio(ours: float, direct: float, theirs: float) -> float:
    return (ours - direct) / (theirs - direct)


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def _any(series: Series, key: str, name: str) -> list[float]:
    """A peer's values with those of flawed runs."""
    return [samples[key].values[name] for samples in series.rounds if key in samples and name in samples[key].values]


def _ratio(series: Series, name: str, key: str, other: str) -> str:
    return number(_middle(series.paired(name, _over, key, other)), 2) if key != other else "1"


def _ordered(series: Series, titles: dict[str, str]) -> list[str]:
    return [key for key in titles if key in series.keys()]


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown 0"


def _commit() -> str:
    root = Path(__file__).resolve().parent
    said = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return said.stdout.strip() or "none"
