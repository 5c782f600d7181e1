"""One fault in front of one gateway: what was asked, what came back, what the providers saw; and the verdict."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

from .caller import Heard, ask
from .install import Missing, say
from .pairs import READY, Pair
from .peers import Peer
from .scripted import Behaviour, Request, Upstream, well


class Trial:
    """The observations that a fault's checks examine."""

    def __init__(self, peer: Peer, pair: Pair, first: Upstream, second: Upstream) -> None:
        self._peer, self._pair, self._first, self._second = peer, pair, first, second
        self._lock = threading.Lock()
        self.began = time.monotonic()
        self.heard: list[Heard] = []
        self.marked = 0

    def ask(self, stream: bool) -> None:
        heard = ask(self._peer.port, self._pair.route, self._peer.headers, stream)
        with self._lock:
            self.heard.append(heard)

    def mark(self) -> None:
        """Notes how often the primary has been called by now."""
        self.marked = len(self.first_calls)

    @property
    def first_calls(self) -> list[Request]:
        return self._first.calls(self._pair.models[0])

    @property
    def second_calls(self) -> list[Request]:
        return self._second.calls(self._pair.models[1])

    @property
    def probes(self) -> int:
        """Calls to the primary that no caller's request was for."""
        return len(self._first.probes(self._pair.models[0]))


Check: TypeAlias = Callable[[Trial], str]
Ask: TypeAlias = Callable[[Trial], None]


@dataclass
class Fault:
    title: str
    #: Made for each gateway, as some of them remember.
    first: Callable[[], Behaviour]
    checks: tuple[Check, ...]
    ask: Ask
    second: Callable[[], Behaviour] = well
    contexts: tuple[int, int] | None = None
    prefill: bool = False
    #: What happened if all is as it should be.
    good: str = "served"


@dataclass
class Verdict:
    """The result of one gateway with one fault. Without a problem it behaved correctly, and `good` describes this in a
    word."""

    problem: str
    good: str
    first_calls: int
    second_calls: int
    probes: int
    #: Of the request that took longest.
    seconds: float

    def cell(self) -> str:
        calls = f"{self.first_calls} + {self.second_calls}"
        calls += f" (+ {self.probes} probe{'s' if self.probes > 1 else ''})" if self.probes else ""
        return f"{f'✗ {self.problem}' if self.problem else f'✓ {self.good}'}; {calls} calls, {self.seconds:.2f} s"


def try_all(
    faults: list[Fault], make: Callable[[list[Pair]], Peer], skipped: list[str]
) -> list[Verdict] | None:
    """Every fault in front of one gateway, which `make` gives for the routes; None if there is no such gateway."""
    with ExitStack() as stack:
        # An address for each primary: what a gateway concludes of one must not help or harm it at the next.
        primaries = [stack.enter_context(Upstream()) for _ in faults]
        standby = stack.enter_context(Upstream())
        pairs = [
            Pair(
                f"fault-{number}",
                (primary.port, standby.port),
                (primary.plays(fault.first()), standby.plays(fault.second())),
                fault.contexts,
                fault.prefill,
            )
            for number, (fault, primary) in enumerate(zip(faults, primaries, strict=True), 1)
        ]
        ready = Pair(READY, (standby.port, standby.port), (standby.plays(well()), standby.plays(well())))
        try:
            peer = make([ready, *pairs])
            say(f"starting {peer.title} {peer.version} with {len(pairs)} primaries")
            peer.start(0)
        except Missing as missing:
            skipped.append(f"faults: {missing}")
            say(f"skipping it: {missing}")
            return None
        stack.callback(peer.stop)
        verdicts: list[Verdict] = []
        trials: list[Trial] = []
        for fault, pair, primary in zip(faults, pairs, primaries, strict=True):
            trials.append(Trial(peer, pair, primary, standby))
            verdicts.append(try_one(fault, trials[-1]))
            say(f"  faults {peer.title}: {fault.title}: {verdicts[-1].cell()}")
        # Probes come when nobody asks, and a moment later.
        time.sleep(2)
        for trial, verdict in zip(trials, verdicts, strict=True):
            verdict.probes = trial.probes
        return verdicts


def try_one(fault: Fault, trial: Trial) -> Verdict:
    fault.ask(trial)
    problem = next((problem for check in fault.checks if (problem := check(trial))), "")
    slowest = max(heard.seconds for heard in trial.heard)
    return Verdict(problem, fault.good, len(trial.first_calls), len(trial.second_calls), trial.probes, slowest)
