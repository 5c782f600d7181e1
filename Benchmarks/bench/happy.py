"""The cost of being ready to switch when nothing goes wrong: this Holdfast compared with an older one, in alternation.
"""

from __future__ import annotations

from pathlib import Path

from .install import say
from .measure import Tools
from .peers import Holdfast, mock_provider
from .rounds import Series, rounds

OLD, ONE, TWO = "holdfast-old", "holdfast-one", "holdfast-two"


class OneCandidate(Holdfast):
    """The route that all other measurements use."""

    name = ONE
    title = "now, one candidate"


class TwoCandidates(Holdfast):
    """A route with a second candidate: the gateway has to remember what it streams until the stream has ended."""

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


def measure(
    tools: Tools, contenders: list[Holdfast], upstream: int, count: int, patience: int
) -> dict[str, Series]:
    """Plain requests and streams, in short turns: all three run all the time, so that little time is between
    two that are compared."""
    try:
        for peer in contenders:
            say(f"starting {peer.title}: Holdfast {peer.version}")
            peer.start(upstream)
            tools.throughput(peer, seconds=2)
        plain = [(peer.name, lambda peer=peer: tools.throughput(peer)) for peer in contenders]
        streams = [(peer.name, lambda peer=peer: tools.streams(peer)) for peer in contenders]
        return {
            "happy": rounds("happy", count, plain, patience),
            "happy-streams": rounds("happy-streams", count, streams, patience),
        }
    finally:
        for peer in contenders:
            peer.stop()
