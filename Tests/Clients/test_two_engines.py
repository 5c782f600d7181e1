"""Two real engines: one is killed while it answers, the other goes on."""

import os
import signal
import threading

import pytest
from holdfast import PROMPT, Holdfast, engine, eventually
from standin import hear

STREAMS = 20
TOKENS = 96


@pytest.fixture(scope="module")
def two():
    providers = {"one": engine(parallel=20, context=512), "two": engine(parallel=20, context=512)}
    models = [{"provider": name, "model": "smollm2-135m"} for name in providers]
    routes = {"talk": {"candidates": models}}
    with Holdfast(providers, routes, log={"format": "json"}) as holdfast:
        yield holdfast


def ask(holdfast, library, number, heard):
    question = f"{PROMPT} Count from {number} to {number + 40}, and say something of every number."
    more = {"messages": [{"role": "user", "content": question}], "max_tokens": TOKENS, "temperature": 0}
    heard[number] = hear(holdfast, library, timeout=200, **more)


def joins_once(stream, is_openai):
    """The seam is where the answer says, between two pieces, and what stands
    before it is not told again after it."""
    if is_openai:
        pieces = [choice["delta"].get("content") or "" for choice in stream.choices]
        [told] = [event["holdfast"] for event in stream.events if isinstance(event, dict) and "holdfast" in event] or [{}]
    else:
        pieces = [event["delta"].get("text") or "" for event in stream.of_type("content_block_delta")]
        told = stream.of_type("message_delta")[0].get("holdfast", {})
    text = "".join(pieces)
    for each in told.get("continued", []):
        at, ends, length = each["at"], set(), 0
        for piece in pieces:
            length += len(piece)
            ends.add(length)
        assert 0 < at <= len(text) and at in ends, (at, text)
        before, after = text[:at], text[at:]
        doubled = [size for size in range(16, min(len(before), len(after))) if before[-size:] == after[:size]]
        looping = [size for size in doubled if before[-2 * size :] == before[-size:] * 2]
        assert doubled == looping, f"told twice: {before[-doubled[0]:]!r}"
        print(f"{before[-30:]!r} | {after[:30]!r}")


def test_an_engine_is_killed_while_twenty_streams_run(two):
    heard = {}
    libraries = ["openai", "anthropic"]
    threads = [
        threading.Thread(target=ask, args=(two, libraries[number % 2], number, heard)) for number in range(STREAMS)
    ]
    for thread in threads:
        thread.start()
    # All are under way: the first engine has been asked for every one of them.
    eventually(lambda: two.metric("holdfast_open_streams") == STREAMS)
    killed = two.engine_pid("one")
    os.kill(killed, signal.SIGKILL)
    for thread in threads:
        thread.join(240)
    assert len(heard) == STREAMS

    for number, stream in heard.items():
        assert stream.status == 200 and not stream.errors, (number, stream.events[-1])
        assert stream.text.strip(), number
        if number % 2 == 0:
            assert stream.events[-1] == "[DONE]" and stream.events.count("[DONE]") == 1
            assert len(stream.finish_reasons) == 1
            assert sum("role" in choice["delta"] for choice in stream.choices) == 1
            assert len({event["id"] for event in stream.events if isinstance(event, dict)}) == 1
        else:
            for kind in ("message_start", "message_delta", "message_stop"):
                assert len(stream.of_type(kind)) == 1, kind
            assert len(stream.of_type("content_block_start")) == len(stream.of_type("content_block_stop"))

    lines = two.requests_logged(STREAMS)
    assert [line["outcome"] for line in lines] == ["served"] * STREAMS
    continued = [line for line in lines if line.get("continued")]
    moved = [line for line in lines if line["attempts"][-1]["provider"] == "two"]
    assert continued, "no stream was cut: this shows nothing"
    assert len(moved) == STREAMS, "who waited for a slot moves as well"
    for line in continued:
        assert line["served_by"] == "one/smollm2-135m" and line["continued"][0]["by"] == "two/smollm2-135m"
        assert line["output_tokens"] <= TOKENS + 8, "more than was asked for"
    for number, stream in heard.items():
        joins_once(stream, number % 2 == 0)

    # It comes back by itself.
    eventually(lambda: two.engine_pid("one") not in (None, killed))
