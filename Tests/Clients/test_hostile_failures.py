"""Failures made to hurt whoever reads them, and callers who leave while
somebody else is being asked."""

import json
import threading
import time

import anthropic
import openai
import pytest
from holdfast import MemoryWatch, eventually
from standin import HOWS, LIBRARIES, TALK, WHOLE, failing, opening, pair, plain, refusal, served, stream_of
from upstream import answer, silence, sse, status

#: One of each caller and each provider.
across = pytest.mark.parametrize("library, provider", [("openai", "an"), ("anthropic", "oa")])
libraries = pytest.mark.parametrize("library", LIBRARIES)

DEEP = 100_000
BODIES = {
    "a megabyte of words": json.dumps({"error": {"message": "x" * 1_000_000, "type": "server_error"}}).encode(),
    "a megabyte of nothing": b" " * 1_000_000,
    "a megabyte of the word": b'{"error":{"message":"' + b"deprecat" * 125_000 + b'"}}',
    "a page": b"<!DOCTYPE html><html><title>deprecated</title><body>" + b"<p>502</p>" * 5000 + b"</body></html>",
    "no UTF-8": b'{"error":{"message":"\xff\xfe\xc0\x80 has been \xed\xa0\x80 deprecated"}}' + b"\xff" * 1000,
    "UTF-16": '{"error":{"message":"their words"}}'.encode("utf-16"),
    "deep arrays": b"[" * DEEP,
    "deep objects": b'{"error":' * DEEP + b"1" + b"}" * DEEP,
    "a deep message": b'{"error":{"message":' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "escapes": b'{"error":{"message":"\\u0000\\ud800\\u001b[31m\\nforged-line"}}',
    "wrong types": b'{"error":{"message":5,"type":[],"code":{"a":1}}}',
    "many errors": b'{"error":' + b",".join([b'{"message":"x"},"error":{"code":1}'] * 2000) + b"}",
    "huge numbers": b'{"error":{"code":' + b"9" * 100_000 + b',"message":"x"}}',
    "empty": b"",
}
bodies = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)


def is_answered_somehow(holdfast, library, how, in_own_words=False):
    """The text, or an error that the client can read; in the caller's shape,
    unless a provider of the same dialect is quoted as it is."""
    try:
        assert how(holdfast, library) == WHOLE
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        if error.status_code == 200:
            return  # An error event, which the client made an exception of.
        assert 400 <= error.status_code < 600 and error.request_id
        if in_own_words:
            told = error.response.json()
            assert told["error"]["message"] and (library == "openai" or told["type"] == "error")
    except (openai.APIError, anthropic.APIError) as error:
        is_cut = isinstance(error, (openai.APIConnectionError, anthropic.APIConnectionError))
        assert not is_cut, "cut off without a word"


@bodies
@pytest.mark.parametrize("provider", ["oa", "an"])
def test_error_bodies_that_hurt(upstream, spare, provider, body):
    """Each with every status that has a meaning. What it means is not the
    matter here, except that a server's error is always somebody else's
    chance."""
    with pair(upstream, spare, status(500, body=body), served("oa"), (provider, "oa")) as two:
        with MemoryWatch(two.holdfast) as memory:
            for code in (400, 403, 404, 410, 429, 500, 529):
                # Nobody has time for it: no request waits here.
                name = f"first/{upstream.plays(status(code, {'retry-after': '7200'}, body))}"
                for library in LIBRARIES:
                    is_across = (library == "openai") != (provider == "oa")
                    is_answered_somehow(two.holdfast, library, lambda *ask: plain(*ask, model=name), is_across)
            for library in LIBRARIES:
                for how in HOWS.values():
                    assert how(two.holdfast, library) == WHOLE
        assert memory.growth < 64, f"{memory.growth:.0f} MiB"
        two.holdfast.admin("/admin/holds")
        log = two.holdfast.log
        assert max(map(len, log.splitlines())) < 8000, "a provider's words fill the log"
        assert "\nforged-line" not in log and "\u001b" not in log


@bodies
@libraries
def test_error_events_that_hurt(upstream, spare, library, body):
    event = b"data: " + body.replace(b"\n", b" ") + b"\n\n"
    with pair(upstream, spare, sse([event]), served("oa")) as two:
        with MemoryWatch(two.holdfast) as memory:
            is_answered_somehow(two.holdfast, library, HOWS["streamed"])
        assert memory.growth < 64, f"{memory.growth:.0f} MiB"
        assert two.holdfast.get("/ready")[0] == 200


RETRY_AFTERS = ["-1", "0", "1e9", "99999999999999999999", "NaN", "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT",
                "Wed, 21 Oct 9999 07:28:00 GMT", "1, 2", "0x10", "１"]  # fmt: skip


