"""OpenAI in, OpenAI out, and Anthropic in, Anthropic out: the bytes are
forwarded, both ways, and only what must change does."""

import json
import re

import anthropic
import httpx2 as httpx
import pytest
from holdfast import PROMPT
from patience import PATIENCE
from shapes import (
    TEXT, anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_stream, text_block, thinking_block,
    tool_block,
)
from upstream import answer, framed, in_turn, close_before_head, sse

DOORS = {"oa": "/v1/chat/completions", "an": "/v1/messages"}


def post(holdfast, path, body, **headers):
    return httpx.post(
        holdfast.url + path, content=body, timeout=PATIENCE,
        headers={"x-api-key": holdfast.key, "content-type": "application/json", **headers},
    )


# What a client library would never write: order, spacing, unknown members at
# every depth, numbers that a float does not hold, every way to escape.
STRANGE = (
    '{ "zzz_unknown":{"a":[1,2.50,1e400,-0.0,12345678901234567890]},\n\t"model" : "MODEL" ,'
    '"messages":[ {"role":"user","content":"PROMPTMARKER7F3A \\u00e9\\ud83d\\udc4b\\/ \\n 世","x_unknown":null} ],'
    '"max_tokens":5,"metadata":{"model":"not this one"},"temperature":0.70000 }\r\n'
)


@pytest.mark.parametrize("provider", DOORS)
def test_request_is_forwarded_byte_for_byte(scripted, upstream, provider):
    model = upstream.plays(answer({"ok": True}))
    sent = STRANGE.replace("MODEL", f"{provider}/{model}")
    response = post(scripted, DOORS[provider], sent.encode())
    assert response.status_code == 200
    [request] = upstream.requests(model)
    assert request.body.decode() == STRANGE.replace("MODEL", model)
    assert request.target == DOORS[provider]


@pytest.mark.parametrize("spelling", ["MODEL", "\\u006fa/m", "o\\u0061\\/m"])
def test_escaped_model_name_is_understood(scripted, upstream, spelling):
    model = upstream.plays(answer({"ok": True}), model="m")
    spelled = spelling.replace("MODEL", f"oa/{model}")
    assert post(scripted, DOORS["oa"], f'{{"model":"{spelled}","messages":[]}}'.encode()).status_code == 200
    assert upstream.request(model).json["model"] == "m"


@pytest.mark.parametrize("provider", DOORS)
def test_answer_comes_back_byte_for_byte(scripted, upstream, provider):
    raw = ' { "zzz":1.50, "content":[], "choices" :[],\n"usage":{"prompt_tokens":3,"new":[{}]},"id":"\\u00e9" } '.encode()
    model = upstream.plays(answer(raw))
    response = post(scripted, DOORS[provider], b'{"model":"%s/%s","messages":[]}' % (provider.encode(), model.encode()))
    assert response.content == raw
    assert response.headers["x-holdfast-served-by"] == f"{provider}/{model}"


@pytest.mark.parametrize("pieces", [None, 1, 7])
@pytest.mark.parametrize("provider", DOORS)
def test_stream_comes_back_byte_for_byte(scripted, upstream, provider, pieces):
    events = openai_stream() if provider == "oa" else anthropic_stream()
    # Comments, unknown events and odd line ends belong to the bytes, too.
    odd = [b": keep-alive\n\n", b'event: future_thing\ndata: {"type":"future_thing","x":1}\n\n']
    events = [events[0], *odd, *events[1:]]
    model = upstream.plays(sse(events, pieces=pieces))
    body = b'{"model":"%s/%s","stream":true,"messages":[]}' % (provider.encode(), model.encode())
    response = post(scripted, DOORS[provider], body)
    assert response.content == b"".join(framed(event) for event in events)
    assert response.headers["content-type"].startswith("text/event-stream")


