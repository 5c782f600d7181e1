"""Requests that no correct client sends. Each gets a clear error or a clean close, costs a bounded amount of memory,
and leaves the next request unharmed."""

import json
import socket

import pytest
from holdfast import PROMPT, MemoryWatch, eventually
from patience import processor_seconds
from shapes import openai_answer
from upstream import answer, sse
from wire import Wire

TALK = [{"role": "user", "content": PROMPT}]


@pytest.fixture(autouse=True)
def next_request_is_unharmed(request):
    yield
    if "hosted" in request.fixturenames:
        return
    holdfast, upstream = request.getfixturevalue("scripted"), request.getfixturevalue("upstream")
    model = upstream.plays(answer(openai_answer()))
    assert holdfast.openai().chat.completions.create(model=f"oa/{model}", messages=TALK).choices


@pytest.fixture
def wire(scripted):
    with Wire(scripted) as wire:
        yield wire


def chat(upstream, **fields):
    return {"model": f"oa/{upstream.plays(answer(openai_answer()))}", "messages": TALK, **fields}


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"not json", b"{", b'{"model":', b'{"model":"both"', b'{"model":"both",}', b"{'model':'both'}", b"[]",
        b"null", b"1", b'"both"', b'{"model":"both"} {}', b'{"model":"both"}x', b"\xff\xfe{\x00}\x00", b"{\"model\":\"\xff\"}",
        b'{"model":NaN}', b'{"model":"a\nb"}', b'{"model":"\\x"}', b'{"model":"\\u12"}', b"\x00", b'{"model":"both"}\x00',
        b'{"a":01,"model":"both"}', b'{"a":+1,"model":"both"}', b'{"a":1.,"model":"both"}', b'{"model":tru}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"])
def test_not_json(wire, path, body):
    wire.post(body, path=path)
    status, message = wire.error()
    assert status == 400 and len(message) > 10


def test_byte_order_mark(wire, upstream):
    wire.post(b"\xef\xbb\xbf" + json.dumps(chat(upstream)).encode())
    assert wire.answer()[0] in (200, 400)


@pytest.mark.parametrize(
    "twice",
    [
        b'{"model":"oa/M","model":"both","messages":[]}', b'{"mod\\u0065l":"oa/M","model":"both","messages":[]}',
        b'{"model":"oa/M","messages":[],"messages":[]}', b'{"model":"oa/M","stream":false,"str\\u0065am":true,"messages":[]}',
        b'{"model":"oa/M","messages":[],"zzz":1,"zzz":2}',
    ],
)  # fmt: skip
def test_duplicate_keys(wire, upstream, twice):
    """A body with duplicate keys is refused, since Holdfast and the provider could read different values from it."""
    model = upstream.plays(answer(openai_answer()))
    wire.post(twice.replace(b"M", model.encode()))
    status, message = wire.error()
    assert status == 400 and ("twice" in message.lower() or "duplicate" in message.lower()), message
    assert upstream.requests(model) == []


