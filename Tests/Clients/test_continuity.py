"""Sixteen things that go wrong at a provider, as the caller and the providers
see them. Each test asks through a route with a first candidate that fails
and, mostly, a second one that is well."""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from holdfast import eventually, free_ports
from patience import PATIENCE
from shapes import (
    ANTHROPIC_USAGE, OPENAI_USAGE, anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_chunk,
    openai_stream, thinking_block, tool_block,
)
from standin import (
    HOWS, LIBRARIES, OPENING, TALK, TOKENS, TRIPS, WAYS, WHOLE, failing, goes_on, hear, is_prefilled, known_part,
    opening, pair, plain, raw, refusal, said, served, stream_of, streamed,
)
from upstream import answer, by_request, close_before_head, framed, garbage, in_turn, never_ends, reset, silence, sse

ways = pytest.mark.parametrize("library, provider", WAYS)
libraries = pytest.mark.parametrize("library", LIBRARIES)
trips = pytest.mark.parametrize("library, provider, stand_in", TRIPS)
#: For what takes a second each: one of each caller and each provider.
across = pytest.mark.parametrize("library, provider", [("openai", "an"), ("anthropic", "oa")])
hows = pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)

#: How long a primary flaps; `make test` has less patience than the promise.
FLAPS_FOR = float(os.environ.get("HOLDFAST_FLAP_SECONDS", "10"))


