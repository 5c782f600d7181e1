"""Answers that no correct provider sends. The caller gets an error or the whole answer, and never a damaged answer that
looks whole."""

import gzip
import json
import zlib

import anthropic
import openai
import pytest
from holdfast import PROMPT, Holdfast, MemoryWatch, eventually
from shapes import TEXT, anthropic_answer, anthropic_stream, openai_answer, openai_chunk, openai_stream, text_block
from upstream import (
    answer, big_line, close_before_head, framed, garbage, never_ends, silence, slow_head, sse, status,
)
from wire import Wire

TALK = [{"role": "user", "content": PROMPT}]
LIBRARIES = ["openai", "anthropic"]
WAYS = [(library, provider) for library in LIBRARIES for provider in ("oa", "an")]
ways = pytest.mark.parametrize("library, provider", WAYS)
across = pytest.mark.parametrize("library, provider", [("openai", "an"), ("anthropic", "oa")])


def stream_of(provider, text=TEXT):
    return openai_stream(text) if provider == "oa" else anthropic_stream([text_block(text)])


def answer_of(provider, text=TEXT):
    return openai_answer(text) if provider == "oa" else anthropic_answer([text_block(text)])


def plain(holdfast, library, model):
    if library == "openai":
        return holdfast.openai().chat.completions.create(model=model, messages=TALK).choices[0].message.content
    return holdfast.anthropic().messages.create(model=model, messages=TALK, max_tokens=9).content[0].text


def streamed(holdfast, library, model):
    """The whole text; raises when the stream does not end as it should. The
    OpenAI client ends quietly where a stream is cut between two events, so
    that a finish reason has to be there."""
    if library == "openai":
        chunks = list(holdfast.openai().chat.completions.create(model=model, messages=TALK, stream=True))
        assert any(chunk.choices and chunk.choices[0].finish_reason for chunk in chunks), "ended without an end"
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    with holdfast.anthropic().messages.stream(model=model, messages=TALK, max_tokens=9) as stream:
        kinds = [event.type for event in stream]
        assert kinds[-1] == "message_stop", "ended without an end"
        return stream.get_final_message().content[0].text


def fails(holdfast, library, model, how, status=None):
    with pytest.raises((openai.APIError, anthropic.APIError)) as caught:
        how(holdfast, library, model)
    error = caught.value
    assert len(str(error)) > 10
    if status is not None:
        assert error.status_code in (status if isinstance(status, tuple) else (status,)), error
        assert error.request_id
    return error


@pytest.fixture(autouse=True)
def next_request_is_unharmed(scripted, upstream):
    yield
    for library, provider in WAYS:
        assert plain(scripted, library, f"{provider}/{upstream.plays(answer(answer_of(provider)))}") == TEXT


# Whole answers


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 220 smtp.example ready\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 1000, b"\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 2_000_000,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n", b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    ],
)  # fmt: skip
@ways
def test_garbage(scripted, upstream, library, provider, data):
    model = f"{provider}/{upstream.plays(garbage(data))}"
    for how in (plain, streamed):
        fails(scripted, library, model, how, (502, 503))


@ways
def test_closes_before_the_head(scripted, upstream, library, provider):
    for how in (plain, streamed):
        model = upstream.plays(close_before_head)
        fails(scripted, library, f"{provider}/{model}", how, 502)
        # On a fresh connection, and once more: it may have been paid for.
        assert len(upstream.requests(model)) <= 3


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"{}", b"[]", b"null", b'{"choices":[]}', b'{"content":5,"choices":5}', b"[" * 100_000, b"\xff" * 100],
)
@across
def test_answers_that_are_none(scripted, upstream, library, provider, body):
    """Across dialects; in the same one whatever came is the caller's."""
    fails(scripted, library, f"{provider}/{upstream.plays(answer(body))}", plain, 502)


@ways
def test_an_answer_that_never_ends(scripted, upstream, library, provider):
    """64 MiB are the most that is taken of a whole answer."""
    model = upstream.plays(never_ends(b'"x",' * 16384, first=b"[", content_type="application/json"))
    with MemoryWatch(scripted) as memory:
        fails(scripted, library, f"{provider}/{model}", plain, 502)
    assert memory.growth < 200, f"{memory.growth:.0f} MiB"
    assert upstream.request(model).gone()


