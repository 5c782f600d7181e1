"""Things that go wrong at a provider in the middle of a stream, as the caller and the providers see them."""

import json
import time

import pytest
from failing_first import first_failure, is_one_stream, libraries, trips, ways
from holdfast import eventually
from shapes import anthropic_stream, openai_call, openai_chunk, openai_stream, thinking_block, tool_block
from standin import (
    LIBRARIES, TOKENS, TRIPS, WAYS, WHOLE, failing, goes_on, hear, is_prefilled, opening, pair, refusal, said,
    served, stream_of, streamed,
)
from upstream import framed, never_ends, sse


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