@pytest.mark.parametrize("opening, closing", [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("depth, status", [(127, 200), (148, 400), (1_000_000, 400)])
def test_nesting(wire, upstream, opening, closing, depth, status):
    model = upstream.plays(answer(openai_answer()))
    body = b'{"model":"oa/%s","x":%s1%s}' % (model.encode(), opening * depth, closing * depth)
    wire.post(body)
    if status == 200:
        assert wire.answer()[0] == 200
    else:
        found, message = wire.error()
        assert found == 400 and "128" in message


@pytest.mark.parametrize("chunked", [False, True])
def test_fifty_megabytes(scripted, wire, chunked):
    with MemoryWatch(scripted) as memory:
        if chunked:
            wire.send(wire.head(fields=[("transfer-encoding", "chunked")]))
        else:
            wire.send(wire.head(length=50 << 20))
        piece = b'"' + b"x" * ((1 << 20) - 1)
        try:
            for _ in range(50):
                wire.send(b"100000\r\n" + piece + b"\r\n" if chunked else piece)
            wire.send(b"0\r\n\r\n" if chunked else b"")
        except OSError:
            pass
        status, message = wire.error()
    assert status == 413 and "32 MiB" in message
    assert memory.growth < 160, f"{memory.growth:.0f} MiB"


def test_a_body_of_just_under_the_limit(scripted, upstream):
    model = upstream.plays(answer(openai_answer()))
    with MemoryWatch(scripted) as memory:
        scripted.openai().chat.completions.create(
            model=f"oa/{model}", messages=[{"role": "user", "content": "x" * (31 << 20)}]
        )
    assert len(upstream.request(model).body) > 31 << 20
    assert memory.growth < 200, f"{memory.growth:.0f} MiB"


def test_memory_comes_back_after_large_bodies(scripted, upstream):
    model = upstream.plays(answer(openai_answer()))
    client = scripted.openai()
    ask = {"model": f"oa/{model}", "messages": [{"role": "user", "content": "x" * (20 << 20)}]}
    client.chat.completions.create(**ask)
    before = scripted.resident
    for _ in range(6):
        client.chat.completions.create(**ask)
    assert scripted.resident - before < 64 << 20


@pytest.mark.parametrize("model", [None, "", 5, [], {}, True])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/messages/count_tokens"])
def test_no_model(wire, path, model):
    wire.post({"messages": TALK} if model is None else {"model": model, "messages": TALK}, path=path)
    status, message = wire.error()
    assert status == 400 and "model" in message


@pytest.mark.parametrize("model", ["nope", "oa/", "/x", "a/b/c", "x" * 100_000, "both\u0000", "both\n", "../both", "both ", "👋"])
def test_unknown_models(wire, model):
    wire.post({"model": model, "messages": TALK})
    status, message = wire.error()
    assert status in (400, 404) and len(message) < 1000


@pytest.mark.parametrize("model", ["oa/" + "x" * 1025, "oa/a\u0000b", "oa/a\nb", "oa/a\u001b[31m"])
def test_what_names_no_model_reaches_no_provider(wire, model):
    """Such a name would otherwise be written to logs, meters, the ledger and reports."""
    wire.post({"model": model, "messages": TALK})
    status, message = wire.error()
    assert status == 400 and "1024 bytes" in message and len(message) < 400


def test_a_model_name_cannot_write_log_lines(scripted, wire):
    wire.post({"model": "x\n12:00:00         200 forged → line\u001b[31m\u0085", "messages": TALK})
    assert wire.error()[0] == 404
    scripted.log_has("forged")
    assert not [line for line in scripted.log.splitlines() if line.startswith("12:00:00         200 forged")]
    assert "\u001b" not in scripted.log


FIELDS = {
    "/v1/chat/completions": [
        "messages", "stream", "temperature", "top_p", "max_tokens", "max_completion_tokens", "n", "stop", "seed", "tools",
        "tool_choice", "parallel_tool_calls", "response_format", "logprobs", "top_logprobs", "logit_bias", "user",
        "frequency_penalty", "presence_penalty", "stream_options", "reasoning_effort", "modalities",
    ],
    "/v1/messages": [
        "messages", "system", "max_tokens", "stream", "stop_sequences", "temperature", "top_p", "top_k", "tools", "tool_choice",
        "metadata", "thinking", "output_config",
    ],
    "/v1/embeddings": ["input", "encoding_format", "dimensions", "user"],
}  # fmt: skip


@pytest.mark.parametrize("path, field", [(path, field) for path, fields in FIELDS.items() for field in fields])
def test_wrong_types(hosted, path, field):
    """Against the engine, whose requests are read in full. Each of these has
    at least one type that is wrong for every field."""
    good = {
        "/v1/chat/completions": {"model": "assistant", "messages": TALK, "max_tokens": 1},
        "/v1/messages": {"model": "assistant", "messages": TALK, "max_tokens": 1},
        "/v1/embeddings": {"model": "vectors/smol-vectors", "input": PROMPT},
    }[path]
    refused = 0
    with Wire(hosted) as wire:
        for value in (-1.5, "wrong", True, [[]], [1.5], {"x": []}, 1e300):
            if isinstance(value, str) and field in ("input", "user", "stop", "system", "reasoning_effort"):
                continue
            if value is True and field in ("stream",):
                continue
            wire.post({**good, field: value}, path=path)
            status, fields, body = wire.answer()
            assert status in (200, 400), (value, status, body)
            if status == 400:
                refused += 1
                message = json.loads(body)["error"]["message"]
                assert field in message or field in str(json.loads(body)["error"].get("param")), (value, message)
    assert refused >= 3, "hardly anything is wrong for it"


@pytest.mark.parametrize("role", ["narrator", "", 5, None, "User", "tool", "function"])
def test_role_that_does_not_exist(hosted, role):
    with Wire(hosted) as wire:
        wire.post({"model": "assistant", "messages": [{"role": role, "content": PROMPT}], "max_tokens": 1})
        status, message = wire.error()
    assert status == 400 and ("role" in message or "tool_call_id" in message or "messages[0]" in message)


@pytest.mark.parametrize(
    "text", [b"\x00", b"\\u0000", b"\\ud800", b"\\udc00x", b"\\ud83d\\u0041", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80"]
)
@pytest.mark.parametrize("model", ["scripted", "assistant"])
def test_nul_and_lone_surrogates(request, upstream, model, text):
    """Escaped ones are JSON by its grammar, raw ones are not even text."""
    holdfast = request.getfixturevalue("hosted" if model == "assistant" else "scripted")
    if model == "scripted":
        model = f"oa/{upstream.plays(answer(openai_answer()))}"
    body = b'{"model":"%s","max_tokens":1,"messages":[{"role":"user","content":"a%sb"}]}' % (model.encode(), text)
    with Wire(holdfast) as wire:
        wire.post(body)
        status, _, answered = wire.answer()
        assert status in (200, 400), answered
        if not text.startswith(b"\\u"):
            assert status == 400, "what is not UTF-8 was taken"
        wire.post({"model": model, "max_tokens": 1, "messages": TALK})
        assert wire.answer()[0] == 200


# Heads


def test_header_field_of_64_kilobytes(wire):
    wire.send(wire.head(fields=[("x-big", "x" * 65536)], length=2) + b"{}")
    assert wire.error()[0] == 431
    assert wire.is_closed()


def test_three_hundred_header_fields(wire):
    wire.send(wire.head(fields=[(f"x-{number}", "1") for number in range(300)], length=2) + b"{}")
    assert wire.error()[0] == 431
    assert wire.is_closed()


def test_endless_header(scripted, wire):
    with MemoryWatch(scripted) as memory:
        try:
            wire.send(b"GET /health HTTP/1.1\r\nx: ")
            for _ in range(200):
                wire.send(b"y" * 65536)
        except OSError:
            pass
        assert wire.is_closed()
    assert memory.growth < 16


@pytest.mark.parametrize("path", ["/" + "x" * 100_000, "/v1/models/" + "x" * 20_000, "/%00", "/v1/../v1/models", "//v1/models", "*"])
def test_strange_paths(wire, path):
    wire.send(wire.head(method="GET", path=path))
    found = wire.answer()
    assert found is None or found[0] in (400, 404, 414, 431)


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /health\r\n\r\n", b"GET /health HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nno colon\r\n\r\n", b"GET /health HTTP/1.1\r\n x: folded\r\n\r\n",
        b"GET /health HTTP/1.1\r\nx y: z\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"POST /v1/messages HTTP/1.1\r\ncontent-length: 1e3\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        b"POST /v1/messages HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    ],
)  # fmt: skip
def test_not_http(wire, data):
    wire.send(data)
    found = wire.answer()
    assert found is None or 400 <= found[0] < 500
    assert wire.is_closed()


def test_transfer_encoding_and_content_length(wire, upstream):
    """Two lengths: whoever believes the other one sees a second request."""
    model = upstream.plays(answer(openai_answer()))
    body = json.dumps({"model": f"oa/{model}", "messages": TALK}).encode()
    smuggled = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"
    wire.send(wire.head(fields=[("transfer-encoding", "chunked")], length=5))
    wire.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) + smuggled)
    found = wire.answer()
    assert found is None or found[0] == 400, "an ambiguous request was served"
    assert wire.is_closed()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/messages/count_tokens"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_wrong_method(wire, path, method):
    wire.send(wire.head(method=method, path=path))
    while b"\r\n\r\n" not in wire.received:
        assert wire._more()
    assert wire.received.startswith(b"HTTP/1.1 405") and b"\r\nallow: POST\r\n" in wire.received