@ways
def test_cut_in_the_middle_of_an_answer(scripted, upstream, library, provider):
    body = json.dumps(answer_of(provider)).encode()
    cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body[:-20]
    fails(scripted, library, f"{provider}/{upstream.plays(garbage(cut))}", plain, 502)


@ways
def test_an_answer_without_a_length(scripted, upstream, library, provider):
    """Allowed by HTTP: it ends with the connection."""
    body = json.dumps(answer_of(provider)).encode()
    whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + body
    assert plain(scripted, library, f"{provider}/{upstream.plays(garbage(whole))}") == TEXT


def test_interim_answers_are_skipped(scripted, upstream):
    body = json.dumps(openai_answer()).encode()
    whole = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    whole += b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    assert plain(scripted, "openai", f"oa/{upstream.plays(garbage(whole))}") == TEXT


# Streams


@ways
def test_cut_at_every_few_bytes(scripted, upstream, library, provider):
    """Wherever a stream breaks off before its finish reason and its cost have
    come: never a success."""
    events = stream_of(provider, "Grüße, 世界")
    whole = b"".join(framed(event) for event in events)
    ends = len(whole) - sum(len(framed(event)) for event in events[-2:])
    for cut in [1, 30, *range(100, ends, 97), ends]:
        error = fails(scripted, library, f"{provider}/{upstream.plays(sse(events, cut_after_bytes=cut))}", streamed)
        assert "broke off" in str(error) or error.status_code == 502


@ways
def test_a_cut_behind_all_that_matters_is_no_cut(scripted, upstream, library, provider):
    """Only the terminal event is missing: the answer is whole, and so is what
    its caller hears."""
    events = stream_of(provider, "Grüße, 世界")
    whole = b"".join(framed(event) for event in events)
    for cut in [len(whole) - len(framed(events[-1])), len(whole) - 3]:
        model = f"{provider}/{upstream.plays(sse(events, cut_after_bytes=cut))}"
        assert streamed(scripted, library, model) == "Grüße, 世界"


@ways
def test_ends_politely_without_a_terminal_event(scripted, upstream, library, provider):
    """The HTTP message is whole, the answer in it is not."""
    events = stream_of(provider)
    # OpenAI's has a finish reason and usage before `[DONE]`: without these.
    events = events[:-3] if provider == "oa" else events[:-2]
    error = fails(scripted, library, f"{provider}/{upstream.plays(sse(events))}", streamed)
    assert "broke off" in str(error)