@pytest.mark.parametrize("value", RETRY_AFTERS)
def test_a_retry_after_that_is_none(upstream, spare, value):
    fields = {"retry-after": value.encode().decode("latin-1")}
    error = {"error": {"message": "Rate limit reached.", "type": "rate_limit_error"}}
    with pair(upstream, spare, status(429, fields, error), served("oa")) as two:
        for _ in range(2):
            began = time.monotonic()
            assert plain(two.holdfast, "openai") == WHOLE
            assert time.monotonic() - began < 0.8
        assert len(two.first_calls) <= 2


# Callers who leave


def leave_after(two, library, seconds, stream):
    """Gives up after so long; when that was."""
    ask = {"model": "talk", "messages": TALK, "max_tokens": 9, "stream": stream}
    with pytest.raises((openai.APITimeoutError, anthropic.APITimeoutError)):
        if library == "openai":
            two.holdfast.openai(timeout=seconds).chat.completions.create(**ask)
        else:
            two.holdfast.anthropic(timeout=seconds).messages.create(**ask)
    return time.monotonic()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@across
def test_leaving_while_the_first_is_silent(upstream, spare, library, provider, stream):
    timeouts = {"first_byte": "700ms"}
    with pair(upstream, spare, silence, served("oa"), (provider, "oa"), timeouts=timeouts) as two:
        left = leave_after(two, library, 0.3, stream)
        [asked] = two.first_calls
        gone = asked.gone_within(2)
        assert gone and gone - left < 0.3
        time.sleep(0.7)
        assert not two.second_calls, "somebody was asked for nobody"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@libraries
def test_leaving_while_the_standby_is_asked(upstream, spare, library, stream):
    with pair(upstream, spare, failing("oa", 503), silence) as two:
        left = leave_after(two, library, 1.5, stream)
        [asked] = two.second_calls
        gone = asked.gone_within(2)
        assert gone and gone - left < 0.3
        eventually(lambda: [line["outcome"] for line in two.holdfast.requests_logged()] == ["caller_gone"], 2)


@libraries
def test_leaving_while_a_retry_after_is_waited_for(upstream, spare, library):
    error = {"error": {"message": "Rate limit reached.", "type": "rate_limit_error"}}
    with pair(upstream, spare, status(429, {"retry-after": "1"}, error), None) as two:
        leave_after(two, library, 0.4, False)
        time.sleep(1.2)
        assert len(two.first_calls) == 1
        eventually(lambda: [line["outcome"] for line in two.holdfast.requests_logged()] == ["caller_gone"], 2)


def test_leaving_while_a_stream_is_gone_on_with(upstream, spare):
    second = sse(stream_of("oa"), delay=0.2)
    with pair(upstream, spare, sse(opening("oa", 40)), second) as two:
        ask = {"model": "talk", "messages": TALK, "stream": True}
        stream = two.holdfast.openai().chat.completions.create(**ask)
        next(iter(stream))
        asked = two.spare.request(two.second)
        stream.close()
        left = time.monotonic()
        gone = asked.gone_within(2)
        assert gone and gone - left < 0.3


def test_many_leave_during_the_move(upstream, spare):
    """And the one who stays is served."""
    with pair(upstream, spare, silence, served("oa"), timeouts={"first_byte": "1s"}) as two:
        threads = [
            threading.Thread(target=leave_after, args=(two, LIBRARIES[number % 2], 0.5, bool(number % 3)))
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        assert plain(two.holdfast, "openai") == WHOLE
        for thread in threads:
            thread.join()
        assert len(two.second_calls) == 1
        eventually(lambda: upstream.connections == 0 or all(each.gone_at for each in two.first_calls), 2)


# Nobody can serve


FATES = {
    "silent": silence, "503": failing("oa", 503), "garbage": answer(b"not json"), "page": status(502, body=b"<html>"),
}  # fmt: skip


@pytest.mark.parametrize("fate", FATES.values(), ids=FATES)
@libraries
def test_both_are_dead(upstream, spare, library, fate):
    """An error in the caller's dialect that may be tried again, in time."""
    with pair(upstream, spare, fate, fate, ("oa", "oa"), timeouts={"first_byte": "300ms"}) as two:
        for how in HOWS.values():
            began = time.monotonic()
            error = refusal(two.holdfast, library, how)
            assert error.status_code in (502, 503, 504, 529), error
            assert error.response.headers.get("x-should-retry") != "false"
            assert time.monotonic() - began < 4
            told = error.response.json()
            assert told["error"]["message"] and (library == "openai" or told["type"] == "error")
        assert two.first_calls and two.second_calls