def test_head_of_health(wire):
    """A load balancer's check. There must be no body, or the connection is
    out of step."""
    wire.send(wire.head(method="HEAD", path="/health"))
    while b"\r\n\r\n" not in wire.received:
        assert wire._more()
    head, wire.received = wire.received.split(b"\r\n\r\n", 1)
    assert b" 200 " in head
    wire.send(wire.head(method="GET", path="/health"))
    assert wire.answer()[0] == 200


# Framing


def test_pipelined_requests(wire, upstream):
    texts = [f"{PROMPT} number {number}" for number in range(20)]
    models = [upstream.plays(answer(openai_answer(text))) for text in texts]
    for model in models:
        wire.post({"model": f"oa/{model}", "messages": TALK})
    got = [json.loads(wire.answer()[2])["choices"][0]["message"]["content"] for _ in texts]
    assert got == texts


def test_pipelined_errors_and_answers_keep_their_order(wire, upstream):
    good = chat(upstream)
    for body in [good, {"model": "nope", "messages": TALK}, good, {}, good]:
        wire.post(body)
    assert [wire.answer()[0] for _ in range(5)] == [200, 404, 200, 400, 200]


def test_endless_pipeline_is_held_back(scripted, wire, upstream):
    """Requests that nobody reads the answers of."""
    model = upstream.plays(answer(openai_answer(), delay=0.05))
    body = json.dumps({"model": f"oa/{model}", "messages": TALK}).encode()
    one = wire.head(length=len(body)) + body
    # Nothing has been taken for so long: it is held back.
    wire.socket.settimeout(0.5)
    with MemoryWatch(scripted) as memory:
        try:
            for _ in range(400):
                wire.send(one * 100)
        except OSError:
            pass
    assert memory.growth < 48, f"{memory.growth:.0f} MiB"


