"""A stream of OpenAI's Responses that breaks off, and goes on with another candidate: one answer, with one id and one
end, whatever API the other candidate speaks."""

import json
from contextlib import contextmanager

import pytest
from holdfast import PROMPT, Holdfast
from responses_shapes import function_call, message, reasoning, response, stream
from standin import WHOLE, goes_on, provider_at
from test_responses import check_order, events, post
from upstream import by_request, sse, status

WORDS = [WHOLE[at : at + 25] for at in range(0, len(WHOLE), 25)]
THOUGHT = reasoning(["One.", "Two."])
SCRIPT = stream([THOUGHT, message(WORDS)])
#: The events behind which a stream may break off: none of them is the last.
PLACES = range(1, len(SCRIPT))


def known_text(request):
    """The part of the answer that the request says has been sent."""
    said = request.json["input"]
    for item in reversed(said) if isinstance(said, list) else []:
        content = item.get("content")
        if item.get("role") == "assistant" and isinstance(content, str):
            return content
    return ""


def responses_goes_on(request):
    known = known_text(request)
    assert WHOLE.startswith(known), known[-40:]
    rest = WHOLE[len(known) :]
    return sse(stream([message([rest[at : at + 7] for at in range(0, len(rest), 7)], id="msg_other")]))


STAND_INS = {"rs": by_request(responses_goes_on), "oa": goes_on("oa"), "an": goes_on("an")}


def provider(upstream, kind, host):
    settings = provider_at(upstream, "an" if kind == "an" else "oa", host)
    return {**settings, "responses": True} if kind == "rs" else settings


def a_call():
    call = function_call("get_weather", '{"city": "Köln"}')
    return stream([message(WORDS[:2]), call])


MIDDLE = next(at for at, (name, _) in enumerate(SCRIPT) if name == "response.output_text.delta") + 5
CODES = ["server_error", "server_is_overloaded", "rate_limit_exceeded"]


def failing(code):
    lost = {**response([], "failed", None), "error": {"code": code, "message": "It failed."}}
    return [*SCRIPT[:MIDDLE], ("response.failed", {"type": "response.failed", "sequence_number": 99, "response": lost})]


@pytest.fixture(scope="module")
def house(upstream, spare):
    """Each route has a first candidate that breaks off in its own way, and a stand-in: what one failure teaches is about
    one model."""
    scripts = {str(place): SCRIPT[:place] for place in PLACES} | {code: failing(code) for code in CODES}
    providers = {"first": provider(upstream, "rs", "first-host")}
    routes = {}
    for kind, behaviour in STAND_INS.items():
        providers[kind] = provider(spare, kind, f"{kind}-host")
        other = spare.plays(behaviour)
        for name, script in scripts.items():
            candidates = [{"provider": "first", "model": upstream.plays(sse(script))}, {"provider": kind, "model": other}]
            routes[f"{name}-{kind}"] = {"candidates": candidates}
    with Holdfast(providers, routes, log={"format": "json"}) as it:
        yield it


def ask(holdfast, route, **more):
    code, fields, data = post(holdfast, {"model": route, "input": PROMPT, "stream": True, "store": False, **more})
    assert code == 200, data
    return fields, events(data)


@pytest.mark.parametrize("stand_in", STAND_INS)
@pytest.mark.parametrize("place", PLACES)
def test_a_stream_goes_on_wherever_it_broke_off(house, place, stand_in):
    fields, found = ask(house, f"{place}-{stand_in}")
    last = check_order(found)
    assert last["status"] == "completed"
    texts = [part["text"] for item in last["output"] if item["type"] == "message" for part in item["content"]]
    deltas = [data["delta"] for name, data in found if name == "response.output_text.delta"]
    assert "".join(texts) == WHOLE == "".join(deltas)
    # What the first one has thought stays as it was told.
    thoughts = [data["item"] for name, data in found if name == "response.output_item.done" and data["item"]["type"] == "reasoning"]
    assert [item for item in last["output"] if item["type"] == "reasoning"] == thoughts


@contextmanager
def alone(upstream, spare, script, stand_in):
    """A Holdfast that has seen no failure, with the route `once`: many broken streams of a host rule it out."""
    providers = {"first": provider(upstream, "rs", "first-host"), stand_in: provider(spare, stand_in, "other-host")}
    candidates = [
        {"provider": "first", "model": upstream.plays(sse(script))},
        {"provider": stand_in, "model": spare.plays(STAND_INS[stand_in])},
    ]
    with Holdfast(providers, {"once": {"candidates": candidates}}, log={"format": "json"}) as it:
        yield it


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_the_text_goes_on_in_the_same_item(upstream, spare, stand_in):
    with alone(upstream, spare, SCRIPT[:MIDDLE], stand_in) as house:
        _, found = ask(house, "once")
    last = check_order(found)
    assert [item["id"] for item in last["output"]] == [THOUGHT["id"], "msg_up1"] and last["output"][0] == THOUGHT
    assert {data["item_id"] for name, data in found if name == "response.output_text.delta"} == {"msg_up1"}
    assert stand_in in json.dumps(last["metadata"]) and last["store"] is False


@pytest.mark.parametrize("missing", [1, 2, 3], ids=["end", "item", "arguments"])
@pytest.mark.parametrize("stand_in", STAND_INS)
def test_a_whole_call_is_an_end(upstream, spare, stand_in, missing):
    """A call that was delivered is never made again, and ends once, whatever of its end was missing."""
    tools = [{"type": "function", "name": "get_weather", "parameters": {}, "strict": False}]
    with alone(upstream, spare, a_call()[:-missing], stand_in) as house:
        _, found = ask(house, "once", tools=tools)
    last = check_order(found)
    assert [name for name, _ in found].count("response.function_call_arguments.done") == 1
    assert last["status"] == "completed" and [item["type"] for item in last["output"]] == ["message", "function_call"]
    assert json.loads(last["output"][1]["arguments"]) == {"city": "Köln"}


@pytest.mark.parametrize("stand_in", STAND_INS)
@pytest.mark.parametrize("code", CODES)
def test_a_failed_response_is_gone_on_with(house, code, stand_in):
    _, found = ask(house, f"{code}-{stand_in}")
    last = check_order(found)
    assert last["status"] == "completed" and last["output"][-1]["content"][0]["text"] == WHOLE


def test_nobody_goes_on_and_the_stream_says_so(upstream):
    model = upstream.plays(sse(SCRIPT[: len(SCRIPT) // 2]))
    with Holdfast({"first": provider(upstream, "rs", "first-host")}, log={"format": "json"}) as it:
        fields, found = ask(it, f"first/{model}")
    assert "response.completed" not in [name for name, _ in found]
    name, data = next(each for each in reversed(found) if each[0])
    error = data["response"]["error"] if name == "response.failed" else data
    assert name in ("response.failed", "error") and error["message"]
