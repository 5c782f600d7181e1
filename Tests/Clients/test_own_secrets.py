"""A provider, or a proxy before it, that repeats the key it was sent: no caller reads it, and no log keeps it. What is
wrong with the operator's account is told in Holdfast's words."""

import base64
import html
import json
import urllib.parse

import anthropic
import openai
import pytest
from conftest import scripted_providers
from holdfast import STATES, Holdfast, cli, eventually
from plain import get, post
from shapes import anthropic_answer, anthropic_stream, openai_answer, openai_stream
from upstream import answer, sse, status

KEY = "sk-Live-9zXq7hTtWm2vB4pLs"
HEADER = "gateway-word-Qq81Zk"
MARK = "[key removed]"
SPELLINGS = {
    "plain": KEY, "bearer": f"Bearer {KEY}", "capitals": KEY.upper(), "json": "".join(f"\\u{ord(each):04x}" for each in KEY),
    "json twice": "".join(f"\\\\u{ord(each):04X}" for each in KEY), "percent": "".join(f"%{ord(each):02x}" for each in KEY),
    "percent twice": "".join(f"%25{ord(each):02x}" for each in KEY), "html": "".join(f"&#{ord(each)};" for each in KEY),
    "base 64": base64.b64encode(KEY.encode()).decode(), "basic": "Basic " + base64.b64encode(f"user:{KEY}".encode()).decode(),
    "base 64, for addresses": base64.urlsafe_b64encode(f"x{KEY}".encode()).decode().rstrip("="), "base 16": KEY.encode().hex(),
    "another field": HEADER, "cut": KEY[:20],
}  # fmt: skip


def decoded(text):
    """All that a reader could make of it."""
    seen, todo = set(), [text]
    while todo:
        text = todo.pop()
        if text in seen or len(seen) > 50:
            continue
        seen.add(text)
        todo += [urllib.parse.unquote(text), html.unescape(text)]
        if "\\u" in text:
            todo.append(text.encode("latin-1", "replace").decode("unicode_escape", "replace"))
        for word in text.replace('"', " ").replace(":", " ").split():
            padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
            for decode in (base64.b64decode, base64.urlsafe_b64decode, bytes.fromhex):
                try:
                    todo.append(decode(padded if decode is not bytes.fromhex else word).decode())
                except ValueError:
                    pass
    return seen


def assert_silent(text, where):
    for reading in decoded(text):
        for secret in (KEY, HEADER):
            assert secret[:16].lower() not in reading.lower(), f"{where}: {text[:500]}"


@pytest.fixture(scope="module")
def echoing(upstream):
    providers = scripted_providers(upstream, probes="off")
    for provider in providers.values():
        provider |= {"api_key": KEY, "headers": {"X-Gateway-Auth": HEADER}}
    with Holdfast(providers, log={"level": "trace", "format": "json"}, ledger={"name": "secrets.example.com"}) as holdfast:
        holdfast.secrets += [KEY, HEADER]
        yield holdfast


def ask(holdfast, door, model, stream=False):
    """Sends the request without a client library, whose own handling of the answer doesn't matter here."""
    path = "/v1/chat/completions" if door == "openai" else "/v1/messages"
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": stream}
    fields = {"authorization": f"Bearer {holdfast.key}", "anthropic-version": "2023-06-01"}
    return post(holdfast.url + path, json=body, headers=fields)


def check(answered, where):
    assert_silent("\n".join(f"{name} {value}" for name, value in answered.headers.items()), where)
    assert_silent(answered.text, where)
    if "content-length" in answered.headers:
        assert int(answered.headers["content-length"]) == len(answered.content)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500])
def test_an_error_body_does_not_tell_the_key(echoing, upstream, spelling, code):
    words = SPELLINGS[spelling]
    body = f'{{"type": "error", "error": {{"type": "x", "message": "sent: {words} !", "param": "{words}", "code": "{words}"}}}}'.encode()
    plain = words.encode("latin-1").decode("unicode_escape") if spelling == "json" else words
    fields = {"x-ratelimit-limit-tokens": plain, "warning": f"299 - {plain}", "x-request-id": plain, "retry-after": plain}
    for provider in ("oa", "an"):
        model = upstream.plays(status(code, fields, body))
        for door in ("openai", "anthropic"):
            answered = ask(echoing, door, f"{provider}/{model}")
            assert answered.status_code >= 400
            check(answered, (spelling, code, provider, door))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_other_shape_tells_the_key(echoing, upstream, spelling):
    words = SPELLINGS[spelling]
    for body in (f"<html>{words}</html>", words, f'{{"error": "{words}"}}', f'{{"detail": [{{"loc": ["{words}"], "msg": "{words}"}}]}}'):
        for code in (200, 400, 502):
            for provider in ("oa", "an"):
                model = upstream.plays(answer(body.encode(), code))
                for door in ("openai", "anthropic"):
                    check(ask(echoing, door, f"{provider}/{model}"), (body, code, provider, door))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("provider", ["oa", "an"])