def test_only_the_allowed_header_fields_are_forwarded(scripted, upstream):
    model = upstream.plays(answer({"ok": True}))
    sent = {
        "cookie": "session=1", "x-forwarded-for": "10.0.0.1", "x-stainless-os": "Linux", "x-custom": "1",
        "authorization": f"Bearer {scripted.key}", "x-api-key": scripted.key, "user-agent": "app/1",
        "anthropic-version": "2023-06-01", "anthropic-beta": "a-1,b-2", "openai-beta": "assistants=v2",
        "connection": "x-hop, keep-alive", "x-hop": "1", "te": "trailers", "accept-encoding": "gzip, br",
    }  # fmt: skip
    for provider in DOORS:
        post(scripted, DOORS[provider], b'{"model":"%s/%s","messages":[]}' % (provider.encode(), model.encode()), **sent)
    openai_side, anthropic_side = upstream.requests(model)
    common = {
        "host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "anthropic-version",
        "anthropic-beta", "openai-beta",
    }  # fmt: skip
    assert set(openai_side.headers) == common | {"authorization"}
    assert set(anthropic_side.headers) == common | {"x-api-key"}
    assert openai_side.headers["authorization"] == "Bearer sk-of-the-provider-oa"
    assert anthropic_side.headers["x-api-key"] == "sk-of-the-provider-an"
    assert anthropic_side.headers["anthropic-beta"] == "a-1,b-2"
    assert "app/1" not in openai_side.headers["user-agent"]
    for request in (openai_side, anthropic_side):
        names = [name.lower() for name, _ in request.header_list]
        assert len(names) == len(set(names)), "a field was sent twice"
        assert scripted.key not in str(request.header_list)


def test_anthropic_version_is_added_where_it_is_missing(scripted, upstream):
    model = upstream.plays(answer({"ok": True}))
    post(scripted, DOORS["an"], b'{"model":"an/%s","messages":[]}' % model.encode())
    assert upstream.request(model).headers["anthropic-version"] == "2023-06-01"


def test_answers_header_fields_that_come_back(scripted, upstream):
    fields = {
        "x-ratelimit-remaining-requests": "99", "openai-processing-ms": "12", "x-request-id": "req_theirs",
        "set-cookie": "a=b", "server": "theirs", "x-internal": "1", "retry-after": "3", "content-encoding": "identity",
    }  # fmt: skip
    model = upstream.plays(answer(openai_answer(), headers=fields))
    raw = scripted.openai().chat.completions.with_raw_response.create(
        model=f"oa/{model}", messages=[{"role": "user", "content": PROMPT}]
    )
    assert raw.headers["x-ratelimit-remaining-requests"] == "99"
    assert raw.headers["openai-processing-ms"] == "12" and raw.headers["retry-after"] == "3"
    assert raw.headers["x-holdfast-provider-request-id"] == "req_theirs"
    assert raw.headers.get_list("x-request-id") == [raw.request_id] != ["req_theirs"]
    assert not {"set-cookie", "server", "x-internal"} & set(raw.headers)


def test_a_query_is_left_behind_and_said(scripted, upstream):
    """All but the API's own: Anthropic's client sent `?beta=true` for years.
    A key may stand in a query."""
    model = upstream.plays(answer(anthropic_answer()))
    ask = {"model": f"an/{model}", "max_tokens": 9, "messages": [{"role": "user", "content": PROMPT}]}
    done = scripted.anthropic().beta.messages.with_raw_response.create(
        **ask, betas=["x-2026"], extra_query={"beta": "true", "key": "mine"}
    )
    assert done.parse().content[0].text == TEXT and done.headers["x-holdfast-dropped"] == "query"
    request = upstream.request(model)
    assert request.target == "/v1/messages?beta=true" and request.headers["anthropic-beta"] == "x-2026"


def test_a_connection_that_closed_while_idle_is_not_the_callers_problem(scripted, upstream):
    """The provider hangs up on a kept connection just as it is used again."""
    client = scripted.openai()
    ask = {"messages": [{"role": "user", "content": PROMPT}]}
    warm = upstream.plays(answer(openai_answer()))
    client.chat.completions.create(model=f"oa/{warm}", **ask)
    model = upstream.plays(in_turn((close_before_head, answer(openai_answer()))))
    done = client.chat.completions.with_raw_response.create(model=f"oa/{model}", **ask)
    assert done.parse().choices[0].message.content == TEXT
    assert done.headers["x-holdfast-attempts"] == "2"


# The clients' own readers


