"""Tests of the choice and order of candidates, and of the report to the caller: data residency, announced retirements,
standbys that are kept warm, hedging."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import openai
import pytest
from holdfast import eventually
from patience import settled
from standin import (
    LIBRARIES, TALK, TOKENS, WHOLE, answer_of, failing, hear, pair, plain, provider_at, raw, served, stream_of,
    streamed,
)
from upstream import Behaviour, answer, by_request, gated, in_turn, sse, status

libraries = pytest.mark.parametrize("library", LIBRARIES)


def day(offset):
    return (datetime.now(timezone.utc) + timedelta(days=offset)).strftime("%Y-%m-%d")


def served_by(holdfast, library="openai", **more):
    return raw(holdfast, library, **more).headers["x-holdfast-served-by"].split("/")[0]


# Data residency


@pytest.mark.parametrize("option, value", [("--not-labs", "acme"), ("--not-hosts", "first-host"), ("--not-regions", "us")])
def test_a_key_excludes_a_lab_a_host_a_region(upstream, spare, option, value):
    where = ({"lab": "acme", "region": "us"}, {"lab": "other", "region": "eu"})
    with pair(upstream, spare, served("oa"), served("oa"), candidates=where) as two:
        key = two.holdfast.make_key("careful", option, value)
        client = two.holdfast.openai(key)
        ask = client.chat.completions.with_raw_response.create
        done = eventually(lambda: _try(ask))
        assert done.headers["x-holdfast-served-by"].startswith("second/")
        assert not two.first_calls
        with pytest.raises(openai.PermissionDeniedError) as told:
            client.chat.completions.create(model=f"first/{two.first}", messages=TALK)
        assert "may not be served by" in str(told.value)
        assert served_by(two.holdfast) == "first", "another key is free"


def _try(ask):
    try:
        return ask(model="talk", messages=TALK)
    except openai.AuthenticationError:
        return None


def test_who_does_not_say_whose_it_is_is_excluded_too(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa"), candidates=({}, {"lab": "other"})) as two:
        client = two.holdfast.openai(two.holdfast.make_key("careful", "--not-labs", "acme"))
        done = eventually(lambda: _try(client.chat.completions.with_raw_response.create))
        assert done.headers["x-holdfast-served-by"].startswith("second/") and not two.first_calls


# Announced retirement


@libraries
def test_a_retirement_that_is_announced_is_told_to_the_caller(upstream, spare, library):
    soon = {"retires": day(30), "deprecated": day(-3), "successor": "second/the-new-one"}
    with pair(upstream, spare, served("oa"), served("oa"), candidates=(soon, {})) as two:
        headers = raw(two.holdfast, library).headers
        assert headers["x-holdfast-served-by"].startswith("first/")
        sunset = parsedate_to_datetime(headers["sunset"])
        assert sunset.strftime("%Y-%m-%d") == day(30)
        deprecated = datetime.fromtimestamp(int(headers["deprecation"].removeprefix("@")), timezone.utc)
        assert deprecated.strftime("%Y-%m-%d") == day(-3)
        assert headers["link"] == '</v1/models/second/the-new-one>; rel="successor-version"'
        streamed_fields = hear(two.holdfast, library).fields
        assert streamed_fields["sunset"].lower() == headers["sunset"].lower()


@libraries
def test_from_its_day_on_a_live_candidate_is_preferred(upstream, spare, library):
    with pair(upstream, spare, served("oa"), served("oa"), candidates=({"retires": day(-1)}, {})) as two:
        headers = raw(two.holdfast, library).headers
        assert headers["x-holdfast-served-by"].startswith("second/") and "sunset" not in headers
        assert headers["x-holdfast-stands-in-for"] == f"first/{two.first}"
    # Who is due may still answer when nobody else does.
    with pair(upstream, spare, served("oa"), failing("oa", 503), candidates=({"retires": day(-1)}, {})) as two:
        assert served_by(two.holdfast, library) == "first"


@pytest.mark.parametrize(
    "said",
    [
        lambda past: {"deprecation": f"{past}T00:00:00Z", "deprecation_replacement_model": "better"},
        lambda past: {"deprecation": {"inference": int(datetime.fromisoformat(past).timestamp())}},
        lambda past: {"expiration_date": past},
    ],
    ids=["mistral", "azure", "openrouter"],
)
def test_the_providers_own_list_is_read(upstream, spare, said):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        assert served_by(two.holdfast) == "first"
        upstream.model_list = [{"id": "another"}, {"id": two.first, **said(day(-1))}]
        try:
            two.holdfast.write_config(
                providers={**two.holdfast.settings["providers"], "first": {
                    **two.holdfast.settings["providers"]["first"], "model_list": "1s"}})
            eventually(lambda: served_by(two.holdfast) == "second", every=0.2)
        finally:
            upstream.model_list = None
        assert two.holdfast.log_has("a provider will retire a model")


def test_a_sunset_that_the_provider_sends_is_believed(upstream, spare):
    gone = "Sun, 06 Nov 1994 08:49:37 GMT"
    first = answer(answer_of("oa"), headers={"sunset": gone, "deprecation": "@784111777"})
    with pair(upstream, spare, first, served("oa")) as two:
        headers = raw(two.holdfast, "openai").headers
        assert headers["sunset"] == gone and headers.get_list("deprecation") == ["@784111777"]
        assert served_by(two.holdfast) == "second"


# Kept warm


def test_a_dead_standby_is_known_before_it_is_needed(upstream, spare):
    dead = failing("oa", 404, "The model `x` has been deprecated and is no longer available.")
    with pair(upstream, spare, served("oa"), dead, keep_warm="1s") as two:
        [hold] = eventually(lambda: two.holdfast.holds)
        assert hold["provider"] == "second" and hold["cause"] == "withdrawn" and hold["firmness"] == "lasting"
        assert not two.second_calls and spare.probes(two.second), "no caller has asked for it"
        assert two.holdfast.metric("holdfast_warming_requests_total", provider="second") >= 1
        assert not two.holdfast.requests_logged_so_far(), "it is no traffic"


def test_who_answers_callers_needs_no_warming(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa"), keep_warm="3s") as two:
        heard = set()

        def is_warmed_twice():
            heard.add(plain(two.holdfast, "openai"))
            return len(spare.probes(two.second)) == 2

        eventually(is_warmed_twice, every=0)
        assert heard == {WHOLE}
        assert not upstream.probes(two.first)
        before, after = spare.probes(two.second)
        assert after.arrived_at - before.arrived_at > 1, "more often than the route says"


def test_probes_can_be_switched_off(upstream, spare):
    row = failing("oa", 404, "The model `x` does not exist or you do not have access to it.", None,
                  "invalid_request_error", {"code": "model_not_found"})  # fmt: skip
    warm = spare.plays(served("oa"))
    with pair(upstream, spare, row, served("oa"), keep_warm="1s") as two:
        providers = {name: {**each, "probes": "off"} for name, each in two.holdfast.settings["providers"].items()}
        # A third one, which is probed: by its probes the time is known at which the others would have been.
        providers["third"] = provider_at(spare, "oa", "third-host")
        two.holdfast.secrets.append(providers["third"]["api_key"])
        other = {"candidates": [{"provider": "third", "model": warm}], "keep_warm": "1s"}
        two.holdfast.write_config(providers=providers, routes={**two.holdfast.settings["routes"], "other": other})
        two.holdfast.log_has("configuration reloaded")
        before = len(spare.probes(two.second))
        assert plain(two.holdfast, "openai") == WHOLE
        [hold] = two.holdfast.holds
        known = len(spare.probes(warm))
        eventually(lambda: len(spare.probes(warm)) >= known + 3)
        assert two.holdfast.holds[0]["firmness"] == hold["firmness"] == "provisional"
        assert len(spare.probes(two.second)) == before and not upstream.probes(two.first)


# Hedging


@dataclass(frozen=True)
class late(Behaviour):
    """The same, once so many seconds have passed."""

    seconds: float
    then: Behaviour

    async def play(self, wire):
        await wire.sleep(self.seconds)
        await self.then.play(wire)


def slow_at(times, kind="oa", seconds=3.0, steady=0):
    """Answers at once, but slowly to these of its requests, and with a little delay to the first `steady`."""
    seen = []

    def choose(request):
        seen.append(request)
        if len(seen) <= steady:
            return slow(request, 0.25)
        return slow(request, seconds) if len(seen) in times else served(kind)

    def slow(request, seconds):
        if request.json.get("stream"):
            return late(seconds, sse(stream_of(kind)))
        return answer(answer_of(kind), delay=seconds)

    return by_request(choose)


@pytest.mark.parametrize("how", ["plain", "streamed"])
@libraries
def test_a_slow_answer_is_overtaken_by_a_second_request(upstream, spare, library, how):
    ask = plain if how == "plain" else streamed
    # The slow one would take longer than the client waits.
    first = slow_at({41}, steady=20, seconds=300.0)
    # The share has room for those that a busy machine makes slow.
    with pair(upstream, spare, first, served("an"), ("oa", "an"), hedge={"after": "p95", "share": "50%"}) as two:
        # Times are known from the twentieth on; of equal ones some would be the slowest twentieth.
        for _ in range(40):
            assert ask(two.holdfast, library) == WHOLE
        # On a busy machine one of those may have been overtaken already.
        won, asked = two.holdfast.metric("holdfast_hedges_total", result="won"), len(two.second_calls)
        assert ask(two.holdfast, library) == WHOLE
        assert len(two.second_calls) == asked + 1
        slow = two.first_calls[-1]
        assert slow.gone(), "the loser ran on"
        line = two.lines(41)[-1]
        assert line["served_by"].startswith("second/") and line["outcome"] == "served"
        assert [each.get("hedge") for each in line["attempts"]] == [None, True]
        assert line["attempts"][0]["failure"] == "hedge_lost" and "output_tokens" not in line["attempts"][0]
        assert line["output_tokens"] == line["attempts"][1]["output_tokens"], "the loser is not billed"
        assert two.holdfast.metric("holdfast_hedges_total", result="won") == won + 1
        assert two.holdfast.holds == []


def test_hedges_keep_to_their_share(upstream, spare):
    """Thirty are slow at once: still at most one in twenty is asked for twice."""
    slow, gate = threading.Event(), threading.Event()

    def choose(request):
        return gated(gate, answer(answer_of("oa"))) if slow.is_set() else answer(answer_of("oa"))

    with pair(upstream, spare, by_request(choose), served("oa"), hedge={"after": "p95", "share": "5%"}) as two:
        for _ in range(30):
            plain(two.holdfast, "openai")
        slow.set()
        with ThreadPoolExecutor(30) as pool:
            asked = [pool.submit(plain, two.holdfast, "openai") for _ in range(30)]
            try:
                eventually(lambda: two.second_calls)
                settled(lambda: len(two.second_calls))
            finally:
                gate.set()
        assert [each.result() for each in asked] == [WHOLE] * 30
        assert 1 <= len(two.second_calls) <= 3, len(two.second_calls)


def test_no_hedge_unless_the_route_says_so(upstream, spare):
    with pair(upstream, spare, slow_at({41}, seconds=1.0), served("oa")) as two:
        for _ in range(41):
            assert plain(two.holdfast, "openai") == WHOLE
        assert not two.second_calls


def test_a_second_request_that_fails_harms_nobody(upstream, spare):
    slow, gate, seen = threading.Event(), threading.Event(), []

    def choose(request):
        seen.append(request)
        if slow.is_set():
            return gated(gate, answer(answer_of("oa")))
        return answer(answer_of("oa"), delay=0.25 if len(seen) <= 20 else 0)

    with pair(upstream, spare, by_request(choose), failing("oa", 500), hedge={"after": "p95", "share": "10%"}) as two:
        for _ in range(40):
            assert plain(two.holdfast, "openai") == WHOLE
        slow.set()
        with ThreadPoolExecutor(1) as pool:
            last = pool.submit(plain, two.holdfast, "openai")
            try:
                eventually(lambda: two.second_calls)
            finally:
                gate.set()
            assert last.result() == WHOLE
        # On a busy machine others than the last may be slow, too; once the second has failed, it may be the first
        # that is asked once more.
        hedges = [each for line in two.lines(41) for each in line["attempts"] if each.get("hedge")]
        assert 1 <= len(hedges) <= 4, "more than one in ten"
        assert {each["provider"] for each in hedges} <= {"first", "second"} and hedges[0]["provider"] == "second"
        counted = {result: two.holdfast.metric("holdfast_hedges_total", result=result) for result in ("won", "lost")}
        assert sum(counted.values()) == len(hedges) and counted["lost"] >= 1, counted


# An error that says 200


@libraries
def test_an_error_in_a_200_is_no_answer(upstream, spare, library):
    words = {"error": {"message": "The model `x` has been decommissioned.", "type": "invalid_request_error"}}
    with pair(upstream, spare, status(200, None, words), served("oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        # Once the probe has confirmed it.
        [hold] = eventually(lambda: [each for each in two.holdfast.holds if each["firmness"] == "lasting"])
        assert hold["cause"] == "withdrawn"
    with pair(upstream, spare, in_turn((status(200, None, words),)), None) as two:
        with pytest.raises(openai.APIStatusError) as told:
            two.holdfast.openai().chat.completions.create(model="talk", messages=TALK)
        assert told.value.status_code >= 400 and "decommissioned" in str(told.value)
    assert TOKENS