def throttled(kind, **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return failing(kind, 429, "Rate limit reached. Please slow down.", fields, "rate_limit_error")


def first_failure(two):
    """Returns the name of the limit that ended the first attempt of the only request: all other limits are minutes
    away."""
    [line] = two.lines(1)
    return line["attempts"][0]["failure"]


# 1 and 2: 429


@across
def test_429_with_retry_after_is_waited_for_when_nobody_else_can_serve(upstream, spare, library, provider):
    first = in_turn((throttled(provider, retry_after="1"), served(provider)))
    with pair(upstream, spare, first, None, (provider, "oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        [told, asked] = two.first_calls
        assert asked.arrived_at - told.arrived_at > 0.95
        [waited] = two.waits(1)
        assert 0 < waited <= 1000, "waited for something else than the second that it was told"


@libraries
def test_429_with_a_retry_after_that_nobody_has_time_for_is_passed_on(upstream, spare, library):
    with pair(upstream, spare, throttled("oa", retry_after="7200"), None) as two:
        error = refusal(two.holdfast, library)
        assert error.status_code == 429 and int(error.response.headers["retry-after"]) > 7000
        assert len(two.first_calls) == 1
        assert two.waits(1) == [0]


@ways
@hows
def test_429_moves_to_the_standby_at_once(upstream, spare, library, provider, how):
    with pair(upstream, spare, throttled(provider, retry_after="30"), served("oa"), (provider, "oa")) as two:
        for _ in range(3):
            assert how(two.holdfast, library) == WHOLE
        assert two.waits(3) == [0, 0, 0], "waited, while somebody was free"
        assert len(two.first_calls) == 1, "asked again before its Retry-After"
        assert len(two.second_calls) == 3


@across
def test_429_without_retry_after_is_not_hammered(upstream, spare, library, provider):
    with pair(upstream, spare, throttled(provider), None, (provider, "oa")) as two:
        client = two.holdfast.openai if library == "openai" else two.holdfast.anthropic

        def ask():
            ask = {"model": "talk", "messages": TALK, "max_tokens": 9}
            try:
                if library == "openai":
                    client(timeout=1.5).chat.completions.create(**ask)
                else:
                    client(timeout=1.5).messages.create(**ask)
            except Exception:
                return

        ask()
        assert 1 <= len(two.first_calls) <= 2


@libraries
def test_429_without_retry_after_moves_to_the_standby_at_once(upstream, spare, library):
    with pair(upstream, spare, throttled("oa"), served("oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        assert plain(two.holdfast, library) == WHOLE
        assert two.waits(2) == [0, 0]
        assert len(two.first_calls) == 1


def test_one_models_rate_limit_is_not_the_accounts(upstream, spare):
    with pair(upstream, spare, throttled("oa", retry_after="30"), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        other = upstream.plays(served("oa"))
        assert plain(two.holdfast, "openai", f"first/{other}") == WHOLE
        assert two.waits(2) == [0, 0]


# 3 and 4: 500 and 503


@ways
@hows
def test_500_once_is_asked_again(upstream, spare, library, provider, how):
    first = in_turn((failing(provider, 500), served(provider)))
    with pair(upstream, spare, first, None, (provider, "oa")) as two:
        assert how(two.holdfast, library) == WHOLE
        assert len(two.first_calls) == 2


@trips
def test_500_once_with_a_standby(upstream, spare, library, provider, stand_in):
    """Either of them may answer; the caller sees nothing of it."""
    first = in_turn((failing(provider, 500), served(provider)))
    with pair(upstream, spare, first, served(stand_in), (provider, stand_in)) as two:
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE
        assert 1 <= len(two.first_calls) <= 3


@ways
def test_503_for_ever_is_told_after_two_tries(upstream, spare, library, provider):
    with pair(upstream, spare, failing(provider, 503), None, (provider, "oa")) as two:
        error = refusal(two.holdfast, library)
        assert error.status_code in (502, 503, 529), error
        assert len(two.first_calls) == 2
        assert two.waits(1) == [0]


@libraries
def test_503_for_ever_is_served_by_the_standby_and_soon_not_asked_for(upstream, spare, library):
    with pair(upstream, spare, failing("oa", 503), served("oa")) as two:
        for _ in range(20):
            assert plain(two.holdfast, library) == WHOLE
        before = len(two.first_calls)
        assert before < 20, "no breaker opened"
        for _ in range(10):
            assert streamed(two.holdfast, library) == WHOLE
        assert two.waits(30) == [0] * 30
        assert len(two.first_calls) - before <= 2, "asked while its breaker was open"


# 5: no answer's head


@pytest.mark.parametrize("dies", [reset, close_before_head, garbage(b"")], ids=["reset", "closed", "no byte"])
@ways
def test_reset_before_headers(upstream, spare, library, provider, dies):
    with pair(upstream, spare, dies, served("an"), (provider, "an")) as two:
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE
        assert len(two.first_calls) <= 4


def test_reset_once_is_asked_again(upstream, spare):
    with pair(upstream, spare, in_turn((reset, served("oa"))), None) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) == 2


@libraries
def test_nobody_listens(upstream, spare, library):
    class Nobody:
        port = free_ports(1)[0]

        def plays(self, _):
            return "nobody-is-there"

    with pair(Nobody(), spare, None, served("oa")) as two:
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE


# 6 and 7: silence


@ways
@hows
def test_silence_ends_at_the_limit_and_is_not_tried_again(upstream, spare, library, provider, how):
    timeouts = {"first_byte": "500ms"}
    with pair(upstream, spare, silence, served("oa"), (provider, "oa"), timeouts=timeouts) as two:
        began = time.monotonic()
        assert how(two.holdfast, library) == WHOLE
        assert time.monotonic() - began > 0.4
        assert first_failure(two) == "first_byte_timeout"
        [asked] = two.first_calls
        assert asked.gone(), "it goes on for nobody"


@libraries
def test_silence_with_nobody_else(upstream, spare, library):
    with pair(upstream, spare, silence, None, timeouts={"first_byte": "500ms"}) as two:
        assert refusal(two.holdfast, library).status_code == 504
        assert len(two.first_calls) == 1


@pytest.mark.parametrize("code", [408, 504])
def test_a_provider_that_says_it_timed_out_is_not_tried_again(upstream, spare, code):
    with pair(upstream, spare, failing("oa", code, "The request took too long to process."), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) == 1


@ways
def test_slow_first_token(upstream, spare, library, provider):
    """A head, a role and signs of life are no token."""
    events = stream_of(provider)[: OPENING[provider]] + [b": still here\n\n"] * 100
    first = sse(events, delay=0.1, ends=False)
    with pair(upstream, spare, first, served("oa"), (provider, "oa"), timeouts={"first_token": "500ms"}) as two:
        began = time.monotonic()
        heard = hear(two.holdfast, library)
        assert time.monotonic() - began > 0.4
        assert first_failure(two) == "first_token_timeout"
        assert heard.text == WHOLE and not heard.errors
        if library == "openai":
            assert sum("role" in choice["delta"] for choice in heard.choices) == 1
        else:
            assert len(heard.of_type("message_start")) == len(heard.of_type("content_block_start")) == 1
        [asked] = two.first_calls
        assert asked.gone()


def test_a_slow_first_token_that_is_in_time(upstream, spare):
    first = sse(stream_of("oa"), delay=0.01)
    with pair(upstream, spare, first, served("oa"), timeouts={"first_token": "2s"}) as two:
        assert streamed(two.holdfast, "openai") == WHOLE
        assert not two.second_calls


# 8 and 9: in the middle of a stream


def is_one_stream(heard, library, first, then):
    """Nothing in it but its own fields tells that two have spoken."""
    assert heard.status == 200 and not heard.errors, heard.events[-1]
    assert heard.text == WHOLE
    if library == "openai":
        chunks = [event for event in heard.events if isinstance(event, dict)]
        deltas = [choice["delta"] for choice in heard.choices]
        assert heard.events[-1] == "[DONE]" and heard.events.count("[DONE]") == 1
        assert sum("role" in delta for delta in deltas) == 1, "a second role header"
        assert len({chunk["id"] for chunk in chunks}) == 1
        assert heard.finish_reasons == ["stop"]
        [last] = [chunk for chunk in chunks if any(choice.get("finish_reason") for choice in chunk["choices"])]
        carries = last["holdfast"] if "holdfast" in last else last["choices"][0]["holdfast"]
    else:
        for kind in ("message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"):
            assert len(heard.of_type(kind)) == 1, kind
        assert heard.events[-1]["type"] == "message_stop"
        [last] = heard.of_type("message_delta")
        assert last["delta"]["stop_reason"] == "end_turn"
        carries = last["holdfast"] if "holdfast" in last else last["delta"]["holdfast"]
    assert "second" in json.dumps(carries["continued"])
    assert heard.fields["x-holdfast-served-by"] == f"first/{first}", "who began"


#: Every trip is cut at 40, some also elsewhere.
SOME = [("openai", "oa", "oa"), ("anthropic", "an", "an"), ("openai", "an", "oa")]
CUTS = [(*trip, 40) for trip in TRIPS] + [(*trip, cut) for trip in SOME for cut in (1, 41, 59)]


@pytest.mark.parametrize("library, provider, stand_in, tokens", CUTS)
def test_cut_after_so_many_of_60_tokens(upstream, spare, library, provider, stand_in, tokens):
    events = opening(provider, tokens)
    first = sse(events, cut_after_bytes=sum(len(framed(event)) for event in events))
    with pair(upstream, spare, first, goes_on(stand_in), (provider, stand_in)) as two:
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)
        assert streamed(two.holdfast, library) == WHOLE
        assert len(two.first_calls) <= 2


@pytest.mark.parametrize("library", LIBRARIES)
def test_cut_inside_an_event(upstream, spare, library):
    size = sum(len(framed(event)) for event in opening("oa", 40)) + 30
    with pair(upstream, spare, sse(stream_of("oa"), cut_after_bytes=size), goes_on("oa")) as two:
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)


@trips
def test_cut_and_gone_on_with_by_prefill(upstream, spare, library, provider, stand_in):
    """The prefill is what was sent, up to its last whole word."""
    can = {"capabilities": ["tools", "images", "json_schema", "prefill", "logprobs"]}
    first = sse(opening(provider, 41))
    with pair(upstream, spare, first, goes_on(stand_in), (provider, stand_in), ({}, can)) as two:
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)
        sent = "".join(TOKENS[:41])
        asked = two.second_calls[0]
        assert is_prefilled(asked)
        prefill = said(asked.json["messages"][-1])
        assert sent.startswith(prefill) and len(sent) - len(prefill) < 12
        assert sent[len(prefill)] == " " or prefill.endswith(" "), f"cut inside a word: {prefill[-20:]!r}"
        budget = asked.json.get("max_tokens") or asked.json.get("max_completion_tokens")
        assert 0 < budget < 500, "what is left of the caller's max_tokens"


@pytest.mark.parametrize("repeats", [60, 100_000], ids=["the last sentence", "all of it"])
def test_a_standby_that_repeats_what_was_sent(upstream, spare, repeats):
    can = {"capabilities": ["prefill"]}
    second = goes_on("oa", repeats=repeats)
    with pair(upstream, spare, sse(opening("oa", 41)), second, candidates=({}, can)) as two:
        assert hear(two.holdfast, "openai").text == WHOLE


@ways
def test_a_stall(upstream, spare, library, provider):
    first = sse(opening(provider, 40), ends=False)
    with pair(upstream, spare, first, goes_on("oa"), (provider, "oa"), timeouts={"stall": "500ms"}) as two:
        began = time.monotonic()
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)
        assert time.monotonic() - began > 0.4
        assert first_failure(two) == "stalled"
        [asked] = two.first_calls
        assert asked.gone()


#: What keeps a connection alive and tells nobody anything, and whose dialect has it.
HEARTBEATS = {
    "comments": (b": keep-alive\n\n", "oa an"),
    "empty data": (b"data:\n\n", "oa"),
    "pings": (framed(("ping", {"type": "ping"})), "an"),
    "empty deltas": (framed(openai_chunk({})), "oa"),
    "empty words": (framed(openai_chunk({"content": ""})), "oa"),
    "a role again": (framed(openai_chunk({"role": "assistant", "content": None})), "oa"),
    "no choices": (framed({**openai_chunk(), "choices": []}), "oa"),
    "empty text": (framed(("content_block_delta", {
        "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ""}})), "an"),
}  # fmt: skip
BEATS = [
    pytest.param(library, provider, beat, id=f"{name}-{library}-{provider}")
    for name, (beat, whose) in HEARTBEATS.items()
    for library, provider in WAYS
    if provider in whose.split()
]


def kept_alive(provider, tokens, beat):
    events = b"".join(framed(event) for event in opening(provider, tokens))
    return never_ends(beat, first=events, delay=0.02)


@pytest.mark.parametrize("library, provider, beat", BEATS)
def test_a_stall_behind_signs_of_life(upstream, spare, library, provider, beat):
    first = kept_alive(provider, 40, beat)
    with pair(upstream, spare, first, goes_on("oa"), (provider, "oa"), timeouts={"stall": "500ms"}) as two:
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)
        [asked] = two.first_calls
        assert asked.gone(), "it goes on for nobody"
        [line] = eventually(two.holdfast.requests_logged)
        assert line["attempts"][0]["failure"] == "stalled"


@pytest.mark.parametrize("library, provider, beat", BEATS)
def test_a_stall_behind_signs_of_life_with_nobody_else(upstream, spare, library, provider, beat):
    with pair(upstream, spare, kept_alive(provider, 40, beat), None, (provider, "oa"), timeouts={"stall": "500ms"}) as two:
        heard = hear(two.holdfast, library)
        assert heard.errors and WHOLE.startswith(heard.text) and heard.text
        assert "[DONE]" not in heard.events and not heard.of_type("message_stop")
        [line] = eventually(two.holdfast.requests_logged)
        assert line["attempts"][0]["failure"] == "stalled" and line["outcome"] == "truncated"


@pytest.mark.parametrize("library, provider, beat", BEATS)
def test_signs_of_life_are_no_first_token(upstream, spare, library, provider, beat):
    first = kept_alive(provider, 0, beat)
    with pair(upstream, spare, first, served("oa"), (provider, "oa"), silence="300ms") as two:
        assert streamed(two.holdfast, library) == WHOLE
        [line] = eventually(two.holdfast.requests_logged)
        assert [each.get("failure") for each in line["attempts"]] == ["overtaken", None]


@pytest.mark.parametrize("second", [None, "oa"], ids=["alone", "continuable"])
@ways
def test_a_slow_stream_with_signs_of_life_is_whole(upstream, spare, library, provider, second):
    """The stream takes three times the limit, but the next bytes always come in time."""
    beat = HEARTBEATS["comments"][0]
    events = [each for event in stream_of(provider) for each in (event, beat)]
    stand_in = second and served(second)
    with pair(upstream, spare, sse(events, delay=0.05), stand_in, (provider, "oa"), timeouts={"stall": "2s"}) as two:
        assert streamed(two.holdfast, library) == WHOLE
        assert not two.second_calls and len(two.first_calls) == 1


# 10 and 11: what is no stream, or has no end

MALFORMED = {
    "no json": b"data: {not json\n\n",
    "no text": b"data: \xff\xfe\n\n",
    "no shape": b'data: {"choices":5,"type":5}\n\n',
    "a page": b"<html>502</html>\n\n",
}
malformed = pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED)


@malformed
@ways
def test_a_malformed_event(upstream, spare, library, provider, bad):
    first = sse([*opening(provider, 40), bad])
    with pair(upstream, spare, first, goes_on("oa"), (provider, "oa")) as two:
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)


@malformed
@ways
def test_a_malformed_event_before_anything_was_sent(upstream, spare, library, provider, bad):
    with pair(upstream, spare, sse([bad]), served("oa"), (provider, "oa")) as two:
        heard = hear(two.holdfast, library)
        assert heard.text == WHOLE and not heard.errors


@ways
def test_no_done(upstream, spare, library, provider):
    """A clean end of the connection, and no word that the answer ended."""
    with pair(upstream, spare, sse(opening(provider, 40)), goes_on("oa"), (provider, "oa")) as two:
        is_one_stream(hear(two.holdfast, library), library, two.first, two.second)


@pytest.mark.parametrize("left_out", [1, 2])
@libraries
def test_no_done_but_a_finish_reason(upstream, spare, library, left_out):
    """The answer is whole, whatever else is missing."""
    with pair(upstream, spare, sse(stream_of("oa")[:-left_out]), goes_on("oa")) as two:
        assert streamed(two.holdfast, library) == WHOLE


@pytest.mark.parametrize("after", [0, 40])
@ways
def test_cut_with_nobody_to_go_on_is_no_success(upstream, spare, library, provider, after):
    first = sse(opening(provider, after))
    with pair(upstream, spare, first, failing("oa", 503), (provider, "oa")) as two:
        refusal(two.holdfast, library, streamed)
        heard = hear(two.holdfast, library)
        assert "[DONE]" not in heard.events and not heard.finish_reasons and not heard.of_type("message_stop")
        assert heard.errors or heard.status >= 500


# What else may be under way when a stream is cut


def cut_call(provider):
    """A stream that ends inside of a call's arguments."""
    arguments = {"city": "Lübeck", "unit": "celsius"}
    if provider == "oa":
        events = openai_stream("Let me see. ", [openai_call("weather", json.dumps(arguments))])
        # The last three are the finish reason, usage and `[DONE]`.
        return sse(events[:-6])
    events = anthropic_stream([{"type": "text", "text": "Let me see. "}, tool_block("weather", arguments)])
    return sse(events[:-5])


@trips
def test_a_tool_call_is_delivered_whole_and_once(upstream, spare, library, provider, stand_in):
    arguments = {"city": "Köln", "unit": "kelvin"}
    if stand_in == "oa":
        second = sse(openai_stream(None, [openai_call("weather", json.dumps(arguments), id="call_B2")]))
    else:
        second = sse(anthropic_stream([tool_block("weather", arguments, id="toolu_B2")], stop="tool_use"))
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}}
    with pair(upstream, spare, cut_call(provider), second, (provider, stand_in)) as two:
        if library == "openai":
            tool = {"type": "function", "function": {"name": "weather", "parameters": schema}}
            heard = hear(two.holdfast, library, tools=[tool])
            calls = {}
            for choice in heard.choices:
                for part in choice["delta"].get("tool_calls") or []:
                    calls.setdefault(part["index"], []).append(part["function"].get("arguments") or "")
            assert [json.loads("".join(parts)) for parts in calls.values()] == [arguments]
            assert heard.finish_reasons == ["tool_calls"]
        else:
            heard = hear(two.holdfast, library, tools=[{"name": "weather", "input_schema": schema}])
            blocks = {}
            for event in heard.of_type("content_block_start"):
                if event["content_block"]["type"] == "tool_use":
                    blocks[event["index"]] = ""
            for event in heard.of_type("content_block_delta"):
                if event["index"] in blocks:
                    blocks[event["index"]] += event["delta"]["partial_json"]
            assert [json.loads(text) for text in blocks.values()] == [arguments]
            starts, stops = heard.of_type("content_block_start"), heard.of_type("content_block_stop")
            assert sorted(each["index"] for each in starts) == sorted(each["index"] for each in stops)
        assert heard.text.count("Let me see.") == 1 and not heard.errors


