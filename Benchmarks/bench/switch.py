"""The gap that a caller sees when a stream breaks off and a standby goes on, less what the standby took itself.

Caller, primary and standby are one process, so that all times are of one clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .caller import Heard, ask
from .install import say
from .measure import Sample
from .pairs import READY, HoldfastPairs, Pair
from .processes import OtherWork
from .rounds import Series
from .scripted import (
    CLOSING, OPENING, TOKENS, WHOLE, Behaviour, Upstream, framed, opening, rest_for, said, well,
)  # fmt: skip

# The pace of a fast model, on both sides of the seam; and how long a standby thinks before its first token.
PACE_SECONDS = 0.01
STANDBY_SECONDS = 0.05
FEWEST = 60
TITLES = {"prefill": "the standby is given the beginning (`prefill`)", "words": "the standby is told in words"}


@dataclass
class Seam:
    """The notes of the two providers about one switch."""

    cut: float = 0.0
    asked: float = 0.0
    first_token: float = 0.0
    #: When the standby had said again what it was not told, and said the first that is new.
    first_new: float = 0.0
    #: How many characters of what the caller has it was not told.
    again: int = 0


@dataclass(frozen=True)
class BreaksOff(Behaviour):
    """So many tokens at a steady pace, then the connection is closed in the middle of the body."""

    tokens: int
    seam: Seam

    async def play(self, wire) -> None:
        await wire.send(STREAM_HEAD)
        for event in opening(self.tokens):
            await wire.sleep(PACE_SECONDS)
            await wire.send(chunked(event))
        self.seam.cut = time.monotonic()
        wire.abort()


@dataclass(frozen=True)
class GoesOn(Behaviour):
    """The exact rest, its first token after a constant time, the others at a steady pace."""

    sent: int
    seam: Seam

    async def play(self, wire) -> None:
        self.seam.asked = wire.request.arrived_at
        pieces = rest_for(wire.request)
        length = len(WHOLE) - len("".join(pieces))
        self.seam.again = self.sent - length
        await wire.send(STREAM_HEAD + chunked(OPENING))
        await wire.sleep(STANDBY_SECONDS)
        self.seam.first_token = time.monotonic()
        for piece in pieces:
            length += len(piece)
            if length > self.sent and not self.seam.first_new:
                self.seam.first_new = time.monotonic()
            await wire.send(chunked(said(piece)))
            await wire.sleep(PACE_SECONDS)
        for event in CLOSING:
            await wire.send(chunked(event))
        await wire.send(b"0\r\n\r\n")


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunked(event: object) -> bytes:
    data = framed(event)
    return b"%x\r\n%s\r\n" % (len(data), data)


@dataclass
class Switches:
    """A Holdfast with a route for every switch, each with a primary at an address of its own: one that
    has broken off a few times is no longer asked, and would not be measured."""

    holdfast: HoldfastPairs
    #: For each series its routes, how many tokens their primaries send, and what is noted.
    routes: dict[str, list[tuple[Pair, int, Seam]]] = field(default_factory=dict)


@contextmanager
def prepared(program: Path, count: int) -> Iterator[Switches]:
    with Upstream() as standby:
        primaries = [Upstream() for _ in range(2 * count)]
        entered: list[Upstream] = []
        switches = None
        try:
            for primary in primaries:
                entered.append(primary.__enter__())
            left = iter(primaries)
            routes: dict[str, list[tuple[Pair, int, Seam]]] = {}
            for key in TITLES:
                routes[key] = [_route(key, number, next(left), standby) for number in range(count)]
            ready = Pair(READY, (standby.port, standby.port), (standby.plays(well()), standby.plays(well())))
            pairs = [pair for listed in routes.values() for pair, _, _ in listed]
            switches = Switches(HoldfastPairs(program, [ready, *pairs]), routes)
            switches.holdfast.start(0)
            yield switches
        finally:
            if switches:
                switches.holdfast.stop()
            for primary in entered:
                primary.__exit__(None, None, None)


def _route(key: str, number: int, primary: Upstream, standby: Upstream) -> tuple[Pair, int, Seam]:
    seam = Seam()
    # Cut at every place between the 11th and the 49th token, so in the middle of words, too.
    tokens = 11 + 19 * number % 39
    models = (primary.plays(BreaksOff(tokens, seam)), standby.plays(GoesOn(len("".join(TOKENS[:tokens])), seam)))
    return Pair(f"{key}-{number}", (primary.port, standby.port), models, prefill=key == "prefill"), tokens, seam


def measure(program: Path, count: int = FEWEST) -> Series:
    """`count` switches of each kind, one after the other and by turns; a round of the series is one of each."""
    series = Series()
    with prepared(program, count) as switches:
        holdfast = switches.holdfast
        say(f"  {count} switches of each kind, Holdfast {holdfast.version}")
        with OtherWork(holdfast.child) as others:
            for number in range(count):
                samples: dict[str, Sample] = {}
                for key in TITLES if number % 2 else reversed(TITLES):
                    pair, tokens, seam = switches.routes[key][number]
                    heard = ask(holdfast.port, pair.route, holdfast.headers, stream=True)
                    samples[key] = _sample(heard, tokens, seam)
                series.rounds.append(samples)
        # Of all of them together: one is too short for the kernel's clock.
        for sample in series.rounds[0].values():
            sample.values["others"] = others.cores
    for key in TITLES:
        shown = " ".join(f"{name}={series.middle(key, name) or 0:.3f}" for name in ("added", "seen", "react", "deliver"))
        say(f"  switch {key}: {shown} ms")
    return series


def _sample(heard: Heard, tokens: int, seam: Seam) -> Sample:
    """The times of one switch, in milliseconds."""
    if fault := heard.fault():
        return Sample({}, f"cut after {tokens} tokens: {fault}")
    if not seam.asked:
        return Sample({}, f"cut after {tokens} tokens: the standby was not asked")
    length = len("".join(TOKENS[:tokens]))
    last_before = max((at for at, grown in heard.grew if grown <= length), default=heard.asked_at)
    first_after = min(at for at, grown in heard.grew if grown > length)
    own = seam.first_token - seam.asked
    return Sample(
        {
            "added": 1000 * (first_after - seam.cut - own),
            "seen": 1000 * (first_after - last_before - own),
            "standby": 1000 * own,
            "react": 1000 * (seam.asked - seam.cut),
            "deliver": 1000 * (first_after - seam.first_token),
            "held": 1000 * (first_after - seam.first_new),
            "again": seam.again,
            "tokens": tokens,
        }
    )
