"""Rounds: every peer once, then every peer again, so that a ratio compares neighbours in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from .measure import Sample
from .install import Missing, say
from .peers import Peer
from .processes import OtherWork

# A peer and how it is asked: ("holdfast", "anthropic") is Holdfast across dialects.
Key = str

# Less than this of other work is a quiet machine: idle peers alone take a few percent.
QUIET_CORES = 0.3


@dataclass
class Series:
    """All samples of one measurement: for every round, one for every peer."""

    rounds: list[dict[Key, Sample]] = field(default_factory=list)

    def values(self, key: Key, name: str) -> list[float]:
        """The values of a peer's samples that have no flaw, one per round."""
        found = (samples.get(key) for samples in self.rounds)
        return [sample.values[name] for sample in found if sample and not sample.flaw and name in sample.values]

    def middle(self, key: Key, name: str) -> float | None:
        values = self.values(key, name)
        return median(values) if values else None

    def paired(self, name: str, combine: Callable[..., float], *keys: Key) -> list[float]:
        """`combine` of the peers' values within each round in which all of them are unflawed."""
        results = []
        for samples in self.rounds:
            chosen = [samples.get(key) for key in keys]
            if all(sample and not sample.flaw and name in sample.values for sample in chosen):
                try:
                    results.append(combine(*(sample.values[name] for sample in chosen if sample)))
                except ZeroDivisionError:
                    continue
        return results

    def flaws(self, key: Key) -> list[str]:
        return [
            f"round {number}: {samples[key].flaw}"
            for number, samples in enumerate(self.rounds, 1)
            if key in samples and samples[key].flaw
        ]

    def keys(self) -> list[Key]:
        return list(dict.fromkeys(key for samples in self.rounds for key in samples))


def rounds(label: str, count: int, entries: list[tuple[Key, Callable[[], Sample]]], patience: int = 0) -> Series:
    """Takes every entry's measurement once a round, `count` rounds long.

    Before each it waits, at most `patience` seconds, until the machine is quiet.
    """
    series = Series()
    for number in range(1, count + 1):
        samples: dict[Key, Sample] = {}
        # Every second round backwards: whoever profits from a place in the order doesn't always have it.
        for key, measure in entries if number % 2 else reversed(entries):
            # What the last one left in flight shall not be this one's load.
            time.sleep(0.5)
            wait_until_quiet(patience)
            sample = measure()
            samples[key] = sample
            shown = " ".join(f"{name}={value:.4g}" for name, value in sample.values.items())
            say(f"  {label} {number}/{count} {key}: {shown}{'  FLAWED: ' + sample.flaw if sample.flaw else ''}")
        series.rounds.append(samples)
    return series


def wait_until_quiet(patience: int) -> None:
    """Waits until nothing else works on the machine, at most so many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with OtherWork() as others:
            time.sleep(0.5)
        if others.cores < QUIET_CORES:
            return


def restarted(peer: Peer, upstream: int, measure: Callable[[Peer], Sample]) -> Sample:
    """The measurement of a process started for it."""
    if peer.name != "direct":
        peer.stop()
        try:
            peer.start(upstream)
        except Missing as missing:
            return Sample({}, str(missing))
    return measure(peer)
