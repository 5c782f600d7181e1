"""Streams that run while their model is pulled: through every door each ends
or moves, and none looks complete that isn't."""

import signal
import socket
import threading
from collections import Counter
from contextlib import contextmanager

import openai
import pytest
from holdfast import Holdfast, eventually
from listening import Listener, ended_after
from operating import entries
from standin import (
    LIBRARIES, OPENING, TALK, WAYS, WHOLE, answer_of, goes_on, plain, provider_at, refusal, served, stream_of,
)
from upstream import answer, by_request, framed, gated, never_ends, sse
from veto import SETTINGS, House, permit_checker

#: Fifty through each of two doors, to a provider of each dialect.
EACH = 50
MODES = ["cut", "drain"]


def flows(kind, delay=0.2):
    """A stream that goes on for ever: an event every `delay` seconds."""
    opening = b"".join(framed(event) for event in stream_of(kind)[: OPENING[kind]])
    return never_ends(framed(stream_of(kind, ["word "])[OPENING[kind]]), first=opening, delay=delay)


def stops_at(kind, gate, token=20):
    """A stream of known words that stands still until the gate is opened."""
    return sse(stream_of(kind), gate=gate, before=OPENING[kind] + token)


@contextmanager
def many(upstream, spare, tmp_path, behaviour, stand_in=None, **top):
    """Routes `talk-oa` and `talk-an`, whose first candidates are on one host."""
    models = {kind: upstream.plays(behaviour(kind)) for kind in ("oa", "an")}
    providers = {kind: provider_at(upstream, kind, "first-host") for kind in models}
    routes = {f"talk-{kind}": {"candidates": [{"provider": kind, "model": models[kind]}]} for kind in models}
    if stand_in:
        providers["stand"] = provider_at(spare, "oa", "second-host")
        spare_model = spare.plays(stand_in)
        for route in routes.values():
            route["candidates"].append({"provider": "stand", "model": spare_model})
    with Holdfast(providers, routes, log={"format": "json"}, **SETTINGS, **top) as it:
        it.secrets += [each["api_key"] for each in providers.values()]
        it.models = models
        yield it, House(it.config, tmp_path / "people")


def listeners(it, each=EACH, key=None):
    made = [Listener(it, library, f"talk-{kind}", key) for library, kind in WAYS for _ in range(each)]
    # All of them run: words have come.
    eventually(lambda: all(one.text for one in made))
    return made


def ordered_at(house, number=1):
    """The moment in which the order was on the disk."""
    return (house.spool / f"orders/{number:06}.json").stat().st_mtime


def tells(capsys, line):
    with capsys.disabled():
        print(f"\n    {line}", end="")


# Cut


def test_streams_that_run_end_when_nobody_stands_by(upstream, spare, tmp_path, capsys):
    with many(upstream, spare, tmp_path, flows) as (it, house):
        running = listeners(it)
        house.pull("host:first-host")
        ends = Counter(each.join() for each in running)
        tells(capsys, f"cut, nobody stands by: {ended_after(running, ordered_at(house))}; {dict(ends)}")
        assert set(ends) <= {"error", "cut"}, ends
        told = [each for each in running if each.errors]
        assert told and all("S1" in str(each.errors) for each in told)
        # The providers' connections are closed: nobody pays for words that nobody gets.
        calls = [call for model in it.models.values() for call in upstream.calls(model)]
        assert len(calls) == 4 * EACH and all(call.gone() for call in calls)


def test_streams_that_run_move_to_who_stands_by(upstream, spare, tmp_path, capsys):
    gate = threading.Event()
    try:
        with many(upstream, spare, tmp_path, lambda kind: stops_at(kind, gate), goes_on("oa")) as (it, house):
            running = listeners(it)
            house.pull("host:first-host")
            ends = Counter(each.join() for each in running)
            tells(capsys, f"cut, somebody stands by: {ended_after(running, ordered_at(house))}; {dict(ends)}")
            assert set(ends) <= {"whole", "error", "cut"}, ends
            assert ends["whole"], "none moved"
            for each in running:
                # Whole is whole: no word lost, none twice.
                assert (each.text == WHOLE) if each.how == "whole" else WHOLE.startswith(each.text)
    finally:
        gate.set()


def test_without_continuation_none_moves(upstream, spare, tmp_path):
    gate = threading.Event()
    try:
        with many(upstream, spare, tmp_path, lambda kind: stops_at(kind, gate), goes_on("oa")) as (it, house):
            running = listeners(it, each=5)
            house.pull("host:first-host", no_continuation=True)
            assert {each.join() for each in running} <= {"error", "cut"}
            # New requests are served by who stands by all the same.
            assert plain(it, "openai", model="talk-oa") == WHOLE
    finally:
        gate.set()


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_answer_not_yet_begun_is_asked_elsewhere(upstream, spare, tmp_path, library):
    gate = threading.Event()
    try:
        waits = lambda kind: gated(gate, answer(answer_of(kind)))  # noqa: E731
        with many(upstream, spare, tmp_path, waits, served("oa")) as (it, house):
            got = []
            callers = [
                threading.Thread(target=lambda kind=kind: got.append(plain(it, library, model=f"talk-{kind}")))
                for kind in ("oa", "an") for _ in range(5)
            ]  # fmt: skip
            for caller in callers:
                caller.start()
            eventually(lambda: sum(len(upstream.calls(model)) for model in it.models.values()) == 10)
            house.pull("host:first-host")
            for caller in callers:
                caller.join()
            assert got == [WHOLE] * 10
    finally:
        gate.set()