def test_http_1_0(wire, upstream):
    wire.post(chat(upstream), version="HTTP/1.0")
    status, fields, _ = wire.answer()
    assert status == 200 and "transfer-encoding" not in fields
    assert wire.is_closed()


def test_http_1_0_stream_ends_with_the_connection(scripted, upstream):
    from shapes import openai_stream

    model = upstream.plays(sse(openai_stream()))
    with Wire(scripted) as wire:
        wire.post({"model": f"oa/{model}", "messages": TALK, "stream": True}, version="HTTP/1.0")
        status, fields, body = wire.answer()
    assert status == 200 and "transfer-encoding" not in fields and body.endswith(b"data: [DONE]\n\n")


def test_chunked_body_cut_at_odd_places(wire, upstream):
    model = upstream.plays(answer(openai_answer()))
    body = json.dumps({"model": f"oa/{model}", "messages": TALK}, ensure_ascii=False).encode()
    data = wire.head(fields=[("transfer-encoding", "chunked")])
    for start in range(0, len(body), 7):
        piece = body[start : start + 7]
        data += b"%X;ext=1\r\n%s\r\n" % (len(piece), piece)
    data += b"0\r\nx-trailer: 1\r\n\r\n"
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for start in range(0, len(data), 11):
        wire.send(data[start : start + 11])
    assert wire.answer()[0] == 200
    assert upstream.request(model).json["messages"] == TALK
    wire.post(chat(upstream))
    assert wire.answer()[0] == 200


def test_expect_100_continue(wire, upstream):
    body = json.dumps(chat(upstream)).encode()
    wire.send(wire.head(fields=[("expect", "100-continue")], length=len(body)))
    assert wire.answer()[0] == 100
    wire.send(body)
    assert wire.answer()[0] == 200


def test_expect_100_continue_with_a_bad_key_or_a_body_too_long(scripted):
    for head, status in [({"key": "bad", "length": 9}, 401), ({"length": 40 << 20}, 413)]:
        with Wire(scripted) as wire:
            wire.send(wire.head(fields=[("expect", "100-continue")], **head))
            assert wire.error()[0] == status


def test_an_error_leaves_the_connection_usable(wire, upstream):
    """Kept alive after every error whose request was read to its end."""
    for body in [b"not json", b'{"model":"nope"}', b"{}"]:
        wire.post(body)
        assert wire.answer()[0] in (400, 404)
    wire.post(b'{"model":"x"}', key="bad")
    assert wire.answer()[0] == 401
    wire.post(chat(upstream))
    assert wire.answer()[0] == 200


def test_half_a_body_and_gone(scripted, upstream):
    model = upstream.plays(answer(openai_answer()))
    for _ in range(50):
        with Wire(scripted) as wire:
            wire.send(wire.head(length=1000) + b'{"model":"oa/%s"' % model.encode())
    assert upstream.requests(model) == []


# Silence


def test_ten_thousand_connections_that_say_nothing(scripted, upstream):
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(10_000, limit - 500)
    held = []
    try:
        with MemoryWatch(scripted) as memory:
            for number in range(wanted):
                each = socket.socket()
                # From several addresses: one has too few ports for all tests.
                each.bind((f"127.0.1.{1 + number % 8}", 0))
                each.connect(("127.0.0.1", scripted.port))
                held.append(each)
            before = processor_seconds(scripted.process.pid)
            for _ in range(20):
                scripted.openai().chat.completions.create(**chat(upstream))
            took = processor_seconds(scripted.process.pid) - before
        # A request that looks at all connections would take far more.
        assert took < 2, f"twenty requests among them took {took:.1f} s of a processor"
        assert memory.growth < wanted * 20 / 1024, f"{memory.growth:.0f} MiB for {wanted} connections"
    finally:
        for each in held:
            each.close()
    eventually(lambda: scripted.get("/health")[0] == 200)


def test_a_message_of_one_byte_at_a_time(scripted, upstream):
    body = json.dumps(chat(upstream)).encode()
    with Wire(scripted) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in wire.head(length=len(body)) + body:
            wire.send(bytes([byte]))
        assert wire.answer()[0] == 200


def test_anthropic_shape_of_ours(scripted):
    """The door says whose words an error has, also before anything is read."""
    with Wire(scripted) as wire:
        wire.post(b"not json", path="/v1/messages")
        body = json.loads(wire.answer()[2])
    assert body["type"] == "error" and body["error"]["type"] == "invalid_request_error" and body["request_id"]