def test_openai_client(scripted, upstream):
    ask = {"messages": [{"role": "user", "content": PROMPT}]}
    done = scripted.openai().chat.completions.create(model=f"oa/{upstream.plays(answer(openai_answer()))}", **ask)
    assert done.choices[0].message.content == TEXT
    assert (done.id, done.model) == ("chatcmpl-up1", "gpt-upstream-2026")
    assert done.usage.prompt_tokens_details.cached_tokens == 1152

    model = upstream.plays(sse(openai_stream()))
    chunks = list(scripted.openai().chat.completions.create(model=f"oa/{model}", stream=True, **ask))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT
    assert upstream.request(model).json["stream"] is True


def test_openai_parallel_tool_calls_streamed(scripted, upstream):
    calls = [
        openai_call("get_weather", '{"city": "K\\u00f6ln \\"x\\"", "n": 1.50}', "call_A"),
        openai_call("get_time", "{}", "call_B"),
        openai_call("get_weather", '{"city":"世界 👋🏽"}', "call_C"),
    ]
    model = upstream.plays(sse(openai_stream(None, calls)))
    with scripted.openai().chat.completions.stream(
        model=f"oa/{model}", messages=[{"role": "user", "content": PROMPT}]
    ) as stream:
        final = stream.get_final_completion()
    got = final.choices[0].message.tool_calls
    assert [(c.id, c.function.name, c.function.arguments) for c in got] == [
        (c["id"], c["function"]["name"], c["function"]["arguments"]) for c in calls
    ]


def test_openai_embeddings(scripted, upstream):
    data = {"object": "list", "model": "e", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
            "usage": {"prompt_tokens": 2, "total_tokens": 2}}  # fmt: skip
    model = upstream.plays(answer(data))
    done = scripted.openai().embeddings.create(model=f"oa/{model}", input=PROMPT)
    assert done.data[0].embedding == [0.5, -0.25]
    assert upstream.request(model).json["encoding_format"] == "base64"
    assert upstream.request(model).target == "/v1/embeddings"


def test_anthropic_client_thinking_tools_and_pings(scripted, upstream):
    blocks = [
        thinking_block("27 * 453 is 12231."), {"type": "redacted_thinking", "data": "EmwKAhgBEgy3"}, text_block(),
        tool_block("get_weather", {"city": "Köln \"x\""}), tool_block("get_time", {}, "toolu_B"),
    ]  # fmt: skip
    ask = {"max_tokens": 99, "messages": [{"role": "user", "content": PROMPT}]}
    client = scripted.anthropic()
    model = upstream.plays(answer(anthropic_answer(blocks, "tool_use")))
    plain = client.messages.create(model=f"an/{model}", **ask)
    assert [block.to_dict() for block in plain.content] == blocks

    model = upstream.plays(sse(anthropic_stream(blocks, "tool_use")))
    with client.messages.stream(model=f"an/{model}", **ask) as stream:
        final = stream.get_final_message()
    assert [{k: v for k, v in b.to_dict().items() if k in want} for b, want in zip(final.content, blocks)] == blocks
    assert final.usage.cache_read_input_tokens == 1000 and final.stop_reason == "tool_use"

    model = upstream.plays(sse(anthropic_stream(blocks)))
    raw = post(scripted, DOORS["an"], json.dumps({"model": f"an/{model}", "stream": True, **ask}).encode())
    assert re.findall(r"event: ping", raw.text) == ["event: ping"]


def test_anthropic_count_tokens_is_the_providers(scripted, upstream):
    model = upstream.plays(answer({"input_tokens": 4711}))
    raw = scripted.anthropic().messages.with_raw_response.count_tokens(
        model=f"an/{model}", messages=[{"role": "user", "content": PROMPT}]
    )
    assert raw.parse().input_tokens == 4711 and "x-holdfast-token-count" not in raw.headers
    assert upstream.request(model).target == "/v1/messages/count_tokens"


def test_anthropic_cache_control_is_passed_on(scripted, upstream):
    model = upstream.plays(answer(anthropic_answer()))
    system = [{"type": "text", "text": PROMPT, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    scripted.anthropic().messages.create(
        model=f"an/{model}", max_tokens=9, system=system, messages=[{"role": "user", "content": PROMPT}]
    )
    assert upstream.request(model).json["system"] == system
    assert anthropic.__version__  # the client whose spelling this is