def test_an_answer_not_yet_begun_is_refused_where_nobody_stands_by(upstream, spare, tmp_path):
    gate = threading.Event()
    try:
        with many(upstream, spare, tmp_path, lambda kind: gated(gate, answer(answer_of(kind)))) as (it, house):
            got = []
            caller = threading.Thread(target=lambda: got.append(refusal(it, "openai", model="talk-oa")))
            caller.start()
            upstream.request(it.models["oa"])
            house.pull("host:first-host")
            caller.join()
            assert "S1" in str(got[0])
    finally:
        gate.set()


# Drain


def test_drain_lets_streams_finish_and_refuses_new_ones(upstream, spare, tmp_path, capsys):
    gate = threading.Event()
    try:
        with many(upstream, spare, tmp_path, lambda kind: stops_at(kind, gate)) as (it, house):
            running = listeners(it)
            house.pull("host:first-host", mode="drain", drain_limit="10m")
            assert "S1" in str(refusal(it, "openai", model="talk-oa"))
            assert not any(each.is_over for each in running)
            gate.set()
            ends = Counter(each.join() for each in running)
            tells(capsys, f"drain: {ended_after(running, ordered_at(house))}; {dict(ends)}")
            assert ends == {"whole": 4 * EACH} and all(each.text == WHOLE for each in running)
    finally:
        gate.set()


def test_drain_has_an_end(upstream, spare, tmp_path):
    with many(upstream, spare, tmp_path, flows) as (it, house):
        running = listeners(it, each=5)
        house.pull("host:first-host", mode="drain", drain_limit="1s")
        assert {each.join() for each in running} <= {"error", "cut"}


# Other scopes, other callers


@pytest.mark.parametrize("mode", MODES)
def test_the_streams_of_one_key_end_and_no_others(upstream, spare, tmp_path, capsys, mode):
    gate = threading.Event()
    try:
        with many(upstream, spare, tmp_path, lambda kind: stops_at(kind, gate)) as (it, house):
            secret = it.make_counting_key("other")
            [key] = [each for each in house.json("keys", "list") if each["name"] == "other"]
            theirs, others = listeners(it, each=10, key=secret), listeners(it, each=10)
            house.pull(f"key:{key['id']}", mode=mode, **({"drain_limit": "10m"} if mode == "drain" else {}))
            with pytest.raises(openai.APIStatusError, match="S1"):
                it.openai(secret).chat.completions.create(model="talk-oa", messages=TALK)
            if mode == "cut":
                assert {each.join() for each in theirs} <= {"error", "cut"}
                tells(capsys, f"key: {ended_after(theirs, ordered_at(house))}")
            gate.set()
            assert {each.join() for each in others} == {"whole"}
            if mode == "drain":
                assert {each.join() for each in theirs} == {"whole"}
    finally:
        gate.set()


def test_callers_that_do_not_read_are_cut_off(upstream, spare, tmp_path):
    """Their provider is given up at once, and what they read later doesn't look complete."""
    with many(upstream, spare, tmp_path, lambda kind: flows(kind, delay=0)) as (it, house):
        held = []
        for library, kind in WAYS:
            for _ in range(5):
                held.append(Deaf(it, library, f"talk-{kind}"))
        eventually(lambda: sum(len(upstream.calls(model)) for model in it.models.values()) == 20)
        house.pull("host:first-host")
        calls = [call for model in it.models.values() for call in upstream.calls(model)]
        assert all(call.gone() for call in calls)
        assert {each.reads_now() for each in held} <= {"error", "cut"}


class Deaf(Listener):
    """A caller that takes nothing until it is told to."""

    def __init__(self, *arguments):
        self.wakes = threading.Event()
        super().__init__(*arguments)

    def _run(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.wakes.wait()
        super()._run()

    def reads_now(self):
        self.wakes.set()
        return self.join()


@pytest.mark.parametrize("stops", [True, False], ids=["SIGSTOP", "SIGKILL"])
def test_a_server_that_hangs_or_dies_presents_nothing_as_complete(upstream, spare, tmp_path, capsys, stops):
    with many(upstream, spare, tmp_path, flows, ends_badly=True) as (it, house):
        running = listeners(it, each=10)
        it.signal(signal.SIGSTOP)
        done = house.pull("host:first-host")
        assert not done["recorded"]
        if stops:
            it.signal(signal.SIGCONT)
        else:
            it.process.kill()
            it.process.wait()
        ends = Counter(each.join() for each in running)
        if stops:
            tells(capsys, f"after SIGSTOP: {ended_after(running, ordered_at(house))}; {dict(ends)}")
        assert set(ends) <= {"error", "cut"}, ends
        if not stops:
            it.process = None
            it.start()
        assert "S1" in str(refusal(it, "openai", model="talk-oa"))


# On record


def test_the_record_shows_that_nothing_was_allowed_afterwards(upstream, spare, tmp_path):
    def choose(kind):
        return by_request(lambda request: flows(kind) if request.json.get("stream") else answer(answer_of(kind)))

    with many(upstream, spare, tmp_path, choose) as (it, house):
        for _ in range(5):
            assert plain(it, "openai", model="talk-oa") == WHOLE
        running = listeners(it, each=5)
        house.pull("host:first-host")
        for each in running:
            each.join()
        for _ in range(5):
            refusal(it, "openai", model="talk-oa")
        house.approve("S1", house.alice)
        house.approve("S1", house.bob)
        house.comes_back("S1")
        assert eventually(lambda: plain(it, "openai", model="talk-oa") == WHOLE)
        lines = eventually(lambda: [found for found in [entries(it)] if any(e["kind"] == "permit.ended" for e in found)])[0]
        report = permit_checker.check(lines)
        assert report.denials >= 2 and report.findings == [], report.findings
        # It would find one: the same record with one request's tick moved behind the denial.
        assert permit_checker.check(permit_checker.spoilt(lines)).findings
