"""What the readiness to switch costs when nothing goes wrong: this Holdfast beside an older one, by turns."""

from __future__ import annotations

from pathlib import Path

from .measure import Sample, Tools
from .peers import Holdfast, mock_provider

OLD, ONE, TWO = "holdfast-old", "holdfast-one", "holdfast-two"


class OneCandidate(Holdfast):
    """The route that all other measurements use."""

    name = ONE
    title = "now, one candidate"


class TwoCandidates(Holdfast):
    """With somebody to go on, what is streamed has to be remembered until it has ended."""

    name = TWO
    title = "now, two candidates"

    def routing(self, upstream: int) -> dict[str, object]:
        return {
            "providers": {name: mock_provider(upstream, name) for name in ("mock", "standby")},
            "routes": {
                "bench": {
                    "candidates": [
                        {"provider": "mock", "model": "mock-1"},
                        {"provider": "standby", "model": "mock-2"},
                    ]
                }
            },
        }


class Baseline(Holdfast):
    name = OLD
    title = "baseline, one candidate"


def contenders(holdfast: Path, baseline: Path) -> list[Holdfast]:
    return [Baseline(baseline), OneCandidate(holdfast), TwoCandidates(holdfast)]


def measure(tools: Tools, peer: Holdfast) -> Sample:
    """Plain requests, then streams, of one process that is warm."""
    tools.throughput(peer, seconds=2)
    plain = tools.throughput(peer)
    streams = tools.streams(peer)
    values = {
        **{name: value for name, value in plain.values.items() if name in ("cpu_us", "rate")},
        **{name: value for name, value in streams.values.items() if name == "cpu_us_an_event"},
        "others": max(sample.values.get("others", 0.0) for sample in (plain, streams)),
    }
    return Sample(values, "; ".join(sample.flaw for sample in (plain, streams) if sample.flaw))