@libraries
def test_json_parses_as_a_whole(upstream, spare, library):
    whole = json.dumps({"lamps": [{"number": number, "keeper": f"captain {number}"} for number in range(20)]})
    pieces = [whole[at : at + 9] for at in range(0, len(whole), 9)]
    events = stream_of("oa", pieces)[: 1 + len(pieces) // 2]
    more = {"response_format": {"type": "json_object"}} if library == "openai" else {}
    with pair(upstream, spare, sse(events), goes_on("oa", whole)) as two:
        heard = hear(two.holdfast, library, **more)
        assert heard.text == whole and json.loads(heard.text) and not heard.errors


@libraries
def test_thoughts_of_one_model_are_not_given_to_another(upstream, spare, library):
    thought = "a thought that is nobody else's"
    events = anthropic_stream([thinking_block(thought), {"type": "text", "text": WHOLE}], step=20, ping=False)
    at = next(index for index, (_, data) in enumerate(events) if data.get("delta", {}).get("type") == "text_delta")
    for cut in (at - 3, at + 5):
        with pair(upstream, spare, sse(events[:cut]), goes_on("an"), ("an", "an")) as two:
            heard = hear(two.holdfast, library)
            assert heard.text == WHOLE and not heard.errors
            for request in two.second_calls:
                assert thought not in request.body.decode() and "EqQBCg" not in request.body.decode()


# 12: too long


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
        eventually(lambda: len(two.holdfast.requests_logged()) == 24)
        assert two.holdfast.metric("holdfast_requests_total", outcome="served") == 24
        assert two.holdfast.metric("holdfast_requests_total") == 24
