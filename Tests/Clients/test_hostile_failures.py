"""Failures made to hurt whoever reads them, and callers who leave while
somebody else is being asked."""

import json
import threading

import anthropic
import openai
import pytest
from holdfast import MemoryWatch, eventually
from standin import HOWS, LIBRARIES, TALK, WHOLE, failing, opening, pair, plain, refusal, served
from upstream import answer, gated, silence, sse, status
from wire import Wire

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
            assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) <= 2
        assert two.waits(2) == [0, 0], "waited, while somebody was free"


# Callers who leave


def leaves(two, library, stream, when):
    """Asks, and hangs up as soon as `when` is true."""
    body = {"model": "talk", "messages": TALK, "max_tokens": 9, "stream": stream}
    with Wire(two.holdfast) as wire:
        wire.post(body, path="/v1/chat/completions" if library == "openai" else "/v1/messages")
        eventually(when)


def is_over(two, attempts):
    """The only request has ended because its caller has gone, after so many attempts: nobody will be asked any more."""
    [line] = two.lines(1)
    assert line["outcome"] == "caller_gone" and len(line["attempts"]) == attempts, line


# Holdfast's own limits are minutes away in all of these: an exchange that ends, ends because the caller has left.


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@across
def test_leaving_while_the_first_is_silent(upstream, spare, library, provider, stream):
    with pair(upstream, spare, silence, served("oa"), (provider, "oa"), silence="off") as two:
        leaves(two, library, stream, lambda: two.first_calls)
        [asked] = two.first_calls
        assert asked.gone(), "it goes on for nobody"
        is_over(two, attempts=1)
        assert not two.second_calls, "somebody was asked for nobody"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@libraries
def test_leaving_while_the_standby_is_asked(upstream, spare, library, stream):
    with pair(upstream, spare, failing("oa", 503), silence, silence="off") as two:
        leaves(two, library, stream, lambda: two.second_calls)
        [asked] = two.second_calls
        assert asked.gone(), "it goes on for nobody"
        is_over(two, attempts=len(two.first_calls) + 1)


@libraries
def test_leaving_while_a_retry_after_is_waited_for(upstream, spare, library):
    error = {"error": {"message": "Rate limit reached.", "type": "rate_limit_error"}}
    with pair(upstream, spare, status(429, {"retry-after": "20"}, error), None) as two:
        leaves(two, library, False, lambda: two.first_calls and two.first_calls[0].answered_at)
        is_over(two, attempts=1)
        assert len(two.first_calls) == 1


def test_leaving_while_a_stream_is_gone_on_with(upstream, spare):
    second = sse(opening("oa", 40), ends=False)
    with pair(upstream, spare, sse(opening("oa", 40)), second) as two:
        ask = {"model": "talk", "messages": TALK, "stream": True}
        stream = two.holdfast.openai().chat.completions.create(**ask)
        next(iter(stream))
        asked = two.spare.request(two.second)
        stream.close()
        assert asked.gone(), "it goes on for nobody"


def test_many_leave_during_the_move(upstream, spare):
    """And the one who stays is served."""
    gate = threading.Event()
    with pair(upstream, spare, gated(gate, failing("oa", 503)), served("oa"), silence="off") as two:
        # All are asked before anybody leaves.
        all_there = lambda: len(two.first_calls) == 21
        threads = [
            threading.Thread(target=leaves, args=(two, LIBRARIES[number % 2], bool(number % 3), all_there))
            for number in range(20)
        ]
        stays = threading.Thread(target=lambda: heard.append(plain(two.holdfast, "openai")))
        heard = []
        for thread in [*threads, stays]:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: sum(each.gone_at is not None for each in two.first_calls) == 20)
        gate.set()
        stays.join()
        assert heard == [WHOLE]
        assert len(two.second_calls) == 1


# Nobody can serve


FATES = {
    "silent": silence, "503": failing("oa", 503), "garbage": answer(b"not json"), "page": status(502, body=b"<html>"),
}  # fmt: skip


@pytest.mark.parametrize("fate", FATES.values(), ids=FATES)
@libraries
def test_both_are_dead(upstream, spare, library, fate):
    """An error in the caller's dialect that may be tried again, after two tries of each at most."""
    with pair(upstream, spare, fate, fate, ("oa", "oa"), timeouts={"first_byte": "300ms"}) as two:
        for number, how in enumerate(HOWS.values(), 1):
            error = refusal(two.holdfast, library, how)
            assert error.status_code in (502, 503, 504, 529), error
            assert error.response.headers.get("x-should-retry") != "false"
            line = two.lines(number)[-1]
            assert len(line["attempts"]) <= 4 and "waited_ms" not in line, line
            told = error.response.json()
            assert told["error"]["message"] and (library == "openai" or told["type"] == "error")
        assert two.first_calls and two.second_calls
