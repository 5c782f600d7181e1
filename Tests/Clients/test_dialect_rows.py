"""The rows of docs/dialect-*.md through a running Holdfast: the cases of
Tests/Fixtures/dialects in which caller and provider speak different dialects.

TranslationTests runs all cases, and fails where a row has none; here each
that a socket can show goes the whole way: what the provider is sent, what
`x-holdfast-dropped` names, what a 400 names, what the caller is told.
"""

import json
import re
import urllib.error
import urllib.request

import pytest
from holdfast import REPO, Holdfast
from shapes import anthropic_answer, anthropic_stream, openai_answer, openai_stream
from upstream import answer, sse

#: Providers that speak OpenAI's format, a server's flavour each.
FLAVOURS = ["compatible", "openai", "mistral", "kimi", "deepseek"]


def cases():
    for file in sorted((REPO / "Tests/Fixtures/dialects").glob("*.jsonl")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if line:
                yield pytest.param(json.loads(line), id=f"{file.stem}:{number}")


def is_shown(case):
    """Between two dialects, and not about the model's name, by which the
    script is found, or a number that Python can't write, or an error, which
    would hold the provider back."""
    crosses = (case["from"] == "anthropic") != (case["to"] == "anthropic")
    said = case.get("says", {})
    return (
        crosses and {case["from"], case["to"]} <= {"anthropic", *FLAVOURS} and "error" not in case
        and "model" not in said and float("inf") not in said.values()
    )  # fmt: skip


SHOWN = [case for case in cases() if is_shown(case.values[0])]
REQUESTS = [case for case in SHOWN if "says" in case.values[0]]
ANSWERS = [case for case in SHOWN if case.values[0].keys() & {"answer", "stream"}]


@pytest.fixture(scope="module")
def servers(upstream):
    address = f"http://127.0.0.1:{upstream.port}"
    providers = {
        name: {"dialect": "openai", "base_url": f"{address}/v1", "api_key": "sk-of-the-provider-oa", "flavour": name}
        for name in FLAVOURS
    }
    providers["anthropic"] = {"dialect": "anthropic", "base_url": address, "api_key": "sk-of-the-provider-an"}
    with Holdfast(providers) as holdfast:
        yield holdfast


def post(holdfast, door, body):
    """Status, what was dropped, and the body's bytes."""
    path = "/v1/messages" if door == "anthropic" else "/v1/chat/completions"
    request = urllib.request.Request(f"{holdfast.url}{path}", body.encode())
    request.add_header("x-api-key", holdfast.key)
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            dropped = response.headers.get("x-holdfast-dropped", "")
            return response.status, [name.strip() for name in dropped.split(",") if name.strip()], response.read()
    except urllib.error.HTTPError as error:
        return error.code, [], error.read()


def ask(case, model, **more):
    """The body of a request that says what the case says."""
    door, provider = (case["from"], case["to"]) if "says" in case else (case["to"], case["from"])
    body = {"model": f"{provider}/{model}", "messages": [{"role": "user", "content": "Hi"}], **more, **case.get("says", {})}
    if door == "anthropic":
        body.setdefault("max_tokens", 64)
    return door, json.dumps(body, ensure_ascii=False)


def at(value, path):
    """The value at a path such as `messages[0].content`; KeyError where there
    is none."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, list):
            if not step.isdigit() or int(step) >= len(value):
                raise KeyError(path)
            value = value[int(step)]
        else:
            value = value[step]
    return value


def check(case, value, expectation):
    for path, expected in case.get(expectation, {}).items():
        # A provider that says no time is told that of the answer's.
        if not path.endswith("created"):
            assert at(value, path) == expected, path
    for path in case.get("lacks", []):
        with pytest.raises(KeyError):
            at(value, path)


@pytest.mark.parametrize("case", REQUESTS)
def test_request(servers, upstream, case):
    is_stream = case["says"].get("stream") is True
    if case["to"] == "anthropic":
        script = sse(anthropic_stream()) if is_stream else answer(anthropic_answer())
    else:
        script = sse(openai_stream()) if is_stream else answer(openai_answer())
    model = upstream.plays(script, case.get("model", "claude-x" if case["to"] == "anthropic" else "m"))
    door, body = ask(case, model)
    status, dropped, said = post(servers, door, body)
    field = case.get("fault", case.get("refuses"))
    if field is not None:
        assert status in (400, 404), said
        error = json.loads(said)["error"]
        if door == "openai":
            assert error["param"] == field
        else:
            assert re.sub(r"\[(\d+)\]", r".\1", field) in error["message"]
        assert case.get("because", "") in error["message"]
        assert upstream.requests(model) == [], "it was sent on in spite of that"
        return
    assert status == 200, said
    check(case, upstream.request(model).json, "sends")
    named = case.get("names", [])
    if len(named) > 20:
        assert dropped[20:] == [f"{len(named) - 20} more"] and set(dropped[:20]) <= set(named)
    else:
        assert sorted(dropped) == sorted(named)


@pytest.mark.parametrize("case", ANSWERS)
def test_answer(servers, upstream, case):
    if "answer" in case:
        # Compact, as the line has it: arguments are told byte for byte.
        said = json.dumps(case["answer"], ensure_ascii=False, separators=(",", ":")).encode()
        door, body = ask(case, upstream.plays(answer(said)))
        status, _, said = post(servers, door, body)
        assert status == 200, said
        check(case, json.loads(said), "tells")
        return
    events = [(each["type"], each) if case["from"] == "anthropic" else each for each in case["stream"]]
    more = {"stream": True}
    if case["to"] == "openai":
        more["stream_options"] = {"include_usage": case.get("include_usage", False)}
    door, body = ask(case, upstream.plays(sse(events)), **more)
    status, _, said = post(servers, door, body)
    assert status == 200, said
    told = [line.removeprefix("data: ") for line in said.decode().splitlines() if line.startswith("data: ")]
    check(case, [each if each == "[DONE]" else json.loads(each) for each in told], "tells")
