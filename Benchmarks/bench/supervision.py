"""The cost of supervision: of its being there and off, of texts that were judged before, of texts that nobody has
judged yet by their length, and of the window that holds the beginning of a stream."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from .install import ROOT, WORK, say
from .markdown import Goal, number, rows
from .measure import INTERVAL_MS, Sample, Tools
from .peers import Holdfast
from .processes import Child, free_port
from .rounds import Series, rounds

sys.path.append(str(ROOT))
import supervisor_model  # noqa: E402

PLAIN, OFF, REQUIRED = "supervision-plain", "supervision-off", "supervision-required"
# Bytes of text in a request, each request another text.
SIZES = [200, 1_000, 4_000, 20_000, 80_000]
# Fewer than elsewhere: many large texts of one key at once are turned away, which is another measurement.
CONNECTIONS = 8
STREAMS = 32
QUICK_MS = 2
INTERVALS = [QUICK_MS, INTERVAL_MS]
MARK = "@@@@@@@@"

# The prompt of the other measurements begins with "You are a careful reader", over and over: the first stage takes
# that for another part that the model shall play, and a supervised route answers 400.
PARAGRAPH = (
    "The pump in the north hall stopped at twenty past four, and the second one took over within a minute. Nobody "
    "noticed at first, because the pressure stayed where it was. When the night shift came in, they found water on "
    "the floor below the old valve, and closed it by hand. The report should say when the valve was last replaced, "
    "which parts are in the store, and how long a repair would take if the hall had to stay open. "
)


class Plain(Holdfast):
    """A Holdfast whose settings don't know supervision."""

    name = PLAIN
    title = "without the section"


class Off(Holdfast):
    name = OFF
    title = "supervision: off"
    level = "off"

    def routing(self, upstream: int) -> dict[str, object]:
        settings = super().routing(upstream)
        settings["routes"]["bench"]["supervision"] = self.level
        return {**settings, "supervision": {"deadline": "500ms"}}


class Required(Off):
    """As `required` with the constitution that ships judges, without a second model."""

    name = REQUIRED
    title = "supervision: required"
    level = "required"


def body(size: int, marked: bool) -> Path:
    """A request whose text has so many bytes; marked, it has a place for a number every 400 of them."""
    text = ""
    while len(text) < size:
        text += f"{MARK} {PARAGRAPH}" if marked else PARAGRAPH
    message = {"role": "user", "content": text[:size]}
    path = WORK / f"supervision-{size}{'-marked' if marked else ''}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"model": "bench", "max_tokens": 64, "messages": [message]}, separators=(",", ":")))
    return path


