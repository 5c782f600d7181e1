"""Requests that are too long or refused, standbys that want no prefill, a primary that flaps, and the accounts of all."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from failing_first import FLAPS_FOR, is_one_stream, throttled, trips, ways
from holdfast import eventually
from patience import PATIENCE
from shapes import ANTHROPIC_USAGE, OPENAI_USAGE, anthropic_answer, openai_answer
from standin import (
    HOWS, LIBRARIES, WHOLE, failing, goes_on, hear, is_prefilled, known_part, opening, pair, plain, raw, refusal,
    served,
)
from upstream import answer, by_request, close_before_head, sse


def too_long(provider):
    if provider == "oa":
        words = "This model's maximum context length is 128000 tokens."
        words += " However, your messages resulted in 140000 tokens."
        more = {"code": "context_length_exceeded", "param": "messages"}
        return failing("oa", 400, words, None, "invalid_request_error", more)
    return failing("an", 400, "prompt is too long: 250312 tokens > 200000 maximum", None, "invalid_request_error")


@pytest.mark.parametrize("larger", [True, False], ids=["larger", "smaller"])
@ways
def test_context_exceeded_moves_only_to_a_larger_context(upstream, spare, library, provider, larger):
    contexts = ({"context": 128_000}, {"context": 1_000_000 if larger else 64_000})
    with pair(upstream, spare, too_long(provider), served("oa"), (provider, "oa"), contexts) as two:
        if larger:
            assert plain(two.holdfast, library) == WHOLE
        else:
            error = refusal(two.holdfast, library)
            assert error.status_code == 400
            assert "too long" in str(error) or "maximum context length" in str(error)
            assert not two.second_calls
        assert len(two.first_calls) == 1


def test_context_exceeded_leaves_no_memory(upstream, spare):
    contexts = ({"context": 128_000}, {"context": 1_000_000})
    with pair(upstream, spare, too_long("oa"), served("oa"), candidates=contexts) as two:
        for _ in range(4):
            assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) == 4 and two.holdfast.holds == []


# 13: refused


def refused(provider, where):
    if where == "status":
        words = "Your request was rejected as a result of our safety system."
        return failing(provider, 400, words, None, "invalid_request_error", {"code": "content_policy_violation"})
    if provider == "oa":
        return answer(openai_answer("", finish="content_filter"))
    return answer(anthropic_answer([], "refusal"))


@pytest.mark.parametrize("where", ["status", "answer"])
@ways
def test_a_content_filter_is_passed_on_and_nobody_else_is_asked(upstream, spare, library, provider, where):
    with pair(upstream, spare, refused(provider, where), served("oa"), (provider, "oa")) as two:
        for _ in range(2):
            if where == "status":
                error = refusal(two.holdfast, library)
                assert error.status_code == 400 and "safety system" in str(error)
            elif library == "openai":
                assert raw(two.holdfast, library).parse().choices[0].finish_reason == "content_filter"
            else:
                assert raw(two.holdfast, library).parse().stop_reason == "refusal"
        assert len(two.first_calls) == 2 and not two.second_calls, "no memory, and nobody else"


@pytest.mark.parametrize("where", ["status", "answer"])
@ways
def test_a_content_filter_moves_where_the_route_says_so(upstream, spare, library, provider, where):
    with pair(upstream, spare, refused(provider, where), served("oa"), (provider, "oa"), on_refusal="next") as two:
        assert plain(two.holdfast, library) == WHOLE
        assert len(two.first_calls) == 1


# 14: prefill


@pytest.mark.parametrize("claims", [True, False], ids=["claims prefill", "claims nothing"])
@trips
def test_a_standby_that_rejects_prefill(upstream, spare, library, provider, stand_in, claims):
    """The standby is then asked in words to continue; the caller notices nothing of this."""
    can = {"capabilities": ["tools", "prefill"]} if claims else {}
    second = goes_on(stand_in, refuses_prefill=True)
    with pair(upstream, spare, sse(opening(provider, 41)), second, (provider, stand_in), ({}, can)) as two:
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)
        asked = two.second_calls
        assert not is_prefilled(asked[-1]) and known_part(asked[-1], WHOLE)
        assert [is_prefilled(request) for request in asked] == ([True, False] if claims else [False])


# 15: a primary that flaps


def test_a_primary_that_flaps(upstream, spare):
    """Served throughout, and by the primary again after its return."""
    began, well = time.monotonic(), threading.Event()

    def choose(request):
        now = time.monotonic()
        if not well.is_set() and int(now * 2) % 2:
            return [failing("oa", 503), close_before_head, failing("oa", 500)][int(now) % 3]
        return served("oa")

    with pair(upstream, spare, by_request(choose), served("an"), ("oa", "an")) as two:
        failures, asked = [], [0]

        def keep_asking(library, how):
            while not well.is_set():
                try:
                    assert how(two.holdfast, library) == WHOLE
                except Exception as error:
                    failures.append(repr(error))
                asked[0] += 1
                time.sleep(0.05)

        with ThreadPoolExecutor(4) as pool:
            for library in LIBRARIES:
                for how in HOWS.values():
                    pool.submit(keep_asking, library, how)
            try:
                # Fewer requests would not show anything.
                is_long = lambda: time.monotonic() - began >= FLAPS_FOR and asked[0] > FLAPS_FOR * 8
                eventually(is_long, within=FLAPS_FOR + PATIENCE, every=0.1)
            finally:
                well.set()
        assert failures == [], f"{len(failures)} of {asked[0]}"
        assert two.second_calls, "the standby was never needed: this shows nothing"

        def back():
            # Not two in a row by chance.
            return all(
                raw(two.holdfast, "openai").headers["x-holdfast-served-by"].startswith("first/") for _ in range(5)
            )

        eventually(back, every=0.3)


# 16: accounting


@trips
def test_accounting_after_a_failover(upstream, spare, library, provider, stand_in):
    first = throttled(provider, retry_after="30")
    with pair(upstream, spare, first, served(stand_in), (provider, stand_in)) as two:
        done = raw(two.holdfast, library)
        assert done.headers["x-holdfast-served-by"] == f"second/{two.second}"
        assert done.headers["x-holdfast-attempts"] == "2"
        usage = done.parse().usage
        told = OPENAI_USAGE if stand_in == "oa" else ANTHROPIC_USAGE
        billed = told.get("completion_tokens", told.get("output_tokens"))
        assert (usage.completion_tokens if library == "openai" else usage.output_tokens) == billed

        [line] = eventually(two.holdfast.requests_logged)
        assert line["requested"] == line["route"] == "talk" and line["served_by"] == f"second/{two.second}"
        assert line["outcome"] == "served" and line["status"] == 200 and line["output_tokens"] == billed
        failed, good = line["attempts"]
        assert (failed["provider"], failed["model"], failed["status"]) == ("first", two.first, 429)
        assert (good["provider"], good["model"], good["status"]) == ("second", two.second, 200)
        assert failed["failure"] and "failure" not in good

        metric = two.holdfast.metric
        assert metric("holdfast_tokens_total", kind="output") == billed, "a failed attempt is not billed"
        assert metric("holdfast_tokens_total", kind="output", provider="second") == billed
        assert metric("holdfast_attempts_total", provider="first") == 1
        assert metric("holdfast_attempts_total", provider="second") == 1
        assert metric("holdfast_requests_total", outcome="served") == 1


@trips
def test_accounting_after_a_continuation(upstream, spare, library, provider, stand_in):
    with pair(upstream, spare, sse(opening(provider, 40)), goes_on(stand_in), (provider, stand_in)) as two:
        more = {"stream_options": {"include_usage": True}} if library == "openai" else {}
        heard = hear(two.holdfast, library, **more)
        is_one_stream(heard, library, two.first, two.second)
        [line] = eventually(two.holdfast.requests_logged)
        assert [attempt["provider"] for attempt in line["attempts"]] == ["first", "second"]
        assert line["attempts"][0]["failure"] and line["outcome"] == "served" and line["requested"] == "talk"
        if library == "openai":
            told = [event["usage"] for event in heard.events if isinstance(event, dict) and event.get("usage")][-1]
            total = told["completion_tokens"]
            assert told["total_tokens"] == told["prompt_tokens"] + total
        else:
            total = heard.of_type("message_delta")[0]["usage"]["output_tokens"]
        assert total > 33, "the standby's alone are 33; the first one's 40 tokens are missing"
        assert line["output_tokens"] == total
        metric = two.holdfast.metric
        assert metric("holdfast_tokens_total", kind="output") == total


def test_a_request_in_flight_is_counted_once(upstream, spare):
    """Many at once, all of which move."""
    with pair(upstream, spare, failing("oa", 503), served("oa")) as two:
        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(lambda number: plain(two.holdfast, LIBRARIES[number % 2]), range(24)))
        assert texts == [WHOLE] * 24
        assert len(two.holdfast.requests_logged(24)) == 24
        assert two.holdfast.metric("holdfast_requests_total", outcome="served") == 24
        assert two.holdfast.metric("holdfast_requests_total") == 24