@ways
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_though_nobody_asked(scripted, upstream, library, provider, coding):
    """Read as the official clients read it."""
    pack = gzip.compress if coding == "gzip" else zlib.compress
    headers = {"content-encoding": coding}
    whole = pack(json.dumps(answer_of(provider)).encode())
    model = f"{provider}/{upstream.plays(answer(whole, headers=headers))}"
    assert plain(scripted, library, model) == TEXT
    stream = pack(b"".join(framed(event) for event in stream_of(provider)))
    for pieces in (None, 1):
        events = [stream[start : start + 50] for start in range(0, len(stream), 50)]
        model = f"{provider}/{upstream.plays(sse(events, pieces=pieces, headers=headers))}"
        assert streamed(scripted, library, model) == TEXT
    # Half of it, and what is none.
    for broken in (whole[: len(whole) // 2], b"not compressed at all", whole[:10]):
        fails(scripted, library, f"{provider}/{upstream.plays(answer(broken, headers=headers))}", plain, 502)
    error = fails(
        scripted, library, f"{provider}/{upstream.plays(answer(whole, headers={'content-encoding': 'br'}))}", plain, 502
    )
    assert "encoded" in str(error)


@ways
def test_an_empty_stream(scripted, upstream, library, provider):
    for events in ([], [b": nothing\n\n"], [b"\n\n\n"]):
        fails(scripted, library, f"{provider}/{upstream.plays(sse(events))}", streamed)


@ways
def test_a_plain_answer_to_a_stream_request(scripted, upstream, library, provider):
    error = fails(scripted, library, f"{provider}/{upstream.plays(answer(answer_of(provider)))}", streamed, 502)
    assert "stream" in str(error)


@ways
def test_a_stream_where_a_plain_answer_was_wanted(scripted, upstream, library, provider):
    """An odd answer must never become an empty success."""
    model = f"{provider}/{upstream.plays(sse(stream_of(provider)))}"
    with Wire(scripted) as wire:
        path = "/v1/chat/completions" if library == "openai" else "/v1/messages"
        wire.post({"model": model, "messages": TALK, "max_tokens": 9}, path=path)
        code, fields, body = wire.answer()
    assert code == 502 or fields["content-type"].startswith("text/event-stream"), (code, fields, body)


@ways
def test_lines_of_a_megabyte(scripted, upstream, library, provider):
    text = "x" * 1_000_000
    whole = stream_of(provider, "")
    at = 1 if provider == "oa" else 3
    with MemoryWatch(scripted) as memory:
        events = big_line(
            len(text), whole[:at],
            lambda size: [openai_chunk({"content": "x" * size}), *whole[at:]] if provider == "oa" else [
                ("content_block_delta", {"type": "content_block_delta", "index": 0,
                                         "delta": {"type": "text_delta", "text": "x" * size}}), *whole[at:]],
        )  # fmt: skip
        assert streamed(scripted, library, f"{provider}/{upstream.plays(events)}") == text
    assert memory.growth < 40, f"{memory.growth:.0f} MiB"


@ways
def test_a_line_that_never_ends(scripted, upstream, library, provider):
    model = upstream.plays(never_ends(b"x" * 65536, first=b"data: "))
    with MemoryWatch(scripted) as memory:
        fails(scripted, library, f"{provider}/{model}", streamed)
    assert memory.growth < 64, f"{memory.growth:.0f} MiB"
    assert upstream.request(model).gone()


@ways
def test_comments_for_ever(scripted, upstream, library, provider):
    """Keep-alives hold a stream open, they do not pile up."""
    model = upstream.plays(never_ends(b": keep-alive\n\n" * 1000))
    path = "/v1/chat/completions" if library == "openai" else "/v1/messages"
    with MemoryWatch(scripted) as memory, Wire(scripted) as wire:
        wire.post({"model": f"{provider}/{model}", "messages": TALK, "max_tokens": 9, "stream": True}, path=path)
        request = upstream.request(model)

        def is_far_more_than_memory():
            # The caller reads what there is.
            wire.drain()
            return request.sent > 64 << 20

        eventually(is_far_more_than_memory, every=0)
    assert memory.growth < 16, f"{memory.growth:.0f} MiB"
    assert upstream.request(model).gone()


@across
def test_events_that_are_no_json(scripted, upstream, library, provider):
    """In the same dialect the bytes are the caller's to read."""
    for bad in (b"data: {not json\n\n", b"data: \xff\xfe\n\n", b"data: []\n\n", b'data: {"choices":5}\n\ndata: {"type":5}\n\n'):
        events = stream_of(provider)
        fails(scripted, library, f"{provider}/{upstream.plays(sse([*events[:4], bad, *events[4:]]))}", streamed)


@ways
def test_an_error_in_mid_stream(scripted, upstream, library, provider):
    """In the provider's words, and never with a terminal event after it."""
    events = stream_of(provider)[:4]
    if provider == "oa":
        events.append({"error": {"message": "their words", "type": "server_error", "code": "boom"}})
    else:
        events.append(("error", {"type": "error", "error": {"type": "overloaded_error", "message": "their words"}}))
    error = fails(scripted, library, f"{provider}/{upstream.plays(sse(events))}", streamed)
    assert "their words" in str(error)


@across
def test_an_error_as_the_first_event(scripted, upstream, library, provider):
    event = {"error": {"message": "their words", "type": "rate_limit_error"}}
    if provider == "an":
        event = ("error", {"type": "error", "error": {"type": "rate_limit_error", "message": "their words"}})
    error = fails(scripted, library, f"{provider}/{upstream.plays(sse([event]))}", streamed)
    assert "their words" in str(error)


@ways
def test_a_stream_that_ended_but_stays_open(scripted, upstream, library, provider):
    """The stream is complete, so the caller doesn't have to wait for the connection to close."""
    model = upstream.plays(sse(stream_of(provider), ends=False))
    # Its connection would stay open for longer than the client waits.
    assert streamed(scripted, library, f"{provider}/{model}") == TEXT


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
@across
def test_every_line_end_of_sse(scripted, upstream, library, provider, ends):
    events = [framed(event).replace(b"\n", ends) for event in stream_of(provider)]
    for pieces in (None, 1):
        assert streamed(scripted, library, f"{provider}/{upstream.plays(sse(events, pieces=pieces))}") == TEXT


def test_data_in_several_lines_and_a_byte_order_mark(scripted, upstream):
    events = [framed(event) for event in anthropic_stream(ping=False)]
    events[0] = b"\xef\xbb\xbf" + events[0].replace(b'{"type"', b'{\ndata: "type"', 1)
    assert streamed(scripted, "openai", f"an/{upstream.plays(sse(events))}") == TEXT


# Time


@pytest.fixture(scope="module")
def hasty(upstream):
    address = f"http://127.0.0.1:{upstream.port}"
    timeouts = {"first_byte": "500ms", "idle": "400ms", "total": "3s"}
    with Holdfast(
        {
            "oa": {"dialect": "openai", "base_url": f"{address}/v1", "timeouts": timeouts},
            "an": {"dialect": "anthropic", "base_url": address, "timeouts": timeouts},
        }
    ) as holdfast:
        yield holdfast


@ways
def test_silence_before_and_in_the_answer(hasty, upstream, library, provider):
    for how in (plain, streamed):
        fails(hasty, library, f"{provider}/{upstream.plays(silence)}", how, 504)
    stalls = sse([*stream_of(provider)[:4]], ends=False)
    error = fails(hasty, library, f"{provider}/{upstream.plays(stalls)}", streamed)
    assert "did not go on in time" in str(error)


@pytest.mark.parametrize("provider, path", [("oa", "/v1/chat/completions"), ("an", "/v1/messages")])
def test_nothing_follows_the_last_word(hasty, upstream, provider, path):
    """A provider that leaves its connection open after the terminal event:
    no complaint about it may follow in the caller's stream."""
    events = stream_of(provider)
    model = upstream.plays(sse(events, ends=False))
    with Wire(hasty) as wire:
        wire.post({"model": f"{provider}/{model}", "messages": TALK, "max_tokens": 9, "stream": True}, path=path)
        assert wire.answer()[2] == b"".join(framed(event) for event in events)


def test_slow_but_in_time(hasty, upstream):
    assert plain(hasty, "openai", f"oa/{upstream.plays(slow_head(0.3, openai_answer()))}") == TEXT
    assert streamed(hasty, "openai", f"oa/{upstream.plays(sse(openai_stream(TEXT, step=20), delay=0.2))}") == TEXT


def test_a_drip_of_bytes_ends_at_the_total_time(hasty, upstream):
    # It ends by no other limit, and for the client the drip is a sign of life.
    model = upstream.plays(never_ends(b": drip\n\n", delay=0.1))
    fails(hasty, "anthropic", f"oa/{model}", streamed)
    assert upstream.request(model).gone(), "it goes on for nobody"


def test_a_providers_words_cannot_write_log_lines(scripted, upstream):
    event = {"error": {"message": "their words", "code": "x\nforged-line\u001b[31m"}}
    model = upstream.plays(sse([*openai_stream()[:2], event]))
    fails(scripted, "openai", f"oa/{model}", streamed)
    scripted.log_has(model)
    assert "\nforged-line" not in scripted.log and "\u001b" not in scripted.log


def test_a_failure_is_tried_once_more_and_not_for_ever(scripted, upstream):
    model = upstream.plays(status(500, body={"error": {"message": "their words"}}))
    fails(scripted, "openai", f"oa/{model}", plain, 500)
    assert len(upstream.requests(model)) == 2