def measure(
    tools: Tools, holdfast: Path, upstream_program: Path, upstream: int, count: int, patience: int
) -> dict[str, Series]:
    peers = {peer.name: peer for peer in (Plain(holdfast), Off(holdfast), Required(holdfast))}
    pair = {key: peers[key] for key in (PLAIN, REQUIRED)}
    results: dict[str, Series] = {}
    seconds = max(2, tools.seconds // 2)
    try:
        repeated = body(900, marked=False)
        for peer in peers.values():
            say(f"starting {peer.title}")
            peer.start(upstream)
            tools.throughput(peer, seconds=2, body=repeated)
        results["supervision"] = rounds(
            "supervision", 2 * count,
            [(key, lambda peer=peer: tools.throughput(peer, body=repeated)) for key, peer in peers.items()],
            patience)  # fmt: skip

        def new_texts(peer: Holdfast, size: int) -> Callable[[], Sample]:
            return lambda: tools.throughput(
                peer, seconds=seconds, body=body(size, marked=True), script="supervised.lua", connections=CONNECTIONS)

        for size in SIZES:
            entries = [(key, new_texts(peer, size)) for key, peer in pair.items()]
            results[f"supervision-{size}"] = rounds(f"supervision-{size}", count, entries, patience)
    finally:
        for peer in peers.values():
            peer.stop()
    for interval in INTERVALS:
        results[f"supervision-first-{interval}"] = first_tokens(
            tools, holdfast, upstream_program, interval, count, patience)
    if supervisor_model.MODEL.exists():
        say("the second stage …")
        results["supervision-second"] = second_stage(holdfast, count)
    return results


def first_tokens(
    tools: Tools, holdfast: Path, upstream_program: Path, interval: int, count: int, patience: int
) -> Series:
    """The time to the first event of streams whose provider sends one every so many milliseconds."""
    port = free_port()
    provider = Child(
        [upstream_program, "--port", str(port), "--events", "100", "--interval-ms", str(interval),
         "--max-seconds", "3600"],
        WORK / "logs" / f"upstream-{interval}.log",
    )  # fmt: skip
    peers = {PLAIN: Plain(holdfast), REQUIRED: Required(holdfast)}
    try:
        for peer in peers.values():
            peer.start(port)
        entries = [(key, lambda peer=peer: _streamed(tools, peer)) for key, peer in peers.items()]
        return rounds(f"supervision-first-{interval}", count, entries, patience)
    finally:
        for peer in peers.values():
            peer.stop()
        provider.stop()


def _streamed(tools: Tools, peer: Holdfast) -> Sample:
    done = tools.stream(peer, body_of_stream(), STREAMS, ramp_ms=1000)
    try:
        result = json.loads(done.stdout)
    except ValueError:
        return Sample({}, f"no result: {done.stderr.strip()[-200:]}")
    flaw = "; ".join(f"{streams} streams: {reason}" for reason, streams in result["failures"].items())
    return Sample({"p50_us": result["firstEvent"]["p50"], "p99_us": result["firstEvent"]["p99"]}, flaw)


def body_of_stream() -> Path:
    path = WORK / "supervision-streamed.json"
    request = json.loads(body(900, marked=False).read_text()) | {"stream": True}
    path.write_text(json.dumps(request, separators=(",", ":")))
    return path


def second_stage(holdfast: Path, count: int) -> Series:
    try:
        widths = supervisor_model.measure(holdfast, rounds=count)
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        return Series([{"1": Sample({}, f"the second stage: {error}")}])
    samples = {
        str(each["at_once"]): Sample({"bare_ms": each["bare_ms"], "stage_ms": each["stage_ms"]}) for each in widths
    }
    return Series([samples])


def _kept(results: dict[str, Series], key: str) -> list[float]:
    series = results.get("supervision", Series())
    return series.paired("rate", lambda ours, plain: ours / plain, key, PLAIN)


def goals(results: dict[str, Series]) -> list[Goal]:
    times = lambda value: f"{value:.3f} ×"  # noqa: E731
    second = results.get("supervision-second", Series())
    ratios = [
        sample.values["stage_ms"] / sample.values["bare_ms"]
        for samples in second.rounds
        for sample in samples.values()
        if not sample.flaw
    ]
    return [
        Goal("throughput with supervision off ≥ 0.99 × that without the section", _kept(results, OFF),
             lambda value: value >= 0.99, times),
        Goal("throughput with supervision required ≥ 0.75 × (the run repeats its prompt, which was judged before)",
             _kept(results, REQUIRED), lambda value: value >= 0.75, times),
        Goal("a window through the second stage takes ≤ 1.15 × the bare engine's time (1, 2, 4 and 8 at once)",
             [max(ratios)] if ratios else None, lambda value: value <= supervisor_model.GOAL, times),
    ]  # fmt: skip


def table(results: dict[str, Series]) -> str:
    series = results["supervision"]
    lines = []
    for kind in (Plain, Off, Required):
        kept = _kept(results, kind.name)
        share = f"{median(kept):.3f} ({min(kept):.3f} to {max(kept):.3f})" if kind is not Plain and kept else ""
        lines.append([
            kind.title, number(series.middle(kind.name, "rate"), 0), number(series.middle(kind.name, "cpu_us"), 1), share
        ])  # fmt: skip
    cached = (
        "Supervision: plain requests, 64 connections, 900 bytes of text. The run repeats its prompt and gets the same "
        "answer, so that with `required` both were judged before and are only looked up.\n\n"
        + rows(["", "requests/s", "CPU µs a request", "of that without"], lines)
    )
    return "\n\n".join([cached, _curve(results), _held(results), *_second(results)])


def _curve(results: dict[str, Series]) -> str:
    lines = []
    for size in SIZES:
        series = results.get(f"supervision-{size}", Series())
        added = series.paired("cpu_us", lambda ours, plain: ours - plain, REQUIRED, PLAIN)
        kept = series.paired("rate", lambda ours, plain: ours / plain, REQUIRED, PLAIN)
        waits = series.paired("p50_us", lambda ours, plain: ours - plain, REQUIRED, PLAIN)
        lines.append([
            f"{size / 1000:g} KB", number(series.middle(PLAIN, "rate"), 0), number(series.middle(REQUIRED, "rate"), 0),
            number(median(kept) if kept else None, 2), number(median(added) if added else None, 0),
            number(median(added) * 1000 / size if added else None, 0), number(median(waits) if waits else None, 2, 1000),
        ])  # fmt: skip
    return (
        f"Supervision: each request another text, {CONNECTIONS} connections; clauses, views and the first stage read "
        "all of it\n\n"
        + rows(
            ["text", "requests/s without", "required", "of that without", "added CPU µs a request", "a KB of text",
             "added p50 ms"], lines)
    )  # fmt: skip


def _held(results: dict[str, Series]) -> str:
    lines = []
    for interval in INTERVALS:
        series = results.get(f"supervision-first-{interval}", Series())
        added = series.paired("p50_us", lambda ours, plain: ours - plain, REQUIRED, PLAIN)
        lines.append([
            f"9 characters every {interval} ms", number(series.middle(PLAIN, "p50_us"), 1, 1000),
            number(series.middle(REQUIRED, "p50_us"), 1, 1000), number(median(added) if added else None, 1, 1000),
        ])  # fmt: skip
    return (
        f"Supervision: the first event of {STREAMS} streams, p50, with `hold: first` and the window as it comes (160 "
        "characters or 250 ms, whichever is first)\n\n"
        + rows(["the provider sends", "without ms", "required ms", "added ms"], lines)
    )


def _second(results: dict[str, Series]) -> list[str]:
    series = results.get("supervision-second")
    if series is None:
        return []
    lines = []
    for key in series.keys():
        bare, stage = series.middle(key, "bare_ms"), series.middle(key, "stage_ms")
        lines.append([key, number(bare, 1), number(stage, 1), number(stage / bare if bare and stage else None, 3)])
    return ["Supervision: one window of the second stage\n\n" + rows(["at once", "bare ms", "stage ms", "ratio"], lines)]


TITLES = {kind.name: kind.title for kind in (Plain, Off, Required)}