def test_no_stream_tells_the_key(echoing, upstream, spelling, provider):
    words = SPELLINGS[spelling]
    if provider == "oa":
        begun, error = openai_stream()[:3], f'data: {{"error": {{"message": "sent: {words}", "code": "{words}"}}}}\n\n'.encode()
    else:
        begun, error = anthropic_stream()[:4], f'event: error\ndata: {{"type": "error", "error": {{"type": "api_error", "message": "{words}"}}}}\n\n'.encode()
    for events in ([error], [*begun, error]):
        for pieces in (None, 3):
            model = upstream.plays(sse(events, pieces=pieces))
            for door in ("openai", "anthropic"):
                answered = ask(echoing, door, f"{provider}/{model}", stream=True)
                check(answered, (spelling, provider, door))
                if len(events) > 1:
                    assert answered.status_code == 200 and "error" in answered.text


def test_good_answers_stay_as_they_are(echoing, upstream):
    """Also where they have the key in them: then it is the model's word, and nobody looks."""
    body = json.dumps(openai_answer()).encode()
    model = upstream.plays(answer(body, headers={"x-ratelimit-limit-tokens": KEY, "openai-version": "2020"}))
    answered = ask(echoing, "openai", f"oa/{model}")
    assert answered.content == body
    assert answered.headers["x-ratelimit-limit-tokens"] == MARK and answered.headers["openai-version"] == "2020"
    model = upstream.plays(sse(anthropic_stream()))
    plain = ask(echoing, "anthropic", f"an/{model}", stream=True)
    assert "message_stop" in plain.text


@pytest.mark.parametrize("library", ["openai", "anthropic"])
@pytest.mark.parametrize(
    "code, words, told",
    [
        (401, "Incorrect API key provided: sk-ab***yz. You can find your key at https://theirs.example.", "provider_key_refused"),
        (402, "Add a card to the account of ops@operator.example.", "provider_account_used_up"),
        (429, "You exceeded your current quota, please check your plan and billing details.", "provider_account_used_up"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_account_is_told_in_our_words(echoing, upstream, library, code, words, told):
    body = {"type": "error", "error": {"type": "theirs", "message": words}}
    for provider in ("oa", "an"):
        model = upstream.plays(status(code, {"retry-after": "5"}, body))
        before = len(upstream.calls(model))
        client = getattr(echoing, library)(max_retries=2)
        with pytest.raises({"openai": openai, "anthropic": anthropic}[library].InternalServerError) as caught:
            if library == "openai":
                client.chat.completions.create(model=f"{provider}/{model}", messages=[{"role": "user", "content": "x"}])
            else:
                client.messages.create(model=f"{provider}/{model}", messages=[{"role": "user", "content": "x"}], max_tokens=9)
        error = caught.value
        assert error.status_code == 503 and error.response.headers["x-should-retry"] == "false"
        assert told in error.response.text and "holdfast status" in str(error) and f'"{provider}' in str(error).replace("\\", "")
        assert words not in error.response.text
        assert len(upstream.calls(model)) - before == 1, "asking again is no use, and the client was told"


def test_nobody_else_keeps_it(echoing, upstream):
    """The log is looked at when it ends; here what administrators see, and the ledger."""
    words = f"The model is gone. You sent {KEY} and {HEADER}"
    model = upstream.plays(status(404, body={"error": {"message": words, "code": "model_not_found"}}))
    ask(echoing, "openai", f"oa/{model}")
    shown = cli("status", config=echoing.config, check=STATES).stdout + cli("status", "--json", config=echoing.config, check=STATES).stdout
    shown += json.dumps(echoing.holds) + echoing.admin("/metrics").decode()
    assert_silent(shown, "status")
    ledger = eventually(lambda: cli("ledger", "show", "--json", config=echoing.config).stdout)
    assert_silent(ledger, "ledger")


@pytest.mark.parametrize("name", [KEY, f"oa/{KEY}", "hf_0123456789abcdefghijABCDEFGHIJKLMNOP", "oa/hf_0123456789abcdefghijABCDEFGHIJKLMNOP", "oa/sk-ant-0123456789abcdefghij"])
def test_a_key_in_the_place_of_a_models_name_is_not_repeated(echoing, upstream, name):
    for door in ("openai", "anthropic"):
        answered = ask(echoing, door, name)
        assert answered.status_code in (400, 404)
        assert name.removeprefix("oa/")[:12] not in answered.text
    fields = {"authorization": f"Bearer {echoing.key}"}
    assert name[-20:] not in get(f"{echoing.url}/v1/models/{name}", headers=fields).text
    secret = name.removeprefix("oa/")
    if secret not in echoing.secrets:
        echoing.secrets.append(secret)
    assert_silent(echoing.admin("/metrics").decode(), "metrics")
    assert secret not in echoing.admin("/metrics").decode()


def test_an_admin_key_spends_nothing(echoing, upstream):
    key = echoing.make_key("boss", "--admin")
    eventually(lambda: echoing.get("/v1/models", key)[0] == 200)
    model = upstream.plays(answer(openai_answer()))
    for path in ("chat/completions", "messages", "messages/count_tokens", "embeddings"):
        body = {"model": f"oa/{model}", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "input": "x"}
        answered = post(f"{echoing.url}/v1/{path}", json=body, headers={"x-api-key": key})
        assert answered.status_code == 403 and "admin key" in answered.text and "keys create" in answered.text, path
    assert upstream.requests(model) == []
